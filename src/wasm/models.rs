//! The models of the Gemini API, of both kinds.
//!
//! A run needs one kind only. But with a world of one type, the code of the flows is there once
//! instead of twice.

use super::adapter::Adapter;
use super::response_body::ResponseBody;
use crate::failure::Failure;
use crate::large_body::Room;
use crate::port::{
    Body, GeneratedImage, ImageModel, ImageRequest, Operation, Progress, SubmitError, VideoFile,
    VideoModel, VideoRequest,
};
use crate::service::{Gemini, Videos};

/// The models behind one adapter.
pub(super) struct Models {
    images: Gemini<Adapter>,
    videos: Videos<Adapter>,
}

impl Models {
    /// The models behind `adapter`, whose address is the API's.
    pub(super) fn behind(adapter: Adapter) -> Self {
        Self { images: Gemini::new(adapter.clone()), videos: Videos::new(adapter) }
    }
}

impl ImageModel for Models {
    async fn generate(
        &self,
        model: &str,
        request: ImageRequest<'_>,
        room: &Room,
    ) -> Result<GeneratedImage, Failure> {
        self.images.generate(model, request, room).await
    }
}

impl VideoModel for Models {
    type Stream = ResponseBody;

    async fn submit(
        &self,
        model: &str,
        request: VideoRequest<'_>,
    ) -> Result<Operation, SubmitError> {
        self.videos.submit(model, request).await
    }

    async fn poll(&self, operation: &Operation, room: &Room) -> Result<Progress, Failure> {
        self.videos.poll(operation, room).await
    }

    async fn cancel(&self, operation: &Operation) -> Result<(), Failure> {
        self.videos.cancel(operation).await
    }

    async fn download(&self, file: VideoFile) -> Result<Body<ResponseBody>, Failure> {
        self.videos.download(file).await
    }
}
