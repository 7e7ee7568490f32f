//! The state of one history, and its trace.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use super::models::{Outage, Provider};
use super::rests::Rests;
use super::schedule::{Schedule, TaskId};
use super::store::Objects;
use super::support::ledger::{Job, Ledger};
use super::support::random::Random;

pub struct Sim {
    pub schedule: Schedule,
    pub random: Random,
    pub ledger: RefCell<Ledger>,
    pub objects: RefCell<Objects>,
    pub provider: RefCell<Provider>,
    pub watch: RefCell<Watch>,
    pub rests: RefCell<Rests>,
    pub fault_rates: Cell<FaultRates>,
    pub outages: RefCell<Vec<Outage>>,
    /// How long jobs wait for models.
    pub job_deadline: Cell<Duration>,
    /// Whether workers have no time limit. Copies in flight may then cross, so current objects are not
    /// checked.
    pub endless: Cell<bool>,
    /// Whether operators choose results.
    pub has_choices: bool,
    /// Whether some jobs kill every worker that takes their asset into memory.
    has_deadly_jobs: bool,
    /// Whether some jobs meet trouble whenever a model is asked, for what is in them.
    has_poisoned_jobs: bool,
    /// The number of the last claim.
    last_claim: Cell<i64>,
    trace: Option<RefCell<Vec<String>>>,
    violation: RefCell<Option<String>>,
}

/// How likely each fault is. Histories differ in this, since some faults hide others.
#[derive(Clone, Copy, Default)]
pub struct FaultRates {
    /// A call is lost, late, refused or garbled.
    pub call: f64,
    /// A call takes much longer than usual.
    pub slow: f64,
    /// The worker is killed around a call.
    pub kill: f64,
    /// The worker is suspended around a call.
    pub suspend: f64,
    /// A provider refuses what it was asked for.
    pub refusal: f64,
}

/// What the checks need to know besides the state.
#[derive(Default)]
pub struct Watch {
    pub claims: Vec<Claimed>,
    pub submissions: Vec<Submitted>,
    /// When an operator decided that a job may be paid for again.
    pub redrives: Vec<(Job, Duration)>,
    /// The results that operators chose, in the order in which they did.
    pub choices: Vec<(Job, Duration)>,
    /// Jobs whose message was read by hand: their workers cannot know that they lost the lease.
    pub by_hand: Vec<Job>,
    /// The token of the lease of each job, known by the claims alone.
    pub holders: Vec<Option<i32>>,
    /// The workers that have noticed the loss of a lease, and of which job.
    pub lost: Vec<(TaskId, Job)>,
    /// The jobs that killed their workers since they were last redriven, once for each death.
    pub deaths: Vec<Job>,
    /// Jobs whose image was waited for in vain.
    pub timed_out: Vec<Job>,
    /// Jobs that a worker reported as succeeded.
    pub reported: Vec<Job>,
}

#[derive(Clone, Copy)]
pub struct Claimed {
    pub job: Job,
    pub worker: TaskId,
    /// The number of the claim.
    pub claim_id: Option<i64>,
    /// The token of the lease.
    pub token: i32,
    pub at: Duration,
    /// Whether it is to probe a model.
    pub probes: bool,
}

/// A submission that was sent.
pub struct Submitted {
    pub job: Job,
    /// When the lease that it was made under was claimed.
    pub claimed_at: Duration,
    pub sent_at: Duration,
    /// The operation that it started, whether or not a worker knows of it.
    pub operation: Option<usize>,
}

impl Sim {
    pub fn new(seed: u64, traced: bool) -> Rc<Self> {
        Rc::new(Self {
            schedule: Schedule::default(),
            random: Random::new(seed),
            ledger: RefCell::default(),
            objects: RefCell::default(),
            provider: RefCell::default(),
            watch: RefCell::default(),
            rests: RefCell::default(),
            fault_rates: Cell::default(),
            outages: RefCell::default(),
            job_deadline: Cell::default(),
            endless: Cell::default(),
            has_choices: seed % 5 == 2,
            has_deadly_jobs: seed % 5 == 4,
            has_poisoned_jobs: seed % 7 == 3,
            last_claim: Cell::default(),
            trace: traced.then(RefCell::default),
            violation: RefCell::default(),
        })
    }

    pub fn now(&self) -> Duration {
        self.schedule.now()
    }

    /// The number of a new claim.
    pub fn next_claim(&self) -> i64 {
        self.last_claim.set(self.last_claim.get() + 1);
        self.last_claim.get()
    }

    pub fn has_deadly_jobs(&self) -> bool {
        self.has_deadly_jobs
    }

    pub fn is_deadly(&self, job: Job) -> bool {
        self.has_deadly_jobs && job % 4 == 3
    }

    pub fn has_poisoned_jobs(&self) -> bool {
        self.has_poisoned_jobs
    }

    pub fn is_poisoned(&self, job: Job) -> bool {
        self.has_poisoned_jobs && job % 4 == 1
    }

    /// Schedules an effect after a delay.
    pub fn after(&self, delay: Duration, effect: impl FnOnce(&Rc<Sim>) + 'static) {
        self.schedule.at(&self.random, self.now() + delay, effect);
    }

    /// Kills a worker, if it still runs.
    pub fn end(&self, worker: TaskId) {
        if self.schedule.is_alive(worker) {
            self.note(|| format!("worker {worker} is killed"));
            self.schedule.kill(worker);
        }
    }

    /// Adds a line to the trace, if the history is traced.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let line = format!("{:>9.3} s  {}", self.now().as_secs_f64(), line());
            trace.borrow_mut().push(line);
        }
    }

    pub fn trace(&self) -> String {
        self.trace.as_ref().map(|lines| lines.borrow().join("\n")).unwrap_or_default()
    }

    /// Records a violation. The first one counts.
    pub fn violated(&self, what: impl FnOnce() -> String) {
        let mut violation = self.violation.borrow_mut();
        if violation.is_none() {
            let what = what();
            self.note(|| format!("VIOLATION: {what}"));
            *violation = Some(what);
        }
    }

    pub fn violation(&self) -> Option<String> {
        self.violation.borrow().clone()
    }

    /// When the worker last claimed the job.
    pub fn claimed_at(&self, job: Job, worker: TaskId) -> Duration {
        self.claim_of(job, worker).map_or(Duration::ZERO, |claim| claim.at)
    }

    /// The worker's last claim of the job.
    pub fn claim_of(&self, job: Job, worker: TaskId) -> Option<Claimed> {
        let watch = self.watch.borrow();
        let mut claims = watch.claims.iter().rev();
        claims.find(|claim| claim.job == job && claim.worker == worker).copied()
    }
}

/// The job of a prompt, by which the models tell jobs apart.
pub fn job_of(prompt: &str) -> Job {
    prompt.strip_prefix("job ").and_then(|number| number.parse().ok()).expect("a job's prompt")
}

/// The job of a job object, by its path.
pub fn job_of_path(path: &str) -> Option<Job> {
    let name = path.rsplit_once('/')?.1;
    let number = name.split('.').next()?.rsplit_once('-')?.1;
    number.parse::<usize>().ok()?.checked_sub(1).filter(|_| name.len() > 36)
}
