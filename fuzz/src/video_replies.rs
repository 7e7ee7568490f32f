//! The replies of Veo, at either service, and of Omni, from the submission to the file. The question is `submit` or
//! `poll`, the protocol, and for a poll the operation's name where that is another than usual.

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{Format, VideoJob};
use generation_queue::port::{
    AssetFile, Body, Operation, OperationModel, OperationRequest, Progress, Submission,
    SubmitError, VideoRequest,
};
use generation_queue::service::Operations;
use serde_json::json;
use url::Url;

use crate::script::{Script, Service, now, permit};
use crate::{failure, files, internet, secret};

const BASE: &str = "https://api.example.com/v1beta";
const VEO: (&str, &str) =
    ("veo-3.1-fast-generate-preview", "models/veo-3.1-fast-generate-preview/operations/abc");
const VERTEX: (&str, &str) = (
    "vertex/veo-3.1-fast-generate-001",
    "projects/p/locations/us-central1/publishers/google/models/veo-3.1-fast-generate-001/operations/abc",
);
const OMNI: (&str, &str) = ("gemini-omni-1.1-flash", "v1_omni-job-123");

/// A submission counts as refused only where nothing can have been paid; an operation is asked for
/// at the API; a file comes from the internet and is a video.
pub fn check(input: &[u8]) {
    let script = Script::read(input);
    let service = script.service(BASE);
    let mut words = script.question.split_whitespace();
    let submits = words.next() == Some("submit");
    let (model, usual) = match words.next() {
        Some("omni") => OMNI,
        Some("vertex") => VERTEX,
        _ => VEO,
    };
    let operation = if submits {
        match submit(&service, model) {
            Some(Submission { made: Some((file, _)), .. }) => return download(&service, file),
            Some(Submission { operation, made: None }) => operation,
            None => return,
        }
    } else {
        Operation { model: model.into(), name: words.next().unwrap_or(usual).into() }
    };
    // A name is no secret, whatever it is.
    if secret::all().any(|secret| operation.name.contains(&secret)) {
        return;
    }
    let asked = service.urls().len();
    let progress = now(Operations::new(&service, &service).poll(&operation, &permit()));
    service.check_requests();
    if submits {
        let is_finished = operation.name.starts_with("file:");
        let is_asked = service.urls().len() > asked;
        assert!(is_finished != is_asked, "a name that was taken cannot be asked for");
    }
    let is_video = |format| format == Format::Mp4;
    let in_reply = service.last_success().and_then(|body| files::of(&body, is_video));
    if !in_reply.unwrap_or_default().is_empty() {
        let inside = matches!(progress, Ok(Progress::Ready(AssetFile::Inline(_), _)));
        assert!(inside, "a video was lost: {progress:?}");
    }
    match progress {
        Ok(Progress::Ready(file, _)) => download(&service, file),
        Ok(Progress::Ended(failure) | Progress::Unclear(failure)) | Err(failure) => {
            failure::check(&failure);
        }
        Ok(Progress::Troubled(said)) => {
            failure::check(&Failure::retry(Code::OperationTimedOut, said));
        }
        Ok(Progress::Pending) => {}
    }
}

fn submit(service: &Service, model: &str) -> Option<Submission> {
    let message = json!({"storyboardId": "sb", "prompt": "Lion walking"});
    let job = VideoJob::parse(&message.clone().into()).expect("a job");
    let request = OperationRequest::Video(VideoRequest { job: &job, images: &[] });
    let submitted = now(Operations::new(service, service).submit(model, request, &permit()));
    service.check_requests();
    let SubmitError { failure, rejected } = match submitted {
        Ok(submission) => {
            // Whatever the status is, an operation that is named has begun.
            let (status, body) = service.last().expect("a reply");
            let name = submission.operation.name.rsplit('/').next().unwrap_or_default();
            let is_named = String::from_utf8_lossy(&body).contains(name);
            assert!(status.is_success() || is_named, "{status}: {submission:?}");
            assert_eq!(submission.operation.model, model);
            return Some(submission);
        }
        Err(error) => error,
    };
    failure::check(&failure);
    let may_be_paid = match service.received.borrow().last() {
        Some(Ok((head, _))) => {
            // 444, 460, 499: the connection was closed, of a proxy's accord. 521 and the like: it was never made.
            let status = head.status.as_u16();
            let is_refusal =
                (300..500).contains(&status) && !matches!(status, 408 | 444 | 460 | 499);
            !is_refusal && !matches!(status, 521 | 523 | 525 | 526 | 530)
        }
        Some(Err(error)) => !matches!(error, generation_queue::http::TransportError::NotSent(_)),
        None => false,
    };
    // The API says by an error of its own, or a proxy in words, that nothing was begun; or in words that
    // nothing is known of it.
    let said = service.last().is_some_and(|(_, body)| !body.trim_ascii().is_empty());
    assert!(rejected || may_be_paid || said, "{failure}");
    assert!(!rejected || !may_be_paid || said, "{failure}");
    None
}

fn download(service: &Service, file: AssetFile) {
    let asked = service.urls().len();
    let opened = now(Operations::new(service, service).download(file));
    let base = Url::parse(BASE).expect("a URL");
    for text in service.urls().iter().skip(asked) {
        // What is no URL to `fetch` leads nowhere.
        let Ok(url) = Url::parse(text) else { continue };
        internet::check(&url);
        assert_eq!(url.scheme(), "https", "{url}");
        // The key goes along to the API, so every HTTP client must take it for the API, too.
        let meant = text.starts_with("https://api.example.com/");
        assert_eq!(url.origin() == base.origin(), meant, "{url}");
    }
    match opened {
        Ok(Body::Bytes(bytes) | Body::Stream(bytes)) => {
            assert_eq!(Format::of(&bytes), Some(Format::Mp4));
        }
        Err(failure) => failure::check(&failure),
    }
}
