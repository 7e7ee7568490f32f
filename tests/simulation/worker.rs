//! A worker: the core, with every port over the simulated network.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use generation_queue::flow::{Outcome, RunReport, Settings, run_queue};
use generation_queue::job::Kind;
use generation_queue::large_body::LargeBodies;
use generation_queue::occupancy::IsolateOccupancy;
use generation_queue::port::{Clock, Log, LogEntry, World};

use super::schedule::TaskId;
use super::sim::Sim;

pub struct Worker {
    pub sim: Rc<Sim>,
    pub kind: Kind,
    pub id: Cell<TaskId>,
    /// When it is told to stop.
    pub stop_at: Option<Duration>,
    /// When its budget ends.
    pub budget_ends: Duration,
    large_bodies: LargeBodies,
    occupancy: IsolateOccupancy,
}

/// Starts a worker for one run.
pub fn start(sim: &Rc<Sim>, kind: Kind, settings: Settings, stop_at: Option<Duration>) -> TaskId {
    let budget_ends = sim.now() + settings.budget;
    let world = Rc::new(Worker {
        sim: sim.clone(),
        kind,
        id: Cell::default(),
        stop_at,
        budget_ends,
        large_bodies: LargeBodies::default(),
        occupancy: IsolateOccupancy::default(),
    });
    let running = world.clone();
    let plan = settings.clone();
    let task = sim.schedule.spawn(Box::pin(async move {
        running.reported(&run_queue(&*running, kind, plan).await);
    }));
    world.id.set(task);
    sim.note(|| {
        let Settings { concurrency, budget, max_attempts, max_jobs, .. } = settings;
        format!(
            "worker {task} starts: {kind:?}, {concurrency} at once, for {budget:?}, \
             {max_attempts} attempts, at most {max_jobs:?} jobs, told to stop at {stop_at:?}"
        )
    });
    task
}

impl Worker {
    fn reported(&self, report: &RunReport) {
        let id = self.id.get();
        self.sim.note(|| {
            let RunReport { stopped, succeeded, failed, retrying, waiting, lost, .. } = report;
            format!(
                "worker {id} is done ({stopped:?}): {succeeded} succeeded, {failed} failed, \
                 {retrying} retrying, {waiting} waiting, {lost} lost, {} repaired",
                report.repaired
            )
        });
        let succeeded = report.jobs.iter().filter(|job| job.outcome == Outcome::Succeeded);
        let jobs = succeeded.filter_map(|job| usize::try_from(job.msg_id - 1).ok());
        self.sim.watch.borrow_mut().reported.extend(jobs);
    }
}

impl Clock for Worker {
    fn now(&self) -> Duration {
        self.sim.now()
    }

    async fn sleep(&self, duration: Duration) {
        self.sim.schedule.until(&self.sim.random, self.sim.now() + duration).await;
    }

    fn random(&self) -> f64 {
        self.sim.random.fraction()
    }

    fn stopping(&self) -> bool {
        self.stop_at.is_some_and(|at| self.sim.now() >= at)
    }

    async fn stop(&self) {
        match self.stop_at {
            Some(at) => self.sim.schedule.until(&self.sim.random, at).await,
            None => std::future::pending().await,
        }
    }
}

impl Log for Worker {
    fn record(&self, entry: LogEntry) {
        let id = self.id.get();
        if let Some(msg_id) = entry.msg_id
            && entry.message.starts_with("Lease no longer held")
        {
            let job = usize::try_from(msg_id - 1).expect("ids count from 1");
            self.sim.watch.borrow_mut().lost.push((id, job));
        }
        self.sim.note(|| {
            let LogEntry { message, msg_id, detail, .. } = entry;
            let job = msg_id.map(|id| format!("job {}: ", id - 1)).unwrap_or_default();
            let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("worker {id} logs: {job}{message}{detail}")
        });
    }
}

impl World for Worker {
    type Stream = u32;
    type Queue = Self;
    type Images = Self;
    type Operations = Self;
    type Store = Self;
    type Sources = Self;
    type Clock = Self;
    type Log = Self;

    fn queue(&self) -> &Self {
        self
    }
    fn images(&self) -> &Self {
        self
    }
    fn operations(&self) -> &Self {
        self
    }
    fn store(&self) -> &Self {
        self
    }
    fn sources(&self) -> &Self {
        self
    }
    fn clock(&self) -> &Self {
        self
    }
    fn log(&self) -> &Self {
        self
    }
    fn large_bodies(&self) -> &LargeBodies {
        &self.large_bodies
    }
    fn occupancy(&self) -> &IsolateOccupancy {
        &self.occupancy
    }
}
