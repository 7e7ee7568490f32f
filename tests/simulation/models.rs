//! The providers: images at once, videos by operations. They record what they made for which job.

use std::time::Duration;

use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::job::Format;
use generation_queue::large_body::LargeBodyPermit;
use generation_queue::port::{
    AssetFile, Body, GeneratedImage, ImageModel, ImageRequest, Operation, OperationModel,
    OperationRequest, Progress, Submission, SubmitError,
};

use super::network::{Call, CallError};
use super::sim::{Sim, Submitted, job_of};
use super::store::Content;
use super::support::ledger::Job;
use super::worker::Worker;
use super::{check, rests};

/// What the providers did.
#[derive(Default)]
pub struct Provider {
    /// The job that each content was made for.
    pub made: Vec<Job>,
    pub operations: Vec<Running>,
}

/// An operation that the provider accepted.
pub struct Running {
    pub job: Job,
    pub over_at: Duration,
    pub end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Video,
    NoVideo,
    /// The provider's own trouble ended it.
    Trouble,
    /// A worker cancelled it.
    Cancelled,
    /// The provider has forgotten it.
    Forgotten,
    Never,
}

/// Its timeout is the worker's to name.
const GENERATE: Call =
    Call { name: "generate", takes: Duration::from_secs(10), timeout: Duration::ZERO };
const SUBMIT: Call = Call::quick("submit", 90);
const POLL: Call = Call::quick("poll", 30);
const CANCEL: Call = Call::quick("cancel", 10);
const DOWNLOAD: Call = Call::quick("download", 60);

/// A time in which a provider does not serve a model.
#[derive(Clone)]
pub struct Outage {
    /// None: the whole account.
    pub model: Option<&'static str>,
    pub standing: Standing,
    pub code: Code,
    pub from: Duration,
    pub until: Duration,
}

/// What a provider answers to everything in an outage.
fn outage(sim: &Sim, model: &str) -> Option<Failure> {
    let outages = sim.outages.borrow();
    let now = sim.now();
    let outage = outages.iter().find(|it| {
        it.from <= now && now < it.until && it.model.is_none_or(|outage| outage == model)
    })?;
    Some(Failure::rest(outage.standing, outage.code, "an outage"))
}

/// What a provider answers instead of generating.
fn refusal(sim: &Sim, job: Job, model: &str) -> Option<Failure> {
    if sim.is_poisoned(job) {
        return Some(Failure::rest(Standing::Resting, Code::ProviderUnavailable, "its own 500"));
    }
    let random = &sim.random;
    let by_chance = || {
        random.happens(sim.fault_rates.get().refusal).then(|| match random.below(12) {
            0 => Failure::rest(Standing::Retired, Code::ModelUnavailable, "404"),
            1 => Failure::give_up(Code::ModelRejectedRequest, "400"),
            2 => Failure::rest(Standing::Refused, Code::ApiKeyInvalid, "403"),
            3..8 => {
                let delay = random.happens(0.7).then(|| random.seconds(1.0, 90.0));
                Failure::rest(Standing::Resting, Code::QuotaExhausted, "429").after(delay)
            }
            _ => Failure::rest(Standing::Resting, Code::ProviderUnavailable, "408"),
        })
    };
    outage(sim, model).or_else(by_chance)
}

fn unavailable(error: CallError) -> Failure {
    match error {
        CallError::Garbage => Failure::retry(Code::ProviderReplyUnreadable, "garbage"),
        _ => Failure::rest(Standing::Resting, Code::ProviderUnavailable, format!("{error:?}")),
    }
}

impl ImageModel for Worker {
    async fn generate(
        &self,
        model: &str,
        request: ImageRequest<'_>,
        within: Duration,
        permit: &LargeBodyPermit,
    ) -> Result<GeneratedImage, Failure> {
        let job = job_of(&request.job.common.prompt);
        check::generation(self, job, request.sources.first());
        check::probe(self, job, model);
        rests::asks(self, job, model);
        let asked = model.to_owned();
        let answered = move |sim: &Sim| {
            if let Some(failure) = refusal(sim, job, &asked) {
                return Err(failure);
            }
            if sim.random.happens(sim.fault_rates.get().refusal / 8.0) {
                return Err(Failure::give_up(Code::ContentBlocked, "SAFETY"));
            }
            let format = sim.random.one_of(&[Format::Png, Format::Png, Format::Jpeg]);
            Ok((format, make(sim, job)))
        };
        let subject = format!("job {job} by {model}");
        let answer = self.call(Call { timeout: within, ..GENERATE }, &subject, answered).await;
        rests::answered(self, job, model, answer.as_ref().ok());
        let (format, content) = answer.map_err(|error| match error {
            CallError::TimedOut => {
                self.sim.watch.borrow_mut().timed_out.push(job);
                Failure::retry_at_most(Code::ReplyLost, 2, "timed out")
            }
            error => unavailable(error),
        })??;
        if is_large(job) {
            permit.acquire().await;
        }
        self.take_into_memory(job).await;
        Ok(GeneratedImage { format, bytes: content.to_le_bytes().to_vec(), usage: None })
    }
}

impl OperationModel for Worker {
    type Stream = Content;

