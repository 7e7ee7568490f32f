//! What went wrong, and what to do next.
//!
//! The service that sees a reply knows the failure best. So it decides what follows, and the flow
//! obeys. No flow reads a message to find out.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// Something that kept a job from getting further. Boxed because nearly every
/// result has room for one, and few hold one.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure(Box<Details>);

/// What there is to say of a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    /// What kind of failure it is, for the ledger and for scripts.
    pub code: Code,
    /// What happened, for a person. Holds no key, no token and no signed URL.
    pub message: String,
    /// What follows from it.
    pub next: Next,
}

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Next {
    /// Try again later; this try counts as an attempt.
    Retry {
        /// The delay that the service asked for, if it did.
        after: Option<Duration>,
        /// The most attempts for this kind of failure, where that is fewer than usual.
        attempts: Option<u32>,
    },
    /// Nothing is wrong with the job: its model cannot be used for a while. No attempt is counted.
    Rest {
        /// How the model stands.
        standing: Standing,
        /// The delay that the service asked for, if it did.
        after: Option<Duration>,
    },
    /// No further attempt can succeed.
    GiveUp,
}

names! {
    /// How a model stands that cannot be used now.
    pub enum Standing {
        /// The provider has trouble of its own, or the quota is used up.
        Resting = "resting",
        /// The account is not served: its key, its billing or its location.
        Refused = "refused",
        /// The model does not exist (any more); nothing was paid.
        Retired = "retired",
    }
}

impl Failure {
    /// A failure that another attempt may overcome.
    pub fn retry(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, message, Next::Retry { after: None, attempts: None })
    }

    /// A failure after which only a few attempts are made, `attempts` in all.
    pub fn retry_at_most(code: Code, attempts: u32, message: impl Into<String>) -> Self {
        Self::new(code, message, Next::Retry { after: None, attempts: Some(attempts) })
    }

    /// No failure of the job: its model cannot be used for a while.
    pub fn rest(standing: Standing, code: Code, message: impl Into<String>) -> Self {
        Self::new(code, message, Next::Rest { standing, after: None })
    }

    /// A failure that is final.
    pub fn give_up(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, message, Next::GiveUp)
    }

    /// A failure with everything said.
    pub fn new(code: Code, message: impl Into<String>, next: Next) -> Self {
        Self(Box::new(Details { code, message: message.into(), next }))
    }

    /// The same failure with the delay that the service named, where it named one.
    #[must_use]
    pub fn after(mut self, delay: Option<Duration>) -> Self {
        if let (Some(delay), Next::Retry { after, .. } | Next::Rest { after, .. }) =
            (delay, &mut self.next)
        {
            *after = Some(delay);
        }
        self
    }

    /// The same failure of another kind.
    #[must_use]
    pub fn as_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// The same failure with another next step.
    #[must_use]
    pub fn and_then(mut self, next: Next) -> Self {
        self.next = next;
        self
    }

    /// What happened.
    pub fn into_message(self) -> String {
        self.0.message
    }

    /// Whether it concerns the model, and not the job.
    pub fn is_rest(&self) -> bool {
        matches!(self.next, Next::Rest { .. })
    }

    /// The delay that the service asked for, if it did.
    pub fn delay(&self) -> Option<Duration> {
        match self.next {
            Next::Retry { after, .. } | Next::Rest { after, .. } => after,
            Next::GiveUp => None,
        }
    }
}

impl Deref for Failure {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

names! {
    /// The kinds of failure. Their names stand in the ledger and are stable.
    pub enum Code {
        /// The message is no job: a field is missing or wrong.
        InvalidMessage = "invalid_message",
        /// The source image cannot be fetched, or is no image.
        SourceImageUnusable = "source_image_unusable",
        /// The provider's filter refused the prompt, the source or the result.
        ContentBlocked = "content_blocked",
        /// The model answered without an image.
        NoImage = "no_image",
        /// The operation ended without a video.
        NoVideo = "no_video",
        /// The model does not exist (any more).
        ModelUnavailable = "model_unavailable",
        /// The provider understood the request and refused it.
        ModelRejectedRequest = "model_rejected_request",
        /// The provider does not accept the credentials.
        ApiKeyInvalid = "api_key_invalid",
        /// The account has no credit, or billing is not set up for it.
        BillingRefused = "billing_refused",
        /// The provider does not serve the place that the worker is in.
        LocationRefused = "location_refused",
        /// The provider does not serve the account or its project.
        AccountRefused = "account_refused",
        /// The quota of the API key is used up for now.
        QuotaExhausted = "quota_exhausted",
        /// The provider cannot be reached or has trouble of its own.
        ProviderUnavailable = "provider_unavailable",
        /// The provider's reply is not of the form that is known.
        ProviderReplyUnreadable = "provider_reply_unreadable",
        /// An image was asked for, and no whole reply came: it may have been made and billed.
        ReplyLost = "reply_lost",
        /// A submission was sent, and its outcome is unknown.
        SubmissionUncertain = "submission_uncertain",
        /// The provider reported that the operation failed.
        OperationFailed = "operation_failed",
        /// The operation did not end within its deadline.
        OperationTimedOut = "operation_timed_out",
        /// The provider does not know the operation (any more).
        OperationNotFound = "operation_not_found",
        /// The finished video could not be downloaded.
        DownloadFailed = "download_failed",
        /// The asset could not be stored.
        StorageFailed = "storage_failed",
        /// The entity that the asset belongs to could not be updated.
        EntityUpdateFailed = "entity_update_failed",
        /// Every attempt was begun and none reported back.
        AttemptsExhausted = "attempts_exhausted",
        /// The queue's database functions could not be called.
        QueueFailed = "queue_failed",
    }
}
