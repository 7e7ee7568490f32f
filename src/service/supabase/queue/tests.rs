use serde_json::{Value, json};

use super::*;
use crate::failure::{Next, Standing};
use crate::http::TransportError;
use crate::job::{Format, Slot};
use crate::port::{Copied, LinkOutcome, LinkedEntity, Unavailable};
use crate::service::testing::{Recorded, RecordedRequest, now};

const BASE: &str = "http://127.0.0.1:54321/rest/v1";
const JOB: &str = "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d";
const LEASE: Lease = Lease { kind: Kind::Video, msg_id: 7, token: 3 };

fn at(status: u16, answer: Value) -> Recorded {
    Recorded::at(BASE).json(status, answer)
}

fn arguments(transport: &Recorded, function: &str) -> Value {
    let sent = transport.only();
    assert_eq!((sent.method, sent.url.clone()), ("POST", format!("{BASE}/rpc/{function}")));
    assert_eq!(sent.header("content-type").unwrap(), "application/json");
    serde_json::from_slice(&sent.body).unwrap()
}

fn row() -> Value {
    json!({
        "job_id": JOB, "msg_id": 7, "lease_token": 3, "message": {"prompt": "p"}, "attempts": 2, "deaths": 1,
        "operation": {"model": "veo-x", "name": "operations/y"}, "operation_age_seconds": 12.5,
        "submission_pending": false, "enqueued_at": "2026-11-24T06:26:00+00:00", "retried": true,
        "age_seconds": 77.5, "unavailable": {"veo-x": {"state": "refused", "seconds": 61,
            "passed_over": true, "probe": true, "code": "billing_refused", "reason": "no credit"}},
    })
}

fn asset() -> StoredAsset {
    StoredAsset {
        path: "sb/jobs/j.mp4".into(),
        url: "https://p.test/j.mp4".into(),
        format: Format::Mp4,
        model: Some("veo-x".into()),
        usage: None,
        cost_usd: Some(0.8),
        passed_over: None,
        took: None,
    }
}

#[test]
fn a_reply_may_be_as_long_as_what_was_asked_for_needs() {
    let transport = at(200, json!([row()]));
    claim(&transport).unwrap();
    assert_eq!(*transport.limits.borrow(), [LONGEST_REPLY + 5 * LONGEST_CLAIM]);
    let transport = at(200, json!(true));
    extend(&transport).unwrap();
    assert_eq!(*transport.limits.borrow(), [LONGEST_REPLY]);
    let long = || format!("true{}", " ".repeat(LONGEST_REPLY));
    let transport = Recorded::at(BASE).reply(200, long()).reply(200, long()).reply(200, long());
    let Err(WriteError::Failed(failure)) = extend(&transport) else { panic!() };
    assert!(failure.message.contains("sent more than the 1 MB"), "{}", failure.message);
}

fn extend(transport: &Recorded) -> Result<(), WriteError> {
    now(Pgmq::new(transport).extend(&LEASE, Duration::from_millis(29_500), true))
}

fn claim(transport: &Recorded) -> Result<Vec<Claim>, Failure> {
    let models = ["veo-x".to_owned(), "omni-y".to_owned()];
    let request = ClaimRequest {
        lease: Duration::from_secs(600),
        quantity: 5,
        models: &models,
        fallback_after: None,
        job_deadline: Duration::from_secs(3600),
    };
    now(Pgmq::new(transport).claim(Kind::Video, request))
}

#[test]
fn a_claim_gives_jobs_with_their_leases() {
    let transport = at(200, json!([row()]));
    let claims = claim(&transport).unwrap();
    assert_eq!(
        arguments(&transport, "claim_generation_jobs"),
        json!({"queue_name": "video_generation_queue", "lease_seconds": 600,
            "claim_id": 9_007_199_254_740_991_i64, "quantity": 5,
            "models": ["veo-x", "omni-y"], "job_deadline_seconds": 3600,
            "fallback_after_seconds": null})
    );
    let operation = Operation { model: "veo-x".into(), name: "operations/y".into() };
    let expected = Claim {
        lease: LEASE,
        job_id: JobId::new(JOB).unwrap(),
        message: json!({"prompt": "p"}).into(),
        attempts: 2,
        deaths: 1,
        retried: true,
        operation: Some(operation),
        operation_age: Duration::from_millis(12_500),
        submission_pending: false,
        age: Duration::from_millis(77_500),
        unavailable: vec![Unavailable {
            model: "veo-x".into(),
            probe: true,
            passed_over: true,
            failure: Failure::rest(Standing::Refused, Code::BillingRefused, "no credit")
                .after(Some(Duration::from_secs(61))),
        }],
    };
    assert_eq!(claims, [expected]);
}

