//! The current objects, at the fixed paths of scenes and characters.
//!
//! A current object is a copy, and several jobs of one entity may finish at the same time, so a
//! copy that was right when it began may be stale when it lands. Therefore each worker asks after
//! its copy what ought to be there now and copies again until the answer is what it copied. The
//! ledger remembers that copies are due until then; a worker that dies in between leaves them to
//! the next run.

use std::time::Duration;

use super::log;
use super::run::Run;
use super::time_limit::within;
use crate::failure::{Code, Failure};
use crate::job::{JobId, Kind, Target};
use crate::port::{AssetStore, Clock, Level, Publication, Queue, Unpublished, World};

/// Each round means that yet another job succeeded meanwhile.
const ROUNDS: u32 = 10;

/// How long the copies of one job may take. A later run makes those that take longer, when they can no
/// longer land after its own.
const MOST: Duration = Duration::from_secs(60);

/// Makes the copies that are due, and those that become due while it does.
pub(super) async fn current_objects<W: World>(
    world: &W,
    kind: Kind,
    job: &JobId,
    target: &Target,
    due: Vec<Publication>,
) -> Result<(), Failure> {
    let late = || Failure::retry(Code::StorageFailed, "copying it took longer than a minute");
    let copied = within(world, MOST, copy_until_current(world, kind, job, target, due)).await;
    copied.unwrap_or_else(|| Err(late()))
}

async fn copy_until_current<W: World>(
    world: &W,
    kind: Kind,
    job: &JobId,
    target: &Target,
    mut due: Vec<Publication>,
) -> Result<(), Failure> {
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
        due = world.queue().confirm_publication(job, &due).await?;
    }
    Err(Failure::retry(Code::StorageFailed, "newer assets kept coming while it was copied"))
}

/// Makes the copies that workers left undone when they died; says for how many jobs. One that
/// cannot be made holds up no other.
pub(super) async fn repair<W: World>(world: &W, run: &Run, kind: Kind) -> Result<u32, Failure> {
    const AT_ONCE: u32 = 20;
    let clock = world.clock();
    let mut repaired = 0;
    for left in world.queue().unpublished(kind, AT_ONCE).await? {
        if clock.stopping() || run.budget.left(clock.now()).is_zero() {
            break;
        }
        let Unpublished { job_id, target, publications } = left;
        match current_objects(world, kind, &job_id, &target, publications).await {
            Ok(()) => repaired += 1,
            Err(failure) => {
                let text = format!("Current object not repaired: job {job_id}");
                log::general(world, Level::Warn, &text, &failure);
            }
        }
    }
    Ok(repaired)
}
