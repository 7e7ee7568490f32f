//! The log for operators.

use serde::{Serialize, Serializer};

/// How much an entry matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "lowercase"))]
pub enum Level {
    /// The ordinary lifecycle of a job.
    Info,
    /// Something that an operator may want to check.
    Warn,
    /// Something that an operator has to check.
    Error,
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
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
