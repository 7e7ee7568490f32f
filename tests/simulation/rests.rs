//! How often an image model in trouble is asked: one request for each rest. It is counted by the provider's
//! answers and by the claims alone; what the ledger knows of rests and probes is not asked here.

use std::collections::BTreeMap;
use std::time::Duration;

use generation_queue::failure::Failure;

use super::sim::Sim;
use super::support::ledger::Job;
use super::worker::Worker;

/// How long after its refusal a model may still be taken for one that serves: the report is on its way.
const REPORTED: Duration = Duration::from_secs(1);

/// So long after a success a refusal may be the job's own trouble; of a job that was refused before, even longer. Which
/// of several begins a rest is not asked here.
const SERVED: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(600)];

/// After so many refusals it may be the job's own trouble, which lets no model rest.
const OF_JOB: u32 = 2;

/// What was seen of the models.
#[derive(Default)]
pub struct Rests {
    /// Counted are the jobs that are claimed from here on: no worker is killed or cut off any more.
    from: Option<Duration>,
    /// The models that refused, until they serve again.
    refused: BTreeMap<String, Refused>,
    /// How often each job was refused, or got no answer.
    refusals: BTreeMap<Job, u32>,
    /// When each model served a job last.
    served_at: BTreeMap<String, Duration>,
    /// The requests to a model in trouble.
    pub probes: u32,
}

struct Refused {
    at: Duration,
    /// The job that asked since then.
    probe: Option<Job>,
}

/// Counts from a time on.
pub fn begin(sim: &Sim, from: Duration) {
    if !sim.has_deadly_jobs() {
        sim.rests.borrow_mut().from = Some(from);
    }
}

/// A job asks a model.
pub fn asks(worker: &Worker, job: Job, model: &str) {
    let sim = &worker.sim;
    let claimed_at = sim.claimed_at(job, worker.id.get());
    let mut rests = sim.rests.borrow_mut();
    let Some(refused) = rests.refused.get_mut(model) else { return };
    // One that was under way.
    if claimed_at < refused.at + REPORTED {
        return;
    }
    if let Some(probe) = refused.probe.replace(job) {
        sim.violated(|| format!("job {job} asks {model} in the rest that job {probe} has probed"));
    }
    rests.probes += 1;
}

/// The answer that it gets; none if there was none.
pub fn answered<T>(worker: &Worker, job: Job, model: &str, answer: Option<&Result<T, Failure>>) {
    let sim = &worker.sim;
    let claimed_at = sim.claimed_at(job, worker.id.get());
    let mut rests = sim.rests.borrow_mut();
    let is_refusal = answer.is_some_and(|it| it.as_ref().is_err_and(Failure::is_rest));
    let mut may_be_own = false;
    if is_refusal || answer.is_none() {
        let refusals = rests.refusals.entry(job).or_default();
        *refusals += 1;
        let served = SERVED[usize::from(*refusals > 1)];
        may_be_own = *refusals > OF_JOB;
        let since = claimed_at.min(sim.now().saturating_sub(served));
        may_be_own |= rests.served_at.get(model).is_some_and(|at| *at >= since);
    }
    if rests.from.is_none_or(|from| claimed_at < from) {
        return;
    }
    let at = sim.now();
    match rests.refused.get_mut(model) {
        // Without an answer nothing was found out, and another job may try.
        Some(known) if known.probe == Some(job) && answer.is_none() => known.probe = None,
        Some(known) if known.probe == Some(job) && is_refusal => {
            *known = Refused { at, probe: None };
        }
        // Of those that were under way only the first began the rest.
        Some(_) => {}
        None if is_refusal && !may_be_own => {
            rests.refused.insert(model.to_owned(), Refused { at, probe: None });
        }
        None => {}
    }
}

/// A job is completed: its model may serve others from now on.
pub fn served(sim: &Sim, model: &str) {
    let mut rests = sim.rests.borrow_mut();
    rests.refused.remove(model);
    rests.served_at.insert(model.to_owned(), sim.now());
}
