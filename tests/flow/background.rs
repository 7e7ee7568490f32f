//! Images that may take longer than a worker lives: they are made in the background, polled by any
//! worker, and paid for once.

use std::time::Duration;

use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::flow::Settings;
use generation_queue::job::Kind;
use generation_queue::port::{Operation, Progress};
use serde_json::{Value, json};

use crate::model_choice::FLASH_3_1;
use crate::support::ledger::Status;
use crate::world::{Call, MemoryWorld, settings};

/// A model that only answers at once.
const AT_VERTEX: &str = "vertex/gemini-3.1-flash-image";

fn one_model() -> Settings {
    Settings { models: vec![FLASH_3_1.into()], ..settings() }
}

fn large() -> Value {
    json!({"storyboardId": "sb", "prompt": "p", "imageSize": "4K"})
}

#[test]
fn an_image_that_may_outlast_the_worker_is_submitted_once_and_polled_over_runs() {
    let world = MemoryWorld::new();
    let job = world.send_image(large());
    world.model.pend(20);
    let budget = Duration::from_secs(60);
    let report = world.run_images(Settings { budget, ..one_model() });
    assert_eq!(report.waiting, 1);
    let row = world.queue.row(job);
    assert_eq!((row.status, row.attempts), (Status::Waiting, 0));
    world.model.polls.borrow_mut().clear();
    world.clock.advance(Duration::from_secs(10));
    let report = world.run_images(one_model());
    assert_eq!(report.succeeded, 1);
    assert_eq!(report.jobs[0].model.as_deref(), Some(FLASH_3_1));
    assert_eq!(report.jobs[0].cost_usd, Some(0.151));
    assert!(report.jobs[0].url.as_ref().unwrap().ends_with(".webp"));
    assert_eq!(world.model.submissions_made(), 1, "paid for once");
}

#[test]
fn a_worker_that_lives_long_enough_waits_for_the_image() {
    let world = MemoryWorld::new();
    world.send_image(large());
    world.model.image_takes.set(Duration::from_secs(300));
    let worker_lifetime = Duration::from_secs(400);
    assert_eq!(world.run_images(Settings { worker_lifetime, ..one_model() }).succeeded, 1);
    assert_eq!(world.queue.count(Call::BeginSubmission), 0);
    assert!(world.model.polled.borrow().is_empty());
}

#[test]
fn smaller_images_and_models_without_a_background_are_made_at_once() {
    let world = MemoryWorld::new();
    world.send_image(json!({"storyboardId": "sb", "prompt": "p", "imageSize": "2K"}));
    world.run_images(one_model());
    world.send_image(large());
    world.run_images(Settings { models: vec![AT_VERTEX.into()], ..settings() });
    assert_eq!(world.model.submissions_made(), 2);
    assert_eq!(world.queue.count(Call::BeginSubmission), 0);
}

#[test]
fn a_worker_that_dies_leaves_an_operation_or_a_question() {
    let world = MemoryWorld::new();
    let job = world.send_image(large());
    world.queue.worker_dies(Kind::Image, |ledger, now, lease| {
        assert!(ledger.begin_submission(now, lease, FLASH_3_1));
        let name = "v1_a".into();
        assert!(ledger.record_operation(now, lease, Operation { model: FLASH_3_1.into(), name }));
    });
    // Whatever the models and the lifetime are by now.
    let worker_lifetime = Duration::from_secs(400);
    let report = world.run_images(Settings { worker_lifetime, ..settings() });
    assert_eq!((report.succeeded, world.model.submissions_made()), (1, 0));
    assert_eq!(*world.model.polled.borrow(), ["v1_a"]);
    assert_eq!(world.queue.row(job).status, Status::Succeeded);

    let lost = world.send_image(large());
    world.queue.worker_dies(Kind::Image, |ledger, now, lease| {
        assert!(ledger.begin_submission(now, lease, FLASH_3_1));
    });
    let report = world.run_images(one_model());
    assert_eq!((report.failed, world.model.submissions_made()), (1, 0));
    assert_eq!(world.queue.row(lost).error_code, Some(Code::SubmissionUncertain));
    let message = &report.jobs[0].error.as_ref().unwrap().message;
    assert!(message.contains("the asset may have been paid for"), "{message}");
}

#[test]
fn a_rejected_submission_is_void_before_another_model_is_asked() {
    let world = MemoryWorld::new();
    let job = world.send_image(large());
    world.model.reject(Failure::rest(Standing::Retired, Code::ModelUnavailable, "404"));
    let models = vec![FLASH_3_1.into(), AT_VERTEX.into()];
    let settings = Settings { models, ..settings() };
    let mut runs = 0;
    while world.queue.row(job).status != Status::Succeeded {
        world.run_images(settings.clone());
        world.clock.advance(Duration::from_secs(3600));
        runs += 1;
        assert!(runs < 20);
    }
    let asked = world.model.asked.borrow();
    let asked: Vec<_> = asked.iter().map(|(model, ..)| model.as_str()).collect();
    assert_eq!(asked, [FLASH_3_1, AT_VERTEX]);
    assert!(!world.queue.row(job).submission_pending());
}

#[test]
fn a_cancelled_image_is_cancelled_at_the_provider_when_there_is_nothing_else_to_do() {
    let world = MemoryWorld::new();
    let job = world.send_image(large());
    world.model.pend(20);
    world.run_images(Settings { budget: Duration::from_secs(30), ..one_model() });
    world.queue.cancel(job);
    world.clock.advance(Duration::from_secs(10));
    world.run_images(one_model());
    assert_eq!(*world.model.cancelled.borrow(), ["operations/1"]);
    assert!(!world.queue.row(job).cancellation_pending);
}

#[test]
fn an_operation_that_ended_without_an_image_may_be_paid_for_again() {
    let world = MemoryWorld::new();
    let job = world.send_image(large());
    let ended = Progress::Ended(Failure::retry(Code::OperationFailed, "13"));
    world.model.polls.borrow_mut().push_back(Ok(ended));
    assert_eq!(world.run_images(one_model()).retrying, 1);
    assert!(world.queue.row(job).operation.is_none());
}
