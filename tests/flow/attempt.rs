//! What is retried, how often, and what counts as an attempt.

use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::flow::{Outcome, Settings, Stopped};

use crate::model_choice::FLASH_3_1;
use crate::support::ledger::Status;
use crate::world::{Call, MemoryWorld, StoreCall, prompt, scene, settings};

#[test]
fn a_transient_failure_is_retried_until_no_attempt_is_left() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        world.model.fail_image(Failure::retry(Code::ProviderReplyUnreadable, "half a reply"));
        outcomes.push(world.run_images(settings()).jobs[0].outcome);
        world.clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(outcomes[..4], [Outcome::Retrying; 4]);
    assert_eq!(outcomes[4], Outcome::Failed);
    assert_eq!(world.queue.row(job).error_code, Some(Code::ProviderReplyUnreadable));
}

#[test]
fn a_retry_that_finds_its_asset_in_storage_only_settles() {
    let world = MemoryWorld::new();
    let job = world.send_image(scene("p"));
    let settings = || Settings { models: vec![FLASH_3_1.into()], ..settings() };
    world.queue.fail_next(Call::Complete);
    assert_eq!(world.run_images(settings()).retrying, 1);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_images(settings()).succeeded, 1);
    assert_eq!(
        *world.queue.spent.borrow(),
        [0.067],
        "its price is known to the first attempt alone"
    );
    assert_eq!(world.model.asked.borrow().len(), 1, "generated once");
    assert_eq!(world.queue.row(job).status, Status::Succeeded);
}

#[test]
fn a_job_that_is_claimed_twice_in_a_run_counts_once() {
    let world = MemoryWorld::new();
    let passing = Failure::retry(Code::StorageFailed, "503");
    let soon = passing.after(Some(Duration::from_secs(1)));
    world.model.fail_image(soon);
    for text in ["first", "second", "third"] {
        world.send_image(prompt(text));
    }
    let report = world.run_images(Settings { concurrency: 2, ..settings() });
    assert_eq!((report.claimed, report.succeeded, report.retrying), (3, 3, 0));
    assert_eq!(report.jobs.len(), 3);
}

#[test]
fn a_run_that_cannot_store_an_image_generates_no_more() {
    let world = MemoryWorld::new();
    world.send_images(7);
    world.store.faults.borrow_mut().push(StoreCall::Put);
    let models = vec![FLASH_3_1.into()];
    let report = world.run_images(Settings { models, concurrency: 2, ..settings() });
    assert_eq!((report.stopped, report.succeeded, report.retrying), (Stopped::Unavailable, 1, 1));
    assert_eq!(report.error.unwrap().code, "storage_failed");
    assert_eq!(world.model.asked.borrow().len(), 2, "what was in hand");
    assert_eq!(*world.queue.spent.borrow(), [0.067]);
}

#[test]
fn a_run_that_cannot_look_for_a_stored_asset_generates_nothing() {
    let world = MemoryWorld::new();
    world.send_image(prompt("p"));
    world.model.fail_image(Failure::retry(Code::ProviderReplyUnreadable, "half a reply"));
    assert_eq!(world.run_images(settings()).retrying, 1);
    world.clock.advance(Duration::from_secs(3600));
    world.send_images(3);
    world.store.faults.borrow_mut().push(StoreCall::Find);
    let asked = world.model.asked.borrow().len();
    let report = world.run_images(Settings { concurrency: 1, ..settings() });
    assert_eq!((report.stopped, report.retrying), (Stopped::Unavailable, 1));
    assert_eq!(world.model.asked.borrow().len(), asked);
}

#[test]
fn what_could_not_be_written_of_a_failed_job_is_logged() {
    let world = MemoryWorld::new();
    world.send_image(serde_json::json!({"storyboardId": "sb"}));
    world.queue.fail_next(Call::Fail);
    assert_eq!(world.run_images(settings()).retrying, 1);
    assert!(world.log.has("Failure not recorded"));
}
