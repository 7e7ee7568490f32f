use serde_json::json;

use super::*;
use crate::job::{Format, VideoJob};
use crate::port::{SourceImage, VideoRequest};

/// Has a video begun by a message's wishes, from as many images as it names.
fn ask(model: &str, transport: &Recorded, wishes: &Value) -> Result<Operation, SubmitError> {
    let mut message = wishes.clone();
    message["storyboardId"] = json!("sb");
    message["prompt"] = json!("Lion walking");
    let job = VideoJob::parse(&message.clone().into()).unwrap();
    let images =
        [(Format::Png, vec![1, 2, 3, 255]), (Format::Jpeg, vec![0]), (Format::Webp, vec![1])];
    let images: Vec<_> =
        images.into_iter().map(|(format, bytes)| SourceImage { format, bytes }).collect();
    let request = OperationRequest::Video(VideoRequest {
        job: &job,
        images: &images[..job.image_urls().len()],
    });
    now(Operations::new(transport, transport).submit(model, request))
}

fn submit(model: &str, transport: &Recorded) -> Result<Operation, SubmitError> {
    ask(model, transport, &json!({"aspectRatio": "9:16", "resolution": "1080p"}))
}

/// What is sent for a message's wishes.
fn sent(model: &str, wishes: &Value) -> Value {
    let transport = Recorded::at(BASE).json(200, json!({"name": NAME, "id": "v1_x"}));
    ask(model, &transport, wishes).unwrap();
    transport.only().json()
}

const A: &str = "https://example.com/a.png";

#[test]
fn veo_is_asked_as_googles_own_client_asks() {
    let transport = Recorded::at(BASE).json(200, json!({"name": NAME}));
    let wishes = json!({"aspectRatio": "9:16", "resolution": "1080p", "sourceImageUrl": A});
    let operation = ask(VEO, &transport, &wishes).unwrap();
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
    assert_eq!(sent(VEO, &json!({}))["instances"], json!([{"prompt": "Lion walking"}]));
}

#[test]
fn veo_gets_a_last_frame_beside_the_first() {
    assert_eq!(
        sent(VEO, &json!({"sourceImageUrl": A, "lastFrameUrl": A}))["instances"],
        json!([{
            "prompt": "Lion walking",
            "image": {"bytesBase64Encoded": "AQID/w==", "mimeType": "image/png"},
            "lastFrame": {"bytesBase64Encoded": "AA==", "mimeType": "image/jpeg"},
        }])
    );
}

#[test]
fn veo_gets_references_as_assets() {
    let image = |data: &str, format: &str| {
        json!({
            "image": {"bytesBase64Encoded": data, "mimeType": format}, "referenceType": "asset",
        })
    };
    let images =
        [image("AQID/w==", "image/png"), image("AA==", "image/jpeg"), image("AQ==", "image/webp")];
    for count in 1..=3 {
        assert_eq!(
            sent(VEO, &json!({"referenceImageUrls": vec![A; count]}))["instances"],
            json!([{"prompt": "Lion walking", "referenceImages": images[..count]}])
        );
    }
}

#[test]
fn veos_other_wishes_are_parameters() {
    let wishes = json!({
        "negativePrompt": "\"rain\"", "seed": 7, "personGeneration": "allow_adult", "priority": 9,
        "durationSeconds": "4",
    });
    assert_eq!(
        sent(VEO, &wishes)["parameters"],
        json!({
            "aspectRatio": "16:9", "durationSeconds": 4, "resolution": "720p",
            "negativePrompt": "\"rain\"", "personGeneration": "allow_adult", "seed": 7,
        })
    );
}

#[test]
fn omni_is_asked_as_googles_own_client_asks() {
    let created = json!({"id": "v1_x", "status": "in_progress", "object": "interaction"});
    let transport = Recorded::at(BASE).json(200, created);
    let wishes = json!({"aspectRatio": "9:16", "resolution": "1080p", "sourceImageUrl": A});
    let operation = ask(OMNI, &transport, &wishes).unwrap();
    assert_eq!(operation, Operation { model: OMNI.into(), name: "v1_x".into() });
    let sent = transport.only();
    assert_eq!(sent.url, format!("{BASE}/interactions"));
    assert_eq!(
        sent.json(),
        json!({
            "model": OMNI, "background": true,
            "input": [
                {"type": "image", "data": "AQID/w==", "mime_type": "image/png"},
                {"type": "text", "text": "Lion walking"},
            ],
            "response_format": {
                "type": "video", "delivery": "uri", "aspect_ratio": "9:16",
                "resolution": "1080p", "duration": "8s",
            },
            "generation_config": {"video_config": {"task": "image_to_video"}},
        })
    );
}

