//! Log entries about a job.

use crate::failure::Failure;
use crate::port::{Claim, Level, Log, LogEntry, World};

/// Logs what happened to a job.
pub(super) fn note<W: World>(world: &W, claim: &Claim, level: Level, message: impl Into<String>) {
    world.log().record(entry(claim, level, message.into()));
}

/// Logs a failure that a job met.
pub(super) fn failure<W: World>(
    world: &W,
    claim: &Claim,
    level: Level,
    message: &str,
    failure: &Failure,
) {
    let mut entry = entry(claim, level, message.to_owned());
    entry.code = Some(failure.code.as_str());
    entry.detail = Some(failure.message.clone());
    world.log().record(entry);
}

/// Logs something that is about no job in particular.
pub(super) fn general<W: World>(world: &W, level: Level, message: &str, failure: &Failure) {
    world.log().record(LogEntry {
        level,
        message: message.to_owned(),
        job_id: None,
        msg_id: None,
        code: Some(failure.code.as_str()),
        detail: Some(failure.message.clone()),
    });
}

fn entry(claim: &Claim, level: Level, message: String) -> LogEntry {
    LogEntry {
        level,
        message,
        job_id: Some(claim.job_id.to_string()),
        msg_id: Some(claim.lease.msg_id),
        code: None,
        detail: None,
    }
}
