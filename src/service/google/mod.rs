//! Google's models.

mod model;
mod account;
mod code;
mod error;
mod refusal;
mod usage;
mod operation_state;
mod protocol;
mod veo;
mod vertex;
mod image;
mod omni;
mod address;
mod download;
mod video;

pub use image::Gemini;
pub use video::Videos;
