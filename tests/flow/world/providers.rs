//! Models, storage and source images in memory.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::job::{Format, ObjectLocation};
use generation_queue::large_body::LargeBodyPermit;
use generation_queue::port::{
    AssetFile, AssetStore, Body, Clock, GeneratedImage, ImageModel, ImageRequest, Operation,
    OperationModel, OperationRequest, Progress, SourceImage, SourceImages, Submission, SubmitError,
};

use super::VirtualClock;

/// An image that an operation makes: WebP, because the store keeps texts.
const IMAGE: &str = "RIFF....WEBP";

/// Models that answer what a test has queued, and otherwise succeed.
pub struct MemoryModel {
    clock: VirtualClock,
    /// How long an image takes.
    pub image_takes: Cell<Duration>,
    /// How long a video's submission takes.
    pub submission_takes: Cell<Duration>,
    /// How much CPU time an image takes once it has arrived.
    pub image_keeps_busy: Cell<Duration>,
    /// Whether the replies to polls need the permit for large bodies.
    pub polls_are_large: Cell<bool>,
    /// How many images are being made, and the most there were at once.
    pub at_once: Cell<(u32, u32)>,
    pub images: RefCell<VecDeque<Result<GeneratedImage, Failure>>>,
    pub submissions: RefCell<VecDeque<Result<Submission, SubmitError>>>,
    pub polls: RefCell<VecDeque<Result<Progress, Failure>>>,
    pub downloads: RefCell<VecDeque<Result<(), Failure>>>,
    /// What was asked for: the model, the prompt, and whether there was a source.
    pub asked: RefCell<Vec<(String, String, bool)>>,
    /// The operations that were polled.
    pub polled: RefCell<Vec<String>>,
    /// The answers to cancellations.
    pub cancellations: RefCell<VecDeque<Result<(), Failure>>>,
    /// The operations that a worker cancelled.
    pub cancelled: RefCell<Vec<String>>,
}

impl MemoryModel {
    pub fn new(clock: VirtualClock) -> Self {
        Self {
            clock,
            image_takes: Cell::new(Duration::from_secs(8)),
            submission_takes: Cell::default(),
            image_keeps_busy: Cell::default(),
            polls_are_large: Cell::default(),
            at_once: Cell::default(),
            images: RefCell::default(),
            submissions: RefCell::default(),
            polls: RefCell::default(),
            downloads: RefCell::default(),
            asked: RefCell::default(),
            polled: RefCell::default(),
            cancellations: RefCell::default(),
            cancelled: RefCell::default(),
        }
    }

    /// Makes the next image fail.
    pub fn fail_image(&self, failure: Failure) {
        self.images.borrow_mut().push_back(Err(failure));
    }

    /// Makes the provider reject the next submission.
    pub fn reject(&self, failure: Failure) {
        self.submissions.borrow_mut().push_back(Err(SubmitError { failure, rejected: true }));
    }

    /// Makes the next poll fail.
    pub fn fail_poll(&self, failure: Failure) {
        self.polls.borrow_mut().push_back(Err(failure));
    }

    /// Makes the next polls find the operation pending.
    pub fn pend(&self, polls: usize) {
        self.polls.borrow_mut().extend((0..polls).map(|_| Ok(Progress::Pending)));
    }

    pub fn submissions_made(&self) -> usize {
        self.asked.borrow().len()
    }
}

impl ImageModel for MemoryModel {
    async fn generate(
        &self,
        model: &str,
        request: ImageRequest<'_>,
        within: Duration,
        permit: &LargeBodyPermit,
    ) -> Result<GeneratedImage, Failure> {
        let asked =
            (model.to_owned(), request.job.common.prompt.clone(), !request.sources.is_empty());
        self.asked.borrow_mut().push(asked);
        let (now, most) = self.at_once.get();
        self.at_once.set((now + 1, most.max(now + 1)));
        let is_poisoned = request.job.common.prompt.contains("poison");
        let takes = if is_poisoned { Duration::from_secs(1) } else { self.image_takes.get() };
        self.clock.sleep(takes.min(within)).await;
        if self.image_takes.get() > within {
            let (now, most) = self.at_once.get();
            self.at_once.set((now - 1, most));
            return Err(Failure::retry_at_most(Code::ReplyLost, 2, "no reply"));
        }
        if request.job.common.prompt.contains("large") {
            permit.acquire().await;
        }
        self.clock.advance(self.image_keeps_busy.get());
        let (now, most) = self.at_once.get();
        self.at_once.set((now - 1, most));
        if is_poisoned {
            return Err(Failure::rest(Standing::Resting, Code::ProviderUnavailable, "500"));
        }
        let bytes = request.job.common.prompt.as_bytes().to_vec();
        let made = GeneratedImage { format: Format::Png, bytes, usage: None };
        self.images.borrow_mut().pop_front().unwrap_or(Ok(made))
    }
}

impl OperationModel for MemoryModel {
    type Stream = ();

