//! Workers that die of what one of their jobs takes into memory.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use super::sim::Sim;
use super::support::ledger::{Job, Status};
use super::worker::Worker;

/// The most deaths that a deadly job causes before it has failed: as many as the most attempts that a
/// worker here allows.
const MOST_DEATHS: usize = 5;

impl Worker {
    /// Takes the asset of a job into memory. That of a deadly job kills the worker, unless it is given up
    /// in the same moment: for a time limit, or because the lease is lost.
    pub async fn take_into_memory(&self, job: Job) {
        if self.sim.is_deadly(job) {
            let worker = self.id.get();
            let asset = Rc::new(());
            let held = Rc::downgrade(&asset);
            self.sim.after(Duration::ZERO, move |sim| {
                if held.strong_count() > 0 && sim.schedule.is_alive(worker) {
                    check_death(sim, worker, job);
                    sim.end(worker);
                }
            });
            pending::<()>().await;
        }
    }
}

/// Checks a death of memory: no other job may pay for it, and the one that caused it not too often.
fn check_death(sim: &Sim, worker: usize, cause: Job) {
    let ledger = sim.ledger.borrow();
    let mut watch = sim.watch.borrow_mut();
    for (job, row) in ledger.rows.iter().enumerate() {
        let last = watch.claims.iter().rev().find(|claim| claim.job == job);
        let is_here = last.is_some_and(|claim| claim.worker == worker)
            && !watch.lost.contains(&(worker, job));
        let was_alone = row.alone.is_some() && row.alone == row.lease_token;
        if job != cause && is_here && row.status == Status::Running && was_alone {
            sim.violated(|| format!("job {job} counts the death that job {cause} caused"));
        }
    }
    watch.deaths.push(cause);
    let deaths = watch.deaths.iter().filter(|job| **job == cause).count();
    if deaths > MOST_DEATHS && !watch.by_hand.contains(&cause) {
        sim.violated(|| format!("job {cause} has killed more than {MOST_DEATHS} workers"));
    }
}
