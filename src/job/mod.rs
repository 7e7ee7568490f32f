//! The messages of the two queues, checked field by field, and the names of their objects and
//! entities.

mod field;
mod format;
mod id;
mod kind;
mod object_location;
mod common_fields;
mod image;
mod video;

pub use common_fields::CommonFields;
pub(crate) use field::joined;
pub use field::{Invalid, Issue, either, strip_models_prefix};
pub use format::Format;
pub use id::{Id, JobId};
pub use image::{ASPECT_RATIOS, ImageJob};
pub use kind::Kind;
pub use object_location::{ObjectLocation, Slot, Target};
pub use video::{DURATIONS, VideoImages, VideoJob};
