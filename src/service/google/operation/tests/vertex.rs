use serde_json::json;

use super::*;
use crate::job::VideoJob;
use crate::port::VideoRequest;
use crate::service::testing::MP4;

const VERTEX: &str = "https://vertex.test";
const MODEL: &str = "vertex/veo-3.1-fast-generate-001";
const OPERATION: &str = "projects/p/locations/us-central1/publishers/google/models/\
                         veo-3.1-fast-generate-001/operations/op7";

/// Has Vertex AI asked, and makes sure that the Gemini API is not.
fn at_vertex<R>(vertex: &Recorded, act: impl FnOnce(&Operations<&Recorded>) -> R) -> R {
    let gemini = Recorded::at(BASE);
    let done = act(&Operations::new(&gemini, vertex));
    assert!(gemini.urls().is_empty(), "{:?}", gemini.urls());
    done
}

fn submit(model: &str, vertex: &Recorded) -> Operation {
    let message = json!({"storyboardId": "sb", "prompt": "Lion walking"});
    let job = VideoJob::parse(&message.clone().into()).unwrap();
    let request = OperationRequest::Video(VideoRequest { job: &job, images: &[] });
    at_vertex(vertex, |videos| now(videos.submit(model, request, &permit())).unwrap().operation)
}

fn poll_at_vertex(model: &str, name: &str, vertex: &Recorded) -> Result<Progress, Failure> {
    let operation = Operation { model: model.into(), name: name.into() };
    at_vertex(vertex, |videos| now(videos.poll(&operation, &permit())))
}

fn progress(reply: Value) -> Progress {
    poll_at_vertex(MODEL, OPERATION, &Recorded::at(VERTEX).json(200, reply)).unwrap()
}

#[test]
fn veo_is_begun_at_vertex_with_the_body_that_it_has_anywhere() {
    let vertex = Recorded::at(VERTEX).json(200, json!({"name": OPERATION}));
    let operation = submit(&format!("models/{MODEL}"), &vertex);
    assert_eq!(operation, Operation { model: MODEL.into(), name: OPERATION.into() });
    let sent = vertex.only();
    let url = "v1/publishers/google/models/veo-3.1-fast-generate-001:predictLongRunning";
    assert_eq!((sent.method, sent.url.as_str()), ("POST", &*format!("{VERTEX}/{url}")));
    assert_eq!(
        sent.json(),
        json!({
            "instances": [{"prompt": "Lion walking"}],
            "parameters": {"aspectRatio": "16:9", "durationSeconds": 8, "resolution": "720p"},
        })
    );
}

#[test]
fn veo_at_vertex_is_told_whether_it_makes_sound() {
    let message = json!({"storyboardId": "sb", "prompt": "Lion", "generateAudio": false});
    let job = VideoJob::parse(&message.clone().into()).unwrap();
    let vertex = Recorded::at(VERTEX).json(200, json!({"name": OPERATION}));
    let request = OperationRequest::Video(VideoRequest { job: &job, images: &[] });
    at_vertex(&vertex, |videos| now(videos.submit(MODEL, request, &permit())).unwrap());
    assert_eq!(vertex.only().json()["parameters"]["generateAudio"], json!(false));
}

#[test]
fn an_operation_of_vertex_is_asked_for_by_a_post_of_its_name() {
    let vertex = Recorded::at(VERTEX).json(200, json!({"name": OPERATION}));
    assert_eq!(poll_at_vertex(MODEL, OPERATION, &vertex).unwrap(), Progress::Pending);
    let sent = vertex.only();
    let model = OPERATION.strip_suffix("/operations/op7").unwrap();
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.url, format!("{VERTEX}/v1/{model}:fetchPredictOperation"));
    assert_eq!(sent.json(), json!({"operationName": OPERATION}));
}

#[test]
fn a_name_that_is_none_of_vertex_is_not_polled() {
    let vertex = Recorded::at(VERTEX);
    for name in [
        "",
        NAME,
        "projects/p/operations/x",
        "projects/p/locations/l/x",
        "projects/../locations/l/operations/x",
        "projects/p/locations/l/operations/x?key=1",
        "https://evil.test/projects/p/locations/l/operations/x",
    ] {
        let failure = poll_at_vertex(MODEL, name, &vertex).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::OperationNotFound, Next::GiveUp), "{name}");
    }
    assert!(vertex.urls().is_empty());
}

