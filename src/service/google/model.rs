//! What all models of Google's have in common: how they are named, and that they take images.

use crate::failure::{Code, Failure};
use crate::job::bare;
use crate::port::SourceImage;
use crate::service::redact::shown;

/// The path of a model, `models/{model}`. People write a model with the prefix and without.
pub(super) fn model_path(model: &str) -> Result<String, Failure> {
    let name = bare(model);
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(alphabet) {
        let message = format!("\"{}\" is no name of a model", shown(model));
        return Err(Failure::other_model(Code::ModelUnavailable, message));
    }
    Ok(format!("models/{name}"))
}

/// How many bytes the images of a request are together.
pub(super) fn total_bytes(images: &[SourceImage]) -> usize {
    images.iter().map(|image| image.bytes.len()).sum()
}
