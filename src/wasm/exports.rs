//! The functions that JavaScript sees.

use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;

use super::error::unwritable;
use super::messages;
use super::options::Options;
use super::property::Property;
use super::world::JsWorld;
use crate::flow::{RunReport, run_images, run_videos};

/// Processes the image queue until it is empty or the run's time is spent.
///
/// @throws TypeError for options or adapters that no run can be made of. Whatever else goes wrong
/// is in the report.
#[wasm_bindgen(js_name = processImages)]
pub async fn process_images(
    #[wasm_bindgen(unchecked_param_type = "ImageAdapters")] adapters: JsValue,
    #[wasm_bindgen(unchecked_param_type = "RunOptions")] options: JsValue,
) -> Result<Ts<RunReport>, JsValue> {
    let adapters = Property::argument("adapters", adapters);
    let options = Options::read(options)?;
    let settings = options.settings.clone();
    let world = JsWorld::of(&adapters, "gemini", options)?;
    run_images(&world, settings).await.into_ts().map_err(unwritable)
}

/// Processes the video queue until it is empty or the run's time is spent; operations that are
/// not ready by then are left to the next run.
///
/// @throws TypeError for options or adapters that no run can be made of. Whatever else goes wrong
/// is in the report.
#[wasm_bindgen(js_name = processVideos)]
pub async fn process_videos(
    #[wasm_bindgen(unchecked_param_type = "VideoAdapters")] adapters: JsValue,
    #[wasm_bindgen(unchecked_param_type = "RunOptions")] options: JsValue,
) -> Result<Ts<RunReport>, JsValue> {
    let adapters = Property::argument("adapters", adapters);
    let options = Options::read(options)?;
    let settings = options.settings.clone();
    let world = JsWorld::of(&adapters, "veo", options)?;
    run_videos(&world, settings).await.into_ts().map_err(unwritable)
}

/// Checks a message for the image queue and gives it as the worker understands it.
///
/// @throws ValidationError with everything that is wrong with the message.
#[wasm_bindgen(js_name = validateImageJob, unchecked_return_type = "ImageJob")]
pub fn validate_image_job(
    #[wasm_bindgen(unchecked_param_type = "unknown")] message: JsValue,
) -> Result<JsValue, JsValue> {
    messages::image_job(&message)
}

/// Checks a message for the video queue and gives it as the worker understands it.
///
/// @throws ValidationError with everything that is wrong with the message.
#[wasm_bindgen(js_name = validateVideoJob, unchecked_return_type = "VideoJob")]
pub fn validate_video_job(
    #[wasm_bindgen(unchecked_param_type = "unknown")] message: JsValue,
) -> Result<JsValue, JsValue> {
    messages::video_job(&message)
}

/// The version of this core.
#[wasm_bindgen]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").into()
}
