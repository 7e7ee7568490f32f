//! The current objects, at the fixed paths of scenes and characters.
//!
//! A current object is a copy, and several jobs of one entity may finish at the same time, so a
//! copy that was right when it began may be stale when it lands. Therefore each worker asks after
//! its copy what ought to be there now and copies again until the answer is what it copied. It asks
//! at once where a newer job of the entity is in hand, and else along with its next call. The
//! ledger remembers that copies are due until then; a worker that dies in between leaves them to
//! the next run.

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use super::log;
use super::run::Run;
use super::time_limit::within;
use crate::failure::{Code, Failure};
use crate::job::Kind;
use crate::port::{AssetStore, Clock, Copied, Level, Publication, Queue, Unpublished, World};

/// Each round means that yet another job succeeded meanwhile.
const ROUNDS: u32 = 10;

/// How long the copies of one job may take. A later run makes those that take longer, when they can no
/// longer land after its own.
const MOST: Duration = Duration::from_secs(60);

/// Makes the copies of a job that are due. They are confirmed along with the next call; where they may be
/// old by then (`at_once`), here, and those are made that became due meanwhile. Boxed so that the
/// compiler emits it once for its several callers.
pub(super) fn current_objects<'a, W: World>(
    world: &'a W,
    run: &'a Run,
    kind: Kind,
    it: Unpublished,
    at_once: bool,
) -> LocalBoxFuture<'a, Result<(), Failure>> {
    let late = || Failure::retry(Code::StorageFailed, "copying it took longer than a minute");
    Box::pin(async move {
        let copying = copy_until_current(world, run, kind, it, at_once);
        within(world, MOST, copying).await.unwrap_or_else(|| Err(late()))
    })
}

async fn copy_until_current<W: World>(
    world: &W,
    run: &Run,
    kind: Kind,
    it: Unpublished,
    at_once: bool,
) -> Result<(), Failure> {
    let Unpublished { job_id, target, publications: mut due } = it;
    for _ in 0..ROUNDS {
        if due.is_empty() {
            return Ok(());
        }
        for publication in &due {
            if let Some(to) = target.current_path(publication.slot, kind) {
                let Publication { path, content_type, .. } = publication;
                world.store().copy(kind.bucket(), path, &to, content_type).await?;
            }
        }
        if !at_once {
            run.copied.borrow_mut().push(Copied { job_id, publications: due });
            return Ok(());
        }
        due = world.queue().confirm_publication(&job_id, &due).await?;
    }
    Err(Failure::retry(Code::StorageFailed, "newer assets kept coming while it was copied"))
}

/// Makes copies that were not made, or are old; says for how many jobs. One that cannot be made holds up
/// no other. Most of them are this worker's own, of its last jobs, so only the end of its life ends this.
pub(super) async fn repair<W: World>(
    world: &W,
    run: &Run,
    kind: Kind,
    unpublished: Vec<Unpublished>,
) -> u32 {
    let clock = world.clock();
    let mut repaired = 0;
    for left in unpublished {
        if clock.stopping() || run.budget.life_left(clock.now()).is_zero() {
            break;
        }
        let text = format!("Current object not repaired: job {}", left.job_id);
        match current_objects(world, run, kind, left, true).await {
            Ok(()) => repaired += 1,
            Err(failure) => log::general(world, Level::Warn, &text, &failure),
        }
    }
    repaired
}
