//! What a flow needs from the outside.
//!
//! The traits say what a flow may ask; [`service`](crate::service) answers over HTTP, and a test
//! answers from memory on virtual time. Everything runs on one thread, so no future here is
//! `Send`.
#![allow(async_fn_in_trait)] // these futures stay on one thread

mod clock;
mod log;
mod queue;
mod asset;
mod model;

pub use asset::{AssetStore, Body, SourceImage, SourceImages};
pub use clock::Clock;
pub use log::{Level, Log, LogEntry};
pub use model::{
    AssetFile, GeneratedImage, ImageModel, ImageRequest, Made, OperationModel, OperationRequest,
    Progress, Submission, SubmitError, VideoRequest,
};
pub use queue::{
    Along, Claim, ClaimRequest, Completion, Copied, Deferral, Ending, GenerationTime, Lease,
    LinkOutcome, LinkedEntity, MaintenanceRequest, Operation, Overdue, Publication, Queue,
    StoredAsset, Trouble, Unavailable, Unpublished, WriteError,
};

use crate::large_body::LargeBodies;
use crate::occupancy::IsolateOccupancy;

/// All that a flow has around it.
pub trait World {
    /// A body that is still being transferred and never enters our memory.
    type Stream;
    /// The queue and its ledger.
    type Queue: Queue;
    /// What makes images.
    type Images: ImageModel;
    /// What makes assets by operations that outlast a request.
    type Operations: OperationModel<Stream = Self::Stream>;
    /// Where the assets go.
    type Store: AssetStore<Stream = Self::Stream>;
    /// Where source images come from.
    type Sources: SourceImages;
    /// Time and chance.
    type Clock: Clock;
    /// The log for operators.
    type Log: Log;

    /// The queue and its ledger.
    fn queue(&self) -> &Self::Queue;
    /// What makes images.
    fn images(&self) -> &Self::Images;
    /// What makes assets by operations that outlast a request.
    fn operations(&self) -> &Self::Operations;
    /// Where the assets go.
    fn store(&self) -> &Self::Store;
    /// Where source images come from.
    fn sources(&self) -> &Self::Sources;
    /// Time and chance.
    fn clock(&self) -> &Self::Clock;
    /// The log for operators.
    fn log(&self) -> &Self::Log;
    /// The permits for large bodies, which the jobs share.
    fn large_bodies(&self) -> &LargeBodies;
    /// The attempts that are in memory at the same time.
    fn occupancy(&self) -> &IsolateOccupancy;
}
