use serde_json::json;

use super::*;

fn cancel(model: &str, name: &str, transport: &Recorded) -> Result<(), Failure> {
    let operation = Operation { model: model.into(), name: name.into() };
    now(Operations::new(transport, transport).cancel(&operation))
}

#[test]
fn an_interaction_is_cancelled_by_its_id() {
    let transport = Recorded::at(BASE).json(200, json!({"id": "v1_x", "status": "cancelled"}));
    assert_eq!(cancel(OMNI, "v1_x", &transport), Ok(()));
    let sent = transport.only();
    let url = format!("{BASE}/interactions/v1_x/cancel");
    assert_eq!((sent.method, sent.url, sent.body.len()), ("POST", url, 0));
}

#[test]
fn veo_cannot_cancel_and_is_not_asked() {
    let transport = Recorded::at(BASE);
    assert_eq!(cancel(VEO, NAME, &transport), Ok(()));
    assert!(transport.urls().is_empty());
}

#[test]
fn a_refusal_says_whether_it_may_pass() {
    let refused = |status| {
        let error = json!({"error": {"code": status, "message": "Invalid interaction id: v1_x"}});
        cancel(OMNI, "v1_x", &Recorded::at(BASE).json(status, error)).unwrap_err()
    };
    assert_eq!(refused(400).next, Next::GiveUp);
    assert!(matches!(refused(503).next, Next::Rest { .. }));
    assert!(matches!(refused(429).next, Next::Rest { .. }));
    let lost = Recorded::at(BASE).fails(TransportError::NoReply("x".into()));
    assert!(matches!(cancel(OMNI, "v1_x", &lost).unwrap_err().next, Next::Rest { .. }));
    let elsewhere = cancel(OMNI, "../files/x", &Recorded::at(BASE)).unwrap_err();
    assert_eq!(elsewhere.next, Next::GiveUp);
}