#[test]
fn a_row_that_cannot_be_read_does_not_hold_up_the_others() {
    let without = |key: &str| {
        let mut row = row();
        row.as_object_mut().unwrap().remove(key);
        row
    };
    let unreadable = [json!(null), without("msg_id"), without("lease_token")];
    let mut rows = unreadable.to_vec();
    rows.extend(["message", "attempts", "operation", "operation_age_seconds"].map(without));
    rows.extend(["submission_pending", "retried", "age_seconds", "unavailable"].map(without));
    assert_eq!(claim(&at(200, rows.into())).unwrap().len(), 8);
}

#[test]
fn a_job_whose_id_cannot_be_read_is_claimed_without_a_message_to_fail() {
    for id in [json!(null), json!(7), json!("../x")] {
        let mut row = row();
        row["job_id"] = id;
        let claims = claim(&at(200, json!([row]))).unwrap();
        assert_eq!((claims[0].lease, &claims[0].message), (LEASE, &Json::Null));
    }
}

#[test]
fn a_message_of_too_many_values_is_none_and_holds_up_no_others() {
    let mut many = row();
    many["message"] = vec![0; 130_000].into();
    let claims = claim(&at(200, json!([row(), many, row()]))).unwrap();
    let read: Vec<_> = claims.iter().map(|it| !it.message.is_null()).collect();
    assert_eq!(read, [true, false, true]);
    assert_eq!((claims[1].lease, claims[1].attempts), (LEASE, 2));
    // In these rows the operation comes after the message.
    assert_eq!((&claims[1].operation, claims[1].submission_pending), (&None, true));
}

#[test]
fn a_message_that_is_nested_too_deeply_does_not_hold_up_the_others() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let row = row().to_string().replace("{\"prompt\":\"p\"}", &deep);
    let rows = format!("[{row},{row}]");
    assert!(rows.contains(&deep));
    assert_eq!(claim(&Recorded::at(BASE).reply(200, rows)).unwrap().len(), 2);
}

#[test]
fn an_operation_that_cannot_be_read_is_not_paid_for_twice() {
    for operation in [json!("x"), json!({}), json!({"model": "veo-x"}), json!([])] {
        let mut row = row();
        row["operation"] = operation;
        let claims = claim(&at(200, json!([row]))).unwrap();
        assert_eq!((&claims[0].operation, claims[0].submission_pending), (&None, true));
    }
}

#[test]
fn a_claim_whose_reply_is_lost_is_repeated_with_its_number() {
    let cut = || format!("[{},{}", row(), &row().to_string()[..99]);
    let lost = || Recorded::at(BASE).fails(TransportError::NoReply("x".into()));
    for transport in
        [lost(), Recorded::at(BASE).reply(503, ""), Recorded::at(BASE).reply(200, cut())]
    {
        let transport = transport.json(200, json!([row(), row()]));
        assert_eq!(claim(&transport).unwrap().len(), 2);
        let sent = transport.sent.borrow();
        assert_eq!(sent[0].json(), sent[1].json());
    }
    let transport = at(200, json!([])).json(200, json!([]));
    claim(&transport).unwrap();
    claim(&transport).unwrap();
    let sent = transport.sent.borrow();
    assert_ne!(sent[0].json()["claim_id"], sent[1].json()["claim_id"]);
    // There is no better one.
    let transport = Recorded::at(BASE).reply(200, cut()).reply(200, cut()).reply(200, cut());
    assert_eq!(claim(&transport).unwrap().len(), 1);
    assert_eq!(claim(&at(200, json!({}))).unwrap_err().code, Code::QueueFailed);
}

