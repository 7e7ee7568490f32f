//! What all models of Google's have in common: how they are named.

use crate::failure::{Code, Failure, Standing};
use crate::job::strip_models_prefix;
use crate::search::is_made_of;
use crate::service::redact::redacted;

/// How the names of the models begin that are served by Vertex AI.
const VERTEX: &str = "vertex/";

/// Whether Vertex AI serves a model or an operation, not the Gemini API.
pub(super) fn is_of_vertex(name: &str) -> bool {
    strip_models_prefix(name).starts_with(VERTEX) || name.starts_with("projects/")
}

/// The name of a model at its service, from which a path can be made. People write it with
/// `models/` and without.
pub(super) fn model_name(model: &str) -> Result<&str, Failure> {
    let name = strip_models_prefix(model);
    let name = name.strip_prefix(VERTEX).unwrap_or(name);
    if name.is_empty() || name.starts_with('.') || !is_made_of("._-", name) {
        let message = format!("\"{}\" is no name of a model", redacted(model));
        return Err(Failure::rest(Standing::Retired, Code::ModelUnavailable, message));
    }
    Ok(name)
}
