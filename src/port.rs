//! What a flow needs from the outside.
//!
//! The traits say what a flow may ask; [`service`](crate::service) answers over HTTP, and a test
//! answers from memory on virtual time. Everything runs on one thread, so no future here is
//! `Send`.
#![allow(async_fn_in_trait)] // nobody hands these futures to another thread

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::failure::{Code, Failure};
use crate::job::{AspectRatio, Format, JobId, Kind, Place, Resolution, Slot, Target};

/// All that a flow has around it.
pub trait World {
    /// A body that is still on its way and never becomes memory of ours.
    type Stream;
    /// The queue and its ledger.
    type Queue: Queue;
    /// What makes the assets.
    type Model;
    /// Where the assets go.
    type Store: AssetStore<Stream = Self::Stream>;
    /// Where source images come from.
    type Sources: SourceImages;
    /// Time and chance.
    type Clock: Clock;
    /// Whoever reads along.
    type Journal: Journal;

    /// The queue and its ledger.
    fn queue(&self) -> &Self::Queue;
    /// What makes the assets.
    fn model(&self) -> &Self::Model;
    /// Where the assets go.
    fn store(&self) -> &Self::Store;
    /// Where source images come from.
    fn sources(&self) -> &Self::Sources;
    /// Time and chance.
    fn clock(&self) -> &Self::Clock;
    /// Whoever reads along.
    fn journal(&self) -> &Self::Journal;
}

/// A world that makes images.
pub trait ImageWorld: World<Model: ImageModel> {}
impl<W: World<Model: ImageModel>> ImageWorld for W {}

/// A world that makes videos.
pub trait VideoWorld: World<Model: VideoModel<Stream = <Self as World>::Stream>> {}
impl<W: World> VideoWorld for W where W::Model: VideoModel<Stream = W::Stream> {}

// ---------------------------------------------------------------- the queue

/// The right to work on a job. It is void as soon as somebody else has read the message, the job
/// was cancelled, or it was settled.
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
    pub message: Value,
    /// Attempts begun, this one included.
    pub attempts: u32,
    /// Whether a worker has had it before.
    pub retried: bool,
    /// The long-running operation that was paid for, if one is known.
    pub operation: Option<Operation>,
    /// How long ago that operation was recorded.
    pub operation_age: Duration,
    /// A submission was intended and nobody recorded what came of it.
    pub submission_pending: bool,
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
    /// The lease is void: whoever sees this stops without a trace.
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
    pub usage: Option<Value>,
    /// What it cost in US dollars, estimated.
    pub cost_usd: Option<f64>,
}

/// What linking an asset to an entity came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedEntity {
    /// The entity's key.
    pub key: String,
    /// What happened to it.
    pub outcome: LinkOutcome,
}

/// What linking an asset to one entity came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkOutcome {
    /// The entity has the URL.
    Linked,
    /// A job that was enqueued later has already given it a newer one.
    Superseded,
    /// There is no such entity.
    NotFound,
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
}

/// What completing a job came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The entities of the job.
    pub entities: Vec<LinkedEntity>,
    /// The copies that are now due.
    pub publications: Vec<Publication>,
}

/// A job whose worker died between completing it and making its copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpublished {
    /// The job.
    pub job_id: JobId,
    /// What it was for.
    pub target: Target,
    /// The copies that are due.
    pub publications: Vec<Publication>,
}

/// The messages of one queue, and the ledger of what came of them. Each call is one transaction;
/// a call may be repeated when its reply was lost.
pub trait Queue {
    /// Leases up to `quantity` visible jobs for `lease`.
    async fn claim(
        &self,
        kind: Kind,
        lease: Duration,
        quantity: u32,
    ) -> Result<Vec<Claim>, Failure>;
    /// Makes a lease run for `by` from now.
    async fn extend(&self, lease: &Lease, by: Duration) -> Result<(), WriteError>;
    /// Records the intent to submit to a model, before anything is paid.
    async fn begin_submission(&self, lease: &Lease, model: &str) -> Result<(), WriteError>;
    /// Records the operation that a submission brought.
    async fn record_operation(&self, lease: &Lease, op: &Operation) -> Result<(), WriteError>;
    /// Links the asset, archives the message and closes the ledger row: all or nothing.
    async fn complete(&self, lease: &Lease, asset: &StoredAsset) -> Result<Completion, WriteError>;
    /// Makes the job visible again after a while.
    async fn defer(&self, lease: &Lease, defer: &Deferral) -> Result<(), WriteError>;
    /// Ends the job as failed.
    async fn fail(&self, lease: &Lease, end: &Ending) -> Result<(), WriteError>;
    /// Jobs whose copies were left undone by a worker that died.
    async fn unpublished(&self, kind: Kind, quantity: u32) -> Result<Vec<Unpublished>, Failure>;
    /// Says which copies were made; answers those that are still due, because a newer job
    /// succeeded meanwhile.
    async fn confirm_publication(
        &self,
        job: &JobId,
        made: &[Publication],
    ) -> Result<Vec<Publication>, Failure>;
}

