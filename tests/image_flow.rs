//! The way of an image, against a world in memory on virtual time.

mod memory;

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use generation_queue::failure::{Code, Failure};
use generation_queue::flow::{Outcome, RunReport, Settings, Stopped, run_images};
use generation_queue::port::Clock;
use memory::{MemoryWorld, Status, settings};
use serde_json::json;

#[test]
fn an_image_is_stored_linked_and_published() {
    let world = MemoryWorld::new();
    world.queue.entities.borrow_mut().push("scene:sb:s".into());
    let id = world.send_image(json!({"storyboardId": "sb", "sceneId": "s", "prompt": "A hero"}));
    let report = world.run_images(settings());
    assert_eq!((report.claimed, report.succeeded), (1, 1));
    assert_eq!(report.stopped, Stopped::Empty);
    let asset = world.queue.row(id).asset.unwrap();
    let own = format!("storyboard-images/{}", asset.path);
    assert_eq!(world.store.object(&own).as_deref(), Some("A hero"));
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("A hero"));
    assert_eq!(report.jobs[0].url.as_deref(), Some(asset.url.as_str()));
    assert!(world.queue.row(id).unpublished.is_none());
    assert!(world.journal.has("Entity updated: scene:sb:s"));
}

#[test]
fn an_image_for_both_goes_to_both_addresses() {
    let world = MemoryWorld::new();
    world.send_image(json!({
        "storyboardId": "sb", "sceneId": "s", "characterId": "c", "prompt": "Both",
    }));
    world.run_images(settings());
    for path in ["sb/s.png", "sb/characters/c.png"] {
        let path = format!("storyboard-images/{path}");
        assert_eq!(world.store.object(&path).as_deref(), Some("Both"), "{path}");
    }
}

#[test]
fn an_image_without_an_entity_is_just_stored() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({"storyboardId": "sb", "prompt": "Alone"}));
    world.run_images(settings());
    assert!(world.queue.row(id).asset.unwrap().path.starts_with("sb/jobs/"));
    assert_eq!(world.store.objects.borrow().len(), 1);
}

#[test]
fn a_missing_entity_is_said_and_the_asset_stays() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({"storyboardId": "sb", "sceneId": "s", "prompt": "p"}));
    world.run_images(settings());
    assert_eq!(world.queue.row(id).status, Status::Succeeded);
    assert!(world.journal.has("Entity not found: scene:sb:s"));
}

#[test]
fn as_many_are_made_at_once_as_were_asked_for() {
    let world = MemoryWorld::new();
    for number in 0..12 {
        world.send_image(json!({"storyboardId": "sb", "prompt": format!("{number}")}));
    }
    let report = world.run_images(settings());
    assert_eq!(report.succeeded, 12);
    assert_eq!(world.model.at_once.get().1, 5);
    // Three rounds of 8 s: a place that becomes free is taken at once.
    assert_eq!(report.duration_ms, 24_000);
}

#[test]
fn an_invalid_message_fails_without_holding_up_its_neighbours() {
    let world = MemoryWorld::new();
    let bad = world.send_image(json!({"storyboardId": "sb"}));
    let good = world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    let report = world.run_images(settings());
    assert_eq!((report.failed, report.succeeded), (1, 1));
    let (code, message) = world.queue.row(bad).error.unwrap();
    assert_eq!(code, Code::InvalidMessage);
    assert_eq!(message, "prompt: expected a non-empty string, but it is missing");
    assert_eq!(world.queue.row(good).status, Status::Succeeded);
    assert_eq!(world.model.asked.borrow().len(), 1);
}

#[test]
fn an_edit_is_made_from_its_source() {
    let world = MemoryWorld::new();
    let edit = |url: &str| json!({"storyboardId": "sb", "prompt": "p", "sourceImageUrl": url, "editMode": true});
    world.send_image(edit("https://example.com/a.png"));
    let missing = world.send_image(edit("https://example.com/missing.png"));
    world.run_images(settings());
    assert_eq!(*world.model.asked.borrow(), [("first-model".into(), "p".into(), true)]);
    assert_eq!(world.queue.row(missing).error.unwrap().0, Code::SourceImageUnusable);
}

