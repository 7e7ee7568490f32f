//! The bytes: of assets on their way to where they are kept, and of the images that jobs start from.

use std::rc::Rc;

use crate::failure::Failure;
use crate::job::{Format, ObjectLocation};
use crate::large_body::LargeBodyPermit;

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
    /// A body that is still being transferred.
    type Stream;

    /// The format of the object at a place, if a former attempt has stored one there.
    async fn find(&self, location: &ObjectLocation) -> Result<Option<Format>, Failure>;
    /// Stores an object at its place. An object that is already there stays and is as good.
    async fn put(
        &self,
        location: &ObjectLocation,
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

/// Fetches the images that jobs start from. Their URLs come from senders.
pub trait SourceImages {
    /// Fetches one image under the permit of the job that starts from it, which has `held` so many bytes of
    /// others before: the limit applies to all images of the job together.
    async fn fetch(
        &self,
        url: &str,
        held: usize,
        permit: &LargeBodyPermit,
    ) -> Result<SourceImage, Failure>;
}

/// An image to begin from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceImage {
    /// Its format, known by its bytes.
    pub format: Format,
    /// The file, which requests share.
    pub bytes: Rc<Vec<u8>>,
}