#[test]
fn a_lost_write_is_repeated_as_it_was() {
    let lost = || TransportError::NoReply("x".into());
    let transport = Recorded::at(BASE).fails(lost()).reply(503, "").json(200, json!(true));
    extend(&transport).unwrap();
    let sent = transport.sent.borrow();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|it| it.body == sent[0].body && it.url == sent[0].url));
    assert_eq!(*transport.pauses.borrow(), [300, 2000].map(Duration::from_millis));

    let transport = Recorded::at(BASE).fails(lost()).fails(lost()).fails(lost());
    let Err(WriteError::Failed(failure)) = extend(&transport) else { unreachable!() };
    assert_eq!((failure.code, transport.urls().len()), (Code::QueueFailed, 3));
}

#[test]
fn the_pause_that_the_database_asks_for_is_kept_up_to_two_seconds() {
    for (asked, pauses) in [("1", [1000, 2000]), ("60", [2000, 2000])] {
        let busy = |it: Recorded| it.reply_with(503, &[("retry-after", asked)], "");
        let transport = busy(busy(Recorded::at(BASE))).json(200, json!(true));
        extend(&transport).unwrap();
        assert_eq!(*transport.pauses.borrow(), pauses.map(Duration::from_millis), "{asked} s");
    }
}

#[test]
fn a_refusal_is_not_repeated() {
    let transport = at(400, json!({"code": "22023", "message": "bad argument"}));
    let along = Along { confirmed: &[], next: Some(request()) };
    now(Pgmq::new(&transport).complete(&LEASE, &asset(), along)).unwrap_err();
    assert_eq!(transport.urls().len(), 1);
}

#[test]
fn maintenance_whose_reply_is_lost_is_repeated_for_what_it_confirms_alone() {
    let lost = || Recorded::at(BASE).fails(TransportError::NoReply("x".into()));
    let job = JobId::new(JOB).unwrap();
    let copied = [Copied { job_id: job.clone(), publications: vec![publication()] }];
    let request = MaintenanceRequest {
        confirmed: &[],
        confirmed_cancellation: None,
        unpublished: 20,
        cancels: true,
    };
    for request in [
        MaintenanceRequest { confirmed: &copied, ..request },
        MaintenanceRequest { confirmed_cancellation: Some(&job), ..request },
    ] {
        let transport = lost().fails(TransportError::NoReply("x".into())).json(200, json!({}));
        now(Pgmq::new(&transport).maintain(Kind::Video, request)).unwrap();
        let sent: Vec<Value> = transport.sent.borrow().iter().map(RecordedRequest::json).collect();
        let asked = |it: &Value| [it["unpublished"].as_u64(), it["cancelled"].as_u64()];
        let nothing = [Some(0), Some(0)];
        assert_eq!(
            sent.iter().map(asked).collect::<Vec<_>>(),
            [[Some(20), Some(1)], nothing, nothing]
        );
        let told = |it: &Value| [it["told"].clone(), it["confirmed"].clone()];
        assert!(sent.iter().all(|it| told(it) == told(&sent[0])));
        assert_eq!(*transport.pauses.borrow(), [300, 2000].map(Duration::from_millis));
    }
    let transport = lost();
    now(Pgmq::new(&transport).maintain(Kind::Video, request)).unwrap_err();
    assert_eq!(transport.urls().len(), 1, "it confirms nothing");
}

#[test]
fn what_a_run_can_do_without_is_asked_for_once() {
    let transport = Recorded::at(BASE).fails(TransportError::NoReply("x".into()));
    now(Pgmq::new(&transport).slowest(Kind::Image)).unwrap_err();
    assert_eq!(transport.urls().len(), 1);
}

/// A write names its lease and these arguments.
fn check(transport: &Recorded, function: &str, more: Value) {
    let mut expected =
        json!({"queue_name": "video_generation_queue", "msg_id": 7, "lease_token": 3});
    expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    assert_eq!(arguments(transport, function), expected);
}

