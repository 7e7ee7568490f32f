//! Workers that die in the middle of their jobs.

use std::time::Duration;

use futures_util::future::join;
use generation_queue::failure::Code;
use generation_queue::flow::{Settings, Stopped, run_queue};
use generation_queue::job::Kind;
use generation_queue::port::Lease;

use crate::support::ledger::{Ledger, Status};
use crate::world::{MemoryWorld, one_at_a_time, prompt, scene, settings};

fn in_company(_: &mut Ledger, _: Duration, _: &Lease) {}

fn alone(ledger: &mut Ledger, now: Duration, lease: &Lease) {
    assert!(ledger.extend(now, lease, lease.kind.lease(), true));
}

#[test]
fn a_job_whose_workers_always_die_is_given_up() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    for _ in 0..2 {
        world.queue.worker_dies(Kind::Image, in_company);
    }
    for _ in 0..3 {
        world.queue.worker_dies(Kind::Image, alone);
    }
    world.run_images(settings());
    assert_eq!(world.queue.row(job).error_code, Some(Code::AttemptsExhausted));
    assert!(world.model.asked.borrow().is_empty());
}

#[test]
fn a_job_that_only_ever_dies_with_others_succeeds() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    for _ in 0..20 {
        world.queue.worker_dies(Kind::Image, in_company);
    }
    world.run_images(Settings { max_attempts: 1, ..settings() });
    let row = world.queue.row(job);
    assert_eq!((row.status, row.attempts), (Status::Succeeded, 1));
}

#[test]
fn a_job_that_has_met_two_deaths_is_tried_alone() {
    let world = MemoryWorld::new();
    let suspect = world.send_image(prompt("suspect"));
    for _ in 0..2 {
        world.queue.worker_dies(Kind::Image, in_company);
    }
    world.send_images(9);
    let report = world.run_images(settings());
    assert_eq!((report.stopped, report.succeeded), (Stopped::Empty, 10));
    // Its four neighbours of the same claim go first, then the suspect, then the rest.
    let asked = world.model.asked.borrow();
    let order = asked.iter().position(|(_, prompt, _)| prompt == "suspect");
    assert_eq!(order, Some(4));
    assert!(report.duration_ms >= 24_000, "{} ms", report.duration_ms);
    let row = world.queue.row(suspect);
    assert_eq!(row.alone, row.lease_token);
}

#[test]
fn a_job_that_has_to_be_alone_is_not_overtaken_by_another_run_of_its_isolate() {
    let world = MemoryWorld::new();
    world.send_image(prompt("suspect"));
    for _ in 0..2 {
        world.queue.worker_dies(Kind::Image, in_company);
    }
    world.send_images(20);
    let run = || run_queue(&world, Kind::Image, Settings { concurrency: 2, ..settings() });
    world.clock.run(join(run(), run()));
    let asked = world.model.asked.borrow();
    let order = asked.iter().position(|(_, prompt, _)| prompt == "suspect").unwrap();
    assert!(order <= 4, "{order} others were there before");
    assert_eq!(asked.len(), 21);
}

#[test]
fn a_video_is_polled_later_while_another_has_to_be_alone() {
    let world = MemoryWorld::new();
    let suspect = world.send_video(scene("suspect"));
    for _ in 0..2 {
        world.queue.worker_dies(Kind::Video, in_company);
    }
    let other = world.send_video(scene("other"));
    world.model.pend(1);
    let report = world.run_videos(Settings { concurrency: 2, max_jobs: Some(2), ..settings() });
    assert_eq!((report.succeeded, report.waiting), (1, 1));
    assert_eq!(world.queue.row(suspect).status, Status::Succeeded);
    assert_eq!(world.queue.row(other).status, Status::Waiting);
}

#[test]
fn a_job_whose_video_kills_every_worker_fails_and_keeps_its_operation() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.pend(20);
    world.run_videos(Settings { budget: Duration::from_secs(20), ..one_at_a_time() });
    world.clock.advance(Duration::from_secs(10));
    for _ in 0..5 {
        world.queue.worker_dies(Kind::Video, alone);
    }
    assert_eq!(world.run_videos(one_at_a_time()).failed, 1);
    let row = world.queue.row(job);
    assert_eq!(row.error_code, Some(Code::AttemptsExhausted));
    assert!(row.operation.is_some());
}
