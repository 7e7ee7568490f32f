//! The queue port, called like `service::pgmq` calls PostgREST: up to three times where a call may
//! be repeated, once where it may not.

use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{Id, JobId, Kind, Target};
use generation_queue::port::{
    Claim, Clock, Completion, Deferral, Ending, Lease, LinkedEntity, Operation, Publication, Queue,
    StoredAsset, Unpublished, WriteError,
};

use super::check;
use super::ledger::{Completed, Job, Ledger, Named};
use super::network::{Call, Trouble};
use super::sim::{Claimed, Sim};
use super::worker::Worker;

const TIMEOUT: u64 = 12;
const CALLS: usize = 3;

impl Worker {
    /// Calls a function of the database until there is an answer, `calls` times at most.
    async fn sql<T: 'static>(
        &self,
        name: &'static str,
        subject: &str,
        calls: usize,
        transaction: impl Fn(&Sim) -> T + Clone + 'static,
    ) -> Result<T, Failure> {
        let failed = |why: Trouble| Failure::retry(Code::QueueFailed, format!("{name}: {why:?}"));
        let mut failure = failed(Trouble::NoReply);
        for _ in 0..calls {
            match self.call(Call::quick(name, TIMEOUT), subject, transaction.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Garbage) => return Err(failed(Trouble::Garbage)),
                Err(trouble) => failure = failed(trouble),
            }
        }
        Err(failure)
    }

    /// A write for a lease, checked from outside: without the lease nothing may change.
    async fn write<T: 'static>(
        &self,
        name: &'static str,
        lease: &Lease,
        settles: bool,
        write: impl Fn(&mut Ledger, Duration, Named) -> T + Clone + 'static,
    ) -> Result<T, Failure> {
        let Lease { kind, msg_id, token } = *lease;
        let (job, named) = (job(lease), Named { kind, msg_id, token });
        self.sql(name, &subject(lease), CALLS, move |sim: &Sim| {
            let before = sim.ledger.borrow().rows[job].clone();
            let answer = write(&mut sim.ledger.borrow_mut(), sim.now(), named);
            check::write(sim, name, job, token, &before, settles);
            answer
        })
        .await
    }

    async fn held(
        &self,
        name: &'static str,
        lease: &Lease,
        settles: bool,
        write: impl Fn(&mut Ledger, Duration, Named) -> bool + Clone + 'static,
    ) -> Result<(), WriteError> {
        match self.write(name, lease, settles, write).await? {
            true => Ok(()),
            false => Err(WriteError::LeaseLost),
        }
    }
}

impl Queue for Worker {
    async fn claim(
        &self,
        kind: Kind,
        lease: Duration,
        quantity: u32,
        _models: &[String],
    ) -> Result<Vec<Claim>, Failure> {
        if self.stopping() || self.now() >= self.budget_ends {
            self.sim.violated(|| format!("worker {} claims after its time", self.id.get()));
        }
        let worker = self.id.get();
        let subject = format!("up to {quantity}");
        self.sql("claim", &subject, 1, move |sim: &Sim| {
            let claims = sim.ledger.borrow_mut().claim(sim.now(), kind, lease, quantity);
            let mut watch = sim.watch.borrow_mut();
            for (job, claim) in &claims {
                watch.claims.push(Claimed { job: *job, worker, at: sim.now() });
                watch.holders[*job] = Some(claim.lease.token);
                sim.note(|| format!("  gets job {job}, attempt {}", claim.attempts));
            }
            claims.into_iter().map(|(_, claim)| claim).collect()
        })
        .await
    }

    async fn extend(&self, lease: &Lease, by: Duration) -> Result<(), WriteError> {
        self.held("extend", lease, false, move |ledger, now, lease| ledger.extend(now, lease, by))
            .await
    }

    async fn begin_submission(&self, lease: &Lease, _model: &str) -> Result<(), WriteError> {
        self.held("begin_submission", lease, false, |ledger, now, lease| {
            ledger.begin_submission(now, lease)
        })
        .await
    }

