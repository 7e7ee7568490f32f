//! The way of a video, against a world in memory on virtual time.

mod memory;

use std::time::Duration;

use futures_util::future::join;
use generation_queue::failure::{Code, Failure};
use generation_queue::flow::{Settings, run_videos};
use generation_queue::port::{Clock, Operation, Progress, SubmitError};
use memory::{MemoryWorld, Status, settings};
use serde_json::{Value, json};

fn one() -> Settings {
    Settings { concurrency: 1, ..settings() }
}

fn message() -> Value {
    json!({"storyboardId": "sb", "sceneId": "s", "prompt": "Lion walking"})
}

fn pending(world: &MemoryWorld, polls: usize) {
    let answers = (0..polls).map(|_| Ok(Progress::Pending));
    world.model.polls.borrow_mut().extend(answers);
}

#[test]
fn a_video_is_submitted_polled_stored_and_published() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    pending(&world, 3);
    let report = world.run_videos(one());
    assert_eq!(report.succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
    assert_eq!(world.model.polled.borrow().len(), 4);
    assert!(world.store.object("storyboard-videos/sb/s.mp4").is_some());
    assert_eq!(world.queue.row(id).status, Status::Succeeded);
}

#[test]
fn an_image_to_video_starts_from_its_source() {
    let world = MemoryWorld::new();
    let mut with_source = message();
    with_source["sourceImageUrl"] = json!("https://example.com/a.png");
    world.send_video(with_source);
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert!(world.model.asked.borrow()[0].2);
}

#[test]
fn a_run_that_ends_first_hands_the_operation_to_the_next() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    pending(&world, 20);
    let report = world.run_videos(Settings { budget: Duration::from_secs(60), ..one() });
    assert_eq!(report.waiting, 1);
    let row = world.queue.row(id);
    assert_eq!((row.status, row.attempts), (Status::Waiting, 0));
    assert!(report.duration_ms <= 60_000);
    world.model.polls.borrow_mut().clear();
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1, "paid for once");
}

#[test]
fn a_worker_that_is_told_to_stop_hands_the_operation_over() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    pending(&world, 20);
    world.clock.stop_at(Duration::from_secs(17));
    let report = world.run_videos(one());
    assert_eq!((report.waiting, report.duration_ms), (1, 17_000));
    assert_eq!(world.queue.row(id).status, Status::Waiting);
}

#[test]
fn an_intent_without_an_operation_is_not_submitted_again() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    world.queue.change(id, |row| (row.submission_pending, row.read_ct) = (true, 1));
    assert_eq!(world.run_videos(one()).failed, 1);
    assert_eq!(world.queue.row(id).error.unwrap().0, Code::SubmissionUncertain);
    assert_eq!(world.model.submissions_made(), 0);
}

#[test]
fn a_submission_whose_fate_is_unknown_keeps_its_intent() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    let failure = Failure::give_up(Code::SubmissionUncertain, "no reply");
    let error = SubmitError { failure, rejected: false };
    world.model.submissions.borrow_mut().push_back(Err(error));
    assert_eq!(world.run_videos(one()).failed, 1);
    assert!(world.queue.row(id).submission_pending);
}

#[test]
fn a_definite_rejection_clears_the_intent() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    let error = SubmitError { failure: Failure::wait(Code::QuotaExhausted, "429"), rejected: true };
    world.model.submissions.borrow_mut().push_back(Err(error));
    assert_eq!(world.run_videos(one()).waiting, 1);
    assert!(!world.queue.row(id).submission_pending);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 2);
}

#[test]
fn a_retired_model_is_left_for_the_next_one() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    let failure = Failure::other_model(Code::ModelUnavailable, "retired");
    let error = SubmitError { failure, rejected: true };
    world.model.submissions.borrow_mut().push_back(Err(error));
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert_eq!(world.queue.row(id).operation.unwrap().0.model, "second-model");
}

#[test]
fn with_every_model_retired_nothing_is_left_pending() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    for _ in 0..2 {
        let failure = Failure::other_model(Code::ModelUnavailable, "retired");
        let error = SubmitError { failure, rejected: true };
        world.model.submissions.borrow_mut().push_back(Err(error));
    }
    assert_eq!(world.run_videos(one()).failed, 1);
    let row = world.queue.row(id);
    assert_eq!(row.error.unwrap().0, Code::ModelUnavailable);
    assert!(!row.submission_pending);
}

#[test]
fn the_operation_is_recorded_however_often_it_takes() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    for _ in 0..4 {
        world.queue.fail_next("record_operation");
    }
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
    assert!(world.queue.row(id).operation.is_some());
}

