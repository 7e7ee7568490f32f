use serde_json::json;

use super::*;
use crate::job::{AspectRatio, Format, Resolution};
use crate::port::SourceImage;

fn request(source: Option<&SourceImage>) -> VideoRequest<'_> {
    VideoRequest {
        prompt: "Lion walking",
        source,
        aspect_ratio: AspectRatio::Portrait,
        seconds: 8,
        resolution: Resolution::P1080,
    }
}

fn submit(model: &str, transport: &Recorded) -> Result<Operation, SubmitError> {
    now(Videos::new(transport).submit(model, request(None)))
}

#[test]
fn veo_is_asked_as_googles_own_client_asks() {
    let transport = Recorded::at(BASE).json(200, json!({"name": NAME}));
    let source = SourceImage { format: Format::Png, bytes: vec![1, 2, 3, 255] };
    let operation = now(Videos::new(&transport).submit(VEO, request(Some(&source)))).unwrap();
    assert_eq!(operation, Operation { model: VEO.into(), name: NAME.into() });
    let sent = transport.only();
    assert_eq!(sent.url, format!("{BASE}/models/{VEO}:predictLongRunning"));
    assert_eq!(
        sent.json(),
        json!({
            "instances": [{
                "prompt": "Lion walking",
                "image": {"bytesBase64Encoded": "AQID/w==", "mimeType": "image/png"},
            }],
            "parameters": {"aspectRatio": "9:16", "durationSeconds": 8, "resolution": "1080p"},
        })
    );
}

#[test]
fn veo_gets_no_image_when_there_is_none() {
    let transport = Recorded::at(BASE).json(200, json!({"name": NAME}));
    submit(VEO, &transport).unwrap();
    assert_eq!(transport.only().json()["instances"], json!([{"prompt": "Lion walking"}]));
}

#[test]
fn omni_is_asked_as_googles_own_client_asks() {
    let created = json!({"id": "v1_x", "status": "in_progress", "object": "interaction"});
    let transport = Recorded::at(BASE).json(200, created.clone()).json(200, created);
    let source = SourceImage { format: Format::Png, bytes: vec![1, 2, 3, 255] };
    let operation = now(Videos::new(&transport).submit(OMNI, request(Some(&source)))).unwrap();
    assert_eq!(operation, Operation { model: OMNI.into(), name: "v1_x".into() });
    submit(OMNI, &transport).unwrap();
    let sent = transport.sent.borrow();
    assert_eq!(sent[0].url, format!("{BASE}/interactions"));
    let text = json!({"type": "text", "text": "Lion walking"});
    assert_eq!(
        sent[0].json(),
        json!({
            "model": OMNI,
            "background": true,
            "input": [{"type": "image", "data": "AQID/w==", "mime_type": "image/png"}, text],
            "response_format": {
                "type": "video", "delivery": "uri", "aspect_ratio": "9:16",
                "resolution": "1080p", "duration": "8s",
            },
            "generation_config": {"video_config": {"task": "image_to_video"}},
        })
    );
    assert_eq!(sent[1].json()["input"], json!([text]));
    assert_eq!(sent[1].json()["generation_config"], Value::Null);
}

#[test]
fn a_4xx_created_nothing() {
    for (status, next) in [
        (400, Next::GiveUp),
        (403, Next::GiveUp),
        (404, Next::OtherModel),
        (429, Next::Wait { after: None }),
    ] {
        let reply = json!({"error": {"code": status, "message": "m"}});
        for model in [VEO, OMNI] {
            let error = submit(model, &Recorded::at(BASE).json(status, reply.clone())).unwrap_err();
            assert!(error.rejected, "{status}");
            assert_eq!(error.failure.next, next, "{status}");
        }
    }
}

#[test]
fn what_may_have_been_accepted_is_not_asked_for_again() {
    let base = || Recorded::at(BASE);
    for transport in [
        base().reply(500, ""),
        base().reply(408, ""),
        base().reply(503, "<html>"),
        base().reply(302, ""),
        base().reply(200, ""),
        base().reply(200, "<html>"),
        base().json(200, json!({})),
        base().json(200, json!({"name": "https://evil.test/operations/x"})),
        base().json(200, json!({"name": "models/../../operations/x"})),
        base().fails(TransportError::NoReply("timed out".into())),
        base().fails(TransportError::TooLarge { limit: 1 }),
    ] {
        let error = submit(VEO, &transport).unwrap_err();
        assert!(!error.rejected);
        assert_eq!(error.failure.code, Code::SubmissionUncertain);
        assert_eq!(error.failure.next, Next::GiveUp);
        assert!(error.failure.message.contains("Redrive"), "{}", error.failure.message);
    }
}

#[test]
fn a_refused_connection_is_a_rejection() {
    let refused = Recorded::at(BASE).fails(TransportError::NotSent("refused".into()));
    let error = submit(OMNI, &refused).unwrap_err();
    assert!(error.rejected);
    assert_eq!(error.failure.code, Code::ProviderUnavailable);
}

#[test]
fn a_model_of_no_known_family_is_refused_by_name() {
    let transport = Recorded::at(BASE);
    let error = submit("sora-9", &transport).unwrap_err();
    assert!(error.rejected);
    assert_eq!(error.failure.next, Next::GiveUp);
    assert!(
        error.failure.message.contains("VIDEO_MODELS") && error.failure.message.contains("sora-9")
    );
    assert_eq!(poll("sora-9", NAME, &transport).unwrap_err().next, Next::GiveUp);
    assert!(transport.urls().is_empty());
}
