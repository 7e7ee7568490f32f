//! The options of a run.

use std::time::Duration;

use js_sys::{Array, Function, Reflect};
use tsify::Tsify;
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::error::{property, unexpected};
use crate::flow::Settings;
use crate::policy::budget::LIFETIME;
use crate::policy::polling::DEADLINE;

const TEXTS: &str = "an array of non-empty strings";

/// The options of a run.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
pub struct RunOptions {
    /// The models, in order of preference.
    models: Vec<String>,
    /// The models that are not called since something is not configured, each followed by a space and
    /// what it lacks: a message that names one fails with these words.
    #[tsify(optional)]
    left_out: Option<Vec<String>>,
    /// How many jobs the worker has in hand at a time, 1 to 100.
    concurrency: u32,
    /// How long the run takes new jobs, in seconds.
    budget_seconds: f64,
    /// How long the platform lets a worker live, in seconds; the default is 150. A longer budget
    /// means that it lives longer.
    #[tsify(optional)]
    worker_lifetime_seconds: Option<f64>,
    /// How old the worker is already, in seconds; by default, it has just begun.
    #[tsify(optional)]
    worker_age_seconds: Option<f64>,
    /// How old the operation of a video may become before the job fails, in seconds; the default is
    /// half an hour.
    #[tsify(optional)]
    operation_deadline_seconds: Option<u32>,
    /// How many attempts a job has before it fails, at least 1.
    max_attempts: u32,
    /// How old a job may become while its models cannot be used, in hours; the default is 24.
    #[tsify(optional)]
    job_deadline_hours: Option<u32>,
    /// After how long a model that cannot be used is passed over for the next one, in seconds; by
    /// default, never.
    #[tsify(optional)]
    fallback_after_seconds: Option<u32>,
    /// How many jobs the run claims at most; by default, as many as its budget allows.
    #[tsify(optional)]
    max_jobs: Option<u32>,
    /// The only hosts that source images may come from, besides the project's own storage; by
    /// default, any public host.
    #[tsify(optional)]
    pub(super) source_image_hosts: Option<Vec<String>>,
    /// The buckets of the project's own storage of which private objects, too, are source images; by
    /// default none.
    #[tsify(optional)]
    pub(super) source_image_buckets: Option<Vec<String>>,
    /// The public address of the storage service, if it differs from the adapter's.
    #[tsify(optional)]
    pub(super) public_storage_url: Option<String>,
    /// Called with each entry of the log.
    #[tsify(optional, type = "(entry: LogEntry) => void")]
    pub(super) log: Option<Function>,
    /// Tells the run to stop: it claims no more jobs and ends soon.
    #[tsify(optional, type = "AbortSignal")]
    pub(super) signal: Option<AbortSignal>,
}

impl RunOptions {
    /// Reads the caller's options. Not by serde-wasm-bindgen: its errors repeat the value, which may
    /// be a key in the wrong place, and reading by it costs 19 kB of WASM.
    ///
    /// # Errors
    /// A `TypeError` that names the option and says what was expected.
    pub(super) fn read(given: &JsValue) -> Result<Self, JsValue> {
        const TEXT: &str = "a string";
        const DEADLINE_OPTION: &str = "operationDeadlineSeconds";
        const POSITIVE: &str = "a whole number from 1 to 4294967295";
        // A day: longer than any worker lives.
        const SECONDS: &str = "seconds, more than 0 and at most 86400";
        let options = Self {
            models: required(given, "models", TEXTS, texts)?,
            left_out: optional(given, "leftOut", TEXTS, texts)?,
            concurrency: required(given, "concurrency", "a whole number from 1 to 100", |it| {
                whole(it).filter(|number| *number <= 100)
            })?,
            budget_seconds: required(given, "budgetSeconds", SECONDS, seconds)?,
            worker_lifetime_seconds: optional(given, "workerLifetimeSeconds", SECONDS, seconds)?,
            worker_age_seconds: optional(given, "workerAgeSeconds", SECONDS, seconds)?,
            operation_deadline_seconds: optional(given, DEADLINE_OPTION, POSITIVE, whole)?,
            max_attempts: required(given, "maxAttempts", "a whole number from 1 to 1000", |it| {
                whole(it).filter(|number| *number <= 1000)
            })?,
            job_deadline_hours: optional(given, "jobDeadlineHours", POSITIVE, whole)?,
            fallback_after_seconds: optional(given, "fallbackAfterSeconds", POSITIVE, whole)?,
            max_jobs: optional(given, "maxJobs", POSITIVE, whole)?,
            source_image_hosts: optional(given, "sourceImageHosts", TEXTS, texts)?,
            source_image_buckets: optional(given, "sourceImageBuckets", TEXTS, texts)?,
            public_storage_url: optional(given, "publicStorageUrl", TEXT, JsValue::as_string)?,
            log: optional(given, "log", "a function", |it| it.dyn_ref().cloned())?,
            signal: optional(given, "signal", "an AbortSignal", |it| {
                // What only inherits from it throws when it is read.
                let readable = Reflect::get(it, &"aborted".into()).is_ok();
                it.dyn_ref().filter(|_| readable).cloned()
            })?,
        };
        if options.models.is_empty() {
            return Err(unexpected("options.models", &Array::new(), "at least one model"));
        }
        Ok(options)
    }

