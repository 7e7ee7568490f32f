//! A worker that is told to stop, or that the platform ends.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::flow::{RunReport, Settings, Stopped, run_queue};
use generation_queue::job::Kind;
use generation_queue::port::Clock;
use serde_json::json;

use crate::support::ledger::Status;
use crate::world::{Call, MemoryWorld, one_at_a_time, prompt, scene, settings};

#[test]
fn a_worker_that_is_told_to_stop_takes_no_more_jobs() {
    let world = MemoryWorld::new();
    world.send_images(30);
    world.clock.stop_at(Duration::from_secs(12));
    let report = world.run_images(settings());
    assert_eq!(report.stopped, Stopped::Shutdown);
    assert_eq!((report.claimed, report.succeeded), (10, 10));
}

#[test]
fn a_worker_that_is_told_to_stop_pays_for_nothing_more() {
    let world = MemoryWorld::new();
    let job = world.send_image(json!({
        "storyboardId": "sb", "prompt": "p", "editMode": true,
        "sourceImageUrl": "https://images.test/a.png",
    }));
    world.sources.takes.set(Duration::from_secs(20));
    world.clock.stop_at(Duration::from_secs(10));
    let report = world.run_images(settings());
    assert_eq!((report.stopped, report.waiting), (Stopped::Shutdown, 1));
    assert!(world.model.asked.borrow().is_empty());
    let row = world.queue.row(job);
    assert_eq!((row.status, row.attempts), (Status::Queued, 0));
    assert_eq!(world.queue.visible_in(job), Duration::ZERO);
}

#[test]
fn jobs_whose_claim_is_answered_too_late_are_released() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    world.queue.slow_next(Call::Claim, Duration::from_secs(5));
    world.clock.stop_at(Duration::from_secs(3));
    let report = world.run_images(settings());
    assert_eq!((report.claimed, report.waiting), (1, 1));
    let row = world.queue.row(job);
    assert_eq!((row.status, row.attempts), (Status::Queued, 0));
    assert_eq!(world.queue.visible_in(job), Duration::ZERO);
    assert!(world.model.asked.borrow().is_empty());
}

/// Runs one worker after the other for 150 s each; each is told to stop after nine tenths of that.
/// Returns the reports of the runs that came to their end.
fn run_in_short_lived_workers(world: &MemoryWorld, workers: u64) -> Vec<RunReport> {
    let mut reports = Vec::new();
    for _ in 0..workers {
        let start = world.clock.now();
        world.clock.stop_at(start + Duration::from_secs(135));
        let end = world.clock.sleep(Duration::from_secs(150));
        let run = run_queue(world, Kind::Image, settings());
        match world.clock.run(select(pin!(run), pin!(end))) {
            Either::Left((report, _)) => reports.push(report),
            Either::Right(_) => {}
        }
        world.clock.advance(start + Duration::from_secs(150) - world.clock.now());
    }
    reports
}

#[test]
fn no_image_is_paid_for_twice_because_its_worker_ended() {
    for seconds in [1, 8, 15, 30, 50, 75, 100, 110] {
        let world = MemoryWorld::new();
        world.model.image_takes.set(Duration::from_secs(seconds));
        world.send_images(30);
        let reports = run_in_short_lived_workers(&world, 6);
        assert_eq!(reports.len(), 6, "{seconds} s: every run comes to its end");
        let succeeded: u32 = reports.iter().map(|report| report.succeeded).sum();
        assert_eq!(succeeded, 30, "{seconds} s");
        assert_eq!(world.model.asked.borrow().len(), 30, "{seconds} s");
    }
}

#[test]
fn a_worker_that_is_told_to_stop_hands_the_operation_over() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.pend(20);
    world.clock.stop_at(Duration::from_secs(17));
    let report = world.run_videos(one_at_a_time());
    assert_eq!((report.waiting, report.duration_ms), (1, 17_000));
    assert_eq!(world.queue.row(job).status, Status::Waiting);
}

#[test]
fn no_video_is_submitted_after_the_worker_was_told_to_stop() {
    let world = MemoryWorld::new();
    let mut with_source = scene("Lion walking");
    with_source["sourceImageUrl"] = json!("https://example.com/a.png");
    let job = world.send_video(with_source);
    world.sources.takes.set(Duration::from_secs(15));
    world.clock.stop_at(Duration::from_secs(5));
    assert_eq!(world.run_videos(one_at_a_time()).waiting, 1);
    let row = world.queue.row(job);
    assert_eq!((row.submission_pending(), row.attempts), (false, 0));
    assert_eq!(world.model.submissions_made(), 0);
}

#[test]
fn an_intent_is_void_when_the_time_ends_after_a_rejection() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.reject(Failure::rest(Standing::Retired, Code::ModelUnavailable, "retired"));
    world.queue.slow_next(Call::BeginSubmission, Duration::from_secs(5));
    world.clock.stop_at(Duration::from_secs(5));
    assert_eq!(world.run_videos(one_at_a_time()).waiting, 1);
    assert!(!world.queue.row(job).submission_pending());
}

#[test]
fn no_video_is_submitted_in_the_last_seconds_of_a_workers_life() {
    let world = MemoryWorld::new();
    let mut with_source = scene("Lion walking");
    with_source["sourceImageUrl"] = json!("https://example.com/a.png");
    world.send_video(with_source);
    world.sources.takes.set(Duration::from_millis(14_500));
    let worker_age = Duration::from_secs(125);
    assert_eq!(world.run_videos(Settings { worker_age, ..one_at_a_time() }).waiting, 1);
    assert_eq!(world.model.submissions_made(), 0);
}

#[test]
fn a_queue_that_is_out_of_reach_is_not_asked_for_maintenance() {
    let world = MemoryWorld::new();
    world.queue.fail_next(Call::Claim);
    assert_eq!(world.run_videos(one_at_a_time()).stopped, Stopped::Unavailable);
    assert_eq!(world.queue.count(Call::Maintain), 1, "at the beginning");
}
