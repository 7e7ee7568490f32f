//! The operations of cancelled jobs.

use std::time::Duration;

use futures_util::future::join;
use generation_queue::failure::{Code, Failure};
use generation_queue::flow::{Settings, run_queue};
use generation_queue::job::Kind;
use generation_queue::port::{Clock, Operation};
use serde_json::json;

use crate::model_choice::{FLASH_3_1, OMNI};
use crate::support::ledger::Job;
use crate::world::{Call, MemoryWorld, one_at_a_time, scene, settings};

/// Sends a job and cancels it while its operation is running.
fn cancelled(world: &MemoryWorld, operation: &str) -> Job {
    let job = world.send_video(scene("Lion walking"));
    let operation = Operation { model: "first-model".into(), name: operation.into() };
    world.queue.worker_dies(Kind::Video, |ledger, now, lease| {
        assert!(ledger.record_operation(now, lease, operation));
    });
    world.queue.cancel(job);
    job
}

#[test]
fn operations_of_cancelled_jobs_are_cancelled_once_and_before_any_job_begins() {
    let world = MemoryWorld::new();
    let jobs = ["operations/a", "operations/b"].map(|name| cancelled(&world, name));
    world.send_video(scene("Lion walking"));
    world.queue.fail_next(Call::Claim);
    world.run_videos(one_at_a_time());
    assert_eq!(*world.model.cancelled.borrow(), ["operations/a", "operations/b"]);
    assert!(jobs.iter().all(|job| !world.queue.row(*job).cancellation_pending));
    world.run_videos(one_at_a_time());
    assert_eq!(world.model.cancelled.borrow().len(), 2, "once is enough");
}

#[test]
fn a_run_cancels_the_operation_of_a_job_that_is_cancelled_while_it_polls() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.pend(20);
    let running = run_queue(&world, Kind::Video, one_at_a_time());
    let report = world.clock.run(async {
        let cancel = async {
            world.clock.sleep(Duration::from_secs(25)).await;
            world.queue.cancel(job);
        };
        join(running, cancel).await.0
    });
    assert_eq!(report.lost, 1);
    assert_eq!(*world.model.cancelled.borrow(), ["operations/1"]);
    assert!(!world.queue.row(job).cancellation_pending);
}

#[test]
fn a_run_cancels_what_a_submission_began_whose_job_was_cancelled_meanwhile() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.submission_takes.set(Duration::from_secs(20));
    let running = run_queue(&world, Kind::Video, one_at_a_time());
    let report = world.clock.run(async {
        let cancel = async {
            world.clock.sleep(Duration::from_secs(10)).await;
            world.queue.cancel(job);
        };
        join(running, cancel).await.0
    });
    assert_eq!(report.lost, 1);
    assert_eq!(*world.model.cancelled.borrow(), ["operations/1"]);
    assert_eq!(world.model.polled.borrow().len(), 0);
    assert!(world.log.has("its job was cancelled or taken over"));
    assert!(!world.queue.row(job).cancellation_pending);
}

#[test]
fn what_a_submission_begins_is_recorded_though_the_lease_is_found_lost_during_it() {
    let world = MemoryWorld::new();
    let job = world.send_image(json!({"storyboardId": "sb", "prompt": "p", "imageSize": "4K"}));
    world.model.submission_takes.set(Duration::from_secs(20));
    // The lease is extended after 15 s.
    let running =
        run_queue(&world, Kind::Image, Settings { models: vec![FLASH_3_1.into()], ..settings() });
    let report = world.clock.run(async {
        let cancel = async {
            world.clock.sleep(Duration::from_secs(10)).await;
            world.queue.cancel(job);
        };
        join(running, cancel).await.0
    });
    assert_eq!((world.queue.count(Call::Extend), report.lost), (1, 1));
    assert_eq!(*world.model.cancelled.borrow(), ["operations/1"]);
    assert!(!world.queue.row(job).cancellation_pending);
}

#[test]
fn a_cancellation_that_fails_is_left_to_a_later_run_and_delays_no_job() {
    let world = MemoryWorld::new();
    let [job, next] = ["operations/a", "operations/b"].map(|name| cancelled(&world, name));
    world.send_video(scene("Lion walking"));
    let unavailable = || Err(Failure::retry(Code::ProviderUnavailable, "503"));
    world.model.cancellations.borrow_mut().push_back(unavailable());
    world.queue.fail_next(Call::Claim);
    world.run_videos(one_at_a_time());
    assert!(!world.queue.row(next).cancellation_pending, "one holds up no other");
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert!(world.queue.row(job).cancellation_pending);
    assert!(world.log.has("Operation not cancelled"));

    world.queue.fail_next(Call::Maintain);
    world.send_video(scene("Lion walking"));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
}

#[test]
fn what_a_video_costs_whose_job_is_cancelled_depends_on_whether_it_can_be_stopped() {
    for (model, costs) in [("veo-3.1-generate-001", Some(3.2)), (OMNI, None)] {
        let world = MemoryWorld::new();
        world.send_video(scene("Lion walking"));
        let models = vec![model.into()];
        assert_eq!(world.run_videos(Settings { models, ..one_at_a_time() }).succeeded, 1);
        assert_eq!(*world.queue.cancelled_usd.borrow(), [costs], "{model}");
    }
}