#[test]
fn failed_polls_are_repeated_and_say_nothing_about_the_operation() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    for _ in 0..40 {
        let failure = Failure::retry(Code::ProviderUnavailable, "503");
        world.model.polls.borrow_mut().push_back(Err(failure));
    }
    let mut runs = 0;
    while world.queue.row(id).status != Status::Succeeded {
        let report = world.run_videos(one());
        assert_eq!(report.failed + report.retrying, 0);
        assert_eq!(world.queue.row(id).attempts, report.succeeded, "an outage is no attempt");
        world.clock.advance(Duration::from_secs(10));
        runs += 1;
        assert!(runs < 10);
    }
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn a_poll_that_is_refused_for_good_keeps_the_operation() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    let failure = Failure::give_up(Code::OperationNotFound, "404");
    world.model.polls.borrow_mut().push_back(Err(failure));
    assert_eq!(world.run_videos(one()).failed, 1);
    assert!(world.queue.row(id).operation.is_some());
}

#[test]
fn nothing_is_submitted_after_the_worker_was_told_to_stop() {
    let world = MemoryWorld::new();
    let mut with_source = message();
    with_source["sourceImageUrl"] = json!("https://example.com/a.png");
    let id = world.send_video(with_source);
    world.sources.takes.set(Duration::from_secs(15));
    world.clock.stop_at(Duration::from_secs(5));
    assert_eq!(world.run_videos(one()).waiting, 1);
    let row = world.queue.row(id);
    assert_eq!((row.submission_pending, row.attempts), (false, 0));
    assert_eq!(world.model.submissions_made(), 0);
}

#[test]
fn an_operation_whose_video_kills_every_worker_is_given_up_and_kept() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    pending(&world, 20);
    world.run_videos(Settings { budget: Duration::from_secs(20), ..one() });
    world.queue.change(id, |row| row.attempts = 5);
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.run_videos(one()).failed, 1);
    let row = world.queue.row(id);
    assert_eq!(row.error.unwrap().0, Code::AttemptsExhausted);
    assert!(row.operation.is_some());
}

#[test]
fn an_operation_that_ended_without_a_video_may_be_paid_for_again() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    let ended = Progress::Ended(Failure::retry(Code::OperationFailed, "13"));
    world.model.polls.borrow_mut().push_back(Ok(ended));
    assert_eq!(world.run_videos(one()).retrying, 1);
    assert!(world.queue.row(id).operation.is_none());
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 2);
}

#[test]
fn a_download_that_failed_is_retried_from_the_same_operation() {
    let world = MemoryWorld::new();
    world.send_video(message());
    let failure = Failure::retry(Code::DownloadFailed, "connection reset");
    world.model.downloads.borrow_mut().push_back(Err(failure));
    assert_eq!(world.run_videos(one()).retrying, 1);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn a_video_that_never_ends_is_given_up_with_its_operation_kept() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    let mut runs = 0;
    while world.queue.row(id).status != Status::Failed {
        pending(&world, 20);
        world.run_videos(one());
        world.clock.advance(Duration::from_secs(10));
        runs += 1;
        assert!(runs < 30, "it is never given up");
    }
    let row = world.queue.row(id);
    assert_eq!(row.error.unwrap().0, Code::OperationTimedOut);
    assert!(row.operation.is_some());
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn how_long_a_video_is_waited_for_is_a_setting() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    pending(&world, 20);
    let operation_deadline = Duration::from_secs(60);
    assert_eq!(world.run_videos(Settings { operation_deadline, ..one() }).failed, 1);
    let (code, message) = world.queue.row(id).error.unwrap();
    assert_eq!(code, Code::OperationTimedOut);
    assert!(message.ends_with("has not ended within 1 min"), "{message}");
}

#[test]
fn an_operation_that_is_older_than_the_worker_has_its_deadline_all_the_same() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    pending(&world, 20);
    world.run_videos(Settings { budget: Duration::from_secs(20), ..one() });
    world.queue.operations_older_by.set(Duration::from_secs(31 * 60));
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.run_videos(one()).failed, 1);
    let row = world.queue.row(id);
    assert_eq!(row.error.unwrap().0, Code::OperationTimedOut);
    assert!(row.operation.is_some());
}

