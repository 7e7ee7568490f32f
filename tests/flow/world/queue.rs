//! The queue port on the model of the ledger. A test can make calls fail, lose their replies or take
//! long.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{JobId, Kind};
use generation_queue::port::{
    Along, Claim, ClaimRequest, Clock, Completion, Deferral, Ending, GenerationTime, Lease,
    MaintenanceRequest, Operation, Overdue, Publication, Queue, StoredAsset, Trouble, WriteError,
};
use serde_json::Value;

use super::VirtualClock;
use crate::support::ledger::standing::{Stands, Worker};
use crate::support::ledger::{Entity, Job, Ledger, Row};

/// How much older the database is than the clock of a worker.
const AGE: Duration = Duration::from_secs(24 * 3600);

pub struct LedgerQueue {
    clock: VirtualClock,
    ledger: RefCell<Ledger>,
    /// What happens to the next call of that name.
    faults: RefCell<Vec<(Call, Fault)>>,
    /// How often a model began to rest, or went on to.
    pub rests: Cell<u32>,
    calls: RefCell<Vec<Call>>,
    /// Why models were passed over, as told with submissions and completions.
    pub passed_over: RefCell<Vec<String>>,
    /// How long the provider took recently.
    pub times: RefCell<Vec<GenerationTime>>,
    /// What operations cost although their jobs are cancelled, as told with their records.
    pub cancelled_usd: RefCell<Vec<Option<f64>>>,
    /// What lost replies have probably cost, as told with deferrals and failures.
    pub spent: RefCell<Vec<f64>>,
}

/// The calls of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Claim,
    Extend,
    BeginSubmission,
    ReportTrouble,
    RecordOperation,
    Complete,
    Defer,
    Fail,
    Slowest,
    Maintain,
    ConfirmPublication,
}

enum Fault {
    Fails,
    LosesReply,
    Takes(Duration),
}

impl LedgerQueue {
    pub fn new(clock: VirtualClock) -> Self {
        Self {
            clock,
            ledger: RefCell::default(),
            faults: RefCell::default(),
            rests: Cell::default(),
            calls: RefCell::default(),
            passed_over: RefCell::default(),
            times: RefCell::default(),
            spent: RefCell::default(),
            cancelled_usd: RefCell::default(),
        }
    }

    fn now(&self) -> Duration {
        AGE + self.clock.now()
    }

    pub fn send(&self, kind: Kind, message: Value, delay: Duration) -> Job {
        self.ledger.borrow_mut().send(self.now(), kind, message, delay)
    }

    pub fn cancel(&self, job: Job) {
        assert!(self.ledger.borrow_mut().cancel(self.now(), job), "the job has ended");
    }

    /// Reads a message by hand, so that the worker that has it loses its lease.
    pub fn read_by_hand(&self, job: Job) {
        self.ledger.borrow_mut().read_by_hand(self.now(), job, Duration::from_secs(600));
    }

    /// A worker claims a job, makes some calls and dies; its lease runs out.
    pub fn worker_dies(&self, kind: Kind, having: impl FnOnce(&mut Ledger, Duration, &Lease)) {
        let now = self.now();
        let mut ledger = self.ledger.borrow_mut();
        let claims = ledger.claim(now, kind, kind.lease(), 1, None, None);
        having(&mut ledger, now, &claims[0].1.lease);
        self.clock.advance(kind.lease());
    }

    pub fn add_entity(&self, key: &str) {
        self.ledger.borrow_mut().entities.insert(key.to_owned(), Entity::default());
    }

    pub fn row(&self, job: Job) -> Row {
        self.ledger.borrow().rows[job].clone()
    }

    /// How a model stands.
    pub fn stands(&self, model: &str) -> Stands {
        self.ledger.borrow().models.get(model).cloned().unwrap_or_default()
    }

    /// In how long the message of a job is visible.
    pub fn visible_in(&self, job: Job) -> Duration {
        self.row(job).queued.unwrap().visible_at - self.now()
    }

    /// Makes the operation of a job older.
    pub fn age_operation(&self, job: Job, by: Duration) {
        let submitted_at = &mut self.ledger.borrow_mut().rows[job].submitted_at;
        *submitted_at = submitted_at.map(|at| at - by);
    }

    /// Makes the next call of that name fail before it does anything.
    pub fn fail_next(&self, call: Call) {
        self.faults.borrow_mut().push((call, Fault::Fails));
    }

    /// Makes the next call of that name take effect and its reply get lost.
    pub fn lose_reply(&self, call: Call) {
        self.faults.borrow_mut().push((call, Fault::LosesReply));
    }

    /// Makes the next call of that name take a while before it takes effect.
    pub fn slow_next(&self, call: Call, takes: Duration) {
        self.faults.borrow_mut().push((call, Fault::Takes(takes)));
    }

    /// How many calls were made.
    pub fn calls(&self) -> usize {
        self.calls.borrow().len()
    }

    /// How often a call of that name was made.
    pub fn count(&self, call: Call) -> usize {
        self.calls.borrow().iter().filter(|made| **made == call).count()
    }

