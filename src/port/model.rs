//! What makes the assets.

use std::time::Duration;

use super::{Body, Operation, SourceImage};
use crate::failure::Failure;
use crate::job::{Format, ImageJob, VideoJob};
use crate::json::Json;
use crate::large_body::LargeBodyPermit;

/// The request to an image model.
#[derive(Debug, Clone, Copy)]
pub struct ImageRequest<'a> {
    /// The job.
    pub job: &'a ImageJob,
    /// The images to change, in the job's order.
    pub sources: &'a [SourceImage],
}

/// An image that a model made.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedImage {
    /// Its format, known by its bytes.
    pub format: Format,
    /// The file.
    pub bytes: Vec<u8>,
    /// What the provider says it used.
    pub usage: Option<Json<'static>>,
}

/// Makes images.
pub trait ImageModel {
    /// Has `model` make one image and waits for it, for `within` at most. It is received under the
    /// job's permit.
    ///
    /// # Errors
    /// `ReplyLost` if it was probably paid for, and nothing came of it. Of a resting model it says that
    /// the connection broke without an answer: then only the time that this took can tell.
    async fn generate(
        &self,
        model: &str,
        request: ImageRequest<'_>,
        within: Duration,
        permit: &LargeBodyPermit,
    ) -> Result<GeneratedImage, Failure>;
}

/// The request to a video model.
#[derive(Debug, Clone, Copy)]
pub struct VideoRequest<'a> {
    /// The job.
    pub job: &'a VideoJob,
    /// The images that it is made from, in the job's order; the job says what they are.
    pub images: &'a [SourceImage],
}

/// What an operation is to make.
#[derive(Debug, Clone, Copy)]
pub enum OperationRequest<'a> {
    /// An image, by a model that makes images in the background.
    Image(ImageRequest<'a>),
    /// A video.
    Video(VideoRequest<'a>),
}

impl<'a> OperationRequest<'a> {
    /// The request with the images that go with it.
    pub fn with(self, images: &'a [SourceImage]) -> Self {
        match self {
            Self::Image(request) => Self::Image(ImageRequest { sources: images, ..request }),
            Self::Video(request) => Self::Video(VideoRequest { images, ..request }),
        }
    }
}

/// What a submission brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// The operation, which has been paid for.
    pub operation: Operation,
    /// Its asset, where the reply already has it. If it has no name then, the operation cannot be polled.
    pub made: Option<Made>,
}

impl From<Operation> for Submission {
    fn from(operation: Operation) -> Self {
        Self { operation, made: None }
    }
}

/// Why a submission brought no operation.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmitError {
    /// What happened.
    pub failure: Failure,
    /// Whether nothing can have been created and nothing was paid. Otherwise that is unknown, and
    /// submitting again could pay twice.
    pub rejected: bool,
}

/// The state of an operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// Still working.
    Pending,
    /// Still working, it says, beside this error.
    Troubled(String),
    /// There is an asset.
    Ready(AssetFile, Option<Json<'static>>),
    /// It is over without an asset; trying again means a new submission.
    Ended(Failure),
    /// It is over, it says, and has nothing to show for it. That has been a mistake before; if it is
    /// none, it has ended with this failure.
    Unclear(Failure),
}

/// Where a finished asset is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssetFile {
    /// At a URI of the provider's; only a video.
    Remote(String),
    /// In the reply itself.
    Inline(Vec<u8>),
}

/// A finished asset, and what the provider says it used.
pub type Made = (AssetFile, Option<Json<'static>>);

/// Makes assets by operations that outlast a request.
pub trait OperationModel {
    /// A body that is still being transferred.
    type Stream;

    /// Has `model` begin an asset. One inside of the reply is received under the job's permit.
    async fn submit(
        &self,
        model: &str,
        request: OperationRequest<'_>,
        permit: &LargeBodyPermit,
    ) -> Result<Submission, SubmitError>;
    /// Polls an operation. An asset inside of the reply is received under the job's permit. A
    /// failure says nothing about the operation.
    async fn poll(
        &self,
        operation: &Operation,
        permit: &LargeBodyPermit,
    ) -> Result<Progress, Failure>;
    /// Has an operation stopped, where its provider can do that.
    async fn cancel(&self, operation: &Operation) -> Result<(), Failure>;
    /// Opens a finished asset. What it gives is of a known format by its first bytes.
    async fn download(&self, file: AssetFile) -> Result<Body<Self::Stream>, Failure>;
}