#[test]
fn every_write_names_its_lease_and_its_arguments() {
    let it = at(200, json!(true));
    extend(&it).unwrap();
    check(&it, "extend_generation_lease", json!({"lease_seconds": 30, "alone": true}));

    let it = at(200, json!(true));
    now(Pgmq::new(&it).begin_submission(&LEASE, "veo-x", Some("omni-y: 503"))).unwrap();
    let more = json!({"model": "veo-x", "passed_over": "omni-y: 503"});
    check(&it, "begin_generation_submission", more);

    let it = at(200, json!(true));
    let operation = Operation { model: "veo-x".into(), name: "operations/y".into() };
    now(Pgmq::new(&it).record_operation(&LEASE, &operation, Some(0.8))).unwrap();
    let written = json!({"model": "veo-x", "name": "operations/y", "cancelled_usd": 0.8});
    check(&it, "record_generation_operation", json!({"operation": written}));
}

#[test]
fn what_settles_a_job_names_its_lease_and_its_arguments() {
    let it = at(200, json!(true));
    let deferral = Deferral {
        delay: Duration::from_millis(1500),
        counted: false,
        reason: Some((Code::QuotaExhausted, "m".into())),
        reset_submission: true,
        waits_for: Some("veo-x".into()),
        spent_usd: Some(0.8),
    };
    now(Pgmq::new(&it).defer(&LEASE, &deferral)).unwrap();
    let more = json!({"delay_seconds": 1.5, "counted": false, "error_code": "quota_exhausted",
        "error_message": "m", "reset_submission": true, "waits_for": "veo-x", "spent_usd": 0.8});
    check(&it, "defer_generation_job", more);

    let it = at(200, json!(true));
    let ending = Ending {
        code: Code::NoVideo,
        message: "m".into(),
        reset_submission: false,
        spent_usd: None,
    };
    now(Pgmq::new(&it).fail(&LEASE, &ending)).unwrap();
    let more = json!({"error_code": "no_video", "error_message": "m", "reset_submission": false});
    check(&it, "fail_generation_job", more);

    let ending = Ending { spent_usd: Some(0.25), ..ending };
    let it = at(200, json!(true));
    now(Pgmq::new(&it).fail(&LEASE, &ending)).unwrap();
    let more = json!({"error_code": "no_video", "error_message": "m", "reset_submission": false,
        "spent_usd": 0.25});
    check(&it, "fail_generation_job", more);

    let it = at(200, json!({"held": true}));
    let took = Some(Duration::from_millis(7250));
    now(Pgmq::new(&it).complete(&LEASE, &StoredAsset { took, ..asset() }, Along::default()))
        .unwrap();
    let more = json!({"object_path": "sb/jobs/j.mp4", "asset_url": "https://p.test/j.mp4",
        "content_type": "video/mp4", "model": "veo-x", "usage": null, "cost_usd": 0.8,
        "generation_seconds": 7.25, "confirmed": []});
    check(&it, "complete_generation_job", more);
}

#[test]
fn trouble_of_a_model_is_reported_and_the_answer_is_how_long_it_rests() {
    let it = at(200, json!(75));
    let met = Trouble {
        model: "veo-x",
        standing: Standing::Refused,
        code: Code::ApiKeyInvalid,
        reason: "leaked",
        after: Some(Duration::from_millis(1500)),
    };
    let rest = now(Pgmq::new(&it).report_trouble(&LEASE, met)).unwrap();
    assert_eq!(rest, Duration::from_secs(75));
    let more = json!({"queue_name": "video_generation_queue", "msg_id": 7, "lease_token": 3,
        "model": "veo-x", "state": "refused", "code": "api_key_invalid",
        "reason": "leaked", "rest_seconds": 2});
    assert_eq!(arguments(&it, "report_generation_trouble"), more);
    let lost = now(Pgmq::new(&at(200, json!(null))).report_trouble(&LEASE, met));
    assert_eq!(lost, Err(WriteError::LeaseLost));
}

#[test]
fn a_void_lease_is_known() {
    assert_eq!(extend(&at(200, json!(false))), Err(WriteError::LeaseLost));
    let transport = at(200, json!({"held": false}));
    let completed = now(Pgmq::new(&transport).complete(&LEASE, &asset(), Along::default()));
    assert_eq!(completed, Err(WriteError::LeaseLost));
    for answer in [json!(null), json!("true"), json!({})] {
        assert!(matches!(extend(&at(200, answer)), Err(WriteError::Failed(_))));
    }
}

