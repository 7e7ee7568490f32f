//! Veo at Vertex AI: `POST /publishers/google/models/{model}:predictLongRunning`, and `POST` of the
//! operation's name to `:fetchPredictOperation`. An operation cannot be cancelled. The video comes
//! inside of the reply.
//!
//! The adapter adds the project and location to the path of a submission; the name of an operation
//! holds its own. Form of request and reply:
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation>.

use super::operation_state::OperationState;
use super::protocol::{Ask, OperationProtocol};
use super::veo::{Veo, submission};
use crate::json::{Json, object};
use crate::port::VideoRequest;
use crate::search::{Search, is_made_of};

/// The protocol of Veo at Vertex AI: bodies and states are Veo's.
pub(super) struct VertexVeo;

impl OperationProtocol for VertexVeo {
    fn submit(&self, model: &str, request: &VideoRequest<'_>) -> Ask {
        Ask::Post(vertex_path(model, "predictLongRunning"), submission(request))
    }

    fn name_key(&self) -> &'static str {
        Veo.name_key()
    }

    fn folders(&self) -> &'static [&'static str] {
        &["projects/"]
    }

    /// A name is `projects/…/locations/…/publishers/google/models/…/operations/…`.
    fn is_name(&self, name: &str) -> bool {
        Veo.is_name(name)
            && name.starts_with("projects/")
            && name.has("/locations/")
            && name.has("/operations/")
    }

    fn poll(&self, name: &str) -> Ask {
        let model = name.cut("/operations/").map_or(name, |(model, _)| model);
        let body = object(|it| {
            it.text("operationName", name);
        });
        Ask::Post(format!("v1/{model}:fetchPredictOperation"), body)
    }

    fn state(&self, name: &str, document: &Json<'_>) -> OperationState {
        Veo.state(name, document)
    }
}

/// The path of a method of a model.
pub(super) fn vertex_path(model: &str, method: &str) -> String {
    format!("v1/publishers/google/models/{model}:{method}")
}

/// Where Cloud Storage serves the object of a `gs://` URI; none if it is no such URI.
/// Source: <https://cloud.google.com/storage/docs/request-endpoints>.
pub(super) fn object_url(uri: &str) -> Option<String> {
    let (bucket, object) = uri.strip_prefix("gs://")?.split_once('/')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if bucket.is_empty() || !is_made_of("-._", bucket) {
        return None;
    }
    let mut url = format!("https://storage.googleapis.com/storage/v1/b/{bucket}/o/");
    for byte in object.bytes() {
        match plain(byte) {
            true => url.push(char::from(byte)),
            false => url.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(url + "?alt=media")
}
