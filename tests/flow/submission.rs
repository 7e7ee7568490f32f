//! How a video is submitted: first the intent, then the operation, and paid for once.

use std::time::Duration;

use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::flow::Settings;
use generation_queue::job::Kind;
use generation_queue::port::{AssetFile, Clock, Lease, Operation, Submission, SubmitError};
use serde_json::json;

use crate::model_choice::error;
use crate::support::ledger::{Ledger, Status};
use crate::world::{Call, MemoryWorld, StoreCall, one_at_a_time, scene};

#[test]
fn a_video_is_submitted_polled_stored_and_published() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.pend(3);
    let report = world.run_videos(one_at_a_time());
    assert_eq!(report.succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
    assert_eq!(world.model.polled.borrow().len(), 4);
    assert!(world.store.object("storyboard-videos/sb/s.mp4").is_some());
    assert_eq!(world.queue.row(job).status, Status::Succeeded);
}

/// Has the next submission answered with the video itself.
fn answer_with_the_video(world: &MemoryWorld, name: &str) {
    let operation = Operation { model: "first-model".into(), name: name.into() };
    let made = Some((AssetFile::Inline(b"....ftypisom".into()), None));
    world.model.submissions.borrow_mut().push_back(Ok(Submission { operation, made }));
}

#[test]
fn a_video_that_came_with_the_reply_to_its_submission_is_stored_without_a_poll() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    answer_with_the_video(&world, "file:");
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert!(world.model.polled.borrow().is_empty());
    assert_eq!(world.store.object("storyboard-videos/sb/s.mp4").as_deref(), Some("....ftypisom"));
    assert_eq!(world.queue.row(job).status, Status::Succeeded);
}

#[test]
fn a_video_that_came_with_the_reply_is_asked_for_by_its_name_if_it_could_not_be_stored() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    answer_with_the_video(&world, "operations/7");
    world.store.faults.borrow_mut().push(StoreCall::Put);
    assert_eq!(world.run_videos(one_at_a_time()).retrying, 1);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(*world.model.polled.borrow(), ["operations/7"]);
    assert_eq!(
        (world.model.submissions_made(), world.queue.row(job).status),
        (1, Status::Succeeded)
    );
}

#[test]
fn an_image_to_video_starts_from_its_source() {
    let world = MemoryWorld::new();
    let mut with_source = scene("Lion walking");
    with_source["sourceImageUrl"] = json!("https://example.com/a.png");
    world.send_video(with_source);
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert!(world.model.asked.borrow()[0].2);
}

fn announce(ledger: &mut Ledger, now: Duration, lease: &Lease) {
    assert!(ledger.begin_submission(now, lease, "first-model"));
}

#[test]
fn an_intent_without_an_operation_is_not_submitted_again() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.queue.worker_dies(Kind::Video, announce);
    assert_eq!(world.run_videos(one_at_a_time()).failed, 1);
    assert_eq!(world.queue.row(job).error_code, Some(Code::SubmissionUncertain));
    assert_eq!(world.model.submissions_made(), 0);
}

#[test]
fn an_uncertain_submission_is_reported_even_when_storage_fails() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.store.faults.borrow_mut().push(StoreCall::Find);
    world.queue.worker_dies(Kind::Video, announce);
    for _ in 0..3 {
        world.queue.worker_dies(Kind::Video, |_, _, _| {});
    }
    assert_eq!(world.run_videos(one_at_a_time()).failed, 1);
    assert_eq!(world.queue.row(job).error_code, Some(Code::SubmissionUncertain));
}

#[test]
fn a_submission_with_an_unknown_outcome_keeps_its_intent() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let failure = Failure::give_up(Code::SubmissionUncertain, "no reply");
    let error = SubmitError { failure, rejected: false };
    world.model.submissions.borrow_mut().push_back(Err(error));
    assert_eq!(world.run_videos(one_at_a_time()).failed, 1);
    assert!(world.queue.row(job).submission_pending());
}

#[test]
fn a_definite_rejection_clears_the_intent() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.reject(Failure::rest(Standing::Resting, Code::QuotaExhausted, "429"));
    assert_eq!(world.run_videos(one_at_a_time()).waiting, 1);
    assert!(!world.queue.row(job).submission_pending());
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 2);
}

#[test]
fn an_announcement_whose_reply_is_lost_is_taken_back() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.queue.lose_reply(Call::BeginSubmission);
    assert_eq!(world.run_videos(Settings { max_jobs: Some(1), ..one_at_a_time() }).retrying, 1);
    assert!(!world.queue.row(job).submission_pending());
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn recording_an_operation_is_repeated_until_it_succeeds() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    for _ in 0..4 {
        world.queue.fail_next(Call::RecordOperation);
    }
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
    assert!(world.queue.row(job).operation.is_some());
}

#[test]
fn an_operation_that_cannot_be_recorded_is_named_by_the_failure_of_its_job() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    for _ in 0..1000 {
        world.queue.fail_next(Call::RecordOperation);
    }
    let report = world.run_videos(one_at_a_time());
    let (code, message) = error(&report, 0);
    assert_eq!((report.failed, code), (1, "submission_uncertain"));
    assert!(message.contains("operations/1"), "{message}");
    assert!(world.log.has("Operation begun: operations/1"), "before the database is asked");
    assert!(world.clock.now() < Duration::from_secs(150), "{:?}", world.clock.now());
    assert!(world.queue.row(job).submission_pending());
    assert_eq!(world.model.submissions_made(), 1);
}