#[test]
fn a_worker_that_slept_through_its_lease_pays_for_nothing() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    world.queue.announcement_takes.set(Duration::from_secs(2));
    world.queue.extension_takes.set(Duration::from_millis(50));
    world.clock.suspend(Duration::from_secs(2), Duration::from_secs(601));
    assert_eq!(world.run_videos(one()).lost, 1);
    assert_eq!(world.model.submissions_made(), 0);
    assert_eq!(world.queue.row(id).status, Status::Running, "left to whoever claims it next");
}

#[test]
fn an_announcement_whose_reply_is_lost_is_taken_back() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    world.queue.lose_reply("begin_submission");
    assert_eq!(world.run_videos(Settings { max_jobs: Some(1), ..one() }).retrying, 1);
    assert!(!world.queue.row(id).submission_pending);
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn an_intent_is_void_when_the_time_ends_after_a_rejection() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    let failure = Failure::other_model(Code::ModelUnavailable, "retired");
    let error = SubmitError { failure, rejected: true };
    world.model.submissions.borrow_mut().push_back(Err(error));
    world.queue.announcement_takes.set(Duration::from_secs(5));
    world.clock.stop_at(Duration::from_secs(5));
    assert_eq!(world.run_videos(one()).waiting, 1);
    assert!(!world.queue.row(id).submission_pending);
}

#[test]
fn an_uncertain_submission_is_told_even_when_storage_fails() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    world.store.faults.borrow_mut().push("find");
    world.queue.change(id, |row| {
        (row.submission_pending, row.read_ct, row.attempts) = (true, 4, 4);
    });
    assert_eq!(world.run_videos(one()).failed, 1);
    assert_eq!(world.queue.row(id).error.unwrap().0, Code::SubmissionUncertain);
}

/// A job that was cancelled when its operation was under way.
fn cancelled(world: &MemoryWorld, operation: &str) -> i64 {
    let id = world.send_video(message());
    let operation = Operation { model: "first-model".into(), name: operation.into() };
    let now = Duration::ZERO;
    world.queue.change(id, |row| row.operation = Some((operation, now)));
    world.queue.cancel(id);
    id
}

#[test]
fn operations_of_cancelled_jobs_are_cancelled_once_and_before_anything_is_begun() {
    let world = MemoryWorld::new();
    let ids = ["operations/a", "operations/b"].map(|name| cancelled(&world, name));
    world.send_video(message());
    world.queue.fail_next("claim");
    world.run_videos(one());
    assert_eq!(*world.model.cancelled.borrow(), ["operations/a", "operations/b"]);
    assert!(ids.iter().all(|id| !world.queue.row(*id).cancellation_pending));
    world.run_videos(one());
    assert_eq!(world.model.cancelled.borrow().len(), 2, "once is enough");
}

#[test]
fn a_job_that_is_cancelled_in_the_hands_of_a_run_has_its_operation_cancelled_by_it() {
    let world = MemoryWorld::new();
    let id = world.send_video(message());
    pending(&world, 20);
    let running = run_videos(&world, one());
    let report = world.clock.run(async {
        let cancel = async {
            world.clock.sleep(Duration::from_secs(25)).await;
            world.queue.cancel(id);
        };
        join(running, cancel).await.0
    });
    assert_eq!(report.lost, 1);
    assert_eq!(*world.model.cancelled.borrow(), ["operations/1"]);
    assert!(!world.queue.row(id).cancellation_pending);
}

#[test]
fn a_cancellation_that_fails_is_left_to_a_later_run_and_holds_up_no_job() {
    let world = MemoryWorld::new();
    let id = cancelled(&world, "operations/a");
    world.send_video(message());
    let unavailable = || Err(Failure::retry(Code::ProviderUnavailable, "503"));
    world.model.cancellations.borrow_mut().extend([unavailable(), unavailable()]);
    assert_eq!(world.run_videos(one()).succeeded, 1);
    assert!(world.queue.row(id).cancellation_pending);
    assert!(world.journal.has("Operation not cancelled"));

    world.queue.fail_next("cancelled");
    world.send_video(message());
    assert_eq!(world.run_videos(one()).succeeded, 1);
}

#[test]
fn a_claim_names_the_models_that_are_left() {
    let world = MemoryWorld::new();
    let retired = Failure::other_model(Code::ModelUnavailable, "404");
    let rejected = SubmitError { failure: retired, rejected: true };
    world.model.submissions.borrow_mut().push_back(Err(rejected));
    world.send_video(message());
    assert_eq!(world.run_videos(one()).succeeded, 1);
    let both = ["first-model", "second-model"].map(str::to_owned).to_vec();
    assert_eq!(*world.queue.claimed_for.borrow(), [both.clone(), both[1..].to_vec()]);
}