#[test]
fn a_retired_model_is_left_for_the_next_one_once_for_all() {
    let world = MemoryWorld::new();
    let retired = Failure::other_model(Code::ModelUnavailable, "no longer available");
    world.model.images.borrow_mut().push_back(Err(retired));
    world.send_image(json!({"storyboardId": "sb", "prompt": "1"}));
    world.send_image(json!({"storyboardId": "sb", "prompt": "2"}));
    let report = world.run_images(Settings { concurrency: 1, ..settings() });
    assert_eq!(report.succeeded, 2);
    let asked: Vec<_> = world.model.asked.borrow().iter().map(|ask| ask.0.clone()).collect();
    assert_eq!(asked, ["first-model", "second-model", "second-model"]);
    assert!(world.journal.has("Model first-model is not available"));
}

#[test]
fn without_any_model_left_a_job_has_failed() {
    let world = MemoryWorld::new();
    for _ in 0..2 {
        let retired = Failure::other_model(Code::ModelUnavailable, "no longer available");
        world.model.images.borrow_mut().push_back(Err(retired));
    }
    let id = world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    world.run_images(settings());
    let (code, message) = world.queue.row(id).error.unwrap();
    assert_eq!(code, Code::ModelUnavailable);
    assert!(message.contains("first-model, second-model"), "{message}");
}

#[test]
fn a_failure_that_may_pass_is_retried_until_the_attempts_are_used_up() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    let mut outcomes = Vec::new();
    for _ in 0..5 {
        let failure = Failure::retry(Code::ProviderUnavailable, "503");
        world.model.images.borrow_mut().push_back(Err(failure));
        outcomes.push(world.run_images(settings()).jobs[0].outcome);
        world.clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(outcomes[..4], [Outcome::Retrying; 4]);
    assert_eq!(outcomes[4], Outcome::Failed);
    assert_eq!(world.queue.row(id).error.unwrap().0, Code::ProviderUnavailable);
}

#[test]
fn waiting_for_quota_is_no_attempt() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    for _ in 0..20 {
        let wait = Failure::wait(Code::QuotaExhausted, "429");
        world.model.images.borrow_mut().push_back(Err(wait.after(Some(Duration::from_secs(34)))));
        let report = world.run_images(settings());
        assert_eq!(report.waiting, 1);
        assert_eq!(report.jobs[0].retry_in_seconds, Some(34.0));
        world.clock.advance(Duration::from_secs(34));
    }
    world.run_images(settings());
    assert_eq!(world.queue.row(id).status, Status::Succeeded);
}

#[test]
fn a_retry_that_finds_its_asset_stored_only_settles() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({"storyboardId": "sb", "sceneId": "s", "prompt": "p"}));
    world.queue.fail_next("complete");
    assert_eq!(world.run_images(settings()).retrying, 1);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_images(settings()).succeeded, 1);
    assert_eq!(world.model.asked.borrow().len(), 1, "generated once");
    assert_eq!(world.queue.row(id).status, Status::Succeeded);
}

#[test]
fn a_job_whose_workers_always_die_is_given_up() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    world.queue.change(id, |row| (row.attempts, row.read_ct) = (5, 5));
    world.run_images(settings());
    assert_eq!(world.queue.row(id).error.unwrap().0, Code::AttemptsExhausted);
    assert!(world.model.asked.borrow().is_empty());
}

#[test]
fn a_slow_image_keeps_its_lease() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(100));
    let id = world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    let report = world.run_images(settings());
    assert_eq!(report.succeeded, 1);
    assert!(world.queue.extensions.get() >= 6, "every 15 s");
    assert_eq!(world.queue.row(id).read_ct, 1);
}

#[test]
fn a_worker_that_lost_its_lease_leaves_no_trace() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(100));
    let id = world.send_image(json!({"storyboardId": "sb", "sceneId": "s", "prompt": "p"}));
    let report = world.clock.run(async {
        let work = generation_queue::flow::run_images(&world, settings());
        let theft = async {
            world.clock.sleep(Duration::from_secs(20)).await;
            world.queue.change(id, |row| row.read_ct += 1);
        };
        futures_util::future::join(work, theft).await.0
    });
    assert_eq!((report.lost, report.succeeded), (1, 0));
    assert!(world.store.objects.borrow().is_empty());
    assert_eq!(world.queue.row(id).status, Status::Running);
}

#[test]
fn a_missed_extension_is_made_up_for() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(60));
    world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    world.queue.fail_next("extend");
    assert_eq!(world.run_images(settings()).succeeded, 1);
}

