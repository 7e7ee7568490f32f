//! Holding a lease during work.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::error::{Attempt, AttemptError};
use super::log;
use super::run::Run;
use crate::port::{Claim, Clock, Level, Queue, World, WriteError};

/// Does `work` and extends the lease at half time for as long as it takes. The lease began `since`
/// the claim was asked for: when its answer came is another matter. Work whose lease is
/// lost is dropped where it stands. A submission that is under way ends first, so that its operation is recorded:
/// of a job that was cancelled the database keeps it, so that it gets cancelled, too.
///
/// The lease is checked first: a worker that was suspended for longer than its lease wakes up with a
/// reply, and must not make the next paid call before it knows that the lease is lost.
///
/// A claim that was repeated may have taken longer than the lease: the database knows whether it still runs, and
/// is asked before the work begins; again if its answer took as long, until the run ends.
pub(super) async fn hold<W: World, T>(
    world: &W,
    run: &Run,
    claim: &Claim,
    mut since: Duration,
    work: impl Future<Output = Attempt<T>>,
) -> Attempt<T> {
    let term = claim.lease.kind.lease();
    let mut now = world.clock().now();
    while now.saturating_sub(since) > term / 2 {
        if run.reason_to_release(world).is_some() {
            return Err(AttemptError::waiting(Duration::ZERO));
        }
        world.queue().extend(&claim.lease, term, false).await?;
        (since, now) = (now, world.clock().now());
    }
    let mut work = pin!(work);
    let mut lost = pin!(keep(world, claim, since));
    match select(&mut lost, &mut work).await {
        Either::Left((end, work)) => {
            // It ends with the submission, as nothing more can be written.
            if end == End::Told && run.is_submitting(claim) {
                drop(work.await);
            }
            Err(AttemptError::LeaseLost.into())
        }
        Either::Right((done, _)) => done,
    }
}

/// How a lease ends.
#[derive(PartialEq)]
enum End {
    /// The database says that it is lost.
    Told,
    /// It has run out by our own clock.
    RanOut,
}

/// Extends a lease until it is lost. A call that fails is repeated sooner. Once the lease has run out
/// by our own clock another worker may have the job, so that counts as lost as well.
async fn keep<W: World>(world: &W, claim: &Claim, since: Duration) -> End {
    let clock = world.clock();
    let term = claim.lease.kind.lease();
    let mut until = since + term;
    loop {
        let left = until.saturating_sub(clock.now());
        if left.is_zero() {
            return End::RanOut;
        }
        clock.sleep((left / 2).max(Duration::from_secs(1))).await;
        let asked = clock.now();
        // An answer that comes after the lease has run out comes too late.
        let extended = pin!(world.queue().extend(&claim.lease, term, false));
        let over = pin!(clock.sleep(until.saturating_sub(asked)));
        match select(extended, over).await {
            Either::Left((Ok(()), _)) => until = asked + term,
            Either::Left((Err(WriteError::Failed(failure)), _)) => {
                log::failure(world, claim, Level::Warn, "Lease not extended", &failure);
            }
            Either::Left((Err(WriteError::LeaseLost), _)) => return End::Told,
            Either::Right(_) => return End::RanOut,
        }
    }
}
