//! The messages of the two queues as JavaScript sees them: checked, with defaults filled in.

use serde::Serialize;
use serde_json::Value;
use tsify::Tsify;
use wasm_bindgen::JsValue;

use super::plain::to_json;
use crate::job::{self, Invalid, Issue};
use crate::service::document::owned;

/// The message of an image job.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageJob {
    /// The storyboard that the image belongs to.
    storyboard_id: String,
    /// The scene that gets the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_id: Option<String>,
    /// The character that gets the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    character_id: Option<String>,
    /// What it shows, or how to change the source.
    prompt: String,
    /// The image to change; used with `editMode: true` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_image_url: Option<String>,
    /// Whether the source is to be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    edit_mode: Option<bool>,
}

/// The message of a video job.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub(super) struct VideoJob {
    /// The storyboard that the video belongs to.
    storyboard_id: String,
    /// The scene that gets the video.
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_id: Option<String>,
    /// The character that gets the video.
    #[serde(skip_serializing_if = "Option::is_none")]
    character_id: Option<String>,
    /// What happens in it.
    prompt: String,
    /// The image that it starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source_image_url: Option<String>,
    /// Its shape.
    #[tsify(type = r#""16:9" | "9:16""#)]
    aspect_ratio: &'static str,
    /// Its length in seconds.
    #[tsify(type = r#""4" | "6" | "8""#)]
    duration_seconds: String,
    /// Its size.
    #[tsify(type = r#""720p" | "1080p""#)]
    resolution: &'static str,
}

impl From<job::ImageJob> for ImageJob {
    fn from(job: job::ImageJob) -> Self {
        let job::Target { storyboard, scene, character } = job.target;
        let source_image_url = match job.mode {
            job::ImageMode::TextToImage => None,
            job::ImageMode::Edit { source_image_url } => Some(source_image_url),
        };
        Self {
            storyboard_id: storyboard.to_string(),
            scene_id: scene.map(|id| id.to_string()),
            character_id: character.map(|id| id.to_string()),
            prompt: job.prompt,
            edit_mode: source_image_url.is_some().then_some(true),
            source_image_url,
        }
    }
}

impl From<job::VideoJob> for VideoJob {
    fn from(job: job::VideoJob) -> Self {
        let job::Target { storyboard, scene, character } = job.target;
        Self {
            storyboard_id: storyboard.to_string(),
            scene_id: scene.map(|id| id.to_string()),
            character_id: character.map(|id| id.to_string()),
            prompt: job.prompt,
            source_image_url: job.source_image_url,
            aspect_ratio: job.aspect_ratio.as_str(),
            duration_seconds: job.duration.seconds().to_string(),
            resolution: job.resolution.as_str(),
        }
    }
}

/// A message of the caller's as the queue would carry it.
///
/// By way of JSON text, because that is what sending it does; and because the text's reader has a
/// bound for nesting, where an object can be nested in itself.
pub(super) fn as_json(message: &JsValue) -> Result<Value, Invalid> {
    to_json(message).and_then(|text| owned(&text)).ok_or_else(|| Invalid {
        issues: vec![Issue {
            field: "message".into(),
            expected: "an object that can be written as JSON".into(),
        }],
    })
}
