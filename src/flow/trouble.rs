//! Trouble that concerns a model or an account, and not the job that met it.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::error::{Attempt, AttemptError, Failed};
use super::log;
use crate::failure::{Code, Failure, Next, Standing};
use crate::port::{Claim, Level, Operation, Queue, Trouble, World, WriteError};

/// How long a job waits when the trouble could not be reported.
const UNREPORTED: Duration = Duration::from_secs(60);

/// How long a job waits at least after a poll that was refused. It cannot be the probe, and is woken
/// when another job was.
const REFUSED: Duration = Duration::from_secs(300);

/// Tells all workers if a failure is trouble of a model, and writes into it how long the model rests. A
/// submission whose outcome is unknown is the end of its job alone, and trouble all the same: so no other
/// job risks that before a probe. Boxed so that the compiler emits it once.
pub(super) fn report<'a, W: World>(
    world: &'a W,
    claim: &'a Claim,
    model: &'a str,
    failure: &'a mut Failure,
) -> LocalBoxFuture<'a, Attempt<()>> {
    Box::pin(async move {
        let (standing, code) = match (failure.next, failure.code) {
            (Next::Rest { standing, .. }, code) => (standing, code),
            (_, Code::SubmissionUncertain) => (Standing::Resting, Code::ProviderUnavailable),
            _ => return Ok(()),
        };
        let (reason, asked) = (&failure.message, failure.delay());
        let met = Trouble { model, standing, code, reason, after: asked };
        let rest = match world.queue().report_trouble(&claim.lease, met).await {
            Ok(rest) => rest,
            Err(WriteError::LeaseLost) => return Err(AttemptError::LeaseLost.into()),
            Err(WriteError::Failed(unwritten)) => {
                log::failure(world, claim, Level::Warn, "Trouble not reported", &unwritten);
                asked.unwrap_or(UNREPORTED)
            }
        };
        if let Next::Rest { after, .. } = &mut failure.next {
            *after = Some(rest);
        }
        Ok(())
    })
}

/// What follows for a job whose operation ended by the trouble of its model, or whose operation cannot
/// be polled or downloaded (`over` is false). A provider that has trouble with that may well take new
/// jobs; one that refuses the account does not.
pub(super) fn of_operation<'a, W: World>(
    world: &'a W,
    claim: &'a Claim,
    operation: &'a Operation,
    failure: Failure,
    over: bool,
) -> LocalBoxFuture<'a, Box<AttemptError>> {
    Box::pin(async move {
        let refused = matches!(failure.next, Next::Rest { standing: Standing::Refused, .. });
        let (mut failure, mut waits_for) = (failure, None);
        if failure.is_rest() && (over || refused) {
            if let Err(error) = report(world, claim, &operation.model, &mut failure).await {
                return error;
            }
            waits_for = Some(operation.model.clone());
        }
        if !over && refused {
            let delay = failure.delay().map_or(REFUSED, |delay| delay.max(REFUSED));
            failure = failure.after(Some(delay));
        }
        Failed { waits_for, reset_submission: over, ..failure.into() }.into()
    })
}
