//! The log for operators.

use crate::json::{Object, WriteJson};

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

impl Level {
    /// The name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// One line of a worker's log.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct LogEntry {
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub message: String,
    /// The job it happened to.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub job_id: Option<String>,
    /// That job's message.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub msg_id: Option<i64>,
    /// The kind of failure.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub code: Option<&'static str>,
    /// The rest of it.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub detail: Option<String>,
}

impl WriteJson for LogEntry {
    fn write(&self, it: &mut Object<'_>) {
        it.text("level", self.level.as_str())
            .text("message", &self.message)
            .optional_text("jobId", self.job_id.as_deref())
            .optional_integer("msgId", self.msg_id)
            .optional_text("code", self.code)
            .optional_text("detail", self.detail.as_deref());
    }
}

/// Keeps the log.
pub trait Log {
    /// Records one entry.
    fn record(&self, entry: LogEntry);
}
