//! What the jobs of a run share.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use super::cpu_time::CpuTime;
use super::fallback::Models;
use super::intake::Intake;
use super::log;
use super::report::{JobError, Stopped};
use crate::failure::Failure;
use crate::job::{Issue, Kind};
use crate::policy::budget::{Budget, MOST_CPU, SETTLING};
use crate::policy::latency;
use crate::port::{Claim, ClaimRequest, Clock, Copied, GenerationTime, Lease, Level, Queue, World};

/// Settings of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The models, in order of preference.
    pub models: Vec<String>,
    /// The models that are not called since something is not configured, each followed by a space and what
    /// it lacks.
    pub left_out: Vec<String>,
    /// How many jobs are on their way at once; at least 1.
    pub concurrency: u32,
    /// How long new work is taken, and operations are polled.
    pub budget: Duration,
    /// How long the platform lets a worker live.
    pub worker_lifetime: Duration,
    /// How old the worker was when the run began.
    pub worker_age: Duration,
    /// After how long an operation that has not ended is given up.
    pub operation_deadline: Duration,
    /// After how many attempts a job has failed; at least 1.
    pub max_attempts: u32,
    /// How old a job may become while its models cannot be used; then it has failed.
    pub job_deadline: Duration,
    /// After how long a model that cannot be used is passed over for the next one; by default, never.
    pub fallback_after: Option<Duration>,
    /// How many jobs are taken at most.
    pub max_jobs: Option<u32>,
}

/// Up to this age nearly all of a worker's life is left.
const YOUNG: Duration = Duration::from_secs(10);

/// What the jobs of a run share.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) settings: Settings,
    pub(super) budget: Budget,
    /// How long a worker lives.
    lifetime: Duration,
    pub(super) models: Models,
    pub(super) cpu_time: CpuTime,
    /// How long images took recently.
    times: RefCell<Vec<GenerationTime>>,
    /// What is out of reach, so that nothing more is begun.
    pub(super) stopped_for: RefCell<Option<JobError>>,
    /// How much of the worker's life a job needs at least.
    needs: Duration,
    /// Whether a job was released because its asset would have come after the worker's end.
    pub(super) too_late: Cell<bool>,
    /// What it has in hand, and may claim.
    pub(super) intake: Intake,
    /// The copies that are not confirmed yet.
    pub(super) copied: RefCell<Vec<Copied>>,
    /// The leases of jobs whose submission is under way.
    submitting: RefCell<Vec<Lease>>,
}

impl Run {
    pub(super) fn begin<W: World>(world: &W, kind: Kind, settings: Settings) -> Self {
        // A longer budget says that the worker lives longer.
        let lifetime = settings.worker_lifetime.max(settings.budget + SETTLING);
        let life = lifetime.saturating_sub(settings.worker_age);
        let budget = Budget::new(world.clock().now(), settings.budget, life);
        let models = Models::new(&settings.models, &settings.left_out);
        let needs = match kind {
            Kind::Image => latency::image(None).usual,
            Kind::Video => Duration::from_secs(1),
        };
        Self {
            settings,
            budget,
            lifetime,
            models,
            cpu_time: CpuTime::default(),
            times: RefCell::default(),
            stopped_for: RefCell::default(),
            needs,
            too_late: Cell::default(),
            intake: Intake::default(),
            copied: RefCell::default(),
            submitting: RefCell::default(),
        }
    }

    /// Asks how long images took recently, unless the worker is so young that all fit into its life.
    pub(super) async fn learn_times<W: World>(&self, world: &W) {
        if self.settings.worker_age < YOUNG {
            return;
        }
        match world.queue().slowest(Kind::Image).await {
            Ok(times) => drop(self.times.replace(times)),
            Err(failure) => {
                log::general(world, Level::Warn, "Recent generation times not available", &failure);
            }
        }
    }

    /// From now on the submission of a job is under way.
    pub(super) fn begin_submission(&self, claim: &Claim) {
        self.submitting.borrow_mut().push(claim.lease);
    }