    async fn record_operation(&self, lease: &Lease, op: &Operation) -> Result<(), WriteError> {
        let operation = op.clone();
        self.held("record_operation", lease, false, move |ledger, now, lease| {
            ledger.record_operation(now, lease, operation.clone())
        })
        .await
    }

    async fn complete(&self, lease: &Lease, asset: &StoredAsset) -> Result<Completion, WriteError> {
        let (asset, job) = (asset.clone(), job(lease));
        let answer = self.write("complete", lease, true, move |ledger, now, lease| {
            match ledger.complete(now, lease, &asset) {
                Completed::Held => Ok(completion(ledger, job)),
                Completed::NotHeld => Err(WriteError::LeaseLost),
                Completed::LinkingFailed(key) => {
                    let message = format!("Error updating entity {key}");
                    Err(Failure::retry(Code::EntityUpdateFailed, message).into())
                }
            }
        });
        answer.await?
    }

    async fn defer(&self, lease: &Lease, defer: &Deferral) -> Result<(), WriteError> {
        let Deferral { delay, counted, reset_submission, .. } = *defer;
        let code = defer.reason.as_ref().map(|(code, _)| code.as_str());
        self.held("defer", lease, true, move |ledger, now, lease| {
            ledger.defer(now, lease, delay, counted, code, reset_submission)
        })
        .await
    }

    async fn fail(&self, lease: &Lease, end: &Ending) -> Result<(), WriteError> {
        let Ending { code, reset_submission, .. } = *end;
        self.held("fail", lease, true, move |ledger, now, lease| {
            ledger.fail(now, lease, code.as_str(), reset_submission)
        })
        .await
    }

    async fn unpublished(&self, kind: Kind, quantity: u32) -> Result<Vec<Unpublished>, Failure> {
        self.sql("unpublished", "", CALLS, move |sim: &Sim| {
            let mut ledger = sim.ledger.borrow_mut();
            let left = ledger.unpublished(sim.now(), kind, quantity);
            left.into_iter()
                .map(|job| Unpublished {
                    job_id: ledger.rows[job].job_id.clone(),
                    target: target(&ledger, job),
                    publications: ledger.publications(job),
                })
                .collect()
        })
        .await
    }

    async fn cancelled(
        &self,
        kind: Kind,
        told: Option<&JobId>,
    ) -> Result<Option<(JobId, Operation)>, Failure> {
        let told = told.cloned();
        self.sql("cancelled", "", 1, move |sim: &Sim| {
            sim.ledger.borrow_mut().cancelled(sim.now(), kind, told.as_ref())
        })
        .await
    }

    async fn confirm_publication(
        &self,
        job: &JobId,
        made: &[Publication],
    ) -> Result<Vec<Publication>, Failure> {
        let (job, made) = (job.clone(), made.to_vec());
        self.sql("confirm_publication", job.clone().as_str(), CALLS, move |sim: &Sim| {
            let due = sim.ledger.borrow_mut().confirm(sim.now(), &job, &made);
            sim.note(|| format!("  {} copies are due", due.len()));
            due
        })
        .await
    }
}

fn job(lease: &Lease) -> Job {
    usize::try_from(lease.msg_id - 1).expect("ids count from 1")
}

fn subject(lease: &Lease) -> String {
    format!("job {} (lease {})", job(lease), lease.token)
}

fn completion(ledger: &Ledger, job: Job) -> Completion {
    let entities = ledger.rows[job].entities.iter();
    let linked =
        entities.map(|(_, key, outcome)| LinkedEntity { key: key.clone(), outcome: *outcome });
    Completion { entities: linked.collect(), publications: ledger.publications(job) }
}

pub fn target(ledger: &Ledger, job: Job) -> Target {
    let message = &ledger.rows[job].message;
    let id = |field: &str| message[field].as_str().and_then(Id::new);
    Target {
        storyboard: id("storyboardId").expect("a job that succeeded has a storyboard"),
        scene: id("sceneId"),
        character: id("characterId"),
    }
}
