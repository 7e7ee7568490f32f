//! Operations of cancelled jobs: they go on at the provider until it cancels them, too.
//!
//! This only saves money, so it is tried once. What fails, or takes too long, is left to a later run.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::log;
use super::time_limit::within;
use crate::failure::Failure;
use crate::job::{JobId, Kind};
use crate::port::{Clock, Level, MaintenanceRequest, Operation, OperationModel, Queue, World};

/// Cancels every operation that is due at the provider, and this one first. Boxed so that
/// the compiler emits it once for its several callers.
pub(super) fn operations<W: World>(
    world: &W,
    kind: Kind,
    first: Option<(JobId, Operation)>,
) -> LocalBoxFuture<'_, ()> {
    const MOST: Duration = Duration::from_secs(30);
    Box::pin(async move {
        if let Some(Err(failure)) = within(world, MOST, cancel_all(world, kind, first)).await {
            log::general(world, Level::Warn, "Operation not cancelled", &failure);
        }
    })
}

async fn cancel_all<W: World>(
    world: &W,
    kind: Kind,
    mut due: Option<(JobId, Operation)>,
) -> Result<(), Failure> {
    while let Some((job, operation)) = due
        && !world.clock().stopping()
    {
        let cancelled = world.operations().cancel(&operation).await;
        if world.clock().stopping() {
            break;
        }
        // One that cannot be cancelled holds up no other: the database hides it for a while.
        if let Err(failure) = &cancelled {
            log::general(world, Level::Warn, "Operation not cancelled", failure);
        }
        let confirmed_cancellation = cancelled.is_ok().then_some(&job);
        let request =
            MaintenanceRequest { confirmed_cancellation, cancels: true, ..Default::default() };
        due = world.queue().maintain(kind, request).await?.cancelled;
    }
    Ok(())
}