    async fn call<T>(
        &self,
        call: Call,
        transaction: impl FnOnce(&mut Ledger, Duration) -> T,
    ) -> Result<T, Failure> {
        let failed = || Failure::retry(Code::QueueFailed, format!("{call:?} failed"));
        self.calls.borrow_mut().push(call);
        let fault = {
            let mut faults = self.faults.borrow_mut();
            let found = faults.iter().position(|(faulty, _)| *faulty == call);
            found.map(|found| faults.remove(found).1)
        };
        match fault {
            Some(Fault::Fails) => return Err(failed()),
            Some(Fault::Takes(takes)) => self.clock.sleep(takes).await,
            Some(Fault::LosesReply) | None => {}
        }
        let answer = transaction(&mut self.ledger.borrow_mut(), self.now());
        if matches!(fault, Some(Fault::LosesReply)) { Err(failed()) } else { Ok(answer) }
    }

    async fn write(
        &self,
        call: Call,
        write: impl FnOnce(&mut Ledger, Duration) -> bool,
    ) -> Result<(), WriteError> {
        if self.call(call, write).await? { Ok(()) } else { Err(WriteError::LeaseLost) }
    }
}

impl Queue for LedgerQueue {
    async fn claim(&self, kind: Kind, request: ClaimRequest<'_>) -> Result<Vec<Claim>, Failure> {
        let ClaimRequest { lease, quantity, .. } = request;
        let worker = Worker::from(request);
        let claim = |ledger: &mut Ledger, now| {
            ledger.claim(now, kind, lease, quantity, Some(&worker), None)
        };
        let claims = self.call(Call::Claim, claim).await?;
        Ok(claims.into_iter().map(|(_, claim)| claim).collect())
    }

    async fn extend(&self, lease: &Lease, by: Duration, alone: bool) -> Result<(), WriteError> {
        self.write(Call::Extend, |ledger, now| ledger.extend(now, lease, by, alone)).await
    }

    async fn begin_submission(
        &self,
        lease: &Lease,
        model: &str,
        passed_over: Option<&str>,
    ) -> Result<(), WriteError> {
        self.passed_over.borrow_mut().extend(passed_over.map(str::to_owned));
        self.write(Call::BeginSubmission, |ledger, now| ledger.begin_submission(now, lease, model))
            .await
    }

    async fn report_trouble(
        &self,
        lease: &Lease,
        met: Trouble<'_>,
    ) -> Result<Duration, WriteError> {
        let report = |ledger: &mut Ledger, now| {
            let rest = |ledger: &Ledger| ledger.models.get(met.model)?.trouble.clone();
            let before = rest(ledger);
            let answer = ledger.report_trouble(now, lease, met, 0.5);
            self.rests.set(self.rests.get() + u32::from(rest(ledger) != before));
            answer
        };
        self.call(Call::ReportTrouble, report).await?.ok_or(WriteError::LeaseLost)
    }

    async fn record_operation(
        &self,
        lease: &Lease,
        op: &Operation,
        cancelled_usd: Option<f64>,
    ) -> Result<(), WriteError> {
        self.cancelled_usd.borrow_mut().push(cancelled_usd);
        self.write(Call::RecordOperation, |ledger, now| {
            ledger.record_operation(now, lease, op.clone())
        })
        .await
    }

    async fn complete(
        &self,
        lease: &Lease,
        asset: &StoredAsset,
        along: Along<'_>,
    ) -> Result<Completion, WriteError> {
        self.passed_over.borrow_mut().extend(asset.passed_over.clone());
        let asked = along.into();
        self.call(Call::Complete, |ledger, now| ledger.complete(now, lease, asset, &asked))
            .await?
            .into()
    }

    async fn defer(&self, lease: &Lease, defer: &Deferral) -> Result<(), WriteError> {
        self.spent.borrow_mut().extend(defer.spent_usd);
        self.write(Call::Defer, |ledger, now| ledger.defer(now, lease, defer)).await
    }

    async fn fail(&self, lease: &Lease, end: &Ending) -> Result<(), WriteError> {
        self.spent.borrow_mut().extend(end.spent_usd);
        self.write(Call::Fail, |ledger, now| ledger.fail(now, lease, end)).await
    }

    async fn slowest(&self, _: Kind) -> Result<Vec<GenerationTime>, Failure> {
        self.call(Call::Slowest, |_, _| self.times.borrow().clone()).await
    }

    async fn maintain(
        &self,
        kind: Kind,
        request: MaintenanceRequest<'_>,
    ) -> Result<Overdue, Failure> {
        let asked = request.into();
        self.call(Call::Maintain, |ledger, now| ledger.maintain(now, kind, &asked)).await
    }

    async fn confirm_publication(
        &self,
        job: &JobId,
        made: &[Publication],
    ) -> Result<Vec<Publication>, Failure> {
        self.call(Call::ConfirmPublication, |ledger, now| ledger.confirm(now, job, made)).await
    }
}
