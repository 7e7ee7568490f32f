//! Images that take minutes: a worker begins what fits into its life, and waits for as long as it
//! lives.

use std::time::Duration;

use futures_util::future::join;
use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::flow::{Outcome, Settings, Stopped, run_queue};
use generation_queue::job::Kind;
use generation_queue::port::{Clock, GenerationTime};
use serde_json::json;

use crate::model_choice::FLASH_3_1;
use crate::support::ledger::Status;
use crate::world::{Call, MemoryWorld, prompt, settings};

/// The same model where it makes nothing in the background.
const AT_VERTEX: &str = "vertex/gemini-3.1-flash-image";

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn one_model() -> Settings {
    Settings { models: vec![FLASH_3_1.into()], ..settings() }
}

#[test]
fn an_image_may_take_what_is_left_of_the_workers_life() {
    let world = MemoryWorld::new();
    world.send_images(3);
    world.model.image_takes.set(seconds(139));
    let report = world.run_images(one_model());
    assert_eq!((report.succeeded, world.model.asked.borrow().len()), (3, 3));
}

#[test]
fn a_reply_after_115_seconds_is_one_request_and_one_image() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    world.model.image_takes.set(seconds(115));
    let report = world.run_images(one_model());
    assert_eq!((report.claimed, report.succeeded), (1, 1));
    assert_eq!(world.model.asked.borrow().len(), 1);
    assert_eq!(world.queue.row(job).attempts, 1);
    assert_eq!(report.jobs[0].cost_usd, Some(0.067));
    assert!(world.queue.spent.borrow().is_empty(), "nothing but the image is paid for");
    assert_eq!(world.queue.count(Call::Extend), 7, "its lease of 30 s is held all the while");
}

#[test]
fn a_reply_without_an_image_that_can_be_used_has_its_probable_cost() {
    for code in [Code::NoImage, Code::ProviderReplyUnreadable] {
        let world = MemoryWorld::new();
        let job = world.send_image(prompt("p"));
        for _ in 0..3 {
            world.model.fail_image(Failure::retry_at_most(code, 3, "only words"));
            world.run_images(one_model());
            world.clock.advance(seconds(3600));
        }
        assert_eq!(world.queue.row(job).status, Status::Failed);
        assert_eq!(*world.queue.spent.borrow(), [0.067, 0.067, 0.067]);
    }
}

#[test]
fn a_lost_reply_is_tried_twice_at_most_and_its_probable_cost_is_kept() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    world.model.image_takes.set(seconds(141));
    let report = world.run_images(one_model());
    assert_eq!(report.jobs[0].outcome, Outcome::Retrying);
    assert_eq!(report.duration_ms, 140_000);
    assert_eq!(world.queue.row(job).error_code, Some(Code::ReplyLost));
    world.clock.advance(seconds(3600));
    assert_eq!(world.run_images(one_model()).jobs[0].outcome, Outcome::Failed);
    assert_eq!(world.queue.row(job).status, Status::Failed);
    assert_eq!(world.model.asked.borrow().len(), 2);
    assert_eq!(*world.queue.spent.borrow(), [0.067, 0.067]);
}

#[test]
fn a_connection_that_breaks_after_a_while_may_have_paid_and_one_that_breaks_at_once_has_not() {
    for (took, code, spent) in
        [(19, Code::ProviderUnavailable, [].as_slice()), (20, Code::ReplyLost, &[0.067, 0.067])]
    {
        let world = MemoryWorld::new();
        let job = world.send_image(prompt("p"));
        world.model.image_takes.set(seconds(took));
        for _ in 0..2 {
            let broke = Failure::rest(Standing::Resting, Code::ReplyLost, "reset");
            world.model.fail_image(broke);
            world.run_images(one_model());
            world.clock.advance(seconds(3600));
        }
        let row = world.queue.row(job);
        assert_eq!(row.error_code, Some(code));
        assert_eq!(row.status == Status::Failed, code == Code::ReplyLost);
        assert_eq!(row.attempts == 0, code == Code::ProviderUnavailable);
        assert_eq!(*world.queue.spent.borrow(), spent);
    }
}

