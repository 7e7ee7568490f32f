//! What is around the workers: the database that keeps to the quota, the provider that enforces it, Storage.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::job::{Format, JobId, Kind, ObjectLocation};
use generation_queue::json::Json;
use generation_queue::large_body::{LargeBodies, LargeBodyPermit};
use generation_queue::occupancy::IsolateOccupancy;
use generation_queue::port::*;
use serde_json::json;

use super::random::Random;
use super::timers::Timers;
use super::{AT_ONCE, DEBOUNCE, MOST_WORKERS};

/// Google's quota for images, in requests a minute, which `generation_limits` has as well.
const QUOTA: usize = 700;
const MINUTE: Duration = Duration::from_secs(60);

/// The requests of the last minute.
#[derive(Default)]
struct Requests(RefCell<VecDeque<Duration>>);

impl Requests {
    fn places(&self, now: Duration) -> usize {
        let mut made = self.0.borrow_mut();
        while made.front().is_some_and(|at| *at + MINUTE <= now) {
            made.pop_front();
        }
        QUOTA.saturating_sub(made.len())
    }

    fn add(&self, now: Duration) {
        self.0.borrow_mut().push_back(now);
    }
}

pub struct Day {
    pub timers: Timers,
    random: Random,
    /// When each job was sent.
    sent: RefCell<Vec<Duration>>,
    /// The jobs that wait, by when they are visible.
    waiting: RefCell<BTreeMap<(Duration, usize), ()>>,
    in_hand: Cell<usize>,
    granted: Requests,
    asked: Requests,
    /// Until when the model rests after a refusal, how many refusals in a row there were, and who waits for it.
    rests_until: Cell<Duration>,
    troubles: Cell<i32>,
    waits: RefCell<Vec<usize>>,
    /// How long each job has taken from being sent, in seconds.
    took: RefCell<Vec<f64>>,
    most_waiting: Cell<usize>,
    runs: Cell<usize>,
    empty_runs: Cell<usize>,
    calls: Cell<usize>,
    refused: Cell<usize>,
    failed: Cell<usize>,
}

impl Default for Day {
    fn default() -> Self {
        Self {
            timers: Timers::default(),
            random: Random::new(1),
            sent: RefCell::default(),
            waiting: RefCell::default(),
            in_hand: Cell::default(),
            granted: Requests::default(),
            asked: Requests::default(),
            rests_until: Cell::default(),
            troubles: Cell::default(),
            waits: RefCell::default(),
            took: RefCell::default(),
            most_waiting: Cell::default(),
            runs: Cell::default(),
            empty_runs: Cell::default(),
            calls: Cell::default(),
            refused: Cell::default(),
            failed: Cell::default(),
        }
    }
}

impl Day {
    /// Sends jobs until there were so many.
    pub fn send(&self, total: usize) {
        let (now, mut sent) = (self.timers.now(), self.sent.borrow_mut());
        let mut waiting = self.waiting.borrow_mut();
        while sent.len() < total {
            waiting.insert((now, sent.len()), ());
            sent.push(now);
        }
        self.most_waiting.set(self.most_waiting.get().max(waiting.len()));
    }

    /// How many workers the database calls now, in seconds of the day, after it has called others at these: by the
    /// rules of `call_workers`.
    pub fn workers_needed(&self, calls: &[u64], now: u64) -> usize {
        let waiting = self.waiting.borrow();
        let Some(((since, _), ())) = waiting.first_key_value() else { return 0 };
        let coming = |at: &&u64| **at + DEBOUNCE > now && **at >= since.as_secs();
        let coming = calls.iter().filter(coming).count();
        let claimable = waiting.len().min(self.granted.places(self.timers.now()));
        let needed = claimable.div_ceil(AT_ONCE).min(MOST_WORKERS);
        if coming >= needed {
            return 0;
        }
        let busy = self.in_hand.get().div_ceil(AT_ONCE);
        needed.min(MOST_WORKERS.saturating_sub(busy)).saturating_sub(coming)
    }

    pub fn ran(&self, empty: bool) {
        count(&self.runs);
        if empty {
            count(&self.empty_runs);
        }
    }

    pub fn is_done(&self) -> bool {
        self.waiting.borrow().is_empty()
            && self.waits.borrow().is_empty()
            && self.in_hand.get() == 0
    }

