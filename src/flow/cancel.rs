//! Operations of cancelled jobs: they go on at the provider until it is told.
//!
//! This only saves money, so it is tried once. What fails is left to a later run.

use futures_util::future::LocalBoxFuture;

use super::log;
use crate::failure::Failure;
use crate::job::Kind;
use crate::port::{Clock, Level, Queue, VideoModel, World};

/// Tells the provider of every operation that is due. In a box, because a run does it twice and its
/// code should be there once.
pub(super) fn operations<W: World>(world: &W) -> LocalBoxFuture<'_, ()> {
    Box::pin(async {
        if let Err(failure) = tell(world).await {
            log::general(world, Level::Warn, "Operation not cancelled", &failure);
        }
    })
}

async fn tell<W: World>(world: &W) -> Result<(), Failure> {
    let mut told = None;
    while !world.clock().stopping()
        && let Some((job, operation)) = world.queue().cancelled(Kind::Video, told.as_ref()).await?
    {
        world.videos().cancel(&operation).await?;
        told = Some(job);
    }
    Ok(())
}