#[test]
fn a_run_takes_no_jobs_beyond_its_time_and_finishes_what_it_has() {
    let world = MemoryWorld::new();
    for number in 0..30 {
        world.send_image(json!({"storyboardId": "sb", "prompt": format!("{number}")}));
    }
    let report = world.run_images(Settings { budget: Duration::from_secs(10), ..settings() });
    assert_eq!(report.stopped, Stopped::Budget);
    assert_eq!((report.claimed, report.succeeded), (10, 10));
}

#[test]
fn a_run_takes_no_more_jobs_than_it_was_asked_to() {
    let world = MemoryWorld::new();
    for number in 0..9 {
        world.send_image(json!({"storyboardId": "sb", "prompt": format!("{number}")}));
    }
    let report = world.run_images(Settings { max_jobs: Some(7), ..settings() });
    assert_eq!(report.stopped, Stopped::MaxJobs);
    assert_eq!(report.claimed, 7);
}

#[test]
fn a_worker_that_is_told_to_stop_takes_no_more_jobs() {
    let world = MemoryWorld::new();
    for number in 0..30 {
        world.send_image(json!({"storyboardId": "sb", "prompt": format!("{number}")}));
    }
    world.clock.stop_at(Duration::from_secs(12));
    let report = world.run_images(settings());
    assert_eq!(report.stopped, Stopped::Shutdown);
    assert_eq!((report.claimed, report.succeeded), (10, 10));
}

#[test]
fn a_worker_that_is_told_to_stop_pays_for_nothing_more() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({
        "storyboardId": "sb", "prompt": "p", "editMode": true,
        "sourceImageUrl": "https://images.test/a.png",
    }));
    world.sources.takes.set(Duration::from_secs(20));
    world.clock.stop_at(Duration::from_secs(10));
    let report = world.run_images(settings());
    assert_eq!((report.stopped, report.waiting), (Stopped::Shutdown, 1));
    assert!(world.model.asked.borrow().is_empty());
    let row = world.queue.row(id);
    assert_eq!((row.status, row.attempts), (Status::Queued, 0));
    assert_eq!(row.visible_at, Duration::from_secs(20));
}

/// Workers of 150 s each, one after the other, told to stop when nine tenths of that are over. The
/// reports of those that were not ended in the middle of their run.
fn run_in_short_lived_workers(world: &MemoryWorld, workers: u64) -> Vec<RunReport> {
    let mut reports = Vec::new();
    for _ in 0..workers {
        let start = world.clock.now();
        world.clock.stop_at(start + Duration::from_secs(135));
        let end = world.clock.sleep(Duration::from_secs(150));
        let run = run_images(world, settings());
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
        for number in 0..30 {
            world.send_image(json!({"storyboardId": "sb", "prompt": format!("{number}")}));
        }
        let reports = run_in_short_lived_workers(&world, 6);
        assert_eq!(reports.len(), 6, "{seconds} s: every run comes to its end");
        let succeeded: u32 = reports.iter().map(|report| report.succeeded).sum();
        assert_eq!(succeeded, 30, "{seconds} s");
        assert_eq!(world.model.asked.borrow().len(), 30, "{seconds} s");
    }
}

#[test]
fn a_run_takes_no_more_jobs_when_it_has_computed_for_long_enough() {
    let world = MemoryWorld::new();
    for number in 0..30 {
        world.send_image(json!({"storyboardId": "sb", "prompt": format!("{number}")}));
    }
    world.model.image_keeps_busy.set(Duration::from_millis(100));
    let report = world.run_images(settings());
    assert_eq!(report.stopped, Stopped::Cpu);
    // Six images keep it busy for long enough; four more were on their way by then.
    assert_eq!((report.claimed, report.succeeded), (10, 10));
}

#[test]
fn a_queue_out_of_reach_is_reported() {
    let world = MemoryWorld::new();
    world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    world.queue.fail_next("claim");
    let report = world.run_images(settings());
    assert_eq!(report.stopped, Stopped::Unavailable);
    assert_eq!(report.error.unwrap().code, "queue_failed");
    assert_eq!(report.claimed, 0);
}

#[test]
fn the_newest_enqueued_image_stays_current_in_whatever_order_they_finish() {
    let world = MemoryWorld::new();
    let message = |prompt| json!({"storyboardId": "sb", "sceneId": "s", "prompt": prompt});
    let older = world.send_image(message("older"));
    world.send_image(message("newer"));
    world.queue.change(older, |row| row.visible_at = Duration::from_secs(60));
    world.run_images(settings());
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.run_images(settings()).succeeded, 1);
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("newer"));
}

