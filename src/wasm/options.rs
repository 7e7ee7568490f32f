//! How a run is to go, as the caller says it.

use std::time::Duration;

use js_sys::Function;
use tsify::Tsify;
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::property::Property;
use crate::flow::Settings;
use crate::policy::polling::DEADLINE;

/// How a run is to go.
#[derive(Tsify)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)] // declared for its TypeScript; read property by property, see `read`
pub(super) struct RunOptions {
    /// The models, in order of preference.
    models: Vec<String>,
    /// How many jobs are on their way at once, 1 to 100.
    concurrency: u32,
    /// How long the run takes new work, in seconds.
    budget_seconds: f64,
    /// After how long a video's operation that has not ended is given up, in seconds; half an hour
    /// without it.
    #[tsify(optional)]
    operation_deadline_seconds: Option<u32>,
    /// After how many attempts a job has failed, at least 1.
    max_attempts: u32,
    /// How many jobs are taken at most; without it, as many as the time allows.
    #[tsify(optional)]
    max_jobs: Option<u32>,
    /// The only hosts that source images may come from; without it, any public host. The
    /// project's own storage is always allowed.
    #[tsify(optional)]
    source_image_hosts: Option<Vec<String>>,
    /// The address of the storage service as the public sees it, if that differs from the
    /// adapter's.
    #[tsify(optional)]
    public_storage_url: Option<String>,
    /// Is called with each entry of the log.
    #[tsify(optional, type = "(entry: LogEntry) => void")]
    log: (),
    /// Tells the run to stop: it takes no more jobs and comes to an end soon.
    #[tsify(optional, type = "AbortSignal")]
    signal: (),
}

/// What [`RunOptions`] say, checked.
pub(super) struct Options {
    pub(super) settings: Settings,
    pub(super) source_image_hosts: Option<Vec<String>>,
    pub(super) public_storage_url: Option<String>,
    pub(super) log: Option<Function>,
    pub(super) signal: Option<AbortSignal>,
}

/// A day, in seconds: longer than any worker lives.
const LONGEST_BUDGET: u32 = 86_400;

impl Options {
    /// Reads the caller's options.
    ///
    /// # Errors
    /// A `TypeError` that names the option and says what was expected.
    pub(super) fn read(options: JsValue) -> Result<Self, JsValue> {
        let options = Property::argument("options", options);
        let models = options.get("models")?;
        let settings = Settings {
            models: models.strings()?,
            concurrency: options.get("concurrency")?.whole_number(1, 100)?,
            budget: budget(&options.get("budgetSeconds")?)?,
            operation_deadline: optional(&options, "operationDeadlineSeconds", |given| {
                Ok(Duration::from_secs(given.whole_number(1, u32::MAX)?.into()))
            })?
            .unwrap_or(DEADLINE),
            max_attempts: options.get("maxAttempts")?.whole_number(1, 1_000)?,
            max_jobs: optional(&options, "maxJobs", |given| given.whole_number(1, u32::MAX))?,
        };
        if settings.models.is_empty() {
            return Err(models.expected("at least one model"));
        }
        Ok(Self {
            settings,
            source_image_hosts: optional(&options, "sourceImageHosts", Property::strings)?,
            public_storage_url: optional(&options, "publicStorageUrl", Property::string)?
                .map(|url| url.trim_end_matches('/').to_owned()),
            log: optional(&options, "log", Property::function)?,
            signal: optional(&options, "signal", |given| {
                let signal = given.value.dyn_ref::<AbortSignal>().cloned();
                signal.ok_or_else(|| given.expected("an AbortSignal"))
            })?,
        })
    }
}

fn budget(given: &Property) -> Result<Duration, JsValue> {
    given
        .value
        .as_f64()
        .filter(|seconds| *seconds > 0.0 && *seconds <= f64::from(LONGEST_BUDGET))
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| {
            given.expected(&format!("seconds, more than 0 and at most {LONGEST_BUDGET}"))
        })
}

fn optional<T>(
    options: &Property,
    name: &str,
    read: impl FnOnce(&Property) -> Result<T, JsValue>,
) -> Result<Option<T>, JsValue> {
    let given = options.get(name)?;
    if given.is_missing() { Ok(None) } else { read(&given).map(Some) }
}
