//! The queue and its ledger.

use std::time::Duration;

use crate::failure::{Code, Failure, Standing};
use crate::job::{Format, JobId, Kind, Slot, Target};
use crate::json::Json;

/// The right to work on a job. It is void as soon as another worker has read the message, or the job was
/// cancelled or settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Which queue the message is in.
    pub kind: Kind,
    /// The message.
    pub msg_id: i64,
    /// The message's read count at the claim. A later reader has a higher one.
    pub token: i32,
}

/// A job as a worker gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The right to work on it.
    pub lease: Lease,
    /// The job.
    pub job_id: JobId,
    /// The message as it was sent.
    pub message: Json<'static>,
    /// Attempts begun, this one included, without those that ended with the death of their worker.
    pub attempts: u32,
    /// How often a worker died in the middle of an attempt. From [`SUSPECT`] on the job has to be tried
    /// alone, and its deaths beside others do not count any more.
    ///
    /// [`SUSPECT`]: crate::policy::retry::SUSPECT
    pub deaths: u32,
    /// Whether a worker has had it before.
    pub retried: bool,
    /// The long-running operation that was paid for, if one is known.
    pub operation: Option<Operation>,
    /// How long ago that operation was recorded.
    pub operation_age: Duration,
    /// A submission was intended, and no worker recorded its outcome.
    pub submission_pending: bool,
    /// How long ago the job was sent, or last redriven.
    pub age: Duration,
    /// The worker's models that cannot be used now.
    pub unavailable: Vec<Unavailable>,
}

/// A model that cannot be used now.
#[derive(Debug, Clone, PartialEq)]
pub struct Unavailable {
    /// The model.
    pub model: String,
    /// Whether this job is its probe: the one that finds out whether it can be used again.
    pub probe: bool,
    /// Whether a job that does not insist on it goes to the next model.
    pub passed_over: bool,
    /// Why it cannot be used, and for how long still.
    pub failure: Failure,
}

/// What a worker asks for with a claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClaimRequest<'a> {
    /// How long the leases run.
    pub lease: Duration,
    /// How many jobs it can begin.
    pub quantity: u32,
    /// The models that it has, in order of preference.
    pub models: &'a [String],
    /// After how long a model that cannot be used is passed over; by default, never.
    pub fallback_after: Option<Duration>,
    /// How old a job may become before it is claimed although no model can be used, to be failed.
    pub job_deadline: Duration,
}

/// Trouble that a job met with a model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trouble<'a> {
    /// The model.
    pub model: &'a str,
    /// How it stands.
    pub standing: Standing,
    /// The kind of failure.
    pub code: Code,
    /// What happened.
    pub reason: &'a str,
    /// The delay that the provider asked for, if it did.
    pub after: Option<Duration>,
}

/// A long-running operation at a provider: plain data that any worker can take up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The model that works on it; it decides which protocol the name belongs to.
    pub model: String,
    /// The provider's name for it.
    pub name: String,
}

/// Why a write did not take effect.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteError {
    /// The lease is void: the worker stops without a trace.
    LeaseLost,
    /// The call failed.
    Failed(Failure),
}

impl From<Failure> for WriteError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// An asset at its own place, as completion needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAsset {
    /// The object's path in its bucket.
    pub path: String,
    /// Its immutable public URL.
    pub url: String,
    /// Its format.
    pub format: Format,
    /// The model that made it, where that is known.
    pub model: Option<String>,
    /// What the provider says it used, in the provider's words.
    pub usage: Option<Json<'static>>,
    /// What it cost in US dollars, estimated.
    pub cost_usd: Option<f64>,
    /// The models that were passed over for this one, and why.
    pub passed_over: Option<String>,
    /// How long the provider took, where one request brought it.
    pub took: Option<Duration>,
}

/// How long the provider took recently for all but the slowest assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationTime {
    /// The model.
    pub model: String,
    /// The size that was asked for; of an image without one, the model's own.
    pub image_size: Option<String>,
    /// How long it took at most, but for outliers.
    pub longest: Duration,
}

impl GenerationTime {
    /// Whether it is of assets of this model and size.
    pub fn is_of(&self, model: &str, image_size: Option<&str>) -> bool {
        self.model == model && self.image_size.as_deref() == image_size
    }
}

/// What linking an asset to an entity came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedEntity {
    /// The entity's key.
    pub key: String,
    /// What happened to it.
    pub outcome: LinkOutcome,
}

names! {
    /// What linking an asset to one entity came to.
    pub enum LinkOutcome {
        /// The entity has the URL.
        Linked = "linked",
        /// A job that was enqueued later has already given it a newer one.
        Superseded = "superseded",
        /// There is no such entity.
        NotFound = "not_found",
    }
}

/// A slot whose current object has to be a copy of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The slot.
    pub slot: Slot,
    /// The path of the object to copy.
    pub path: String,
    /// That object's content type.
    pub content_type: String,
    /// Which choice of the job it is made for; none while the job was never chosen.
    pub choice: Option<i64>,
}

/// The copies that a worker has made for a job, and has not confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// The job.
    pub job_id: JobId,
    /// What was copied.
    pub publications: Vec<Publication>,
}