#[test]
fn a_completion_says_what_was_linked_and_what_is_to_be_copied() {
    let answer = json!({"held": true,
        "entities": [{"slot": "scene", "key": "scene:sb:s", "outcome": "not_found"}, {"key": "x"}],
        "publications": [
            {"slot": "scene", "object_path": "sb/scenes/s/j.png", "content_type": "image/png"},
            {"slot": "brand-new", "object_path": "x", "content_type": "y"}]});
    let completed =
        now(Pgmq::new(&at(200, answer)).complete(&LEASE, &asset(), Along::default())).unwrap();
    let entity = LinkedEntity { key: "scene:sb:s".into(), outcome: LinkOutcome::NotFound };
    assert_eq!(completed.entities, [entity]);
    assert_eq!(completed.publications, [publication()]);
}

#[test]
fn a_completion_confirms_copies_and_brings_the_next_jobs() {
    let due = json!([{"slot": "scene", "object_path": "sb/scenes/s/j.png",
        "content_type": "image/png"}]);
    let answer = json!({"held": true, "contended": true, "claims": [row(), {"job_id": 7}],
        "due": [{"job_id": JOB, "storyboard_id": "sb", "scene_id": "s", "publications": due}]});
    let transport = at(200, answer);
    let copied = [Copied { job_id: JobId::new(JOB).unwrap(), publications: vec![publication()] }];
    let along = Along { confirmed: &copied, next: Some(request()) };
    let completed = now(Pgmq::new(&transport).complete(&LEASE, &asset(), along)).unwrap();
    assert!(completed.contended);
    assert_eq!(completed.due[0].publications, [publication()]);
    assert_eq!(completed.claims.unwrap()[0].lease, LEASE);
    let sent = arguments(&transport, "complete_generation_job");
    assert_eq!(sent["confirmed"], json!([{"job_id": JOB, "publications": due}]));
    let next = json!({"lease_seconds": 600, "claim_id": 9_007_199_254_740_991_i64,
        "quantity": 5, "models": ["veo-x"],
        "job_deadline_seconds": 3600, "fallback_after_seconds": null});
    assert_eq!(sent["next"], next);

    let none = at(200, json!({"held": true, "claims": null}));
    let completed = now(Pgmq::new(&none).complete(&LEASE, &asset(), along)).unwrap();
    assert_eq!(completed, Completion::default(), "the worker has to claim by itself");
}

#[test]
fn a_completion_whose_reply_is_lost_is_repeated_with_its_claim() {
    let transport = Recorded::at(BASE)
        .fails(TransportError::NoReply("x".into()))
        .reply(200, "{\"held\": true, \"claims\": [")
        .json(200, json!({"held": true, "claims": [row()]}));
    let along = Along { confirmed: &[], next: Some(request()) };
    let completed = now(Pgmq::new(&transport).complete(&LEASE, &asset(), along)).unwrap();
    assert_eq!(completed.claims.unwrap().len(), 1);
    let sent = transport.sent.borrow();
    assert!(sent.iter().all(|it| it.body == sent[0].body));
    assert!(sent[0].json()["next"]["claim_id"].is_i64());
}

fn request() -> ClaimRequest<'static> {
    static MODELS: std::sync::LazyLock<[String; 1]> =
        std::sync::LazyLock::new(|| ["veo-x".to_owned()]);
    ClaimRequest {
        lease: Duration::from_secs(600),
        quantity: 5,
        models: &*MODELS,
        fallback_after: None,
        job_deadline: Duration::from_secs(3600),
    }
}

fn publication() -> Publication {
    Publication {
        slot: Slot::Scene,
        path: "sb/scenes/s/j.png".into(),
        content_type: "image/png".into(),
        choice: None,
    }
}

