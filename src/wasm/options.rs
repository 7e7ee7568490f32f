//! The options of a run.

use std::time::Duration;

use js_sys::{Function, JSON, Reflect};
use serde::Deserialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::error::{property, unexpected};
use crate::flow::Settings;
use crate::policy::polling::DEADLINE;

/// The options of a run.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct RunOptions {
    /// The models, in order of preference.
    models: Vec<String>,
    /// How many jobs the worker has in hand at a time, 1 to 100.
    concurrency: u32,
    /// How long the run takes new jobs, in seconds.
    budget_seconds: f64,
    /// How old the operation of a video may become before the job fails, in seconds; the default is
    /// half an hour.
    #[tsify(optional)]
    operation_deadline_seconds: Option<u32>,
    /// How many attempts a job has before it fails, at least 1.
    max_attempts: u32,
    /// How many jobs the run claims at most; by default, as many as its budget allows.
    #[tsify(optional)]
    max_jobs: Option<u32>,
    /// The only hosts that source images may come from; by default, any public host. The project's
    /// own storage is always allowed.
    #[tsify(optional)]
    pub(super) source_image_hosts: Option<Vec<String>>,
    /// The public address of the storage service, if it differs from the adapter's.
    #[tsify(optional)]
    pub(super) public_storage_url: Option<String>,
    /// Called with each entry of the log.
    #[serde(default, with = "serde_wasm_bindgen::preserve")]
    #[tsify(optional, type = "(entry: LogEntry) => void")]
    log: JsValue,
    /// Tells the run to stop: it claims no more jobs and ends soon.
    #[serde(default, with = "serde_wasm_bindgen::preserve")]
    #[tsify(optional, type = "AbortSignal")]
    signal: JsValue,
}

/// What an option has to be.
struct Rule {
    option: &'static str,
    expected: &'static str,
    holds: fn(&RunOptions) -> bool,
}

/// Valid options.
const VALID: &str = r#"{"models":["m"],"concurrency":1,"budgetSeconds":1,"maxAttempts":1}"#;

const RULES: [Rule; 11] = [
    rule("models", "an array of non-empty strings", |given| are_texts(&given.models)),
    rule("models", "at least one model", |given| !given.models.is_empty()),
    rule("concurrency", "a whole number from 1 to 100", |given| {
        (1..=100).contains(&given.concurrency)
    }),
    // A day: longer than any worker lives.
    rule("budgetSeconds", "seconds, more than 0 and at most 86400", |given| {
        given.budget_seconds > 0.0 && given.budget_seconds <= 86_400.0
    }),
    rule("operationDeadlineSeconds", "a whole number from 1 to 4294967295", |given| {
        given.operation_deadline_seconds != Some(0)
    }),
    rule("maxAttempts", "a whole number from 1 to 1000", |given| {
        (1..=1000).contains(&given.max_attempts)
    }),
    rule("maxJobs", "a whole number from 1 to 4294967295", |given| given.max_jobs != Some(0)),
    rule("sourceImageHosts", "an array of non-empty strings", |given| {
        given.source_image_hosts.as_deref().is_none_or(are_texts)
    }),
    rule("publicStorageUrl", "a string", |_| true),
    rule("log", "a function", |given| is_missing(&given.log) || given.log.is_function()),
    rule("signal", "an AbortSignal", |given| {
        is_missing(&given.signal) || given.signal.has_type::<AbortSignal>()
    }),
];

const fn rule(
    option: &'static str,
    expected: &'static str,
    holds: fn(&RunOptions) -> bool,
) -> Rule {
    Rule { option, expected, holds }
}

fn are_texts(texts: &[String]) -> bool {
    texts.iter().all(|text| !text.trim().is_empty())
}

fn is_missing(value: &JsValue) -> bool {
    value.is_undefined() || value.is_null()
}

impl RunOptions {
    /// Reads the caller's options. They replace valid ones one by one, so that the first that cannot
    /// be read is known: serde's own error would repeat the value, which may be a key in the wrong
    /// place.
    ///
    /// # Errors
    /// A `TypeError` that names the option and says what was expected.
    pub(super) fn read(given: &JsValue) -> Result<Self, JsValue> {
        let copy = JSON::parse(VALID)?;
        let mut options = None;
        for Rule { option, expected, holds } in &RULES {
            let value = property(given, "options", option)?;
            Reflect::set(&copy, &JsValue::from_str(option), &value)?;
            options = serde_wasm_bindgen::from_value(copy.clone()).ok().filter(holds);
            if options.is_none() {
                return Err(unexpected(&format!("options.{option}"), &value, expected));
            }
        }
        options.ok_or(JsValue::UNDEFINED)
    }

    /// The settings of the flow.
    pub(super) fn settings(&self) -> Settings {
        let deadline = self.operation_deadline_seconds.map(u64::from).map(Duration::from_secs);
        Settings {
            models: self.models.clone(),
            concurrency: self.concurrency,
            budget: Duration::try_from_secs_f64(self.budget_seconds).unwrap_or_default(),
            operation_deadline: deadline.unwrap_or(DEADLINE),
            max_attempts: self.max_attempts,
            max_jobs: self.max_jobs,
        }
    }

    /// The function to call with each entry of the log.
    pub(super) fn log(&self) -> Option<Function> {
        self.log.dyn_ref().cloned()
    }

    /// The signal that tells the run to stop.
    pub(super) fn signal(&self) -> Option<AbortSignal> {
        self.signal.dyn_ref().cloned()
    }
}
