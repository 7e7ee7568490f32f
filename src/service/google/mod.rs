//! Google's models.

mod download;
mod error;
mod image;
mod omni;
mod veo;
mod video;

pub use image::Gemini;
pub use video::Videos;