    /// The columns of its line.
    pub fn figures(&self, ended: u64) -> Vec<String> {
        let mut took = self.took.borrow().clone();
        took.sort_by(f64::total_cmp);
        let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize] / 60.0;
        vec![
            took.len().to_string(),
            self.failed.get().to_string(),
            format!("{:.1}", ended as f64 / 3600.0),
            format!("{:.1}", at(0.5)),
            format!("{:.1}", at(0.95)),
            self.most_waiting.get().to_string(),
            self.refused.get().to_string(),
            self.runs.get().to_string(),
            self.empty_runs.get().to_string(),
            format!("{:.2}", self.calls.get() as f64 / took.len() as f64),
        ]
    }

    /// A request and its way, in milliseconds.
    async fn way(&self, from: f64, to: f64) {
        self.timers.sleep(self.random.seconds(from / 1000.0, to / 1000.0)).await;
    }

    async fn database(&self) {
        count(&self.calls);
        self.way(5.0, 60.0).await;
    }

    fn settle(&self, lease: &Lease) -> usize {
        self.in_hand.set(self.in_hand.get() - 1);
        usize::try_from(lease.msg_id).expect("the number of a job")
    }

    /// Rests for 15 s, twice as long with each refusal that follows.
    fn rest(&self) -> Duration {
        let now = self.timers.now();
        if self.rests_until.get() <= now {
            self.troubles.set(self.troubles.get() + 1);
            let seconds = (15.0 * 2_f64.powi(self.troubles.get() - 1)).min(300.0);
            self.rests_until.set(now + self.random.seconds(seconds * 1.01, seconds * 1.25));
        }
        self.rests_until.get() - now
    }

    /// The first success ends the rest, and what waited is visible.
    fn end_rest(&self) {
        let now = self.timers.now();
        self.rests_until.set(now);
        self.troubles.set(0);
        let waits = self.waits.take().into_iter();
        self.waiting.borrow_mut().extend(waits.map(|number| ((now, number), ())));
    }

    fn take(&self, quantity: usize) -> Vec<Claim> {
        let now = self.timers.now();
        if now < self.rests_until.get() {
            return Vec::new();
        }
        let mut claims = Vec::new();
        let mut waiting = self.waiting.borrow_mut();
        for _ in 0..quantity.min(self.granted.places(now)) {
            let Some(first) = waiting.first_entry().filter(|it| it.key().0 <= now) else { break };
            let number = first.remove_entry().0.1;
            self.granted.add(now);
            self.in_hand.set(self.in_hand.get() + 1);
            claims.push(claim(number));
        }
        claims
    }
}

fn count(counter: &Cell<usize>) {
    counter.set(counter.get() + 1);
}

fn claim(number: usize) -> Claim {
    let id = format!("00000000-0000-4000-8000-{number:012}");
    Claim {
        lease: Lease { kind: Kind::Image, msg_id: number as i64, token: 1 },
        job_id: JobId::new(&id).expect("an id"),
        message: json!({"storyboardId": "board", "prompt": "A hero on a cliff"}).into(),
        attempts: 1,
        deaths: 0,
        retried: false,
        operation: None,
        operation_age: Duration::ZERO,
        submission_pending: false,
        age: Duration::ZERO,
        unavailable: Vec::new(),
    }
}

pub struct Worker {
    day: Rc<Day>,
    large_bodies: LargeBodies,
    occupancy: IsolateOccupancy,
}

impl Worker {
    pub fn of(day: &Rc<Day>) -> Self {
        let (large_bodies, occupancy) = Default::default();
        Self { day: day.clone(), large_bodies, occupancy }
    }
}

