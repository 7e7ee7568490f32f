use serde_json::json;

use super::*;
use crate::job::{Format, VideoJob};
use crate::port::{SourceImage, VideoRequest};
use crate::service::testing::MP4;

/// Has a video begun by a message's wishes, from as many images as it names.
fn ask(model: &str, transport: &Recorded, wishes: &Value) -> Result<Operation, SubmitError> {
    submission(model, transport, wishes).map(|submission| submission.operation)
}

fn submission(
    model: &str,
    transport: &Recorded,
    wishes: &Value,
) -> Result<Submission, SubmitError> {
    let mut message = wishes.clone();
    message["storyboardId"] = json!("sb");
    message["prompt"] = json!("Lion walking");
    let job = VideoJob::parse(&message.clone().into()).unwrap();
    let images =
        [(Format::Png, vec![1, 2, 3, 255]), (Format::Jpeg, vec![0]), (Format::Webp, vec![1])];
    let images = images.map(|(format, bytes)| SourceImage { format, bytes: bytes.into() });
    let request = OperationRequest::Video(VideoRequest {
        job: &job,
        images: &images[..job.image_urls().len()],
    });
    now(Operations::new(transport, transport).submit(model, request, &permit()))
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
        base().reply(444, ""),
        base().reply(460, ""),
        base().reply(499, ""),
        base().reply(502, "The model is overloaded. Please try again later."),
        base().reply(200, "Thank you"),
        base().reply(200, ""),
        base().reply(200, "\n\n"),
        base().reply(200, "<h1>504 Gateway Time-out</h1>"),
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

/// An error as a proxy writes it that speaks the language of another API.
fn litellm(class: &str, message: &str, code: &str) -> String {
    let message = format!("litellm.{class}: VertexAIException - {message}");
    json!({"error": {"message": message, "type": class, "param": null, "code": code}}).to_string()
}

#[test]
fn lost_time_and_lost_connections_prove_nothing_whatever_they_come_with() {
    for message in [
        "upstream request timeout",
        "Request timed out.",
        "504 Gateway Time-out",
        "Deadline expired before operation could complete.",
        "Server disconnected without sending a response.",
        "Connection reset by peer",
        "The connection was closed unexpectedly",
        "upstream prematurely closed connection",
        "the upstream server has gone away",
        "socket hang up",
        "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    ] {
        for status in [429, 500, 502, 503, 504] {
            let own = match status {
                // That of Google would be a refusal.
                429 => "",
                500 => "INTERNAL",
                503 => "UNAVAILABLE",
                _ => "DEADLINE_EXCEEDED",
            };
            for body in [
                message.into(),
                format!("<html><h1>{message}</h1><p>Please try again later.</p></html>"),
                json!({"error": message}).to_string(),
                json!({"error": {"code": status, "message": message, "status": own}}).to_string(),
                json!({"error": {"message": "Provider returned error", "code": status,
                    "metadata": {"raw": message}}})
                .to_string(),
                litellm("ServiceUnavailableError", message, "503"),
                litellm("RateLimitError", message, "429"),
                litellm("BadRequestError", message, "400"),
            ] {
                let error = submit(VEO, &Recorded::at(BASE).reply(status, &body)).unwrap_err();
                assert!(!error.rejected, "{status} {body}");
                assert_eq!(error.failure.code, Code::SubmissionUncertain);
            }
        }
    }
    // A refusal is one, whatever it speaks of.
    for status in [401, 403, 404] {
        let refused = Recorded::at(BASE).reply(status, "Your session timed out");
        assert!(submit(VEO, &refused).unwrap_err().rejected, "{status}");
    }
    // A proxy's 400 is no better; Google's is.
    let lost = Recorded::at(BASE).reply(400, litellm("BadRequestError", "Read timed out", "400"));
    assert!(!submit(VEO, &lost).unwrap_err().rejected);
    let own = json!({"error": {"code": 400, "message": "timeout: no such field", "status": "INVALID_ARGUMENT"}});
    assert!(submit(VEO, &Recorded::at(BASE).json(400, own)).unwrap_err().rejected);
    let own = json!({"error": {"code": 429, "message": "Deadline of the quota: 5 pm", "status": "RESOURCE_EXHAUSTED"}});
    for status in [429, 500] {
        let error = submit(VEO, &Recorded::at(BASE).json(status, own.clone())).unwrap_err();
        assert!(error.rejected, "{status}");
        assert_eq!(error.failure.code, Code::QuotaExhausted);
    }
}

#[test]
fn unavailable_in_general_proves_nothing() {
    for (status, body) in [
        (503, r#"{"message": "Service Unavailable"}"#.into()),
        (503, "<html><h1>503 Service Temporarily Unavailable</h1><hr>nginx</html>".into()),
        (503, "<h1>Service Unavailable</h1><p>HTTP Error 503. The service is unavailable.</p>".into()),
        (503, "<p>The server is temporarily unable to service your request due to maintenance downtime \
               or capacity problems. Please try again later.</p>".into()),
        (503, r#"{"error": {"message": "Please try again later."}}"#.into()),
        (503, litellm("ServiceUnavailableError", "m", "503")),
        (500, litellm("ServiceUnavailableError", "m", "503")),
        (500, litellm("RateLimitError", "m", "429")),
        (502, r#"{"error": {"code": 503, "message": "Provider returned error"}}"#.into()),
        (200, r#"{"error": {"code": 503, "message": "m"}}"#.into()),
        (500, r#"{"error": {"code": 403, "message": "m"}}"#.into()),
        (500, r#"{"error": {"code": 400, "message": "m", "status": "UNAVAILABLE"}}"#.into()),
        (522, "<title>Connection timed out</title>".into()),
        (520, "".into()),
        (524, "".into()),
    ] {
        let error = submit(VEO, &Recorded::at(BASE).reply(status, &body)).unwrap_err();
        assert!(!error.rejected, "{status} {body}");
    }
    for (status, code, name) in [
        (503, 503, "UNAVAILABLE"),
        (500, 503, "UNAVAILABLE"),
        (500, 429, "RESOURCE_EXHAUSTED"),
        (502, 400, "INVALID_ARGUMENT"),
    ] {
        let own = json!({"error": {"code": code, "message": "m", "status": name}});
        let passed_on = litellm("APIError", &own.to_string(), "500");
        for body in [own.to_string(), passed_on] {
            let error = submit(VEO, &Recorded::at(BASE).reply(status, &body)).unwrap_err();
            assert!(error.rejected, "{status} {body}");
        }
    }
}

#[test]
fn what_never_reached_the_provider_is_a_rejection() {
    for status in [521, 523, 525, 526, 530] {
        for body in ["", "<title>api.test | error</title>", "error code: 1016"] {
            let error = submit(VEO, &Recorded::at(BASE).reply(status, body)).unwrap_err();
            assert!(error.rejected && error.failure.is_rest(), "{status} {body}");
        }
    }
    for message in [
        "no healthy upstream",
        "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
        "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: \
         remote connection failure, transport failure reason: delayed connect error: 111",
        "connect ECONNREFUSED 10.0.0.7:4000",
        "dial tcp 10.0.0.7:4000: connect: connection refused",
        "dial tcp: lookup litellm: no such host",
        "[Errno -3] Temporary failure in name resolution",
        "No available channel for model veo-3 under group default",
    ] {
        for status in [500, 502, 503] {
            for body in [message.into(), litellm("APIConnectionError", message, "500")] {
                let error = submit(VEO, &Recorded::at(BASE).reply(status, &body)).unwrap_err();
                assert!(error.rejected && error.failure.is_rest(), "{status} {body}");
            }
        }
    }
}

#[test]
fn the_address_of_a_video_is_recorded_without_the_key_in_it() {
    let key = format!("AIza{}", "-key".repeat(9));
    let file = "https://api.test/v1beta/files/f1:download";
    let signed = "https://store.test/v.mp4?sig=aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3&b=1?2";
    for (address, recorded) in [
        (format!("{file}?alt=media&key={key}"), format!("{file}?alt=media&")),
        (format!("{file}?key={key}&alt=media"), format!("{file}?&alt=media")),
        (format!("files/f1?key={key}"), "files/f1?".into()),
        (format!("https://user:{key}@api.test/v.mp4"), "https://api.test/v.mp4".into()),
        (signed.into(), signed.into()),
        ("https://store.test/?key=v.mp4".into(), "https://store.test/?key=v.mp4".into()),
        ("gs://bucket/a@b.mp4".into(), "gs://bucket/a@b.mp4".into()),
    ] {
        let samples = json!({"generatedSamples": [{"video": {"uri": address}}]});
        let reply = json!({"done": true, "response": samples});
        let begun = submit(VEO, &Recorded::at(BASE).json(200, reply)).unwrap();
        assert_eq!(begun.name, format!("{FINISHED}{recorded}"));
    }
}

#[test]
fn an_address_that_the_ledger_cannot_take_is_none() {
    for address in ["https://a.test/\0.mp4".into(), format!("https://a.test/{}", "v".repeat(9000))]
    {
        let samples = json!({"generatedSamples": [{"video": {"uri": address}}]});
        let reply = json!({"done": true, "response": samples});
        let error = submit(VEO, &Recorded::at(BASE).json(200, reply)).unwrap_err();
        assert_eq!((error.rejected, error.failure.code), (false, Code::SubmissionUncertain));
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
        (204, ""),
        (200, "<html>"),
        (200, "<title>Sign in</title>"),
        (200, "\u{feff}<title>Sign in</title>"),
        (200, "<h1>Down for scheduled maintenance</h1>"),
        (200, "<h1>503 Service Unavailable</h1>"),
    ] {
        let error = submit(VEO, &Recorded::at(BASE).reply(status, body)).unwrap_err();
        assert!(error.rejected && error.failure.is_rest(), "{status} {body}");
    }
    // Without these the connection may have broken before the body.
    for bound in [("content-length", "0"), ("transfer-encoding", "chunked")] {
        let nothing = Recorded::at(BASE).reply_with(200, &[bound], "");
        let error = submit(VEO, &nothing).unwrap_err();
        assert!(error.rejected && error.failure.is_rest(), "{bound:?}");
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
fn a_video_inside_of_the_reply_to_its_submission_is_taken() {
    let video = [MP4, &[0; 2 << 20]].concat();
    let data = base64_simd::STANDARD.encode_to_string(&video);
    let veo = json!({"done": true, "response": {"videos": [{"bytesBase64Encoded": data}]},
        "usageMetadata": {"totalTokenCount": 7}});
    let omni = json!({"status": "completed", "outputs": [{"type": "video", "data": data}],
        "usage": {"totalTokenCount": 7}});
    let usage: Option<Json<'_>> = Some(json!({"totalTokenCount": 7}).into());
    for (model, key, name, reply) in [
        (VEO, "name", Some(NAME), &veo),
        (VEO, "name", None, &veo),
        (OMNI, "id", Some("v1_x"), &omni),
        (OMNI, "id", None, &omni),
    ] {
        let mut reply = reply.clone();
        reply[key] = json!(name);
        let begun = submission(model, &Recorded::at(BASE).json(200, reply), &json!({})).unwrap();
        assert_eq!(begun.operation.name, name.unwrap_or(FINISHED));
        assert_eq!(begun.made, Some((AssetFile::Inline(video.clone()), usage.clone())));
    }
    let file = submission(VEO, &Recorded::at(BASE).reply(200, &video), &json!({})).unwrap();
    assert_eq!(file.made, Some((AssetFile::Inline(video), None)));
    // What the run that had it could not store is lost, and says so without a question.
    let lost = poll(VEO, FINISHED, &Recorded::at(BASE)).unwrap_err();
    assert_eq!((lost.code, lost.next), (Code::OperationNotFound, Next::GiveUp));
    assert!(lost.message.contains("forget_operation"), "{}", lost.message);
    // An operation that goes on has nothing yet.
    let draft = json!({"name": NAME, "metadata": {"video": {"data": data}}});
    let begun = submission(VEO, &Recorded::at(BASE).json(200, draft), &json!({})).unwrap();
    assert_eq!((&*begun.operation.name, begun.made), (NAME, None));
}

#[test]
fn a_video_that_was_cut_was_made_all_the_same() {
    let cut = [MP4, b"\0\xff\0\0mdat", &[0; 100]].concat();
    let data = base64_simd::STANDARD.encode_to_string(&cut);
    let inside = json!({"done": true, "response": {"videos": [{"bytesBase64Encoded": data}]}});
    for body in [inside.to_string().into_bytes(), cut] {
        let error = submit(VEO, &Recorded::at(BASE).reply(200, &body)).unwrap_err();
        assert!(!error.rejected, "{}", error.failure);
        assert_eq!(error.failure.code, Code::SubmissionUncertain);
    }
}

#[test]
fn no_media_are_quoted() {
    let bytes: Vec<u8> = (0..=255).cycle().take(3000).collect();
    let data = base64_simd::STANDARD.encode_to_string(&bytes);
    let escaped = data.replace('/', "\\/");
    for body in [
        json!({"clip": data, "kind": "gif"}).to_string().into_bytes(),
        format!(r#"{{"clip": "{escaped}", "kind": "gif"}}"#).into_bytes(),
        format!("data:image/gif;base64,{data} gif").into_bytes(),
        [b"GIF89a gif ", bytes.as_slice()].concat(),
    ] {
        let error = submit(VEO, &Recorded::at(BASE).reply(200, &body)).unwrap_err();
        assert!(!error.rejected);
        let message = &error.failure.message;
        let kept = message.split(|c: char| !c.is_ascii_alphanumeric());
        assert!(kept.clone().all(|run| run.len() < 40), "{message}");
        assert!(message.contains("gif") && !message.contains("+/"), "{message}");
    }
}

#[test]
fn a_quotation_is_as_long_as_a_person_reads() {
    for word in ["it was accepted ", "ä", "operation-4711/", "{\"note\": [[[["] {
        let body = word.repeat(5000);
        let error = submit(VEO, &Recorded::at(BASE).reply(200, &body)).unwrap_err();
        assert_eq!(error.failure.code, Code::SubmissionUncertain);
        let (quoted, rest) = error.failure.message.split_once(". The asset may").unwrap();
        assert!(quoted.chars().count() <= 500 && rest.len() <= 500, "{}", error.failure.message);
        assert!(quoted.ends_with('…'), "{quoted}");
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
