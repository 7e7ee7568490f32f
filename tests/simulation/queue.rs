//! The queue port, called like `service::pgmq` calls PostgREST: up to three times where a call may
//! be repeated, once where it may not.

use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{JobId, Kind};
use generation_queue::port::{
    Claim, ClaimRequest, Clock, Completion, Deferral, Ending, GenerationTime, Lease, Operation,
    Publication, Queue, StoredAsset, Trouble, Unpublished, WriteError,
};

use super::check;
use super::network::{Call, CallError};
use super::sim::{Claimed, Sim};
use super::support::ledger::{Job, Ledger, standing};
use super::worker::Worker;

const TIMEOUT: u64 = 12;
const CALLS: usize = 3;

impl Worker {
    /// Calls a database function until it answers, at most `calls` times.
    async fn sql<T: 'static>(
        &self,
        name: &'static str,
        subject: &str,
        calls: usize,
        transaction: impl Fn(&Sim) -> T + Clone + 'static,
    ) -> Result<T, Failure> {
        let failed = |why: CallError| Failure::retry(Code::QueueFailed, format!("{name}: {why:?}"));
        let mut failure = failed(CallError::NoReply);
        for _ in 0..calls {
            match self.call(Call::quick(name, TIMEOUT), subject, transaction.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(CallError::Garbage) => return Err(failed(CallError::Garbage)),
                Err(error) => failure = failed(error),
            }
        }
        Err(failure)
    }

    /// A write under a lease; `check::write` compares the row before and after.
    async fn write<T: 'static>(
        &self,
        name: &'static str,
        lease: &Lease,
        settles: bool,
        write: impl Fn(&mut Ledger, Duration) -> T + Clone + 'static,
    ) -> Result<T, Failure> {
        let (job, token) = (job(lease), lease.token);
        self.sql(name, &subject(lease), CALLS, move |sim: &Sim| {
            let before = sim.ledger.borrow().rows[job].clone();
            let answer = write(&mut sim.ledger.borrow_mut(), sim.now());
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
        write: impl Fn(&mut Ledger, Duration) -> bool + Clone + 'static,
    ) -> Result<(), WriteError> {
        match self.write(name, lease, settles, write).await? {
            true => Ok(()),
            false => Err(WriteError::LeaseLost),
        }
    }
}

impl Queue for Worker {
    async fn claim(&self, kind: Kind, request: ClaimRequest<'_>) -> Result<Vec<Claim>, Failure> {
        let ClaimRequest { lease, quantity, .. } = request;
        let terms = standing::Worker::from(request);
        if self.stopping() || self.now() >= self.budget_ends {
            self.sim.violated(|| format!("worker {} claims a job after its budget", self.id.get()));
        }
        let worker = self.id.get();
        let subject = format!("up to {quantity}");
        self.sql("claim", &subject, 1, move |sim: &Sim| {
            let mut ledger = sim.ledger.borrow_mut();
            let claims = ledger.claim(sim.now(), kind, lease, quantity, Some(&terms));
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

    async fn extend(&self, lease: &Lease, by: Duration, alone: bool) -> Result<(), WriteError> {
        let held = *lease;
        self.held("extend", lease, false, move |ledger, now| ledger.extend(now, &held, by, alone))
            .await
    }

    async fn begin_submission(
        &self,
        lease: &Lease,
        model: &str,
        _passed_over: Option<&str>,
    ) -> Result<(), WriteError> {
        let (held, model) = (*lease, model.to_owned());
        self.held("begin_submission", lease, false, move |ledger, now| {
            ledger.begin_submission(now, &held, &model)
        })
        .await
    }

    async fn report_trouble(
        &self,
        lease: &Lease,
        met: Trouble<'_>,
    ) -> Result<Duration, WriteError> {
        let (held, chance) = (*lease, self.sim.random.fraction());
        let (model, reason) = (met.model.to_owned(), met.reason.to_owned());
        let Trouble { standing, code, after, .. } = met;
        let report = move |ledger: &mut Ledger, now| {
            let (model, reason) = (&*model, &*reason);
            let met = Trouble { model, standing, code, reason, after };
            ledger.report_trouble(now, &held, met, chance)
        };
        self.write("report_trouble", lease, false, report).await?.ok_or(WriteError::LeaseLost)
    }

    async fn record_operation(
        &self,
        lease: &Lease,
        op: &Operation,
        _cancelled_usd: Option<f64>,
    ) -> Result<(), WriteError> {
        let (held, operation) = (*lease, op.clone());
        self.held("record_operation", lease, false, move |ledger, now| {
            ledger.record_operation(now, &held, operation.clone())
        })
        .await
    }

    async fn complete(&self, lease: &Lease, asset: &StoredAsset) -> Result<Completion, WriteError> {
        let (held, asset) = (*lease, asset.clone());
        let complete = move |ledger: &mut Ledger, now| ledger.complete(now, &held, &asset);
        self.write("complete", lease, true, complete).await?.into()
    }

    async fn defer(&self, lease: &Lease, defer: &Deferral) -> Result<(), WriteError> {
        let (held, defer) = (*lease, defer.clone());
        self.held("defer", lease, true, move |ledger, now| ledger.defer(now, &held, &defer)).await
    }

    async fn fail(&self, lease: &Lease, end: &Ending) -> Result<(), WriteError> {
        let (held, end) = (*lease, end.clone());
        self.held("fail", lease, true, move |ledger, now| ledger.fail(now, &held, &end)).await
    }

    async fn slowest(&self, _: Kind) -> Result<Vec<GenerationTime>, Failure> {
        self.sql("slowest", "", 1, |_: &Sim| Vec::new()).await
    }

    async fn unpublished(&self, kind: Kind, quantity: u32) -> Result<Vec<Unpublished>, Failure> {
        self.sql("unpublished", "", CALLS, move |sim: &Sim| {
            let mut ledger = sim.ledger.borrow_mut();
            let left = ledger.unpublished(sim.now(), kind, quantity);
            left.into_iter().map(|job| ledger.due(job)).collect()
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