impl Queue for Worker {
    async fn claim(&self, _: Kind, request: ClaimRequest<'_>) -> Result<Vec<Claim>, Failure> {
        self.day.database().await;
        Ok(self.day.take(request.quantity as usize))
    }
    async fn extend(&self, _: &Lease, _: Duration, _: bool) -> Result<(), WriteError> {
        self.day.database().await;
        Ok(())
    }
    async fn complete(
        &self,
        lease: &Lease,
        _: &StoredAsset,
        _: Along<'_>,
    ) -> Result<Completion, WriteError> {
        self.day.database().await;
        let number = self.day.settle(lease);
        let took = self.day.timers.now() - self.day.sent.borrow()[number];
        self.day.took.borrow_mut().push(took.as_secs_f64());
        self.day.end_rest();
        Ok(Completion::default())
    }
    async fn defer(&self, lease: &Lease, deferral: &Deferral) -> Result<(), WriteError> {
        self.day.database().await;
        let number = self.day.settle(lease);
        let now = self.day.timers.now();
        if deferral.waits_for.is_some() && now < self.day.rests_until.get() {
            self.day.waits.borrow_mut().push(number);
        } else {
            self.day.waiting.borrow_mut().insert((now + deferral.delay, number), ());
        }
        Ok(())
    }
    async fn fail(&self, lease: &Lease, _: &Ending) -> Result<(), WriteError> {
        self.day.database().await;
        self.day.settle(lease);
        count(&self.day.failed);
        Ok(())
    }
    async fn report_trouble(&self, _: &Lease, _: Trouble<'_>) -> Result<Duration, WriteError> {
        self.day.database().await;
        Ok(self.day.rest())
    }
    async fn slowest(&self, _: Kind) -> Result<Vec<GenerationTime>, Failure> {
        self.day.database().await;
        Ok(Vec::new())
    }
    async fn maintain(&self, _: Kind, _: MaintenanceRequest<'_>) -> Result<Overdue, Failure> {
        self.day.database().await;
        Ok(Overdue::default())
    }
    async fn confirm_publication(
        &self,
        _: &JobId,
        _: &[Publication],
    ) -> Result<Vec<Publication>, Failure> {
        self.day.database().await;
        Ok(Vec::new())
    }
    async fn begin_submission(
        &self,
        _: &Lease,
        _: &str,
        _: Option<&str>,
    ) -> Result<(), WriteError> {
        Err(no_operations().into())
    }
    async fn record_operation(
        &self,
        _: &Lease,
        _: &Operation,
        _: Option<f64>,
    ) -> Result<(), WriteError> {
        Err(no_operations().into())
    }
}

fn no_operations() -> Failure {
    Failure::give_up(Code::ModelUnavailable, "all images are made at once")
}

impl ImageModel for Worker {
    async fn generate(
        &self,
        _: &str,
        _: ImageRequest<'_>,
        _: Duration,
        _: &LargeBodyPermit,
    ) -> Result<GeneratedImage, Failure> {
        let day = &self.day;
        day.way(5.0, 60.0).await;
        let now = day.timers.now();
        if day.asked.places(now) == 0 {
            count(&day.refused);
            return Err(Failure::rest(Standing::Resting, Code::QuotaExhausted, "429"));
        }
        day.asked.add(now);
        day.way(5000.0, 15_000.0).await;
        Ok(GeneratedImage { format: Format::Png, bytes: vec![0; 16], usage: None::<Json<'static>> })
    }
}

impl OperationModel for Worker {
    type Stream = ();

    async fn submit(
        &self,
        _: &str,
        _: OperationRequest<'_>,
        _: &LargeBodyPermit,
    ) -> Result<Submission, SubmitError> {
        Err(SubmitError { failure: no_operations(), rejected: true })
    }
    async fn poll(&self, _: &Operation, _: &LargeBodyPermit) -> Result<Progress, Failure> {
        Err(no_operations())
    }
    async fn cancel(&self, _: &Operation) -> Result<(), Failure> {
        Err(no_operations())
    }
    async fn download(&self, _: AssetFile) -> Result<Body<()>, Failure> {
        Err(no_operations())
    }
}

impl AssetStore for Worker {
    type Stream = ();

    async fn find(&self, _: &ObjectLocation) -> Result<Option<Format>, Failure> {
        Ok(None)
    }
    async fn put(&self, _: &ObjectLocation, _: Format, _: Body<()>) -> Result<(), Failure> {
        self.day.way(100.0, 500.0).await;
        Ok(())
    }
    async fn copy(&self, _: &str, _: &str, _: &str, _: &str) -> Result<(), Failure> {
        Ok(())
    }
    fn public_url(&self, bucket: &str, path: &str) -> String {
        format!("memory://{bucket}/{path}")
    }
}

impl SourceImages for Worker {
    async fn fetch(&self, _: &str, _: usize, _: &LargeBodyPermit) -> Result<SourceImage, Failure> {
        Err(no_operations())
    }
}

impl Clock for Worker {
    fn now(&self) -> Duration {
        self.day.timers.now()
    }
    async fn sleep(&self, duration: Duration) {
        self.day.timers.sleep(duration).await;
    }
    fn random(&self) -> f64 {
        self.day.random.fraction()
    }
    fn stopping(&self) -> bool {
        false
    }
    async fn stop(&self) {
        std::future::pending().await
    }
}

impl Log for Worker {
    fn record(&self, _: LogEntry) {}
}

impl World for Worker {
    type Stream = ();
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