    /// The settings of the flow.
    pub(super) fn settings(&self) -> Settings {
        let seconds = |given: Option<u32>| given.map(u64::from).map(Duration::from_secs);
        let hours = self.job_deadline_hours.map_or(24, u64::from);
        Settings {
            models: self.models.clone(),
            left_out: self.left_out.clone().unwrap_or_default(),
            concurrency: self.concurrency,
            budget: duration(self.budget_seconds),
            worker_lifetime: self.worker_lifetime_seconds.map_or(LIFETIME, duration),
            worker_age: self.worker_age_seconds.map_or(Duration::ZERO, duration),
            operation_deadline: seconds(self.operation_deadline_seconds).unwrap_or(DEADLINE),
            max_attempts: self.max_attempts,
            job_deadline: Duration::from_secs(hours * 3600),
            fallback_after: seconds(self.fallback_after_seconds),
            max_jobs: self.max_jobs,
        }
    }
}

/// The options of an estimate.
#[derive(Tsify)]
pub struct EstimateOptions {
    /// The models of the workers, in order of preference: those of `generation_standing`. Without them
    /// only a job that names its model has a price.
    #[tsify(optional)]
    pub(super) models: Vec<String>,
}

impl EstimateOptions {
    /// Reads the caller's options, which may be missing.
    ///
    /// # Errors
    /// A `TypeError` that names the option and says what was expected.
    pub(super) fn read(given: &JsValue) -> Result<Self, JsValue> {
        if given.is_undefined() {
            return Ok(Self { models: Vec::new() });
        }
        Ok(Self { models: optional(given, "models", TEXTS, texts)?.unwrap_or_default() })
    }
}

/// The value of an option; `None` from `read` means that it is not as expected.
fn required<T: Default>(
    given: &JsValue,
    option: &str,
    expected: &str,
    read: fn(&JsValue) -> Option<T>,
) -> Result<T, JsValue> {
    let mut found = None;
    look_up(given, option, expected, &mut |value| {
        found = read(value);
        found.is_some()
    })?;
    Ok(found.unwrap_or_default())
}

/// The value of an option that may be missing.
fn optional<T>(
    given: &JsValue,
    option: &str,
    expected: &str,
    read: fn(&JsValue) -> Option<T>,
) -> Result<Option<T>, JsValue> {
    let mut found = None;
    look_up(given, option, expected, &mut |value| {
        found = read(value);
        found.is_some() || value.is_undefined() || value.is_null()
    })?;
    Ok(found)
}

/// Whole microseconds: `Duration`'s own reading of fractions is half a kilobyte of WASM.
fn duration(seconds: f64) -> Duration {
    Duration::from_micros((seconds * 1e6) as u64)
}

/// Has an option read. What `read` refuses is an error.
fn look_up(
    given: &JsValue,
    option: &str,
    expected: &str,
    read: &mut dyn FnMut(&JsValue) -> bool,
) -> Result<(), JsValue> {
    let value = property(given, "options", option)?;
    if read(&value) {
        return Ok(());
    }
    Err(unexpected(&format!("options.{option}"), &value, expected))
}

/// Seconds of a worker's life.
fn seconds(value: &JsValue) -> Option<f64> {
    value.as_f64().filter(|seconds| *seconds > 0.0 && *seconds <= 86_400.0)
}

/// A whole number of at least 1.
fn whole(value: &JsValue) -> Option<u32> {
    let number = value.as_f64()?;
    let whole = number as u32;
    (f64::from(whole) == number && whole > 0).then_some(whole)
}

/// Texts that are not blank.
fn texts(value: &JsValue) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for text in value.dyn_ref::<Array>()?.iter() {
        texts.push(text.as_string().filter(|text| !text.trim().is_empty())?);
    }
    Some(texts)
}
