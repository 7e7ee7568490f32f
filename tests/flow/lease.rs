//! Leases: extended while a worker works; nothing is written or paid for without one.

use std::time::Duration;

use futures_util::future::join;
use generation_queue::flow::{Settings, run_queue};
use generation_queue::job::Kind;
use generation_queue::port::Clock;

use crate::support::ledger::Status;
use crate::world::{Call, MemoryWorld, one_at_a_time, prompt, scene, settings};

#[test]
fn a_slow_image_keeps_its_lease() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(100));
    let job = world.send_image(prompt("p"));
    let report = world.run_images(settings());
    assert_eq!(report.succeeded, 1);
    assert!(world.queue.count(Call::Extend) >= 6, "every 15 s");
    assert_eq!(world.queue.row(job).lease_token, Some(1), "claimed once");
}

#[test]
fn an_extension_that_failed_is_repeated_in_time() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(60));
    world.send_image(prompt("p"));
    world.queue.fail_next(Call::Extend);
    assert_eq!(world.run_images(settings()).succeeded, 1);
}

#[test]
fn an_extension_that_hangs_is_given_up_when_the_lease_is_over() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(100));
    world.queue.slow_next(Call::Extend, Duration::from_secs(3600));
    world.send_image(prompt("p"));
    let report = world.run_images(settings());
    // 30 s until the lease is over, then the next claim begins again: another 100 s.
    assert_eq!((report.succeeded, report.duration_ms), (1, 130_000));
}

#[test]
fn a_worker_that_lost_its_lease_leaves_no_trace() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(100));
    let job = world.send_image(scene("p"));
    let report = world.clock.run(async {
        let work = run_queue(&world, Kind::Image, settings());
        let theft = async {
            world.clock.sleep(Duration::from_secs(20)).await;
            world.queue.read_by_hand(job);
        };
        join(work, theft).await.0
    });
    assert_eq!((report.lost, report.succeeded), (1, 0));
    assert!(world.store.objects.borrow().is_empty());
    assert_eq!(world.queue.row(job).status, Status::Running);
}

#[test]
fn a_job_whose_claim_is_answered_after_its_lease_is_begun_if_the_database_extends_it() {
    for takes in [16, 29, 31, 74].map(Duration::from_secs) {
        let world = MemoryWorld::new();
        let job = world.send_image(prompt("p"));
        world.queue.slow_next(Call::Claim, takes);
        let report = world.run_images(settings());
        assert_eq!((report.succeeded, report.lost), (1, 0), "{takes:?}");
        assert_eq!((world.queue.count(Call::Extend), world.queue.row(job).deaths), (1, 0));
    }
}

#[test]
fn an_extension_before_the_work_that_takes_longer_than_a_lease_is_asked_for_again() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    world.queue.slow_next(Call::Claim, Duration::from_secs(16));
    for _ in 0..2 {
        world.queue.slow_next(Call::Extend, Duration::from_secs(31));
    }
    let report = world.run_images(settings());
    assert_eq!((report.claimed, report.succeeded, report.lost), (1, 1, 0));
    let row = world.queue.row(job);
    assert_eq!((row.attempts, row.deaths, world.queue.count(Call::Extend)), (1, 0, 3));
    assert_eq!(world.model.asked.borrow().len(), 1);
}

#[test]
fn a_run_whose_extensions_all_take_too_long_gives_its_job_back() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    world.queue.slow_next(Call::Claim, Duration::from_secs(16));
    for _ in 0..100 {
        world.queue.slow_next(Call::Extend, Duration::from_secs(16));
    }
    let report = world.run_images(settings());
    assert_eq!((report.waiting, world.queue.row(job).attempts), (1, 0));
    assert!(world.model.asked.borrow().is_empty());
    assert!(world.clock.now() < Duration::from_secs(150), "{:?}", world.clock.now());
}

#[test]
fn a_job_that_another_worker_has_when_its_claim_is_answered_is_not_begun() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    world.queue.slow_next(Call::Claim, Duration::from_secs(1));
    world.queue.slow_next(Call::Extend, Duration::from_secs(2));
    world.clock.suspend(Duration::from_secs(1), Duration::from_secs(30));
    let report = world.clock.run(async {
        let settings = Settings { max_jobs: Some(1), ..settings() };
        let work = run_queue(&world, Kind::Image, settings);
        let theft = async {
            world.clock.sleep(Duration::from_secs(32)).await;
            world.queue.read_by_hand(job);
        };
        join(work, theft).await.0
    });
    assert_eq!((report.claimed, report.lost), (1, 1));
    assert_eq!(world.model.asked.borrow().len(), 0);
}

#[test]
fn a_worker_that_was_suspended_beyond_its_lease_pays_for_nothing() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.queue.slow_next(Call::BeginSubmission, Duration::from_secs(2));
    world.queue.slow_next(Call::Extend, Duration::from_millis(50));
    world.clock.suspend(Duration::from_secs(2), Duration::from_secs(601));
    assert_eq!(world.run_videos(one_at_a_time()).lost, 1);
    assert_eq!(world.model.submissions_made(), 0);
    assert_eq!(world.queue.row(job).status, Status::Running, "left to the next claim");
}
