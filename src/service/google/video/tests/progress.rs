use serde_json::json;

use super::*;
use crate::service::testing::MP4;

fn progress(model: &str, name: &str, reply: Value) -> Progress {
    poll(model, name, &Recorded::at(BASE).json(200, reply)).unwrap()
}

fn ended(model: &str, reply: Value) -> Failure {
    match progress(model, if model == VEO { NAME } else { "v1_x" }, reply) {
        Progress::Ended(failure) => failure,
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
    let remote = Progress::Ready(VideoFile::Remote("https://api.test/f".into()), None);
    let inline = Progress::Ready(VideoFile::Inline(MP4.to_vec()), None);
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
fn an_end_with_nothing_is_worth_a_few_submissions() {
    for response in [
        Value::Null,
        json!({}),
        json!({"generateVideoResponse": {}}),
        json!({"generateVideoResponse": {"generatedSamples": []}}),
        json!({"generateVideoResponse": {"generatedSamples": [{"video": {}}, null]}}),
    ] {
        let failure = ended(VEO, json!({"name": NAME, "done": true, "response": response}));
        assert_eq!(failure.code, Code::NoVideo);
        assert_eq!(failure.next, Next::Retry { after: None, attempts: Some(3) });
    }
}

#[test]
fn a_finished_omni_video_is_at_its_uri_or_inside() {
    let output = |video: Value| {
        json!({"id": "v1_x", "status": "completed", "usage": {"total_output_tokens": 46336},
            "steps": [{"type": "thought", "content": [{"type": "text", "text": "Hm"}]},
                {"type": "model_output", "content": [{"type": "text", "text": "Here"}, video]}]})
    };
    let usage = Some(json!({"total_output_tokens": 46336}));
    assert_eq!(
        progress(OMNI, "v1_x", output(json!({"type": "video", "uri": "https://api.test/f"}))),
        Progress::Ready(VideoFile::Remote("https://api.test/f".into()), usage.clone())
    );
    let data = base64_simd::STANDARD.encode_to_string(MP4);
    assert_eq!(
        progress(OMNI, "v1_x", output(json!({"type": "video", "data": data}))),
        Progress::Ready(VideoFile::Inline(MP4.to_vec()), usage)
    );
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
    assert_eq!(ended(OMNI, json!({"status": "completed"})).code, Code::NoVideo);
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
fn an_unknown_operation_is_given_up_and_kept() {
    let missing = json!({"error": {"code": 404, "message": "Not found"}});
    let unknown = json!({"error": {"code": 400, "message": "Invalid interaction id"}});
    for (model, name, status, reply) in
        [(VEO, NAME, 404, &missing), (OMNI, "v1_x", 404, &missing), (OMNI, "v1_x", 400, &unknown)]
    {
        let transport = Recorded::at(BASE).json(status, reply.clone());
        let failure = poll(model, name, &transport).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::OperationNotFound, Next::GiveUp));
        assert!(failure.message.contains(name));
    }
}

#[test]
fn what_a_proxy_does_not_know_says_nothing_about_the_operation() {
    for (model, name) in [(VEO, NAME), (OMNI, "v1_x")] {
        let transport = Recorded::at(BASE).reply(404, "<html>Not Found</html>");
        let failure = poll(model, name, &transport).unwrap_err();
        assert_eq!(failure.next, Next::Retry { after: None, attempts: None });
    }
    let place = json!({"error": {"code": 400, "status": "FAILED_PRECONDITION",
        "message": "User location is not supported"}});
    let transport = Recorded::at(BASE).json(400, place);
    assert_eq!(poll(OMNI, "v1_x", &transport).unwrap_err().code, Code::ModelRejectedRequest);
}

#[test]
fn a_refused_question_says_nothing_about_the_operation() {
    let key = json!({"error": {"code": 400, "message": "m",
        "details": [{"reason": "API_KEY_INVALID"}]}});
    for (status, reply, code) in [
        (400, key, Code::ApiKeyInvalid),
        (429, json!({}), Code::QuotaExhausted),
        (503, json!({}), Code::ProviderUnavailable),
        (200, json!({"status": "brand_new"}), Code::ProviderReplyUnreadable),
    ] {
        let transport = Recorded::at(BASE).json(status, reply);
        assert_eq!(poll(OMNI, "v1_x", &transport).unwrap_err().code, code);
    }
    let broken = Recorded::at(BASE).reply(200, "{\"name\": ");
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
    let failed = poll(json!({"name": NAME, "error": {"code": 13, "message": "m"}})).unwrap();
    assert!(matches!(failed, Progress::Ended(_)), "{failed:?}");
    assert!(poll(json!("text")).is_err());
    assert_eq!(poll(json!([{"name": NAME}])).unwrap(), Progress::Pending);
}

#[test]
fn a_forbidden_operation_is_not_a_forbidden_key() {
    let gone = json!({"error": {"code": 403, "status": "PERMISSION_DENIED",
        "message": "You do not have permission, or it may not exist."}});
    let failure = poll(VEO, NAME, &Recorded::at(BASE).json(403, gone)).unwrap_err();
    assert_eq!((failure.code, failure.next), (Code::OperationNotFound, Next::GiveUp));
}
