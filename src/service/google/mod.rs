//! Google's models.

mod result;
mod whole;
mod media;
mod model;
mod words;
mod document;
mod account;
mod code;
mod refusal;
mod error;
mod usage;
mod operation_state;
mod protocol;
mod veo;
mod vertex;
mod image;
mod omni;
mod address;
mod download;
mod operation;

pub use image::Gemini;
#[cfg(fuzzing)]
pub(super) use media::take_file;
pub use operation::Operations;