/// How a job is put back.
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
}

// ---------------------------------------------------------------- the models

/// An image to begin from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceImage {
    /// Its format, known by its bytes.
    pub format: Format,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What an image model is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ImageRequest<'a> {
    /// What to show, or how to change the source.
    pub prompt: &'a str,
    /// The image to change.
    pub source: Option<&'a SourceImage>,
}

/// An image that a model made.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedImage {
    /// Its format, known by its bytes.
    pub format: Format,
    /// The file.
    pub bytes: Vec<u8>,
    /// What the provider says it used.
    pub usage: Option<Value>,
}

/// Makes images.
pub trait ImageModel {
    /// Has `model` make one image.
    async fn generate(
        &self,
        model: &str,
        request: ImageRequest<'_>,
    ) -> Result<GeneratedImage, Failure>;
}

/// What a video model is asked for.
#[derive(Debug, Clone, Copy)]
pub struct VideoRequest<'a> {
    /// What happens in it.
    pub prompt: &'a str,
    /// The image to start from.
    pub source: Option<&'a SourceImage>,
    /// Its shape.
    pub aspect_ratio: AspectRatio,
    /// Its length in seconds.
    pub seconds: u32,
    /// Its size.
    pub resolution: Resolution,
}

/// Why a submission brought no operation.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmitError {
    /// What happened.
    pub failure: Failure,
    /// Whether nothing can have been created and nothing was paid. Otherwise nobody knows, and
    /// submitting again could pay twice.
    pub rejected: bool,
}

/// How an operation stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Still working.
    Pending,
    /// There is a video.
    Ready(VideoFile, Option<Value>),
    /// It is over without a video; trying again means a new submission.
    Ended(Failure),
}

/// Where a finished video is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VideoFile {
    /// At a URI of the provider's.
    Remote(String),
    /// In the reply itself.
    Inline(Vec<u8>),
}

/// Makes videos by operations that outlast a request.
pub trait VideoModel {
    /// A body that is still on its way.
    type Stream;

    /// Has `model` begin a video.
    async fn submit(
        &self,
        model: &str,
        request: VideoRequest<'_>,
    ) -> Result<Operation, SubmitError>;
    /// Asks how an operation stands. A failure says nothing about the operation.
    async fn poll(&self, operation: &Operation) -> Result<Progress, Failure>;
    /// Opens a finished video. What it gives is an MP4 by its first bytes.
    async fn download(&self, file: VideoFile) -> Result<Body<Self::Stream>, Failure>;
}

// ---------------------------------------------------------------- bytes

/// The bytes of an asset, in memory or passing by.
#[derive(Debug)]
pub enum Body<S> {
    /// In memory.
    Bytes(Vec<u8>),
    /// Passing by.
    Stream(S),
}

/// Keeps the assets.
pub trait AssetStore {
    /// A body that is still on its way.
    type Stream;

    /// The format of the object at a place, if a former attempt has stored one there.
    async fn find(&self, place: &Place) -> Result<Option<Format>, Failure>;
    /// Stores an object at its place. An object that is already there stays and is as good.
    async fn put(
        &self,
        place: &Place,
        format: Format,
        body: Body<Self::Stream>,
    ) -> Result<(), Failure>;
    /// Makes the object at `to` a copy of the one at `from`, replacing what is there.
    async fn copy(
        &self,
        bucket: &str,
        from: &str,
        to: &str,
        content_type: &str,
    ) -> Result<(), Failure>;
    /// The public URL of an object.
    fn public_url(&self, bucket: &str, path: &str) -> String;
}

/// Fetches the images that jobs start from. Their URLs come from strangers.
pub trait SourceImages {
    /// Fetches one image.
    async fn fetch(&self, url: &str) -> Result<SourceImage, Failure>;
}

// ---------------------------------------------------------------- time, chance, record

/// Time and chance.
pub trait Clock {
    /// Time since some fixed moment; never goes back.
    fn now(&self) -> Duration;
    /// Comes back after a while.
    async fn sleep(&self, duration: Duration);
    /// A number from 0 up to but not including 1.
    fn random(&self) -> f64;
    /// Whether the worker has been told to stop.
    fn stopping(&self) -> bool;
    /// Comes back once the worker has been told to stop.
    async fn stop(&self);
}

/// How much an entry matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The ordinary way of a job.
    Info,
    /// Something an operator may want to look at.
    Warn,
    /// Something an operator has to look at.
    Error,
}

/// One line of a worker's log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub message: String,
    /// The job it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// That job's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msg_id: Option<i64>,
    /// The kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The rest of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Takes down what happens.
pub trait Journal {
    /// Takes down one entry.
    fn record(&self, entry: LogEntry);
}
