//! An image job, from its message to its objects.

use generation_queue::failure::Code;
use generation_queue::flow::Stopped;
use serde_json::json;

use crate::support::ledger::Status;
use crate::world::{MemoryWorld, prompt, scene, settings};

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
    assert!(!row.publication_pending);
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
