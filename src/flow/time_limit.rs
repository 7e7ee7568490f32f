//! The time that several calls may take together. Each call has a limit of its own, but the other side
//! decides how many it takes: redirects, images that drip, copies that become stale.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::port::{Clock, World};

/// Does `work` for `most` at most; `None` if that was too short.
pub(super) async fn within<W: World, T>(
    world: &W,
    most: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    match select(pin!(work), pin!(world.clock().sleep(most))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}
