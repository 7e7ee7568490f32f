//! A model that the provider no longer has.

use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::flow::Stopped;
use serde_json::json;

use crate::model_choice::{FLASH_2_5, FLASH_3_1, OMNI, VEO, asked, error, images, videos};
use crate::support::ledger::Status;
use crate::world::{MemoryWorld, one_at_a_time, prompt, scene, settings};

fn retired() -> Failure {
    Failure::rest(Standing::Retired, Code::ModelUnavailable, "no longer available")
}

#[test]
fn a_run_leaves_a_retired_model_for_the_next_one_for_good() {
    let world = MemoryWorld::new();
    world.model.fail_image(retired());
    world.send_image(prompt("1"));
    world.send_image(prompt("2"));
    let report = world.run_images(one_at_a_time());
    assert_eq!(report.succeeded, 2);
    assert_eq!(asked(&world), ["first-model", "second-model", "second-model"]);
    assert!(world.log.has("Model first-model is not available"));
}

#[test]
fn a_job_fails_when_no_model_is_left() {
    let world = MemoryWorld::new();
    for _ in 0..2 {
        world.model.fail_image(retired());
    }
    world.send_image(prompt("p"));
    let report = world.run_images(settings());
    let (code, message) = error(&report, 0);
    assert_eq!(code, "model_unavailable");
    assert!(message.contains("first-model, second-model"), "{message}");
}

#[test]
fn a_video_is_submitted_to_the_next_model_when_the_first_is_retired() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.reject(retired());
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.queue.row(job).operation.unwrap().model, "second-model");
}

#[test]
fn no_submission_is_pending_after_every_model_was_retired() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    for _ in 0..2 {
        world.model.reject(retired());
    }
    assert_eq!(world.run_videos(one_at_a_time()).failed, 1);
    let row = world.queue.row(job);
    assert_eq!(row.error_code, Some(Code::ModelUnavailable));
    assert!(!row.submission_pending());
}

#[test]
fn a_claim_names_the_models_that_are_left() {
    let world = MemoryWorld::new();
    world.model.reject(retired());
    world.send_video(scene("Lion walking"));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    let both = ["first-model", "second-model"].map(str::to_owned).to_vec();
    assert_eq!(*world.queue.claimed_for.borrow(), [both.clone(), both[1..].to_vec()]);
}

#[test]
fn a_job_that_chose_a_retired_model_fails_alone() {
    let world = MemoryWorld::new();
    world.model.fail_image(retired());
    let chosen = json!({"model": FLASH_3_1});
    let report =
        images(&world, &[FLASH_2_5, FLASH_3_1], &[chosen.clone(), json!({}), chosen, json!({})]);
    let refused = format!("model: expected one that is still available, not {FLASH_3_1}");
    for job in [0, 2] {
        assert_eq!(error(&report, job), ("invalid_message", refused.as_str()));
    }
    assert_eq!((report.failed, report.succeeded), (2, 2));
    assert_eq!(report.stopped, Stopped::Empty);
    // The second job that chose it sends no request: the run knows that the model is retired.
    assert_eq!(asked(&world), [FLASH_3_1, FLASH_2_5, FLASH_2_5]);
}

#[test]
fn a_job_that_only_the_retired_model_could_do_does_not_end_the_run() {
    let world = MemoryWorld::new();
    world.model.reject(retired());
    let wish = json!({"negativePrompt": "rain"});
    let report = videos(&world, &[VEO, OMNI], &[wish, json!({})]);
    let refused = format!("negativePrompt: expected none for {OMNI}");
    assert_eq!(error(&report, 0), ("invalid_message", refused.as_str()));
    assert_eq!((report.failed, report.succeeded), (1, 1));
    assert_eq!(asked(&world), [VEO, OMNI]);
    let failed = world.queue.row(0);
    assert_eq!((failed.status, failed.submission_pending()), (Status::Failed, false));
}
