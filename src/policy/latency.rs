//! How long the provider takes for an image.

use std::time::Duration;

/// How long an image takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// What most images do not exceed.
    pub usual: Duration,
    /// How long Google advises to wait for one.
    pub longest: Duration,
}

/// How long an image of this size takes; without a size, it is the model's smallest.
///
/// 5 to 15 s, in 4K 50 to 120 s; for 4K Google's guide says to wait for up to 360 s
/// (<https://ai.google.dev/gemini-api/docs/image-generation>).
pub fn image(size: Option<&str>) -> Latency {
    let (usual, longest) = if size == Some("4K") { (120, 360) } else { (15, 120) };
    Latency { usual: Duration::from_secs(usual), longest: Duration::from_secs(longest) }
}
