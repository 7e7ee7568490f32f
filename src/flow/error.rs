//! What ends an attempt early.

use std::time::Duration;

use crate::failure::{Code, Failure};
use crate::job::Invalid;
use crate::port::WriteError;

/// What an attempt comes to, or a part of one.
pub(super) type Attempt<T> = Result<T, Box<AttemptError>>;

/// Why an attempt did not get to its end.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum AttemptError {
    /// The lease is void.
    LeaseLost,
    /// The operation is not ready, or not begun, and this run's time is up.
    Waiting {
        /// When to look again.
        delay: Duration,
        /// Whether a submission that was intended is definitely over.
        reset_submission: bool,
    },
    /// Something failed.
    Failed {
        /// What.
        failure: Failure,
        /// The model that the job waits for, where its trouble is what failed.
        waits_for: Option<String>,
        /// What the attempt has probably cost although nothing came of it, in US dollars.
        spent_usd: Option<f64>,
        /// Whether a submission that was intended or made is definitely over.
        reset_submission: bool,
    },
}

impl AttemptError {
    /// That an attempt waits for so long, and no submission is over.
    pub(super) fn waiting(delay: Duration) -> Box<Self> {
        Box::new(Self::Waiting { delay, reset_submission: false })
    }

    /// The same with the price of an asset that the provider worked on, and that is not there: it was probably
    /// paid for. An operation that is still polled may bring it.
    pub(super) fn spent(mut self: Box<Self>, price: &dyn Fn() -> Option<f64>) -> Box<Self> {
        if let AttemptError::Failed { failure, spent_usd, reset_submission: true, .. } = &mut *self
            && matches!(failure.code, Code::NoImage | Code::NoVideo)
        {
            *spent_usd = price();
        }
        self
    }
}

impl From<Failure> for Box<AttemptError> {
    fn from(failure: Failure) -> Self {
        let (waits_for, spent_usd) = (None, None);
        AttemptError::Failed { failure, waits_for, spent_usd, reset_submission: false }.into()
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