    /// The submission of a job is over: its operation is recorded, or there is none.
    pub(super) fn end_submission(&self, claim: &Claim) {
        self.submitting.borrow_mut().retain(|lease| *lease != claim.lease);
    }

    /// Whether the submission of a job is under way.
    pub(super) fn is_submitting(&self, claim: &Claim) -> bool {
        self.submitting.borrow().contains(&claim.lease)
    }

    /// Begins nothing more, because a service is out of reach.
    pub(super) fn stop_for(&self, failure: &Failure) {
        *self.stopped_for.borrow_mut() = Some(failure.into());
    }

    /// Whether a service is out of reach.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped_for.borrow().is_some()
    }

    /// Why the run claims no more jobs, if so.
    pub(super) fn reason_to_stop<W: World>(&self, world: &W) -> Option<Stopped> {
        let is_full = self.intake.is_full(self.settings.max_jobs);
        self.reason_to_release(world).or_else(|| is_full.then_some(Stopped::MaxJobs))
    }

    /// Why claimed jobs must not begin any more, if so.
    pub(super) fn reason_to_release<W: World>(&self, world: &W) -> Option<Stopped> {
        let clock = world.clock();
        if clock.stopping() {
            return Some(Stopped::Shutdown);
        }
        if self.is_stopped() {
            return Some(Stopped::Unavailable);
        }
        let now = clock.now();
        let too_late = self.too_late.get() || self.budget.life_left(now) < self.needs;
        if too_late || self.budget.left(now).is_zero() {
            return Some(Stopped::Budget);
        }
        (self.cpu_time.used(clock.now()) >= MOST_CPU).then_some(Stopped::Cpu)
    }

    /// The claim for the jobs that can begin at once; none if no job can. Its answer goes to the intake.
    pub(super) fn claim_request<W: World>(
        &self,
        world: &W,
        kind: Kind,
    ) -> Option<ClaimRequest<'_>> {
        if self.reason_to_stop(world).is_some() {
            return None;
        }
        let quantity = self.intake.reserve(self.settings.concurrency, self.settings.max_jobs)?;
        Some(ClaimRequest {
            lease: kind.lease(),
            quantity,
            models: self.models.names(),
            fallback_after: self.settings.fallback_after,
            job_deadline: self.settings.job_deadline,
        })
    }

    /// How long an image of a model probably takes, by how long recent ones took.
    pub(super) fn image_takes(&self, model: &str, size: Option<&str>) -> Duration {
        let times = self.times.borrow();
        let recent = times.iter().filter(|time| time.is_of(model, size)).map(|time| time.longest);
        recent.max().unwrap_or_default().max(latency::image(size).usual)
    }

    /// Whether an image of a size may take longer than a worker can wait.
    pub(super) fn may_outlast_worker(&self, size: Option<&str>) -> bool {
        latency::image(size).longest > self.longest()
    }

    /// The longest time that a worker can wait for a reply.
    fn longest(&self) -> Duration {
        self.lifetime.saturating_sub(SETTLING)
    }

    /// Adds an image size to `unmet` if no worker lives long enough for it.
    pub(super) fn check_size(&self, size: Option<&str>, unmet: &mut Vec<Issue>) {
        let (usual, longest) = (latency::image(size).usual, self.longest());
        if usual > longest {
            let (usual, longest) = (usual.as_secs(), longest.as_secs());
            let expected = format!(
                "a size that is made within {longest} s, in which a worker has to be done \
                 (WORKER_LIFETIME_SECONDS); this one takes up to {usual} s"
            );
            unmet.push(Issue { field: "imageSize".into(), expected });
        }
    }

    /// Remembers how long an image took.
    pub(super) fn image_took(&self, model: &str, size: Option<&str>, took: Duration) {
        let mut times = self.times.borrow_mut();
        match times.iter_mut().find(|time| time.is_of(model, size)) {
            Some(time) => time.longest = time.longest.max(took),
            None => times.push(GenerationTime {
                model: model.into(),
                image_size: size.map(Into::into),
                longest: took,
            }),
        }
    }
}