    async fn submit(
        &self,
        model: &str,
        request: OperationRequest<'_>,
        _permit: &LargeBodyPermit,
    ) -> Result<Submission, SubmitError> {
        let OperationRequest::Video(request) = request else {
            panic!("images are made at once here")
        };
        let sim = &self.sim;
        let job = job_of(&request.job.common.prompt);
        check::lease(self, job);
        check::source(self, job, request.images.first());
        check::probe(self, job, model);
        let asked = model.to_owned();
        let submission = sim.watch.borrow().submissions.len();
        let claimed_at = sim.claimed_at(job, self.id.get());
        sim.watch.borrow_mut().submissions.push(Submitted {
            job,
            claimed_at,
            sent_at: sim.now(),
            operation: None,
        });
        let answered = move |sim: &Sim| {
            if let Some(failure) = refusal(sim, job, &asked) {
                return Err(SubmitError { failure, rejected: true });
            }
            let number = begin(sim, job);
            sim.watch.borrow_mut().submissions[submission].operation = Some(number);
            Ok(number)
        };
        let number = match self.call(SUBMIT, &format!("job {job} to {model}"), answered).await {
            Ok(answer) => answer?,
            Err(CallError::NotSent) => {
                return Err(SubmitError {
                    failure: unavailable(CallError::NotSent),
                    rejected: true,
                });
            }
            Err(error) => {
                let message = format!("{error:?}");
                let failure = Failure::give_up(Code::SubmissionUncertain, message);
                return Err(SubmitError { failure, rejected: false });
            }
        };
        let name = format!("operations/{number}");
        Ok(Operation { model: model.to_owned(), name }.into())
    }

    async fn poll(
        &self,
        operation: &Operation,
        _permit: &LargeBodyPermit,
    ) -> Result<Progress, Failure> {
        let (number, model) = (number_of(&operation.name), operation.model.clone());
        let polled = move |sim: &Sim| {
            // A retired model brings its operations to their ends.
            if let Some(failure) = outage(sim, &model)
                && failure.code != Code::ModelUnavailable
            {
                return Err(failure);
            }
            if sim.random.happens(sim.fault_rates.get().refusal / 2.0) {
                let after = Some(sim.random.seconds(1.0, 60.0));
                return Err(
                    Failure::rest(Standing::Resting, Code::QuotaExhausted, "429").after(after)
                );
            }
            let provider = sim.provider.borrow();
            let running = &provider.operations[number];
            if sim.now() < running.over_at {
                return Ok(Progress::Pending);
            }
            match running.end {
                End::Video => Ok(Progress::Ready(AssetFile::Remote(number.to_string()), None)),
                End::NoVideo => {
                    let failure = Failure::retry_at_most(Code::OperationFailed, 3, "code 13");
                    Ok(Progress::Ended(failure))
                }
                End::Trouble => {
                    let (standing, code) = (Standing::Resting, Code::ProviderUnavailable);
                    Ok(Progress::Ended(Failure::rest(standing, code, "code 14")))
                }
                End::Cancelled => {
                    let failure = Failure::give_up(Code::OperationFailed, "cancelled");
                    Ok(Progress::Ended(failure))
                }
                End::Forgotten => Err(Failure::give_up(Code::OperationNotFound, "404")),
                End::Never => Ok(Progress::Pending),
            }
        };
        self.call(POLL, &operation.name, polled).await.map_err(unavailable)?
    }

    async fn cancel(&self, operation: &Operation) -> Result<(), Failure> {
        let number = number_of(&operation.name);
        let stopped = move |sim: &Sim| {
            let mut provider = sim.provider.borrow_mut();
            let running = &mut provider.operations[number];
            check::cancellation(sim, running.job);
            if sim.now() < running.over_at {
                (running.over_at, running.end) = (sim.now(), End::Cancelled);
            }
        };
        self.call(CANCEL, &operation.name, stopped).await.map_err(unavailable)
    }

    async fn download(&self, file: AssetFile) -> Result<Body<Content>, Failure> {
        let AssetFile::Remote(number) = file else { panic!("videos are remote here") };
        let running: usize = number.parse().expect("a number");
        let opened = move |sim: &Sim| {
            let job = sim.provider.borrow().operations[running].job;
            make(sim, job)
        };
        let content = self.call(DOWNLOAD, &number, opened).await;
        let job = self.sim.provider.borrow().operations[running].job;
        self.take_into_memory(job).await;
        content
            .map(Body::Stream)
            .map_err(|error| Failure::retry(Code::DownloadFailed, format!("download: {error:?}")))
    }
}

/// Whether the body made for a job is a large one.
fn is_large(job: Job) -> bool {
    job.is_multiple_of(3)
}

fn number_of(name: &str) -> usize {
    name.strip_prefix("operations/").and_then(|number| number.parse().ok()).expect("an operation")
}

/// New content, made for a job.
fn make(sim: &Sim, job: Job) -> Content {
    let mut provider = sim.provider.borrow_mut();
    provider.made.push(job);
    Content::try_from(provider.made.len() - 1).expect("few enough")
}

/// Begins an operation; how it will end is decided here.
fn begin(sim: &Sim, job: Job) -> usize {
    let random = &sim.random;
    let end = match random.below(40) {
        0 => End::Never,
        1 => End::Forgotten,
        2..5 => End::NoVideo,
        5..7 => End::Trouble,
        _ => End::Video,
    };
    let over_at = sim.now() + random.seconds(5.0, 240.0);
    let mut provider = sim.provider.borrow_mut();
    provider.operations.push(Running { job, over_at, end });
    provider.operations.len() - 1
}
