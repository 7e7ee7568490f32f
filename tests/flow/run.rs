//! How many jobs a run takes, and why it stops.

use std::time::Duration;

use generation_queue::flow::{Settings, Stopped};

use crate::world::{Call, MemoryWorld, prompt, settings};

#[test]
fn as_many_jobs_run_at_once_as_the_settings_say() {
    let world = MemoryWorld::new();
    world.send_images(12);
    let report = world.run_images(settings());
    assert_eq!(report.succeeded, 12);
    assert_eq!(world.model.at_once.get().1, 5);
    // Three rounds of 8 s: a free place is taken at once.
    assert_eq!(report.duration_ms, 24_000);
}

#[test]
fn a_run_takes_no_more_jobs_than_max_jobs() {
    let world = MemoryWorld::new();
    world.send_images(9);
    let report = world.run_images(Settings { max_jobs: Some(7), ..settings() });
    assert_eq!(report.stopped, Stopped::MaxJobs);
    assert_eq!(report.claimed, 7);
}

#[test]
fn a_run_takes_no_jobs_after_its_budget_and_finishes_those_it_has() {
    let world = MemoryWorld::new();
    world.send_images(30);
    let report = world.run_images(Settings { budget: Duration::from_secs(10), ..settings() });
    assert_eq!(report.stopped, Stopped::Budget);
    assert_eq!((report.claimed, report.succeeded), (10, 10));
}

#[test]
fn a_run_takes_no_more_jobs_when_its_cpu_time_is_used_up() {
    let world = MemoryWorld::new();
    world.send_images(30);
    world.model.image_keeps_busy.set(Duration::from_millis(100));
    let report = world.run_images(settings());
    assert_eq!(report.stopped, Stopped::Cpu);
    // Six images use up the CPU time; four more had begun by then.
    assert_eq!((report.claimed, report.succeeded), (10, 10));
}

#[test]
fn a_queue_that_cannot_be_reached_is_reported() {
    let world = MemoryWorld::new();
    world.send_image(prompt("p"));
    world.queue.fail_next(Call::Claim);
    let report = world.run_images(settings());
    assert_eq!(report.stopped, Stopped::Unavailable);
    assert_eq!(report.error.unwrap().code, "queue_failed");
    assert_eq!(report.claimed, 0);
}