#[test]
fn a_finished_video_of_vertex_is_inside_or_in_a_bucket() {
    let done =
        |response: Value| progress(json!({"name": OPERATION, "done": true, "response": response}));
    let data = base64_simd::STANDARD.encode_to_string(MP4);
    assert_eq!(
        done(json!({"videos": [{"bytesBase64Encoded": data, "mimeType": "video/mp4"}]})),
        Progress::Ready(AssetFile::Inline(MP4.to_vec()), None)
    );
    let uri = "gs://bucket/some folder/sample_0.mp4";
    assert_eq!(
        done(json!({"videos": [{"gcsUri": uri, "mimeType": "video/mp4"}]})),
        Progress::Ready(AssetFile::Remote(uri.into()), None)
    );
    let reasons = ["Veo could not generate videos."];
    let filtered = json!({"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": reasons});
    let Progress::Ended(failure) = done(filtered) else { panic!("it is over") };
    assert_eq!((failure.code, failure.next), (Code::ContentBlocked, Next::GiveUp));
    let Progress::Ended(failure) = progress(json!({"name": OPERATION, "done": true,
        "error": {"code": 3, "message": "The prompt is too long."}}))
    else {
        panic!("it is over")
    };
    assert_eq!((failure.code, failure.next), (Code::OperationFailed, Next::GiveUp));
}

#[test]
fn an_object_of_a_bucket_is_read_at_cloud_storage_through_the_adapter_of_vertex() {
    let vertex = Recorded::at(VERTEX).reply(200, MP4);
    let file = AssetFile::Remote("gs://my-bucket.x/some folder/sample_0.mp4".into());
    let body = at_vertex(&vertex, |videos| now(videos.download(file)).unwrap());
    assert!(matches!(body, Body::Stream(bytes) if bytes == MP4));
    let object = "b/my-bucket.x/o/some%20folder%2Fsample_0.mp4?alt=media";
    assert_eq!(vertex.only().url, format!("https://storage.googleapis.com/storage/v1/{object}"));
}

#[test]
fn a_uri_that_names_no_object_leads_nowhere() {
    for uri in ["gs://", "gs://bucket", "gs:///object", "gs://evil.test@b/x", "gs://b%2f../x"] {
        let (gemini, vertex) = (Recorded::at(BASE), Recorded::at(VERTEX));
        let file = AssetFile::Remote(uri.into());
        assert!(now(Operations::new(&gemini, &vertex).download(file)).is_err(), "{uri}");
        assert!(gemini.urls().is_empty() && vertex.urls().is_empty(), "{uri}");
    }
}

#[test]
fn omni_at_vertex_delivers_inside_of_its_reply() {
    let model = format!("vertex/{OMNI}");
    let vertex = Recorded::at(VERTEX)
        .json(200, json!({"id": "v1_x"}))
        .json(200, json!({"status": "queued"}))
        .json(200, json!({}));
    let operation = submit(&model, &vertex);
    assert_eq!(operation, Operation { model: model.clone(), name: "v1_x".into() });
    assert_eq!(poll_at_vertex(&model, "v1_x", &vertex).unwrap(), Progress::Pending);
    at_vertex(&vertex, |videos| now(videos.cancel(&operation)).unwrap());
    let base = format!("{VERTEX}/v1beta1/interactions");
    let urls = [base.clone(), format!("{base}/v1_x"), format!("{base}/v1_x/cancel")];
    assert_eq!(vertex.urls(), urls);
    let sent = vertex.sent.borrow()[0].json();
    assert_eq!(
        (&sent["model"], &sent["response_format"]["delivery"]),
        (&json!(OMNI), &json!("inline"))
    );
}

#[test]
fn veo_of_vertex_cannot_cancel_and_is_not_asked() {
    let operation = Operation { model: MODEL.into(), name: OPERATION.into() };
    at_vertex(&Recorded::at(VERTEX), |videos| now(videos.cancel(&operation)).unwrap());
}
