//! How Google names its models.

use crate::failure::{Code, Failure};
use crate::job::bare;
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
