//! What ends an attempt early.

use std::time::Duration;

use crate::failure::{Code, Failure};
use crate::job::Invalid;
use crate::port::WriteError;

/// The outcome of an attempt, or of a part of one.
pub(super) type Attempt<T> = Result<T, Box<AttemptError>>;

/// Why an attempt ended early.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AttemptError {
    /// The lease is void.
    LeaseLost,
    /// The operation is not ready, or has not begun, and this run's time is up.
    Waiting {
        /// When to look again.
        delay: Duration,
        /// Whether a submission that was intended is definitely over.
        reset_submission: bool,
    },
    /// Something failed.
    Failed(Failed),
}

/// A failure, and what follows from it in addition to the next step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failed {
    /// What failed.
    pub(super) failure: Failure,
    /// The model that the job waits for, where its trouble is what failed.
    pub(super) waits_for: Option<String>,
    /// What the attempt has probably cost although nothing came of it, in US dollars.
    pub(super) spent_usd: Option<f64>,
    /// Whether a submission that was intended or made is definitely over.
    pub(super) reset_submission: bool,
}

impl AttemptError {
    /// That an attempt waits for so long, and no submission is over.
    pub(super) fn waiting(delay: Duration) -> Box<Self> {
        Box::new(Self::Waiting { delay, reset_submission: false })
    }

    /// The same with what was paid before it failed.
    pub(super) fn paid(mut self: Box<Self>, usd: Option<f64>) -> Box<Self> {
        if let AttemptError::Failed(failed) = &mut *self {
            failed.spent_usd = usd;
        }
        self
    }

    /// The same with the price of an asset that the provider worked on, and that is not there: it was probably
    /// paid for. An operation that is still polled may bring it.
    pub(super) fn spent(mut self: Box<Self>, price: &dyn Fn() -> Option<f64>) -> Box<Self> {
        if let AttemptError::Failed(failed) = &mut *self
            && failed.reset_submission
            && matches!(failed.failure.code, Code::NoImage | Code::NoVideo)
        {
            failed.spent_usd = price();
        }
        self
    }
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, waits_for: None, spent_usd: None, reset_submission: false }
    }
}

impl From<Failed> for Box<AttemptError> {
    fn from(failed: Failed) -> Self {
        Self::new(AttemptError::Failed(failed))
    }
}

impl From<Failure> for Box<AttemptError> {
    fn from(failure: Failure) -> Self {
        Failed::from(failure).into()
    }
}

impl From<WriteError> for Box<AttemptError> {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::LeaseLost => AttemptError::LeaseLost.into(),
            WriteError::Failed(failure) => failure.into(),
        }
    }
}

impl From<Invalid> for Box<AttemptError> {
    fn from(invalid: Invalid) -> Self {
        Failure::give_up(Code::InvalidMessage, invalid.to_string()).into()
    }
}