/// What a worker asks along with a completion, to save calls.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Along<'a> {
    /// The copies that are confirmed.
    pub confirmed: &'a [Copied],
    /// The claim of the next jobs.
    pub next: Option<ClaimRequest<'a>>,
}

/// What completing a job came to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Completion {
    /// The entities of the job.
    pub entities: Vec<LinkedEntity>,
    /// The copies that are now due.
    pub publications: Vec<Publication>,
    /// Whether they have to be confirmed at once: a newer job of an entity may end meanwhile.
    pub contended: bool,
    /// Other jobs, whose confirmed copies have to be made again.
    pub due: Vec<Unpublished>,
    /// The next jobs; none when the worker has to claim by itself.
    pub claims: Option<Vec<Claim>>,
}

/// What a worker asks when it has no job left, or none yet.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MaintenanceRequest<'a> {
    /// The copies that are confirmed.
    pub confirmed: &'a [Copied],
    /// The job whose operation the provider has cancelled.
    pub confirmed_cancellation: Option<&'a JobId>,
    /// How many jobs it makes the copies of.
    pub unpublished: u32,
    /// Whether it cancels an operation.
    pub cancels: bool,
}

/// What is overdue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overdue {
    /// Jobs whose copies are to be made: those of a worker that died, and those whose confirmed copies are old.
    pub unpublished: Vec<Unpublished>,
    /// An operation whose job was cancelled, so that the provider has to cancel it, too.
    pub cancelled: Option<(JobId, Operation)>,
}

/// A job whose copies are to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpublished {
    /// The job.
    pub job_id: JobId,
    /// What it was for.
    pub target: Target,
    /// The copies that are due.
    pub publications: Vec<Publication>,
}

/// The messages of one queue, and the ledger of their outcomes. Each call is one transaction;
/// a call may be repeated when its reply was lost.
pub trait Queue {
    /// Leases visible jobs that a worker can work on. New jobs wait while no model can take them.
    async fn claim(&self, kind: Kind, request: ClaimRequest<'_>) -> Result<Vec<Claim>, Failure>;
    /// Makes a lease run for `by` from now. `alone` records that the worker has no other job in hand,
    /// so that its death counts against this one.
    async fn extend(&self, lease: &Lease, by: Duration, alone: bool) -> Result<(), WriteError>;
    /// Records the intent to submit to a model, before anything is paid, and which models were
    /// `passed_over` for it.
    async fn begin_submission(
        &self,
        lease: &Lease,
        model: &str,
        passed_over: Option<&str>,
    ) -> Result<(), WriteError>;
    /// Tells all workers of trouble with a model; returns how long it rests.
    async fn report_trouble(&self, lease: &Lease, met: Trouble<'_>)
    -> Result<Duration, WriteError>;
    /// Records the operation that a submission brought, and what it costs although its job is cancelled, in
    /// US dollars: nothing if it can be stopped.
    async fn record_operation(
        &self,
        lease: &Lease,
        op: &Operation,
        cancelled_usd: Option<f64>,
    ) -> Result<(), WriteError>;
    /// Links the asset, archives the message and closes the ledger row: all or nothing. What is asked
    /// `along` with it is only done if that is.
    async fn complete(
        &self,
        lease: &Lease,
        asset: &StoredAsset,
        along: Along<'_>,
    ) -> Result<Completion, WriteError>;
    /// Makes the job visible again after a while.
    async fn defer(&self, lease: &Lease, defer: &Deferral) -> Result<(), WriteError>;
    /// Ends the job as failed.
    async fn fail(&self, lease: &Lease, end: &Ending) -> Result<(), WriteError>;
    /// How long the provider took recently.
    async fn slowest(&self, kind: Kind) -> Result<Vec<GenerationTime>, Failure>;
    /// What is overdue on a queue.
    async fn maintain(
        &self,
        kind: Kind,
        request: MaintenanceRequest<'_>,
    ) -> Result<Overdue, Failure>;
    /// Says which copies were made; answers those that are still due, because a newer job
    /// succeeded meanwhile.
    async fn confirm_publication(
        &self,
        job: &JobId,
        made: &[Publication],
    ) -> Result<Vec<Publication>, Failure>;
}

/// How a job is deferred.
#[derive(Debug, Clone, PartialEq)]
pub struct Deferral {
    /// When it becomes visible again.
    pub delay: Duration,
    /// Whether this try counts as an attempt.
    pub counted: bool,
    /// Why, where there is a reason to keep.
    pub reason: Option<(Code, String)>,
    /// Whether the submission or operation is definitely over, so that another may be paid for.
    pub reset_submission: bool,
    /// The model that the job waits for: it becomes visible as soon as that can be used again.
    pub waits_for: Option<String>,
    /// What the attempt has probably cost although nothing came of it, in US dollars.
    pub spent_usd: Option<f64>,
}

/// How a job ends without an asset.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// What kind of failure it is.
    pub code: Code,
    /// What happened.
    pub message: String,
    /// Whether the submission or operation is definitely over.
    pub reset_submission: bool,
    /// What the attempt has probably cost although nothing came of it, in US dollars.
    pub spent_usd: Option<f64>,
}