#[test]
fn nothing_is_begun_that_is_as_slow_as_the_slowest_of_late_and_would_outlast_the_worker() {
    let time = |model: &str, image_size: Option<&str>| GenerationTime {
        model: model.into(),
        image_size: image_size.map(Into::into),
        longest: seconds(100),
    };
    for (slow, begun) in [
        (time(FLASH_3_1, None), 0),
        (time(FLASH_3_1, Some("2K")), 1),
        (time("another-model", None), 1),
    ] {
        let world = MemoryWorld::new();
        let job = world.send_image(prompt("p"));
        world.queue.times.borrow_mut().push(slow);
        let settings = Settings { worker_age: seconds(41), ..one_model() };
        let report = world.run_images(settings.clone());
        assert_eq!(world.model.asked.borrow().len(), begun);
        if begun == 0 {
            assert_eq!((report.stopped, report.waiting), (Stopped::Budget, 1));
            assert_eq!(world.queue.row(job).attempts, 0);
            // A worker that has just begun has the time, and does not even ask.
            assert_eq!(world.run_images(one_model()).succeeded, 1);
            assert_eq!(world.queue.count(Call::Slowest), 1);
        }
    }
}

#[test]
fn what_a_run_has_seen_itself_counts_too() {
    let world = MemoryWorld::new();
    world.send_images(10);
    world.model.image_takes.set(seconds(75));
    let report = world.run_images(one_model());
    assert_eq!((report.stopped, report.succeeded), (Stopped::Budget, 5));
    assert_eq!(world.model.asked.borrow().len(), 5);
}

#[test]
fn a_size_that_usually_takes_minutes_is_not_begun_late() {
    let world = MemoryWorld::new();
    let large = json!({"storyboardId": "sb", "prompt": "p", "imageSize": "4K"});
    world.send_image(large);
    let one_model = || Settings { models: vec![AT_VERTEX.into()], ..settings() };
    let worker_age = seconds(21);
    assert_eq!(world.run_images(Settings { worker_age, ..one_model() }).waiting, 1);
    assert_eq!(world.run_images(one_model()).succeeded, 1);
}

#[test]
fn a_size_for_which_no_worker_lives_long_enough_is_refused_before_anything_is_paid() {
    let world = MemoryWorld::new();
    let large = world.send_image(json!({"storyboardId": "sb", "prompt": "p", "imageSize": "4K"}));
    let small = world.send_image(json!({"storyboardId": "sb", "prompt": "p", "imageSize": "2K"}));
    let (worker_lifetime, budget) = (seconds(60), seconds(48));
    let report = world.run_images(Settings {
        worker_lifetime,
        budget,
        models: vec![AT_VERTEX.into()],
        ..settings()
    });
    assert_eq!((report.failed, report.succeeded), (1, 1));
    assert_eq!(world.model.asked.borrow().len(), 1);
    assert_eq!(world.queue.row(small).status, Status::Succeeded);
    let row = world.queue.row(large);
    assert_eq!(row.error_code, Some(Code::InvalidMessage));
    let error = &report.jobs.iter().find_map(|job| job.error.clone()).unwrap().message;
    assert!(error.starts_with("imageSize: expected a size that is made within 50 s"), "{error}");
}

#[test]
fn a_worker_that_does_not_live_long_enough_for_an_image_claims_none() {
    for (worker_age, asked) in [(126, 0), (125, 1)] {
        let world = MemoryWorld::new();
        world.send_image(prompt("p"));
        let report = world.run_images(Settings { worker_age: seconds(worker_age), ..one_model() });
        assert_eq!((report.claimed, world.model.asked.borrow().len()), (asked, asked as usize));
        assert_eq!(report.stopped, Stopped::Budget);
    }
}

#[test]
fn the_sources_of_what_cannot_be_begun_are_not_fetched() {
    let world = MemoryWorld::new();
    world.send_image(json!({
        "storyboardId": "sb", "prompt": "p", "imageSize": "4K", "editMode": true,
        "sourceImageUrl": "https://example.com/a.png",
    }));
    let (models, worker_age) = (vec![AT_VERTEX.into()], seconds(25));
    assert_eq!(world.run_images(Settings { models, worker_age, ..settings() }).waiting, 1);
    assert!(world.sources.asked.borrow().is_empty());
}

#[test]
fn an_image_is_received_before_its_worker_ends_or_given_up() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("large"));
    let of_another = world.large_bodies.permit();
    let report = world.clock.run(async {
        of_another.acquire().await;
        let leaves = async {
            world.clock.sleep(seconds(160)).await;
            drop(of_another);
        };
        join(run_queue(&world, Kind::Image, one_model()), leaves).await.0
    });
    assert_eq!((report.retrying, report.duration_ms), (1, 145_000));
    assert_eq!(world.queue.row(job).error_code, Some(Code::ReplyLost));
    assert_eq!(*world.queue.spent.borrow(), [0.067]);
}