#[test]
fn undone_copies_are_found_and_confirmed() {
    let due = json!([{"slot": "scene", "object_path": "sb/scenes/s/j.png",
        "content_type": "image/png"}]);
    let rows = json!([
        {"job_id": JOB, "storyboard_id": "sb", "scene_id": "s", "character_id": null,
            "publications": due},
        {"job_id": JOB, "storyboard_id": "../x", "publications": []},
    ]);
    let answer = json!({"unpublished": rows, "cancelled": []});
    let overdue = maintain(&at(200, answer), None);
    assert_eq!(overdue.cancelled, None);
    let found = overdue.unpublished;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].publications, [publication()]);
    assert_eq!(found[0].target.scene.as_ref().unwrap().as_str(), "s");

    let transport = at(200, due.clone());
    let job = JobId::new(JOB).unwrap();
    let left = now(Pgmq::new(&transport).confirm_publication(&job, &[publication()])).unwrap();
    assert_eq!(left, [publication()]);
    let sent = arguments(&transport, "confirm_generation_publication");
    assert_eq!(sent, json!({"job_id": JOB, "publications": due}));

    // A copy that is made for a choice is confirmed for it.
    let mut chosen = due;
    chosen[0]["choice"] = json!(2);
    let transport = at(200, chosen.clone());
    let again = now(Pgmq::new(&transport).confirm_publication(&job, &left)).unwrap();
    assert_eq!(again, [Publication { choice: Some(2), ..publication() }]);
    let transport = at(200, json!([]));
    now(Pgmq::new(&transport).confirm_publication(&job, &again)).unwrap();
    let sent = arguments(&transport, "confirm_generation_publication");
    assert_eq!(sent["publications"], chosen);
}

#[test]
fn cancelled_operations_are_asked_for_one_by_one() {
    let job = JobId::new(JOB).unwrap();
    let row = json!({"job_id": JOB, "operation": {"model": "omni-y", "name": "v1_x"}});
    let operation = Operation { model: "omni-y".into(), name: "v1_x".into() };
    for (told, given) in [(None, json!([])), (Some(&job), json!([JOB]))] {
        let transport = at(200, json!({"unpublished": [], "cancelled": [row]}));
        let due = maintain(&transport, told).cancelled;
        assert_eq!(due, Some((job.clone(), operation.clone())));
        let sent = arguments(&transport, "maintain_generation_queue");
        let more = json!({"queue_name": "video_generation_queue", "told": given,
            "unpublished": 20, "cancelled": 1, "confirmed": []});
        assert_eq!(sent, more);
    }
    for rows in [json!([]), json!([{"job_id": JOB, "operation": "v1_x"}])] {
        let overdue = maintain(&at(200, json!({"cancelled": rows})), None);
        assert_eq!(overdue, Overdue::default(), "nothing that could be cancelled");
    }
}

fn maintain(transport: &Recorded, told: Option<&JobId>) -> Overdue {
    let request = MaintenanceRequest {
        confirmed: &[],
        confirmed_cancellation: told,
        unpublished: 20,
        cancels: true,
    };
    now(Pgmq::new(transport).maintain(Kind::Video, request)).unwrap()
}

#[test]
fn an_entity_that_could_not_be_updated_is_told_apart() {
    let message = "Error updating entity scene:sb:s: value is not an object";
    // PostgREST answers 400 for such codes, another front may choose 500.
    for status in [400, 500] {
        let error = json!({"code": "GJ001", "message": message, "details": null, "hint": null});
        let transport = at(status, error);
        let completed = now(Pgmq::new(&transport).complete(&LEASE, &asset(), Along::default()));
        let Err(WriteError::Failed(failure)) = completed else { unreachable!() };
        assert_eq!((failure.code, failure.message.as_str()), (Code::EntityUpdateFailed, message));
        assert_eq!(failure.next, Next::Retry { after: None, attempts: None });
    }
}

#[test]
fn an_error_of_the_database_is_in_its_own_words() {
    let missing = json!({"code": "PGRST202", "message": "Could not find the function"});
    let failure = claim(&at(404, missing)).unwrap_err();
    assert!(failure.message.contains("run the migrations"));
    let failure =
        claim(&at(400, json!({"code": "P0001", "message": "unknown queue"}))).unwrap_err();
    assert_eq!(failure.message, "claim_generation_jobs: the database answered 400: unknown queue");
    assert_eq!(claim(&at(401, json!({}))).unwrap_err().code, Code::QueueFailed);
}
