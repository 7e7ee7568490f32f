//! The functions that JavaScript sees.

use js_sys::{JSON, Object, Promise};
use tsify::Ts;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

use super::error::validation;
use super::options::{EstimateOptions, RunOptions};
use super::value::to_js;
use super::world::JsWorld;
use crate::flow::run_queue;
use crate::job::{CommonFields, ImageJob, Invalid, Issue, Kind, VideoJob};
use crate::json::Json;
use crate::policy::estimate::{self, Estimate};

/// Processes the image queue until it is empty or the budget of the run is spent.
///
/// @throws TypeError for invalid options or adapters. The report tells every other failure.
#[wasm_bindgen(js_name = processImages, unchecked_return_type = "Promise<RunReport>")]
pub fn process_images(
    #[wasm_bindgen(unchecked_param_type = "ImageAdapters")] adapters: JsValue,
    #[wasm_bindgen(unchecked_param_type = "RunOptions")] options: JsValue,
) -> Promise {
    run(Kind::Image, adapters, options)
}

/// Processes the video queue until it is empty or the budget of the run is spent. Operations that
/// are not ready by then are left to the next run.
///
/// @throws TypeError for invalid options or adapters. The report tells every other failure.
#[wasm_bindgen(js_name = processVideos, unchecked_return_type = "Promise<RunReport>")]
pub fn process_videos(
    #[wasm_bindgen(unchecked_param_type = "VideoAdapters")] adapters: JsValue,
    #[wasm_bindgen(unchecked_param_type = "RunOptions")] options: JsValue,
) -> Promise {
    run(Kind::Video, adapters, options)
}

/// A run of either kind. As an `async` export each would be a promise of its own making.
fn run(kind: Kind, adapters: JsValue, options: JsValue) -> Promise {
    future_to_promise(async move {
        let options = RunOptions::read(&options)?;
        let settings = options.settings();
        let world = JsWorld::of(&adapters, kind, options)?;
        Ok(to_js(&run_queue(&world, kind, settings).await)?)
    })
}

/// Checks a message for the image queue and returns it as the worker reads it.
///
/// @throws ValidationError that lists everything that is wrong with the message.
#[wasm_bindgen(js_name = validateImageJob)]
pub fn validate_image_job(
    #[wasm_bindgen(unchecked_param_type = "unknown")] message: JsValue,
) -> Result<Ts<ImageJob>, JsValue> {
    let job = as_json(&message).and_then(|message| ImageJob::parse(&message));
    let job = job.map_err(|invalid| validation(&invalid))?;
    Ok(Ts::new_unchecked(flat(&job.common, to_js(&job)?)?))
}

/// Checks a message for the video queue and returns it as the worker reads it.
///
/// @throws ValidationError that lists everything that is wrong with the message.
#[wasm_bindgen(js_name = validateVideoJob)]
pub fn validate_video_job(
    #[wasm_bindgen(unchecked_param_type = "unknown")] message: JsValue,
) -> Result<Ts<VideoJob>, JsValue> {
    let job = as_json(&message).and_then(|message| VideoJob::parse(&message));
    let job = job.map_err(|invalid| validation(&invalid))?;
    Ok(Ts::new_unchecked(flat(&job.common, to_js(&job)?)?))
}

/// What a message for the image queue will probably cost, for workers that have the models of the
/// options. What the words cost beside the image is not in it.
///
/// @throws ValidationError that lists what is wrong with the message, or what no model can do of it.
/// @throws TypeError for invalid options.
#[wasm_bindgen(js_name = estimateImageJob)]
pub fn estimate_image_job(
    #[wasm_bindgen(unchecked_param_type = "unknown")] message: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "EstimateOptions")] options: JsValue,
) -> Result<Ts<Estimate>, JsValue> {
    estimated(&message, &options, estimate::image)
}

/// What a message for the video queue will probably cost, for workers that have the models of the
/// options. What the words cost beside the video is not in it.
///
/// @throws ValidationError that lists what is wrong with the message, or what no model can do of it.
/// @throws TypeError for invalid options.
#[wasm_bindgen(js_name = estimateVideoJob)]
pub fn estimate_video_job(
    #[wasm_bindgen(unchecked_param_type = "unknown")] message: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "EstimateOptions")] options: JsValue,
) -> Result<Ts<Estimate>, JsValue> {
    estimated(&message, &options, estimate::video)
}

fn estimated(
    message: &JsValue,
    options: &JsValue,
    estimate: fn(&Json<'_>, &[String]) -> Result<Estimate, Invalid>,
) -> Result<Ts<Estimate>, JsValue> {
    let models = EstimateOptions::read(options)?.models;
    let found = as_json(message).and_then(|message| estimate(&message, &models));
    let estimate = found.map_err(|invalid| validation(&invalid))?;
    Ok(Ts::new_unchecked(to_js(&estimate)?))
}

/// The caller's message as the queue would carry it.
///
/// It is converted through JSON text, as sending it would do. The reader of JSON also bounds
/// nesting, while an object can contain itself.
fn as_json(message: &JsValue) -> Result<Json<'static>, Invalid> {
    let text = JSON::stringify(message).ok().and_then(|text| text.as_string());
    text.and_then(|text| Json::read(text.as_bytes()).ok().map(|message| message.to_owned()))
        .ok_or_else(|| {
            let expected = "an object that can be written as JSON".into();
            Invalid { issues: vec![Issue { field: "message".into(), expected }] }
        })
}

#[wasm_bindgen(typescript_custom_section)]
const FLAT: &str = r#"
export interface CommonFields extends Target {}
export interface ImageJob extends CommonFields {}
export interface VideoJob extends CommonFields {}
"#;

/// A job as one object: the fields of any job, and its own. (Flattening by serde is more WASM.)
fn flat(common: &CommonFields, own: JsValue) -> Result<JsValue, JsValue> {
    let whole = Object::new();
    for part in [to_js(&common.target)?, to_js(common)?, own] {
        Object::assign(&whole, part.unchecked_ref());
    }
    Ok(whole.into())
}

/// The version of this core.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}
