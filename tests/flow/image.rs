//! An image job, from its message to its objects.

use std::time::Duration;

use generation_queue::failure::Code;
use generation_queue::flow::{Settings, Stopped};
use serde_json::json;

use crate::support::ledger::Status;
use crate::world::{Call, MemoryWorld, prompt, scene, settings};

#[test]
fn an_image_is_stored_linked_and_published() {
    let world = MemoryWorld::new();
    world.queue.add_entity("scene:sb:s");
    let job = world.send_image(scene("A hero"));
    let report = world.run_images(settings());
    assert_eq!((report.claimed, report.succeeded), (1, 1));
    assert_eq!(report.stopped, Stopped::Empty);
    let row = world.queue.row(job);
    let own = format!("storyboard-images/{}", row.object_path.unwrap());
    assert_eq!(world.store.object(&own).as_deref(), Some("A hero"));
    assert_eq!(world.store.object("storyboard-images/sb/s.png").as_deref(), Some("A hero"));
    assert_eq!(report.jobs[0].url, row.asset_url);
    assert!(row.publication.is_none());
    assert!(world.log.has("Entity updated: scene:sb:s"));
}

#[test]
fn an_image_for_a_scene_and_a_character_is_published_for_both() {
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
fn an_image_without_an_entity_is_only_stored() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("Alone"));
    world.run_images(settings());
    assert!(world.queue.row(job).object_path.unwrap().starts_with("sb/jobs/"));
    assert_eq!(world.store.objects.borrow().len(), 1);
}

#[test]
fn a_missing_entity_is_logged_and_the_asset_is_kept() {
    let world = MemoryWorld::new();
    let job = world.send_image(scene("p"));
    world.run_images(settings());
    assert_eq!(world.queue.row(job).status, Status::Succeeded);
    assert!(world.log.has("Entity not found: scene:sb:s"));
}

#[test]
fn an_edit_is_made_from_its_source() {
    let world = MemoryWorld::new();
    let edit = |url: &str| json!({"storyboardId": "sb", "prompt": "p", "sourceImageUrl": url, "editMode": true});
    world.send_image(edit("https://example.com/a.png"));
    let missing = world.send_image(edit("https://example.com/missing.png"));
    world.run_images(settings());
    assert_eq!(*world.model.asked.borrow(), [("first-model".into(), "p".into(), true)]);
    assert_eq!(world.queue.row(missing).error_code, Some(Code::SourceImageUnusable));
}

#[test]
fn an_invalid_message_fails_without_delaying_other_jobs() {
    let world = MemoryWorld::new();
    let bad = world.send_image(json!({"storyboardId": "sb"}));
    let good = world.send_image(prompt("p"));
    let report = world.run_images(settings());
    assert_eq!((report.failed, report.succeeded), (1, 1));
    assert_eq!(world.queue.row(bad).error_code, Some(Code::InvalidMessage));
    let message = &report.jobs[0].error.as_ref().unwrap().message;
    assert_eq!(message, "prompt: expected a non-empty string, but it is missing");
    assert_eq!(world.queue.row(good).status, Status::Succeeded);
    assert_eq!(world.model.asked.borrow().len(), 1);
}

fn edit(urls: &[&str]) -> serde_json::Value {
    json!({"storyboardId": "sb", "prompt": "p", "sourceImageUrls": urls, "editMode": true})
}

#[test]
fn source_images_have_a_deadline_together() {
    let world = MemoryWorld::new();
    let job = world.send_image(edit(&["https://a.example/1", "https://a.example/2"]));
    world.sources.takes.set(Duration::from_secs(19));
    let report = world.run_images(settings());
    let error = report.jobs[0].error.as_ref().unwrap();
    assert_eq!(error.message, "the source images did not arrive within 30 s");
    assert_eq!((report.retrying, report.jobs[0].duration_ms), (1, 30_000));
    assert_eq!(world.queue.row(job).attempts, 1);
    assert!(world.model.asked.borrow().is_empty(), "nothing was paid for");
}

#[test]
fn source_images_take_no_longer_than_the_run() {
    let world = MemoryWorld::new();
    let job = world.send_image(edit(&["https://a.example/1"]));
    world.sources.takes.set(Duration::from_secs(600));
    let budget = |seconds| Settings { budget: Duration::from_secs(seconds), ..settings() };
    let report = world.run_images(budget(20));
    assert_eq!((report.stopped, report.duration_ms), (Stopped::Budget, 20_000));
    assert_eq!((report.retrying, world.queue.row(job).attempts), (1, 1));
    world.clock.advance(Duration::from_secs(60));

    // One that only began when little of the run was left has not had its chance.
    world.queue.slow_next(Call::Claim, Duration::from_secs(11));
    let report = world.run_images(budget(20));
    assert_eq!((report.waiting, report.duration_ms), (1, 20_000));
    assert_eq!(world.queue.row(job).attempts, 1);
}

#[test]
fn waiting_for_a_neighbours_large_body_does_not_count_against_the_source_images() {
    let world = MemoryWorld::new();
    world.model.image_takes.set(Duration::from_secs(45));
    for _ in 0..2 {
        world.send_image(edit(&["https://a.example/large"]));
    }
    let report = world.run_images(settings());
    assert_eq!((report.succeeded, report.duration_ms), (2, 90_000));
}