    async fn submit(
        &self,
        model: &str,
        request: OperationRequest<'_>,
        _permit: &LargeBodyPermit,
    ) -> Result<Submission, SubmitError> {
        let (prompt, images) = match request {
            OperationRequest::Image(request) => (&request.job.common.prompt, request.sources),
            OperationRequest::Video(request) => (&request.job.common.prompt, request.images),
        };
        self.asked.borrow_mut().push((model.to_owned(), prompt.clone(), !images.is_empty()));
        let name = format!("operations/{}", self.submissions_made());
        self.clock.sleep(self.submission_takes.get()).await;
        let operation = Operation { model: model.to_owned(), name };
        self.submissions.borrow_mut().pop_front().unwrap_or(Ok(operation.into()))
    }

    async fn poll(
        &self,
        operation: &Operation,
        permit: &LargeBodyPermit,
    ) -> Result<Progress, Failure> {
        if self.polls_are_large.get() {
            permit.acquire().await;
        }
        self.polled.borrow_mut().push(operation.name.clone());
        let file = match operation.model.starts_with("gemini-") && !operation.model.contains("omni")
        {
            true => AssetFile::Inline(IMAGE.into()),
            false => AssetFile::Remote(format!("https://provider.invalid/{}", operation.name)),
        };
        self.polls.borrow_mut().pop_front().unwrap_or(Ok(Progress::Ready(file, None)))
    }

    async fn cancel(&self, operation: &Operation) -> Result<(), Failure> {
        self.cancelled.borrow_mut().push(operation.name.clone());
        self.cancellations.borrow_mut().pop_front().unwrap_or(Ok(()))
    }

    async fn download(&self, file: AssetFile) -> Result<Body<()>, Failure> {
        if let AssetFile::Inline(bytes) = file {
            return Ok(Body::Bytes(bytes));
        }
        self.downloads.borrow_mut().pop_front().unwrap_or(Ok(())).map(Body::Stream)
    }
}

/// The calls of a store that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreCall {
    Find,
    Put,
    Copy,
}

/// Objects by bucket and path, with what each holds.
#[derive(Default)]
pub struct MemoryStore {
    pub objects: RefCell<BTreeMap<String, String>>,
    pub faults: RefCell<Vec<StoreCall>>,
    calls: Cell<usize>,
}

impl MemoryStore {
    /// How many calls were made.
    pub fn calls(&self) -> usize {
        self.calls.get()
    }

    pub fn object(&self, path: &str) -> Option<String> {
        self.objects.borrow().get(path).cloned()
    }

    fn fault(&self, call: StoreCall) -> Result<(), Failure> {
        self.calls.set(self.calls.get() + 1);
        let mut faults = self.faults.borrow_mut();
        let Some(found) = faults.iter().position(|fault| *fault == call) else { return Ok(()) };
        faults.remove(found);
        Err(Failure::retry(Code::StorageFailed, format!("{call:?} failed")))
    }
}

impl AssetStore for MemoryStore {
    type Stream = ();

    async fn find(&self, location: &ObjectLocation) -> Result<Option<Format>, Failure> {
        self.fault(StoreCall::Find)?;
        let objects = self.objects.borrow();
        Ok(Format::ALL.into_iter().find(|format| {
            objects.contains_key(&format!("{}/{}", location.bucket, location.path(*format)))
        }))
    }

    async fn put(
        &self,
        location: &ObjectLocation,
        format: Format,
        body: Body<()>,
    ) -> Result<(), Failure> {
        self.fault(StoreCall::Put)?;
        let bytes = match body {
            Body::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
            Body::Stream(()) => "a stream".to_owned(),
        };
        let path = format!("{}/{}", location.bucket, location.path(format));
        self.objects.borrow_mut().entry(path).or_insert(bytes);
        Ok(())
    }

    async fn copy(
        &self,
        bucket: &str,
        from: &str,
        to: &str,
        _content_type: &str,
    ) -> Result<(), Failure> {
        self.fault(StoreCall::Copy)?;
        let bytes = self.object(&format!("{bucket}/{from}")).expect("only objects are copied");
        self.objects.borrow_mut().insert(format!("{bucket}/{to}"), bytes);
        Ok(())
    }

    fn public_url(&self, bucket: &str, path: &str) -> String {
        format!("https://store.invalid/{bucket}/{path}")
    }
}

/// Source images; one whose URL says `missing` does not exist.
pub struct MemorySources {
    clock: VirtualClock,
    /// How long a fetch takes.
    pub takes: Cell<Duration>,
    /// What was asked for, and how much the job held by then.
    pub asked: RefCell<Vec<(String, usize)>>,
}

impl MemorySources {
    pub fn new(clock: VirtualClock) -> Self {
        Self { clock, takes: Cell::default(), asked: RefCell::default() }
    }
}

impl SourceImages for MemorySources {
    async fn fetch(
        &self,
        url: &str,
        held: usize,
        permit: &LargeBodyPermit,
    ) -> Result<SourceImage, Failure> {
        self.asked.borrow_mut().push((url.to_owned(), held));
        if url.contains("large") {
            permit.acquire().await;
        }
        if self.takes.get() > Duration::ZERO {
            self.clock.sleep(self.takes.get()).await;
        }
        if url.contains("missing") {
            return Err(Failure::give_up(Code::SourceImageUnusable, "404"));
        }
        Ok(SourceImage { format: Format::Png, bytes: b"source".to_vec().into() })
    }
}
