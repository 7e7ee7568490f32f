//! The two kinds of job, and the names that go with each.

use std::time::Duration;

/// What a job makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A still image.
    Image,
    /// A video.
    Video,
}

impl Kind {
    /// The queue that its messages are sent to.
    pub const fn queue(self) -> &'static str {
        match self {
            Kind::Image => "image_generation_queue",
            Kind::Video => "video_generation_queue",
        }
    }

    /// The public bucket that its assets are stored in.
    pub const fn bucket(self) -> &'static str {
        match self {
            Kind::Image => "storyboard-images",
            Kind::Video => "storyboard-videos",
        }
    }

    /// The extension of its current objects, which is part of their address and therefore fixed;
    /// the content type tells what the bytes are.
    pub const fn current_extension(self) -> &'static str {
        match self {
            Kind::Image => "png",
            Kind::Video => "mp4",
        }
    }

    /// The visibility timeout: how long a lease runs unless it is extended.
    pub const fn lease(self) -> Duration {
        match self {
            Kind::Image => Duration::from_secs(30),
            Kind::Video => Duration::from_secs(600),
        }
    }
}
