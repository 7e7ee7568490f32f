//! The messages of the two queues as JavaScript sees them: checked, with defaults filled in.

use js_sys::JSON;
use serde_json::Value;
use tsify::Tsify;
use wasm_bindgen::JsValue;

use super::error::validation;
use super::plain::to_json;
use crate::job::{self, Invalid, Issue};
use crate::json::owned;
use crate::json::{Object, object};

/// The message of an image job.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // declared for its TypeScript; written field by field, see `image_job`
pub(super) struct ImageJob {
    /// The storyboard that the image belongs to.
    storyboard_id: String,
    /// The scene that gets the image.
    #[tsify(optional)]
    scene_id: Option<String>,
    /// The character that gets the image.
    #[tsify(optional)]
    character_id: Option<String>,
    /// What it shows, or how to change the source.
    prompt: String,
    /// The image to change; used with `editMode: true` only.
    #[tsify(optional)]
    source_image_url: Option<String>,
    /// The images to change, where there are several.
    #[tsify(optional)]
    source_image_urls: Option<Vec<String>>,
    /// Whether the source is to be changed.
    #[tsify(optional)]
    edit_mode: Option<bool>,
    /// The model that is to do it, one of those that are configured.
    #[tsify(optional)]
    model: Option<String>,
    /// Its shape, like `16:9`.
    #[tsify(optional)]
    aspect_ratio: Option<String>,
    /// Its size.
    #[tsify(optional, type = r#""512" | "1K" | "2K" | "4K""#)]
    image_size: Option<String>,
    /// What makes the same image come again, more or less.
    #[tsify(optional)]
    seed: Option<u32>,
    /// Which job is taken first, from -100 to 100; the default is 0.
    #[tsify(optional)]
    priority: Option<i32>,
}

/// The message of a video job.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // declared for its TypeScript; written field by field, see `video_job`
pub(super) struct VideoJob {
    /// The storyboard that the video belongs to.
    storyboard_id: String,
    /// The scene that gets the video.
    #[tsify(optional)]
    scene_id: Option<String>,
    /// The character that gets the video.
    #[tsify(optional)]
    character_id: Option<String>,
    /// What happens in it.
    prompt: String,
    /// The image that it starts from.
    #[tsify(optional)]
    source_image_url: Option<String>,
    /// The same as a list of one.
    #[tsify(optional)]
    source_image_urls: Option<Vec<String>>,
    /// The image that it ends with.
    #[tsify(optional)]
    last_frame_url: Option<String>,
    /// What people, things and places in it look like.
    #[tsify(optional)]
    reference_image_urls: Option<Vec<String>>,
    /// Its shape.
    #[tsify(type = r#""16:9" | "9:16""#)]
    aspect_ratio: String,
    /// Its length in seconds.
    #[tsify(type = r#""4" | "6" | "8""#)]
    duration_seconds: String,
    /// Its size.
    #[tsify(type = r#""720p" | "1080p""#)]
    resolution: String,
    /// The model that is to do it, one of those that are configured.
    #[tsify(optional)]
    model: Option<String>,
    /// What is not to be seen.
    #[tsify(optional)]
    negative_prompt: Option<String>,
    /// What makes the same video come again, more or less.
    #[tsify(optional)]
    seed: Option<u32>,
    /// Who may be shown.
    #[tsify(optional, type = r#""allow_all" | "allow_adult" | "dont_allow""#)]
    person_generation: Option<String>,
    /// Which job is taken first, from -100 to 100; the default is 0.
    #[tsify(optional)]
    priority: Option<i32>,
}

/// An image job as the worker understands it.
pub(super) fn image_job(message: &JsValue) -> Result<JsValue, JsValue> {
    let message = as_json(message)?;
    let job = job::ImageJob::parse(&message).map_err(|invalid| validation(&invalid))?;
    let edit = !job.source_image_urls.is_empty();
    let fields = ["model", "aspectRatio", "imageSize", "seed", "priority"];
    to_js_object(|it| {
        copy(it, &message, &TARGET);
        if edit {
            copy(it, &message, &["sourceImageUrl", "sourceImageUrls", "editMode"]);
        }
        copy(it, &message, &fields);
    })
}

/// A video job as the worker understands it.
pub(super) fn video_job(message: &JsValue) -> Result<JsValue, JsValue> {
    let message = as_json(message)?;
    let job = job::VideoJob::parse(&message).map_err(|invalid| validation(&invalid))?;
    let fields = [
        "sourceImageUrl",
        "sourceImageUrls",
        "lastFrameUrl",
        "referenceImageUrls",
        "model",
        "negativePrompt",
        "seed",
        "personGeneration",
        "priority",
    ];
    to_js_object(|it| {
        copy(it, &message, &TARGET);
        copy(it, &message, &fields);
        it.text("aspectRatio", job.aspect_ratio)
            .text("durationSeconds", job.duration.as_str())
            .text("resolution", job.resolution);
    })
}

const TARGET: [&str; 4] = ["storyboardId", "sceneId", "characterId", "prompt"];

/// Copies fields of a message that are there.
fn copy(it: &mut Object<'_>, message: &Value, fields: &[&str]) {
    for field in fields {
        if let Some(value) = message.get(field).filter(|value| !value.is_null()) {
            it.value(field, Some(value));
        }
    }
}

fn to_js_object(write: impl FnOnce(&mut Object<'_>)) -> Result<JsValue, JsValue> {
    JSON::parse(&String::from_utf8_lossy(&object(write)))
}

/// A message of the caller's as the queue would carry it.
///
/// By way of JSON text, because that is what sending it does; and because the text's reader has a
/// bound for nesting, where an object can be nested in itself.
fn as_json(message: &JsValue) -> Result<Value, JsValue> {
    to_json(message).and_then(|text| owned(&text)).ok_or_else(|| {
        let expected = "an object that can be written as JSON".into();
        validation(&Invalid { issues: vec![Issue { field: "message".into(), expected }] })
    })
}
