//! Operations of cancelled jobs: they go on at the provider until it is told.
//!
//! This only saves money, so it is tried once. What fails, or takes too long, is left to a later run.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::log;
use super::time_limit::within;
use crate::failure::Failure;
use crate::job::Kind;
use crate::port::{Clock, Level, OperationModel, Queue, World};

/// Tells the provider of every operation that is due. In a box, because there are several calls and its
/// code should be there once.
pub(super) fn operations<W: World>(world: &W, kind: Kind) -> LocalBoxFuture<'_, ()> {
    const MOST: Duration = Duration::from_secs(30);
    Box::pin(async move {
        if let Some(Err(failure)) = within(world, MOST, tell(world, kind)).await {
            log::general(world, Level::Warn, "Operation not cancelled", &failure);
        }
    })
}

async fn tell<W: World>(world: &W, kind: Kind) -> Result<(), Failure> {
    let mut told = None;
    while !world.clock().stopping()
        && let Some((job, operation)) = world.queue().cancelled(kind, told.as_ref()).await?
    {
        world.operations().cancel(&operation).await?;
        told = Some(job);
    }
    Ok(())
}
