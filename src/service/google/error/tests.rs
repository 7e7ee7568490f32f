use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::failure::{Next, Standing};

fn of(status: u16, body: &str) -> Failure {
    after(status, body, None)
}

fn after(status: u16, body: &str, retry_after: Option<u64>) -> Failure {
    let status = StatusCode::from_u16(status).unwrap();
    let retry_after = retry_after.map(Duration::from_secs);
    failure("a-model", &Reply { status, retry_after, body: body.as_bytes().to_vec() })
}

fn error(status: u16, name: &str, message: &str, details: Value) -> String {
    json!({"error": {"code": status, "status": name, "message": message, "details": details}})
        .to_string()
}

fn quota(id: &str, delay: Option<&str>) -> String {
    let mut details = vec![json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": id, "quotaMetric": "requests"}],
    })];
    details.extend(delay.map(
        |delay| json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}),
    ));
    error(429, "RESOURCE_EXHAUSTED", "Too many requests.", details.into())
}

fn waits(failure: &Failure) -> Option<u64> {
    assert_eq!(failure.code, Code::QuotaExhausted);
    match failure.next {
        Next::Rest { standing: Standing::Resting, after } => after.map(|delay| delay.as_secs()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_refused_request_is_final_and_in_the_providers_words() {
    let body = error(400, "INVALID_ARGUMENT", "`durationSeconds` has to be 4 to 8.", json!([]));
    let failure = of(400, &body);
    assert_eq!((failure.code, failure.next), (Code::ModelRejectedRequest, Next::GiveUp));
    assert_eq!(failure.message, "a-model answered 400: `durationSeconds` has to be 4 to 8.");
    for status in [402, 405, 409, 413, 422] {
        assert_eq!(of(status, "").next, Next::GiveUp, "{status}");
    }
}

#[test]
fn a_refused_key_is_final_and_says_what_to_do() {
    let reason = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]);
    for (status, body) in [
        (400, error(400, "INVALID_ARGUMENT", "Bad key.", reason)),
        (400, error(400, "INVALID_ARGUMENT", "API key not valid. Please pass one.", json!(null))),
        (401, error(401, "UNAUTHENTICATED", "Missing key.", json!([]))),
        (403, error(403, "PERMISSION_DENIED", "Suspended.", json!([]))),
        (403, String::new()),
    ] {
        let failure = of(status, &body);
        assert_eq!((failure.code, failure.next), (Code::ApiKeyInvalid, Next::GiveUp), "{body}");
        assert!(failure.message.contains("GOOGLE_GENERATIVE_AI_API_KEY"), "{}", failure.message);
    }
}

#[test]
fn a_model_that_is_gone_leads_to_the_next_one() {
    let gone = error(404, "NOT_FOUND", "models/a-model is no longer available.", json!([]));
    let by_code = json!({"error": {"code": "model_not_found", "message": "No such model."}});
    for (status, body) in [(404, gone), (400, by_code.to_string()), (410, String::new())] {
        let failure = of(status, &body);
        assert_eq!(
            (failure.code, failure.next),
            (Code::ModelUnavailable, Next::Rest { standing: Standing::Retired, after: None })
        );
    }
    assert!(of(404, "<html>Not Found</html>").message.contains("GOOGLE_GENERATIVE_AI_BASE_URL"));
}

#[test]
fn the_longer_of_two_delays_counts() {
    let body = quota("RequestsPerMinute-FreeTier", Some("34.4s"));
    assert_eq!(waits(&of(429, &body)), Some(35));
    assert_eq!(waits(&after(429, &body, Some(60))), Some(60));
    assert_eq!(waits(&after(429, &body, Some(5))), Some(35));
    assert_eq!(waits(&after(429, "", Some(5))), Some(5));
    assert_eq!(waits(&of(429, "")), None);
}

#[test]
fn a_delay_that_makes_no_sense_is_clamped_or_ignored() {
    for (delay, seconds) in [
        ("0s", Some(0)),
        ("0.000000001s", Some(1)),
        ("12s", Some(12)),
        ("99999999999s", Some(3600)),
        ("99999999999999999999999s", None),
        ("-3s", None),
        ("12", None),
        ("soon", None),
        ("s", None),
    ] {
        assert_eq!(waits(&of(429, &quota("PerMinute", Some(delay)))), seconds, "{delay}");
    }
}

#[test]
fn a_quota_of_a_day_or_of_nothing_takes_an_hour() {
    assert_eq!(waits(&of(429, &quota("RequestsPerDayPerModel", Some("12s")))), Some(3600));
    let none = error(429, "RESOURCE_EXHAUSTED", "Exceeded: x, limit: 0, model: y", json!([]));
    assert_eq!(waits(&of(429, &none)), Some(3600));
    let some = error(429, "RESOURCE_EXHAUSTED", "Exceeded: x, limit: 05, model: y", json!([]));
    assert_eq!(waits(&of(429, &some)), None);
    let value = json!([{"violations": [{"quotaId": "PerMinute", "quotaValue": "0"}]}]);
    assert_eq!(waits(&of(429, &error(429, "", "Exceeded.", value))), Some(3600));
}

#[test]
fn trouble_on_their_side_is_worth_another_try() {
    for status in [408, 500, 502, 503, 504, 529] {
        let failure = after(status, "<html>sorry</html>", Some(7));
        assert_eq!(failure.code, Code::ProviderUnavailable);
        let after = Some(Duration::from_secs(7));
        assert_eq!(failure.next, Next::Retry { after, attempts: None });
        assert_eq!(failure.message, format!("a-model answered {status}: no explanation"));
    }
}

#[test]
fn an_error_is_found_in_every_wrapping() {
    let inner = json!({"code": 400, "message": "No."});
    for body in [json!({"error": inner}), json!([{"error": inner}]), inner, json!({"error": "No."})]
    {
        assert_eq!(of(400, &body.to_string()).message, "a-model answered 400: No.", "{body}");
    }
    for body in ["", "null", "[]", "[[[", "{}", "\"x\"", "{\"error\":{}}", "\u{0}"] {
        assert_eq!(of(400, body).message, "a-model answered 400: no explanation", "{body}");
    }
}

#[test]
fn an_error_inside_of_a_success_is_an_error() {
    let failure = of(200, &error(503, "UNAVAILABLE", "Overloaded.", json!([])));
    assert_eq!(failure.code, Code::ProviderUnavailable);
    assert_eq!(of(302, "").code, Code::ProviderReplyUnreadable);
}

#[test]
fn no_key_gets_into_a_message() {
    let key = format!("AI{}{}", "za", "SyD3".repeat(9));
    let body = error(403, "PERMISSION_DENIED", &format!("Consumer 'api_key:{key}'."), json!([]));
    assert!(!of(403, &body).message.contains(&key));
    let lost = TransportError::NoReply(format!("GET https://x.test/?key={key}"));
    assert!(!unreachable("a-model", &lost).message.contains(&key));
}

#[test]
fn the_end_of_an_operation_depends_on_its_code() {
    let end = |code: Value| {
        let body = json!({"code": code, "message": "m"}).to_string();
        operation_failure("operation x", &Json::read(body.as_bytes()).unwrap())
    };
    let minute = Some(Duration::from_secs(60));
    assert_eq!(end(8.into()).next, Next::Retry { after: minute, attempts: None });
    for code in [4, 10, 13, 14] {
        assert_eq!(end(code.into()).next, Next::Retry { after: None, attempts: None });
    }
    assert_eq!(end("13".into()).next, Next::Retry { after: None, attempts: None });
    assert_eq!(end(Value::Null).next, Next::Retry { after: None, attempts: Some(3) });
    for code in [3, 5, 7, 9, 11, 12, 16] {
        assert_eq!(end(code.into()).next, Next::GiveUp);
    }
    assert_eq!(end(3.into()).message, "operation x failed with code 3: m");
}