#[test]
fn omni_is_told_what_its_images_are() {
    let body = sent(OMNI, &json!({"seed": 7}));
    assert_eq!(body["input"], json!([{"type": "text", "text": "Lion walking"}]));
    let config = json!({"seed": 7, "video_config": {"task": "text_to_video"}});
    assert_eq!(body["generation_config"], config);

    let body = sent(OMNI, &json!({"sourceImageUrl": A, "lastFrameUrl": A}));
    assert_eq!(body["input"][1]["data"], "AA==");
    assert_eq!(body["input"][2]["text"], "<FIRST_FRAME> <LAST_FRAME> Lion walking");
    assert_eq!(body["generation_config"], json!({"video_config": {"task": "image_to_video"}}));

    let body = sent(OMNI, &json!({"referenceImageUrls": [A, A, A]}));
    assert_eq!(body["input"].as_array().unwrap().len(), 4);
    assert_eq!(body["input"][3]["text"], "Lion walking");
    let config = json!({"video_config": {"task": "reference_to_video"}});
    assert_eq!(body["generation_config"], config);
}

#[test]
fn a_4xx_created_nothing() {
    for (status, next) in [
        (400, Next::GiveUp),
        (403, Next::Rest { standing: Standing::Refused, after: None }),
        (404, Next::Rest { standing: Standing::Retired, after: None }),
        (429, Next::Rest { standing: Standing::Resting, after: None }),
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
        base().reply(503, "{}"),
        base().json(500, json!({"error": {"code": 500, "status": "INTERNAL", "message": "m"}})),
        base().json(504, json!({"error": {"code": 504, "status": "DEADLINE_EXCEEDED"}})),
        base().fails(TransportError::TimedOut(SUBMIT_TIMEOUT)),
        base().reply(499, ""),
        base().reply(502, "The model is overloaded. Please try again later."),
        base().reply(200, "<p>Thank you</p>"),
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

/// The forms in which a name comes.
fn forms(name: &str) -> Vec<String> {
    let encoded = name.replace('/', "%2F");
    let around = [
        name.to_owned(),
        format!("/{name}"),
        format!(" {name}\n"),
        format!("/v1beta/{name}"),
        format!("{BASE}/{name}"),
        format!("https://proxy.test/google/v1/{name}?alt=json"),
    ];
    around.into_iter().chain([encoded.to_lowercase(), encoded]).collect()
}

/// The replies in which a name comes.
fn replies(name: &str) -> Vec<Value> {
    let video = json!({"generatedSamples": [{"video": {"uri": "https://api.test/files/f1"}}]});
    vec![
        json!({"name": name}),
        json!({"operationName": name}),
        json!({"operation_name": name}),
        json!({"operation": name}),
        json!({"operation": {"name": name}}),
        json!({"id": "req 1", "data": {"result": name}}),
        json!({"name": name, "done": true, "response": video}),
        json!(name),
    ]
}

#[test]
fn an_operation_is_understood_however_it_is_named() {
    let submitted = |model: &str, status, reply: &str| {
        let transport = Recorded::at(BASE).reply(status, reply);
        submit(model, &transport).map(|operation| operation.name)
    };
    for form in forms(NAME) {
        for reply in replies(&form) {
            for status in [200, 201, 302, 404, 429, 500, 504] {
                let found = submitted(VEO, status, &reply.to_string());
                assert_eq!(found.as_deref().map(str::to_lowercase), Ok(NAME.into()), "{reply}");
            }
        }
    }
    let escaped = format!("\"{}\"", NAME.replace('/', "\\/"));
    assert_eq!(submitted(VEO, 200, &escaped).as_deref(), Ok(NAME));
    for form in forms("interactions/v1_x") {
        for reply in replies(&form).into_iter().chain([json!({"id": form})]) {
            let found = submitted(OMNI, 200, &reply.to_string());
            assert_eq!(found.as_deref(), Ok("v1_x"), "{reply}");
        }
    }
    let made = json!({"id": " v1_x ", "status": "in_progress", "previous": "interactions/old"});
    for status in [200, 500, 504] {
        assert_eq!(submitted(OMNI, status, &made.to_string()).as_deref(), Ok("v1_x"));
    }
}

#[test]
fn what_a_refusal_names_is_no_operation() {
    for (model, reply) in [
        (OMNI, json!({"id": "req_1", "error": {"code": 400, "message": "m"}})),
        (OMNI, json!({"error": {"code": 400, "details": [{"id": "x"}]}})),
        (VEO, json!({"error": {"code": 400, "message": format!("{NAME} is unknown")}})),
        (VEO, json!({"error": {"code": 400}, "request": {"name": NAME}})),
        (VEO, json!({"error": {"code": 400}, "model": "models/m", "url": "https://api.test/"})),
    ] {
        let error = submit(model, &Recorded::at(BASE).json(400, reply.clone())).unwrap_err();
        assert!(error.rejected, "{reply}");
    }
}

#[test]
fn the_apis_own_word_that_it_is_unavailable_is_a_rejection() {
    for (status, code) in [(503, 503), (500, 503), (200, 503), (502, 429), (200, 400), (400, 400)] {
        let reply = json!({"error": {"code": code, "message": "The model is overloaded."}});
        let error = submit(VEO, &Recorded::at(BASE).json(status, reply)).unwrap_err();
        assert!(error.rejected && error.failure.is_rest(), "{status} {code}");
    }
    // The operation counts, whatever stands beside it.
    let reply = json!({"name": NAME, "error": {"code": 503, "message": "m"}});
    assert!(submit(VEO, &Recorded::at(BASE).json(200, reply)).is_ok());
}

#[test]
fn what_a_proxy_says_of_it_in_words_is_a_rejection() {
    for (status, body) in [
        (503, "The model is overloaded. Please try again later."),
        (
            503,
            "<html><style>p{color:red}</style><p>Service busy: please try again in a minute</p></html>",
        ),
        (429, "<html>Too Many Requests</html>"),
        (503, r#"{"detail": "This model is currently experiencing high demand."}"#),
        (200, r#"{"error": "The model is overloaded"}"#),
        (500, r#"{"error": {"type": "overloaded_error", "message": "m"}}"#),
        (500, r#"{"error": {"message": "API key not valid. Please pass a valid API key."}}"#),
        (302, ""),
        (307, "<html>Moved</html>"),
    ] {
        let error = submit(VEO, &Recorded::at(BASE).reply(status, body)).unwrap_err();
        assert!(error.rejected && error.failure.is_rest(), "{status} {body}");
    }
}

#[test]
fn a_video_that_is_there_at_once_is_not_bought_again() {
    const URI: &str = "https://api.test/v1beta/files/f1:download?alt=media";
    let samples = json!({"generatedSamples": [{"video": {"uri": URI}}]});
    for (model, reply) in [
        (VEO, json!({"done": true, "response": {"generateVideoResponse": samples}})),
        (VEO, json!({"response": samples.to_string()})),
        (OMNI, json!({"status": "completed", "outputs": [{"type": "video", "uri": URI}]})),
    ] {
        let operation = submit(model, &Recorded::at(BASE).json(200, reply)).unwrap();
        let transport = Recorded::at(BASE);
        let ready = Progress::Ready(AssetFile::Remote(URI.into()), None);
        assert_eq!(poll(model, &operation.name, &transport), Ok(ready));
        assert_eq!(now(Operations::new(&transport, &transport).cancel(&operation)), Ok(()));
        assert!(transport.urls().is_empty());
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
    assert_eq!(error.failure.next, RETIRED, "no job is lost by a mistake in the configuration");
    assert!(
        error.failure.message.contains("VIDEO_MODELS") && error.failure.message.contains("sora-9")
    );
    assert_eq!(poll("sora-9", NAME, &transport).unwrap_err().next, Next::GiveUp);
    assert!(transport.urls().is_empty());
}
