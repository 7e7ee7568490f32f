//! The log for operators.

use serde::Serialize;

names! {
    /// How much an entry matters.
    #[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "snake_case"))]
    pub enum Level {
        /// The ordinary lifecycle of a job.
        Info = "info",
        /// Something that an operator may want to check.
        Warn = "warn",
        /// Something that an operator has to check.
        Error = "error",
    }
}

/// One line of a worker's log.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub message: String,
    /// The job it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// That job's message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msg_id: Option<i64>,
    /// The kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The rest of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Keeps the log.
pub trait Log {
    /// Records one entry.
    fn record(&self, entry: LogEntry);
}
