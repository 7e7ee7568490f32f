//! Google's models.

mod model;
mod code;
mod error;
mod image;
mod operation_state;
mod protocol;
mod veo;
mod omni;
mod download;
mod video;

pub use image::Gemini;
pub use video::Videos;
