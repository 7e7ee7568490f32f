//! One job from its queue to its asset, with every port in memory.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::FutureExt;
use generation_queue::failure::{Code, Failure};
use generation_queue::flow::{Settings, run_queue};
use generation_queue::job::{Format, JobId, Kind, ObjectLocation};
use generation_queue::large_body::{LargeBodies, LargeBodyPermit};
use generation_queue::occupancy::IsolateOccupancy;
use generation_queue::port::{
    Along, AssetFile, AssetStore, Body, Claim, ClaimRequest, Clock, Completion, Deferral, Ending,
    GeneratedImage, GenerationTime, ImageModel, ImageRequest, Lease, Log, LogEntry,
    MaintenanceRequest, Operation, OperationModel, OperationRequest, Overdue, Progress,
    Publication, Queue, SourceImage, SourceImages, StoredAsset, Submission, SubmitError, Trouble,
    World, WriteError,
};
use serde_json::json;

/// The whole outside of a run: one message, a model that returns a fixed image, a store.
#[derive(Default)]
struct InMemory {
    waiting: RefCell<Option<Claim>>,
    objects: RefCell<Vec<(String, Vec<u8>)>>,
    large_bodies: LargeBodies,
    occupancy: IsolateOccupancy,
}

impl Queue for InMemory {
    async fn claim(&self, _: Kind, _: ClaimRequest<'_>) -> Result<Vec<Claim>, Failure> {
        Ok(self.waiting.take().into_iter().collect())
    }
    async fn complete(
        &self,
        _: &Lease,
        asset: &StoredAsset,
        _: Along<'_>,
    ) -> Result<Completion, WriteError> {
        println!("completed with {}", asset.url);
        Ok(Completion::default())
    }
    async fn defer(&self, _: &Lease, _: &Deferral) -> Result<(), WriteError> {
        Ok(())
    }
    async fn fail(&self, _: &Lease, ending: &Ending) -> Result<(), WriteError> {
        println!("failed: {}", ending.message);
        Ok(())
    }
    async fn extend(&self, _: &Lease, _: Duration, _: bool) -> Result<(), WriteError> {
        Ok(())
    }
    // Videos need the next two, trouble and slow models the next two, maintenance the others.
    async fn begin_submission(
        &self,
        _: &Lease,
        _: &str,
        _: Option<&str>,
    ) -> Result<(), WriteError> {
        Ok(())
    }
    async fn record_operation(
        &self,
        _: &Lease,
        _: &Operation,
        _: Option<f64>,
    ) -> Result<(), WriteError> {
        Ok(())
    }
    async fn report_trouble(&self, _: &Lease, _: Trouble<'_>) -> Result<Duration, WriteError> {
        Ok(Duration::from_secs(60))
    }
    async fn slowest(&self, _: Kind) -> Result<Vec<GenerationTime>, Failure> {
        Ok(Vec::new())
    }
    async fn maintain(&self, _: Kind, _: MaintenanceRequest<'_>) -> Result<Overdue, Failure> {
        Ok(Overdue::default())
    }
    async fn confirm_publication(
        &self,
        _: &JobId,
        _: &[Publication],
    ) -> Result<Vec<Publication>, Failure> {
        Ok(Vec::new())
    }
}

impl ImageModel for InMemory {
    async fn generate(
        &self,
        _: &str,
        request: ImageRequest<'_>,
        _: Duration,
        _: &LargeBodyPermit,
    ) -> Result<GeneratedImage, Failure> {
        let bytes = request.job.common.prompt.clone().into_bytes();
        Ok(GeneratedImage { format: Format::Png, bytes, usage: None })
    }
}

/// This world makes no videos.
impl OperationModel for InMemory {
    type Stream = ();

    async fn submit(
        &self,
        _: &str,
        _: OperationRequest<'_>,
        _: &LargeBodyPermit,
    ) -> Result<Submission, SubmitError> {
        Err(SubmitError { failure: no_videos(), rejected: true })
    }
    async fn poll(&self, _: &Operation, _: &LargeBodyPermit) -> Result<Progress, Failure> {
        Err(no_videos())
    }
    async fn cancel(&self, _: &Operation) -> Result<(), Failure> {
        Err(no_videos())
    }
    async fn download(&self, _: AssetFile) -> Result<Body<()>, Failure> {
        Err(no_videos())
    }
}

fn no_videos() -> Failure {
    Failure::give_up(Code::ModelUnavailable, "no model makes videos")
}

impl AssetStore for InMemory {
    type Stream = ();

    async fn find(&self, _: &ObjectLocation) -> Result<Option<Format>, Failure> {
        Ok(None)
    }
    async fn put(
        &self,
        location: &ObjectLocation,
        format: Format,
        body: Body<()>,
    ) -> Result<(), Failure> {
        if let Body::Bytes(bytes) = body {
            self.objects.borrow_mut().push((location.path(format), bytes));
        }
        Ok(())
    }
    async fn copy(&self, _: &str, _: &str, _: &str, _: &str) -> Result<(), Failure> {
        Ok(())
    }
    fn public_url(&self, bucket: &str, path: &str) -> String {
        format!("memory://{bucket}/{path}")
    }
}

impl SourceImages for InMemory {
    async fn fetch(&self, _: &str, _: usize, _: &LargeBodyPermit) -> Result<SourceImage, Failure> {
        Ok(SourceImage { format: Format::Png, bytes: Default::default() })
    }
}

/// Time stands still, so no lease has to be extended and no budget runs out.
impl Clock for InMemory {
    fn now(&self) -> Duration {
        Duration::ZERO
    }
    async fn sleep(&self, _: Duration) {
        std::future::pending().await
    }
    fn random(&self) -> f64 {
        0.5
    }
    fn stopping(&self) -> bool {
        false
    }
    async fn stop(&self) {
        std::future::pending().await
    }
}

impl Log for InMemory {
    fn record(&self, entry: LogEntry) {
        println!("{}", entry.message);
    }
}

impl World for InMemory {
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

fn main() -> Result<(), &'static str> {
    let world = InMemory::default();
    let job_id = JobId::new("0d9c5c0e-6f1b-4c53-8a39-0a54a87c4a55").ok_or("not a job id")?;
    world.waiting.replace(Some(Claim {
        lease: Lease { kind: Kind::Image, msg_id: 1, token: 1 },
        job_id,
        message: json!({"storyboardId": "storyboard-001", "prompt": "A hero on a cliff"}).into(),
        attempts: 1,
        deaths: 0,
        retried: false,
        operation: None,
        operation_age: Duration::ZERO,
        submission_pending: false,
        age: Duration::ZERO,
        unavailable: Vec::new(),
    }));
    let settings = Settings {
        models: vec!["gemini-2.5-flash-image".into()],
        concurrency: 5,
        budget: Duration::from_secs(120),
        worker_lifetime: Duration::from_secs(150),
        worker_age: Duration::ZERO,
        operation_deadline: Duration::from_secs(1800),
        max_attempts: 5,
        job_deadline: Duration::from_secs(24 * 3600),
        fallback_after: None,
        left_out: Vec::new(),
        max_jobs: None,
    };

    let report =
        run_queue(&world, Kind::Image, settings).now_or_never().ok_or("a port did not answer")?;

    assert_eq!(report.succeeded, 1);
    assert_eq!(
        world.objects.take(),
        [(
            "storyboard-001/jobs/0d9c5c0e-6f1b-4c53-8a39-0a54a87c4a55.png".to_owned(),
            b"A hero on a cliff".to_vec(),
        )],
    );
    Ok(())
}
