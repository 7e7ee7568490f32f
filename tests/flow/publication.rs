//! Which image the current object of an entity shows.

use std::time::Duration;

use futures_util::future::join;
use generation_queue::flow::{Settings, run_queue};
use generation_queue::job::Kind;
use generation_queue::port::Clock;

use crate::support::ledger::Status;
use crate::world::{Call, MemoryWorld, StoreCall, scene, settings};

#[test]
fn the_newest_image_stays_current_in_whatever_order_the_jobs_end() {
    let world = MemoryWorld::new();
    world.queue.send(Kind::Image, scene("older"), Duration::from_secs(60));
    world.send_image(scene("newer"));
    world.run_images(settings());
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.run_images(settings()).succeeded, 1);
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("newer"));
}

#[test]
fn a_missing_copy_is_made_by_a_later_run() {
    let world = MemoryWorld::new();
    world.store.faults.borrow_mut().push(StoreCall::Copy);
    world.send_image(scene("p"));
    let report = world.run_images(settings());
    assert_eq!((report.succeeded, report.repaired), (1, 0));
    assert_eq!(world.store.object("storyboard-images/sb/s.png"), None);
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(world.run_images(settings()).repaired, 1);
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("p"));
}

#[test]
fn missing_copies_are_left_to_another_run_when_the_time_is_up() {
    let world = MemoryWorld::new();
    world.store.faults.borrow_mut().push(StoreCall::Copy);
    world.send_image(scene("p"));
    world.run_images(settings());
    world.clock.advance(Duration::from_secs(601));
    world.clock.stop_at(world.clock.now());
    assert_eq!(world.run_images(settings()).repaired, 0);
}

#[test]
fn copies_that_became_old_before_they_were_confirmed_are_made_again_behind_the_budget() {
    let world = MemoryWorld::new();
    let older = world.send_image(scene("older"));
    world.queue.slow_next(Call::Maintain, Duration::from_secs(20));
    let short = Settings { budget: Duration::from_secs(8), ..settings() };
    world.clock.run(async {
        let newer = async {
            world.clock.sleep(Duration::from_secs(9)).await;
            world.send_image(scene("newer"));
            run_queue(&world, Kind::Image, settings()).await;
        };
        join(run_queue(&world, Kind::Image, short), newer).await
    });
    assert!(world.queue.row(older).publication.is_none());
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("newer"));
}

#[test]
fn a_completion_whose_reply_is_lost_still_counts() {
    let world = MemoryWorld::new();
    let job = world.send_image(scene("p"));
    world.queue.lose_reply(Call::Complete);
    assert_eq!(world.run_images(settings()).lost, 1);
    assert_eq!(world.queue.row(job).status, Status::Succeeded);
    world.clock.advance(Duration::from_secs(601));
    let report = world.run_images(settings());
    assert_eq!((report.claimed, report.repaired), (0, 1));
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("p"));
}
