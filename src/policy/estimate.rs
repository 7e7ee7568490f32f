//! What a job will probably cost, before it is sent: by the models that the worker would choose from,
//! and the prices that it would write into the ledger. What words cost beside the asset is not known
//! yet.

use serde::Serialize;

use super::{capabilities, cost};
use crate::job::{ImageJob, Invalid, Issue, VideoJob, joined, strip_models_prefix};
use crate::json::Json;

/// What a job will probably cost.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// The models that can do the job, in the order in which they are tried.
    pub models: Vec<Price>,
    /// The lowest of their prices in US dollars; null if none is known.
    #[cfg_attr(target_family = "wasm", tsify(type = "number | null"))]
    pub lowest_usd: Option<f64>,
    /// The highest of their prices in US dollars; null if none is known.
    #[cfg_attr(target_family = "wasm", tsify(type = "number | null"))]
    pub highest_usd: Option<f64>,
    /// Why a price is null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// What a model takes for a job.
#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct Price {
    /// Its name.
    pub model: String,
    /// In US dollars; null if the price is not known.
    #[cfg_attr(target_family = "wasm", tsify(type = "number | null"))]
    pub usd: Option<f64>,
}

/// Estimates the message of an image job for workers that have these models.
///
/// # Errors
/// Everything that is wrong with the message, or what no model can do of it.
pub fn image(message: &Json<'_>, models: &[String]) -> Result<Estimate, Invalid> {
    let job = ImageJob::parse(message)?;
    let check = |model: &str, unmet: &mut Vec<_>| capabilities::image(model, &job, unmet);
    let price = |model: &str| cost::image(model, job.image_size, None);
    estimate(models, job.common.model.as_deref(), &check, &price)
}

/// Estimates the message of a video job for workers that have these models.
///
/// # Errors
/// Everything that is wrong with the message, or what no model can do of it.
pub fn video(message: &Json<'_>, models: &[String]) -> Result<Estimate, Invalid> {
    let job = VideoJob::parse(message)?;
    let check = |model: &str, unmet: &mut Vec<_>| capabilities::video(model, &job, unmet);
    let price = |model: &str| cost::video(model, &job, None);
    estimate(models, job.common.model.as_deref(), &check, &price)
}

/// Without a list, what is known is the model that the message names.
fn estimate(
    models: &[String],
    chosen: Option<&str>,
    check: &dyn Fn(&str, &mut Vec<Issue>),
    price: &dyn Fn(&str) -> Option<f64>,
) -> Result<Estimate, Invalid> {
    let mut names: Vec<String> = models.iter().map(|it| strip_models_prefix(it).into()).collect();
    if names.is_empty() {
        names.extend(chosen.map(str::to_owned));
    }
    let mut found =
        Estimate { models: Vec::new(), lowest_usd: None, highest_usd: None, unknown: None };
    if names.is_empty() {
        found.unknown = Some("the models of the workers are not known".into());
        return Ok(found);
    }
    let mut without = Vec::new();
    for model in capabilities::able(&names, chosen, check)? {
        let usd = price(model);
        if let Some(usd) = usd {
            found.lowest_usd = Some(found.lowest_usd.map_or(usd, |lowest| lowest.min(usd)));
            found.highest_usd = Some(found.highest_usd.map_or(usd, |highest| highest.max(usd)));
        } else {
            without.push(model);
        }
        found.models.push(Price { model: model.into(), usd });
    }
    if !without.is_empty() {
        found.unknown = Some(String::from("no price is known for ") + &joined(&without, ", "));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(message: serde_json::Value) -> Json<'static> {
        message.into()
    }

    fn names(models: &[&str]) -> Vec<String> {
        models.iter().map(|name| (*name).to_owned()).collect()
    }

    fn image_of(message: serde_json::Value, models: &[&str]) -> Result<Estimate, Invalid> {
        image(&read(message), &names(models))
    }

    #[test]
    fn the_models_that_may_make_it_give_a_range() {
        let models = ["gemini-2.5-flash-image", "models/gemini-3.1-flash-image"];
        let message = serde_json::json!({"storyboardId": "sb", "prompt": "p"});
        let found = image_of(message.clone(), &models).unwrap();
        assert_eq!((found.lowest_usd, found.highest_usd), (Some(0.039), Some(0.067)));
        let tried: Vec<_> = found.models.iter().map(|price| price.model.as_str()).collect();
        assert_eq!(tried, ["gemini-2.5-flash-image", "gemini-3.1-flash-image"]);
        assert_eq!(found.unknown, None);

        let mut large = message.clone();
        large["imageSize"] = "4K".into();
        let found = image_of(large, &models).unwrap();
        assert_eq!((found.lowest_usd, found.models.len()), (Some(0.151), 1));

        let mut chosen = message;
        chosen["model"] = "gemini-2.5-flash-image".into();
        assert_eq!(image_of(chosen.clone(), &models).unwrap().highest_usd, Some(0.039));
        assert_eq!(image_of(chosen, &[]).unwrap().highest_usd, Some(0.039));
    }

    #[test]
    fn a_video_is_priced_by_its_seconds() {
        let message = serde_json::json!({
            "storyboardId": "sb", "prompt": "p", "durationSeconds": 4, "generateAudio": false,
        });
        let models = names(&["vertex/veo-3.1-fast-generate-001", "gemini-omni-1.1-flash"]);
        let found = video(&read(message), &models).unwrap();
        assert_eq!((found.lowest_usd, found.models.len()), (Some(0.32), 1));
    }

    #[test]
    fn what_is_not_known_is_null_with_a_reason() {
        let message = serde_json::json!({"storyboardId": "sb", "prompt": "p"});
        let found = image_of(message.clone(), &["tuned", "gemini-2.5-flash-image"]).unwrap();
        assert_eq!(found.models[0], Price { model: "tuned".into(), usd: None });
        assert_eq!(found.lowest_usd, Some(0.039));
        assert_eq!(found.unknown.as_deref(), Some("no price is known for tuned"));
        let found = image_of(message, &[]).unwrap();
        assert_eq!((found.lowest_usd, found.models.len()), (None, 0));
        assert!(found.unknown.is_some());
    }

    #[test]
    fn what_the_worker_would_refuse_is_an_error() {
        assert_eq!(
            image_of(serde_json::json!({"prompt": "p"}), &["m"]).unwrap_err().issues.len(),
            1
        );
        let message = serde_json::json!({
            "storyboardId": "sb", "prompt": "p", "imageSize": "4K", "model": "gemini-2.5-flash-image",
        });
        let issues = image_of(message, &["gemini-2.5-flash-image"]).unwrap_err().issues;
        assert_eq!(issues[0].field, "imageSize");
        let message = serde_json::json!({"storyboardId": "sb", "prompt": "p", "model": "other"});
        let issues = image_of(message, &["gemini-2.5-flash-image"]).unwrap_err().issues;
        assert_eq!(issues[0].field, "model");
    }
}
