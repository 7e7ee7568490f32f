use serde_json::json;

use super::*;
use crate::service::testing::MP4;

/// Asked again, or submitted again, a few times.
const FEW: Next = Next::Retry { after: None, attempts: Some(3) };

/// Asked again during some minutes.
const IN_DOUBT: Next = Next::Retry { after: None, attempts: Some(POLLS_IN_DOUBT) };

fn progress(model: &str, name: &str, reply: Value) -> Progress {
    poll(model, name, &Recorded::at(BASE).json(200, reply)).unwrap()
}

fn name_of(model: &str) -> &str {
    if model == VEO { NAME } else { "v1_x" }
}

fn ended(model: &str, reply: Value) -> Failure {
    match progress(model, name_of(model), reply) {
        Progress::Ended(failure) => failure,
        other => panic!("{other:?}"),
    }
}

fn unclear(model: &str, reply: Value) -> Failure {
    match progress(model, name_of(model), reply) {
        Progress::Unclear(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_operation_is_asked_for_by_its_name() {
    let transport =
        Recorded::at(BASE).json(200, json!({"name": NAME})).json(200, json!({"status": "queued"}));
    assert_eq!(poll(VEO, NAME, &transport).unwrap(), Progress::Pending);
    assert_eq!(poll(OMNI, "v1_x", &transport).unwrap(), Progress::Pending);
    let urls = [format!("{BASE}/{NAME}"), format!("{BASE}/interactions/v1_x")];
    assert_eq!(transport.urls(), urls);
    assert_eq!(transport.sent.borrow()[0].method, "GET");
}

#[test]
fn a_name_that_leads_elsewhere_is_not_polled() {
    let transport = Recorded::at(BASE);
    for name in ["", "../operations/x", "operations/../x", "//evil.test/operations/x", "x?key=1"] {
        for model in [VEO, OMNI] {
            let failure = poll(model, name, &transport).unwrap_err();
            assert_eq!((failure.code, failure.next), (Code::OperationNotFound, Next::GiveUp));
        }
    }
    assert!(transport.urls().is_empty());
}

#[test]
fn a_finished_veo_video_is_at_its_uri_or_inside() {
    let remote = Progress::Ready(AssetFile::Remote("https://api.test/f".into()), None);
    let inline = Progress::Ready(AssetFile::Inline(MP4.to_vec()), None);
    let data = base64_simd::STANDARD.encode_to_string(MP4);
    let uri = json!({"video": {"uri": "https://api.test/f"}});
    for (response, found) in [
        (json!({"generateVideoResponse": {"generatedSamples": [uri]}}), &remote),
        (json!({"generatedSamples": [uri]}), &remote),
        (
            json!({"generateVideoResponse": {"generatedSamples": [{}, uri],
            "raiMediaFilteredCount": 1}}),
            &remote,
        ),
        (
            json!({"generateVideoResponse": {"generatedSamples": [{"video": {"encodedVideo": data}}]}}),
            &inline,
        ),
        (json!({"videos": [{"bytesBase64Encoded": data}]}), &inline),
    ] {
        let reply = json!({"name": NAME, "done": true, "response": response});
        assert_eq!(progress(VEO, NAME, reply), *found);
    }
}

#[test]
fn a_video_that_ends_in_the_middle_is_polled_for_again() {
    let half = [MP4, b"\0\0\x20\0mdat0123"].concat();
    let text = base64_simd::STANDARD.encode_to_string(&half);
    let json =
        json!({"name": NAME, "done": true, "response": {"videos": [{"encodedVideo": text}]}});
    for body in [half, text.clone().into(), json.to_string().into()] {
        let failure = poll(VEO, NAME, &Recorded::at(BASE).reply(200, body)).unwrap_err();
        let again = Next::Retry { after: None, attempts: None };
        assert_eq!((failure.code, failure.next), (Code::ProviderReplyUnreadable, again));
    }
}

/// The ways in which a video of this form comes.
fn results(video: &Value) -> Vec<(&'static str, Value)> {
    let sample = json!({"video": video});
    let mut results = Vec::new();
    for response in [
        json!({"generateVideoResponse": {"generatedSamples": [sample]}}),
        json!({"generateVideoResponse": {"generatedSamples": [sample], "raiMediaFilteredCount": 1}}),
        json!({"generate_video_response": {"generated_samples": [sample]}}),
        json!({"generatedVideos": [sample]}),
        json!({"generated_videos": [{}, sample, null]}),
        json!({"generatedSamples": [video], "thumbnail": {"uri": "https://api.test/thumbnail"}}),
        json!({"videos": [video]}),
        json!({"video": video}),
    ] {
        for done in [json!({}), json!({"done": true}), json!({"done": true, "name": NAME})] {
            for key in ["response", "result"] {
                let mut reply = done.clone();
                reply[key] = response.clone();
                results.push((VEO, reply));
            }
        }
    }
    let mut item = video.clone();
    item["type"] = json!("video");
    for outputs in [
        json!({"steps": [{"type": "model_output", "content": [{"type": "text", "text": "Here"}, item]}]}),
        json!({"steps": [{"type": "model_output", "content": [item]},
            {"type": "thought", "content": [{"type": "video", "uri": "https://api.test/draft"}]}]}),
        json!({"steps": [{"type": "user_input", "content": [{"type": "video", "uri": "https://api.test/source"}]},
            {"type": "model_output", "content": [item]}]}),
        json!({"outputs": [item]}),
        json!({"output_video": video}),
        json!({"outputVideo": video, "input": [{"type": "video", "uri": "https://api.test/source"}]}),
    ] {
        for status in ["completed", "COMPLETED", "failed", "incomplete", "brand_new"] {
            let mut reply = outputs.clone();
            reply["status"] = json!(status);
            reply["id"] = json!("v1_x");
            results.push((OMNI, reply));
        }
    }
    results
}

/// The ways in which a reply is sent.
fn bodies(reply: &Value) -> Vec<String> {
    let with = |key: &str, value: Value| {
        let mut reply = reply.clone();
        reply[key] = value;
        reply.to_string()
    };
    vec![
        reply.to_string(),
        with("error", json!({})),
        with("error", json!({"code": 0})),
        with("error", json!({"code": 13, "message": "m"})),
        with("message", json!("ok")),
        json!([reply]).to_string(),
        json!({"data": reply}).to_string(),
        json!({"response": reply}).to_string(),
        json!({"success": true, "result": [reply]}).to_string(),
        format!("\u{feff}{reply}"),
        format!("data: {reply}\n\ndata: [DONE]\n\n"),
        format!("{{\"status\":\"in_progress\",\"name\":\"x\"}}\n{reply}\n"),
        reply.to_string().replacen('{', "{\"progress\":NaN,\"size\":1e999,", 1),
        format!("{reply} trailing"),
    ]
}

#[test]
fn a_video_is_taken_whatever_stands_around_it() {
    const URI: &str = "https://api.test/v1beta/files/f1:download?alt=media";
    let data = base64_simd::STANDARD.encode_to_string(MP4);
    let inline = |key: &str| json!({key: data, "mimeType": "video/mp4"});
    let mut forms = vec![];
    for key in ["uri", "gcsUri", "downloadUri", "download_uri", "fileUri", "url", "videoUri"] {
        forms.push((json!({key: URI}), AssetFile::Remote(URI.into())));
    }
    forms.push((json!({"uri": "files/f1"}), AssetFile::Remote("files/f1".into())));
    forms.push((json!({"name": "files/f1"}), AssetFile::Remote("files/f1".into())));
    forms.push((json!({"uri": format!(" {URI}\n")}), AssetFile::Remote(URI.into())));
    forms.push((json!({"gcsUri": "gs://b/o.mp4"}), AssetFile::Remote("gs://b/o.mp4".into())));
    let both =
        json!({"uri": URI, "gcsUri": "gs://b/o.mp4", "thumbnail": {"uri": "https://a.test/"}});
    forms.push((both, AssetFile::Remote(URI.into())));
    for key in ["bytesBase64Encoded", "encodedVideo", "videoBytes", "video_bytes", "data", "new"] {
        forms.push((inline(key), AssetFile::Inline(MP4.to_vec())));
    }
    let no_file = base64_simd::STANDARD.encode_to_string(b"GIF89a\x01\0\x01\0\0\0");
    forms.push((json!({"videoBytes": no_file, "uri": URI}), AssetFile::Remote(URI.into())));
    for (video, file) in forms {
        for (model, reply) in results(&video) {
            for body in bodies(&reply) {
                for status in [200, 404, 500] {
                    let transport = Recorded::at(BASE).reply(status, &body);
                    let found = poll(model, name_of(model), &transport);
                    assert_eq!(found, Ok(Progress::Ready(file.clone(), None)), "{status} {body}");
                }
            }
        }
    }
}

#[test]
fn an_operation_that_goes_on_gives_nothing() {
    const URI: &str = "https://api.test/v1beta/files/draft";
    let data = base64_simd::STANDARD.encode_to_string(MP4);
    for video in [json!({"uri": URI}), json!({"bytesBase64Encoded": data})] {
        for reply in [
            json!({"name": NAME, "metadata": {"video": video}}),
            json!({"name": NAME, "done": false, "response": {"videos": [video]}}),
            json!({"name": NAME, "done": 0, "metadata": {"preview": {"video": video}}}),
            json!({"name": NAME, "done": "false", "video": video}),
            json!({"data": {"name": NAME, "status": "processing", "video": video}}),
        ] {
            assert_eq!(progress(VEO, NAME, reply.clone()), Progress::Pending, "{reply}");
        }
        let mut item = video;
        item["type"] = json!("video");
        for status in ["in_progress", "queued"] {
            let step = json!({"type": "model_output", "status": "completed", "content": [item]});
            let reply = json!({"id": "v1_x", "status": status, "steps": [step]});
            assert_eq!(progress(OMNI, "v1_x", reply.clone()), Progress::Pending, "{reply}");
        }
    }
}

#[test]
fn a_result_comes_before_what_is_told_of_it() {
    let data = base64_simd::STANDARD.encode_to_string(MP4);
    let source = base64_simd::STANDARD.encode_to_string([MP4, b"source"].concat());
    let uri = |name: &str| json!({"video": {"uri": format!("https://api.test/{name}")}});
    let remote =
        |name: &str| Progress::Ready(AssetFile::Remote(format!("https://api.test/{name}")), None);
    for key in ["response", "result"] {
        let both = json!({"done": true, key: uri("made"), "metadata": uri("source")});
        assert_eq!(progress(VEO, NAME, both), remote("made"));
        let inside = json!({"done": true, key: {"videos": [{"data": data}]},
            "metadata": {"video": {"data": source}}});
        let made = Progress::Ready(AssetFile::Inline(MP4.to_vec()), None);
        assert_eq!(progress(VEO, NAME, inside), made);
        let only = json!({"done": true, key: {}, "metadata": uri("made")});
        assert_eq!(progress(VEO, NAME, only), remote("made"));
    }
}

#[test]
fn that_it_is_over_is_said_in_several_ways() {
    for done in [json!(true), json!(1), json!("true"), json!("True")] {
        let failure = ended(VEO, json!({"done": done, "error": {"code": 3, "message": "m"}}));
        assert_eq!(failure.code, Code::OperationFailed);
    }
}

#[test]
fn an_end_is_read_in_every_wrapping() {
    for (model, reply, code) in [
        (VEO, json!({"done": true, "error": {"code": 3, "message": "m"}}), Code::OperationFailed),
        (VEO, json!({"done": true, "error": "Out of tea"}), Code::OperationFailed),
        (VEO, json!({"done": true, "error": "Overloaded"}), Code::ProviderUnavailable),
        (
            VEO,
            json!({"done": true, "error": {"code": 503, "message": "overloaded"}}),
            Code::ProviderUnavailable,
        ),
        (
            VEO,
            json!({"done": true, "result": {"rai_media_filtered_count": 1}}),
            Code::ContentBlocked,
        ),
        (
            VEO,
            json!({"done": true, "response": {"promptFeedback": {"blockReason": "OTHER"}}}),
            Code::ContentBlocked,
        ),
        (
            OMNI,
            json!({"status": "failed", "error": {"code": "resource_exhausted"}}),
            Code::QuotaExhausted,
        ),
        (OMNI, json!({"status": "Failed", "errors": [{"code": 429}]}), Code::QuotaExhausted),
        (OMNI, json!({"status": "completed", "error": {"code": 13}}), Code::ProviderUnavailable),
    ] {
        for body in [
            reply.to_string(),
            json!([reply]).to_string(),
            json!({"data": reply}).to_string(),
            format!("data: {reply}\n\n"),
        ] {
            let found = poll(model, name_of(model), &Recorded::at(BASE).reply(200, &body));
            match found {
                Ok(Progress::Ended(failure)) => assert_eq!(failure.code, code, "{body}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_filtered_veo_video_is_final_unless_it_was_for_its_sound() {
    let filtered = |response: Value| ended(VEO, json!({"done": true, "response": response}));
    let reasons =
        json!({"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Violates a policy"]});
    for response in [json!({"generateVideoResponse": reasons}), reasons] {
        let failure = filtered(response);
        assert_eq!((failure.code, failure.next), (Code::ContentBlocked, Next::GiveUp));
        assert!(failure.message.contains("Violates a policy"));
    }
    let count_only = filtered(json!({"generateVideoResponse": {"raiMediaFilteredCount": 1}}));
    assert_eq!(count_only.next, Next::GiveUp);
    let sound = json!({"raiMediaFilteredCount": 1,
        "raiMediaFilteredReasons": ["There was an issue with the audio for your prompt."]});
    let failure = filtered(json!({"generateVideoResponse": sound}));
    assert_eq!(failure.code, Code::ContentBlocked);
    assert_eq!(failure.next, Next::Retry { after: None, attempts: Some(3) });
}

#[test]
fn a_failed_veo_operation_says_by_its_code_what_follows() {
    let failed =
        |code: i32| ended(VEO, json!({"done": true, "error": {"code": code, "message": "m"}}));
    assert_eq!(failed(13).next, Next::Rest { standing: Standing::Resting, after: None });
    assert_eq!(failed(13).code, Code::ProviderUnavailable);
    assert_eq!((failed(3).code, failed(3).next), (Code::OperationFailed, Next::GiveUp));
    assert!(failed(3).message.contains(NAME));
}

#[test]
fn an_end_with_nothing_is_read_again_and_then_worth_a_few_submissions() {
    for more in [
        json!({"response": null}),
        json!({"response": {}}),
        json!({"response": {"generateVideoResponse": {}}}),
        json!({"response": {"generateVideoResponse": {"generatedSamples": []}}}),
        json!({"response": {"generateVideoResponse": {"generatedSamples": [{"video": {}}, null]}}}),
        json!({"error": {}}),
        json!({"error": {"code": 0}, "response": {"@type": "type.googleapis.com/x"}}),
        json!({"something": "new"}),
    ] {
        let mut reply = more;
        reply["name"] = json!(NAME);
        reply["done"] = json!(true);
        let failure = unclear(VEO, reply);
        assert_eq!(failure.code, Code::NoVideo);
        assert_eq!(failure.next, FEW);
    }
    for repeated in [
        json!({}),
        json!({"input": [{"type": "text", "text": "Lion walking"}]}),
        json!({"response_format": {"type": "video", "delivery": "uri"}}),
        json!({"steps": [{"type": "user_input", "content": [{"type": "video", "uri": "files/x"}]},
            {"type": "thought", "content": [{"type": "text", "text": "Hm"}]}]}),
    ] {
        let mut reply = repeated;
        reply["status"] = json!("completed");
        assert_eq!(unclear(OMNI, reply).next, FEW);
    }
}

#[test]
fn a_result_of_no_known_form_is_no_missing_video() {
    let sample = |sample: Value| json!({"done": true, "response": {"generateVideoResponse": {"generatedSamples": [sample]}}});
    let long = "A".repeat(100_000);
    for (model, reply) in [
        (VEO, sample(json!({"video": {"handle": "projects/p/videos/1"}}))),
        (VEO, sample(json!({"video": {"newBytes": long}}))),
        (VEO, sample(json!("video-1"))),
        (VEO, json!({"done": true, "response": {"output": "https://api.test/video.mp4"}})),
        (VEO, json!({"done": true, "response": {"media": [{"url": "https://api.test/video"}]}})),
        (VEO, json!({"done": true, "response": {"sample": {"uri": "https://api.test/video"}}})),
        (VEO, json!({"done": true, "output": ["https://api.test/video.mp4"]})),
        (VEO, json!({"done": true, "outputs": [{"url": "https://api.test/video.mp4"}]})),
        (OMNI, json!({"status": "completed", "output": "https://api.test/video.mp4"})),
        (OMNI, json!({"status": "completed", "media": [{"url": "https://api.test/video"}]})),
        (VEO, json!({"done": true, "result": {"videos": [{"mime_type": "video/mp4"}]}})),
        (OMNI, json!({"status": "completed", "outputs": [{"type": "video", "handle": "x"}]})),
    ] {
        let transport = Recorded::at(BASE).json(200, reply);
        let failure = poll(model, name_of(model), &transport).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::ProviderReplyUnreadable, IN_DOUBT));
        assert!(failure.message.contains("video"), "{}", failure.message);
    }
}

#[test]
fn a_finished_omni_video_is_at_its_uri_or_inside() {
    let output = |video: Value| {
        json!({"id": "v1_x", "status": "completed", "usage": {"total_output_tokens": 46336},
            "steps": [{"type": "thought", "content": [{"type": "text", "text": "Hm"}]},
                {"type": "model_output", "content": [{"type": "text", "text": "Here"}, video]}]})
    };
    let usage: Option<Json<'_>> = Some(json!({"total_output_tokens": 46336}).into());
    assert_eq!(
        progress(OMNI, "v1_x", output(json!({"type": "video", "uri": "https://api.test/f"}))),
        Progress::Ready(AssetFile::Remote("https://api.test/f".into()), usage.clone())
    );
    let data = base64_simd::STANDARD.encode_to_string(MP4);
    assert_eq!(
        progress(OMNI, "v1_x", output(json!({"type": "video", "data": data}))),
        Progress::Ready(AssetFile::Inline(MP4.to_vec()), usage)
    );
}

#[test]
fn a_response_that_is_a_text_is_read() {
    let response = json!({"generatedSamples": [{"video": {"uri": "https://api.test/f"}}]});
    let reply = json!({"name": NAME, "done": true, "response": response.to_string()});
    let remote = Progress::Ready(AssetFile::Remote("https://api.test/f".into()), None);
    assert_eq!(progress(VEO, NAME, reply), remote);
    let data = base64_simd::STANDARD.encode_to_string(MP4);
    let response = json!({"videos": [{"bytesBase64Encoded": data}]}).to_string();
    let reply = json!({"name": NAME, "done": true, "response": response});
    let inline = Progress::Ready(AssetFile::Inline(MP4.to_vec()), None);
    assert_eq!(progress(VEO, NAME, reply), inline);
    let error = json!({"code": 3, "message": "No lions."}).to_string();
    let failure = ended(VEO, json!({"name": NAME, "done": true, "error": error}));
    assert_eq!(failure.message, format!("{NAME} failed with code 3: No lions."));
}

#[test]
fn omni_refuses_in_words() {
    let said =
        json!([{"type": "text", "text": "I cannot"}, {"type": "text", "text": "show that."}]);
    let failure = ended(
        OMNI,
        json!({"status": "completed", "steps": [{"type": "model_output", "content": said}]}),
    );
    assert_eq!((failure.code, failure.next), (Code::ContentBlocked, Next::GiveUp));
    assert!(failure.message.ends_with("I cannot show that."), "{}", failure.message);
}

#[test]
fn every_other_end_of_omni_is_known() {
    let next = |status: &str| ended(OMNI, json!({"status": status})).next;
    assert_eq!(next("failed"), Next::Retry { after: None, attempts: Some(3) });
    assert_eq!(next("incomplete"), Next::Retry { after: None, attempts: Some(3) });
    assert_eq!(next("budget_exceeded"), Next::Retry { after: None, attempts: Some(3) });
    for status in ["cancelled", "requires_action", "requires_continuation"] {
        assert_eq!(next(status), Next::GiveUp);
    }
    let error = json!({"type": "model_output", "error": {"code": 3, "message": "Bad image"}});
    let failure = ended(OMNI, json!({"status": "failed", "steps": [error]}));
    assert_eq!(failure.next, Next::GiveUp);
    assert!(failure.message.contains("Bad image"));
}

#[test]
fn an_operation_is_unknown_only_if_that_is_said_a_few_times() {
    let missing = json!({"error": {"code": 404, "message": "Not found"}});
    let unknown = json!({"error": {"code": 400, "message": "Invalid interaction id"}});
    let invalid = json!({"error": {"message": "Invalid argument.", "code": "invalid_request"}});
    let words = json!({"error": {"message": "m", "code": "not_found"}});
    let numbered = json!([{"error": {"code": 5, "message": "m"}}]);
    let again = json!({"error": {"code": 400, "message": "Please try again."}});
    for (model, status, reply, code) in [
        (VEO, 404, &missing, Code::OperationNotFound),
        (OMNI, 404, &missing, Code::OperationNotFound),
        (OMNI, 400, &unknown, Code::OperationNotFound),
        (OMNI, 400, &invalid, Code::OperationNotFound),
        (OMNI, 404, &words, Code::OperationNotFound),
        (VEO, 404, &numbered, Code::OperationNotFound),
        (VEO, 400, &invalid, Code::ModelRejectedRequest),
        (VEO, 400, &again, Code::ModelRejectedRequest),
    ] {
        let transport = Recorded::at(BASE).json(status, reply.clone());
        let failure = poll(model, name_of(model), &transport).unwrap_err();
        assert_eq!((failure.code, failure.next), (code, IN_DOUBT));
        assert!(failure.message.contains(name_of(model)));
    }
}

#[test]
fn what_a_proxy_does_not_know_says_nothing_about_the_operation() {
    for (model, name) in [(VEO, NAME), (OMNI, "v1_x")] {
        for reply in [
            "<html>Not Found</html>",
            r#"{"message": "no Route matched with those values"}"#,
            r#"{"status": 404, "error": "Not Found", "message": "m", "path": "/x"}"#,
            r#"{"code": 404, "message": "Not Found"}"#,
            r#"{"code": "NOT_FOUND", "status": "error", "message": "m"}"#,
            r#"{"error": {"message": "Not Found"}}"#,
            r#"{"error": {"code": 404}}"#,
            r#"{"detail": "Not Found"}"#,
            "{}",
        ] {
            for status in [404, 410] {
                let transport = Recorded::at(BASE).reply(status, reply);
                let failure = poll(model, name, &transport).unwrap_err();
                assert_eq!(failure.next, Next::Retry { after: None, attempts: None }, "{reply}");
            }
        }
    }
    let place = json!({"error": {"code": 400, "status": "FAILED_PRECONDITION",
        "message": "User location is not supported"}});
    let transport = Recorded::at(BASE).json(400, place);
    assert_eq!(poll(OMNI, "v1_x", &transport).unwrap_err().code, Code::LocationRefused);
}

#[test]
fn a_refused_question_says_nothing_about_the_operation() {
    let key = json!({"error": {"code": 400, "message": "m",
        "details": [{"reason": "API_KEY_INVALID"}]}});
    for (status, reply, code) in [
        (400, key, Code::ApiKeyInvalid),
        (429, json!({}), Code::QuotaExhausted),
        (503, json!({}), Code::ProviderUnavailable),
        (499, json!({}), Code::ProviderUnavailable),
        (499, json!({"error": {"code": 499, "status": "CANCELLED"}}), Code::ProviderUnavailable),
        (200, json!({"status": "brand_new"}), Code::ProviderReplyUnreadable),
    ] {
        let transport = Recorded::at(BASE).json(status, reply);
        assert_eq!(poll(OMNI, "v1_x", &transport).unwrap_err().code, code);
    }
    let broken = Recorded::at(BASE).reply(200, "<html>");
    assert_eq!(poll(VEO, NAME, &broken).unwrap_err().code, Code::ProviderReplyUnreadable);
    let lost = Recorded::at(BASE).fails(TransportError::NoReply("x".into()));
    assert_eq!(poll(VEO, NAME, &lost).unwrap_err().code, Code::ProviderUnavailable);
}

#[test]
fn an_error_in_a_success_is_no_pending_operation() {
    let poll = |reply: Value| poll(VEO, NAME, &Recorded::at(BASE).json(200, reply));
    let error = json!({"code": 404, "message": "Not found", "status": "NOT_FOUND"});
    let failure = poll(json!({"error": error.clone()})).unwrap_err();
    assert_eq!(failure.code, Code::OperationNotFound);
    // It counts when the operation is over. Until then its words are kept.
    for (error, said) in [
        (json!({"code": 13, "message": "m"}), Some("m")),
        (json!({"code": 13}), Some("no explanation")),
        (json!("m"), Some("m")),
        (json!({}), None),
    ] {
        let reply = |done: Value| poll(json!({"name": NAME, "error": error, "done": done}));
        let pending = said.map_or(Progress::Pending, |said| Progress::Troubled(said.into()));
        assert_eq!(reply(Value::Null).unwrap(), pending, "{error}");
        assert_eq!(reply(json!(false)).unwrap(), pending, "{error}");
        let over = reply(json!(true)).unwrap();
        assert_eq!(matches!(over, Progress::Ended(_)), error != json!({}), "{error}");
    }
    assert!(poll(json!("text")).is_err());
    assert_eq!(poll(json!([{"name": NAME}])).unwrap(), Progress::Pending);
}

#[test]
fn a_forbidden_operation_is_not_a_forbidden_key() {
    let gone = json!({"error": {"code": 403, "status": "PERMISSION_DENIED",
        "message": "You do not have permission, or it may not exist."}});
    let failure = poll(VEO, NAME, &Recorded::at(BASE).json(403, gone)).unwrap_err();
    assert_eq!((failure.code, failure.next), (Code::OperationNotFound, IN_DOUBT));
}