#[test]
fn a_copy_left_undone_is_made_by_the_next_run() {
    let world = MemoryWorld::new();
    world.store.faults.borrow_mut().push("copy");
    world.send_image(json!({"storyboardId": "sb", "sceneId": "s", "prompt": "p"}));
    let report = world.run_images(settings());
    assert_eq!((report.succeeded, report.repaired), (1, 0));
    assert_eq!(world.store.object("storyboard-images/sb/s.png"), None);
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(world.run_images(settings()).repaired, 1);
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("p"));
}

#[test]
fn copies_are_left_to_another_run_when_the_time_is_up() {
    let world = MemoryWorld::new();
    world.store.faults.borrow_mut().push("copy");
    world.send_image(json!({"storyboardId": "sb", "sceneId": "s", "prompt": "p"}));
    world.run_images(settings());
    world.clock.advance(Duration::from_secs(601));
    world.clock.stop_at(world.clock.now());
    assert_eq!(world.run_images(settings()).repaired, 0);
}

#[test]
fn a_completion_whose_reply_is_lost_was_a_completion() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({"storyboardId": "sb", "sceneId": "s", "prompt": "p"}));
    world.queue.lose_reply("complete");
    assert_eq!(world.run_images(settings()).lost, 1);
    assert_eq!(world.queue.row(id).status, Status::Succeeded);
    world.clock.advance(Duration::from_secs(601));
    let report = world.run_images(settings());
    assert_eq!((report.claimed, report.repaired), (0, 1));
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("p"));
}

#[test]
fn an_extension_that_hangs_is_given_up_when_the_lease_is_over() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(100));
    world.queue.extension_takes.set(Duration::from_secs(3600));
    world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    let report = world.run_images(settings());
    // 30 s until the lease is over, then whoever is next takes the job: 100 s from the beginning.
    assert_eq!((report.succeeded, report.duration_ms), (1, 130_000));
}

#[test]
fn jobs_that_a_claim_brings_too_late_are_given_back() {
    let world = MemoryWorld::new();
    let id = world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    world.queue.claim_takes.set(Duration::from_secs(5));
    world.clock.stop_at(Duration::from_secs(3));
    let report = world.run_images(settings());
    assert_eq!((report.claimed, report.waiting), (1, 1));
    let row = world.queue.row(id);
    assert_eq!((row.status, row.attempts, row.visible_at), (Status::Queued, 0, world.clock.now()));
    assert!(world.model.asked.borrow().is_empty());
}

#[test]
fn a_key_that_is_refused_does_not_fail_what_waits_on_the_queue() {
    let world = MemoryWorld::new();
    let refused = || Failure::give_up(Code::ApiKeyInvalid, "API key not valid");
    for number in 0..9 {
        world.send_image(json!({"storyboardId": "sb", "prompt": format!("{number}")}));
        world.model.images.borrow_mut().push_back(Err(refused()));
    }
    let report = world.run_images(settings());
    assert_eq!(report.stopped, Stopped::ProviderRefused);
    assert_eq!((report.claimed, report.failed), (5, 5));
}

#[test]
fn a_job_that_comes_again_within_the_run_counts_once() {
    let world = MemoryWorld::new();
    let passing = Failure::retry(Code::ProviderUnavailable, "503");
    let soon = passing.after(Some(Duration::from_secs(1)));
    world.model.images.borrow_mut().push_back(Err(soon));
    for prompt in ["first", "second", "third"] {
        world.send_image(json!({"storyboardId": "sb", "prompt": prompt}));
    }
    let report = world.run_images(Settings { concurrency: 2, ..settings() });
    assert_eq!((report.claimed, report.succeeded, report.retrying), (3, 3, 0));
    assert_eq!(report.jobs.len(), 3);
}

#[test]
fn a_claim_that_was_answered_after_its_lease_is_not_begun() {
    let world = MemoryWorld::new();
    world.send_image(json!({"storyboardId": "sb", "prompt": "p"}));
    world.queue.claim_takes.set(Duration::from_secs(1));
    world.clock.suspend(Duration::from_secs(1), Duration::from_secs(30));
    let report = world.run_images(Settings { max_jobs: Some(1), ..settings() });
    assert_eq!((report.claimed, report.lost), (1, 1));
    assert_eq!(world.model.asked.borrow().len(), 0);
}
