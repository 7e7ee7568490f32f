//! The queue port, called like `service::pgmq` calls PostgREST: up to three times.

use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{JobId, Kind};
use generation_queue::port::{
    Along, Claim, ClaimRequest, Clock, Completion, Deferral, Ending, GenerationTime, Lease,
    MaintenanceRequest, Operation, Overdue, Publication, Queue, StoredAsset, Trouble, WriteError,
};

use super::network::{Call, CallError};
use super::schedule::TaskId;
use super::sim::{Claimed, Sim};
use super::support::ledger::settle::{Asked, Completed, Maintenance};
use super::support::ledger::{Job, Ledger, standing};
use super::worker::Worker;
use super::{check, rests};

const TIMEOUT: u64 = 12;
const CALLS: usize = 3;

impl Worker {
    /// Calls a database function until it answers, as often as the worker does.
    async fn sql<T: 'static>(
        &self,
        name: &'static str,
        subject: &str,
        transaction: impl Fn(&Sim) -> T + Clone + 'static,
    ) -> Result<T, Failure> {
        let failed = |why: CallError| Failure::retry(Code::QueueFailed, format!("{name}: {why:?}"));
        let mut failure = failed(CallError::NoReply);
        for _ in 0..CALLS {
            match self.call(Call::quick(name, TIMEOUT), subject, transaction.clone()).await {
                Ok(answer) => return Ok(answer),
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
        self.sql(name, &subject(lease), move |sim: &Sim| {
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

impl Worker {
    fn check_may_claim(&self) {
        if self.stopping() || self.now() >= self.budget_ends {
            self.sim.violated(|| format!("worker {} claims a job after its budget", self.id.get()));
        }
    }

    /// The write of a completion, and then what is asked along with it.
    async fn complete_along(
        &self,
        lease: &Lease,
        asset: &StoredAsset,
        asked: Asked,
    ) -> Result<Completed, Failure> {
        let (held, asset, worker) = (*lease, asset.clone(), self.id.get());
        self.sql("complete", &subject(lease), move |sim: &Sim| {
            let before = sim.ledger.borrow().rows[job(&held)].clone();
            let answer = sim.ledger.borrow_mut().complete(sim.now(), &held, &asset, &asked);
            check::write(sim, "complete", job(&held), held.token, &before, true);
            if let Completed::Held(completion) = &answer {
                if let Some(model) = &asset.model {
                    rests::served(sim, model);
                }
                sim.note(|| {
                    format!("  contended {}, due {:?}", completion.contended, completion.due)
                });
                watch_claims(
                    sim,
                    worker,
                    asked.claim_id,
                    completion.claims.as_deref().unwrap_or(&[]),
                );
            }
            answer
        })
        .await
    }
}

/// Remembers who has claimed what, and since when: a call that is repeated, or arrives late, gives the same leases.
/// What it has leased before, while its reply was lost, it has to give again.
fn watch_claims(sim: &Sim, worker: TaskId, claim_id: Option<i64>, claims: &[Claim]) {
    let (mut watch, ledger) = (sim.watch.borrow_mut(), sim.ledger.borrow());
    for before in watch.claims.iter().filter(|before| before.claim_id == claim_id) {
        let job = before.job;
        let is_held =
            watch.holders[job] == Some(before.token) && ledger.rows[job].is_leased(sim.now());
        if is_held && claims.iter().all(|claim| self::job(&claim.lease) != job) {
            sim.violated(|| {
                format!("worker {worker} repeats a claim, and is not told of job {job}")
            });
        }
    }
    for claim in claims {
        let (job, token) = (job(&claim.lease), claim.lease.token);
        sim.note(|| format!("  gets job {job}, attempt {}", claim.attempts));
        if watch.holders[job] != Some(token) {
            let probes = claim.unavailable.iter().any(|known| known.probe);
            watch.claims.push(Claimed { job, worker, claim_id, token, at: sim.now(), probes });
            watch.holders[job] = Some(token);
        }
    }
}

impl Queue for Worker {
    async fn claim(&self, kind: Kind, request: ClaimRequest<'_>) -> Result<Vec<Claim>, Failure> {
        let ClaimRequest { lease, quantity, .. } = request;
        let terms = standing::Worker::from(request);
        self.check_may_claim();
        let (worker, claim_id) = (self.id.get(), Some(self.sim.next_claim()));
        let subject = format!("up to {quantity}");
        let claimed = self.sql("claim", &subject, move |sim: &Sim| {
            let mut ledger = sim.ledger.borrow_mut();
            let claims = ledger.claim(sim.now(), kind, lease, quantity, Some(&terms), claim_id);
            drop(ledger);
            let claims: Vec<_> = claims.into_iter().map(|(_, claim)| claim).collect();
            watch_claims(sim, worker, claim_id, &claims);
            claims
        });
        claimed.await
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

    async fn complete(
        &self,
        lease: &Lease,
        asset: &StoredAsset,
        along: Along<'_>,
    ) -> Result<Completion, WriteError> {
        let claim_id = Some(self.sim.next_claim());
        let asked = Asked { claim_id, ..Asked::from(along) };
        if asked.next.is_some() {
            self.check_may_claim();
        }
        self.complete_along(lease, asset, asked).await?.into()
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
        self.sql("slowest", "", |_: &Sim| Vec::new()).await
    }

    async fn maintain(
        &self,
        kind: Kind,
        request: MaintenanceRequest<'_>,
    ) -> Result<Overdue, Failure> {
        let asked = Maintenance::from(request);
        let subject = format!("{} confirmed", asked.confirmed.len());
        self.sql("maintain", &subject, move |sim: &Sim| {
            let overdue = sim.ledger.borrow_mut().maintain(sim.now(), kind, &asked);
            sim.note(|| format!("  gets {overdue:?}"));
            overdue
        })
        .await
    }

    async fn confirm_publication(
        &self,
        job: &JobId,
        made: &[Publication],
    ) -> Result<Vec<Publication>, Failure> {
        let (job, made) = (job.clone(), made.to_vec());
        self.sql("confirm_publication", job.clone().as_str(), move |sim: &Sim| {
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
