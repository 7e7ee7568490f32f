//! How many calls a run makes: a budget, because each of them takes its time and its money.

use serde_json::json;

use crate::world::{MemoryWorld, settings};

/// The calls of a run of that many images: database, storage, provider.
fn calls(images: usize, entity: bool) -> [usize; 3] {
    let world = MemoryWorld::new();
    for number in 0..images {
        let mut message = json!({"storyboardId": "sb", "prompt": number.to_string()});
        if entity {
            message["sceneId"] = json!(number.to_string());
        }
        world.send_image(message);
    }
    assert_eq!(world.run_images(settings()).succeeded as usize, images);
    let published = (0..images).all(|job| world.queue.row(job).publication.is_none());
    assert!(published, "every copy is confirmed");
    [world.queue.calls(), world.store.calls(), world.model.submissions_made()]
}

#[test]
fn an_image_takes_one_call_to_the_database_two_to_storage_and_one_to_the_provider() {
    // A run begins with a claim, and ends by asking what is overdue.
    assert_eq!(calls(40, true), [42, 80, 40]);
    assert_eq!(calls(40, false), [42, 40, 40]);
}

#[test]
fn an_empty_queue_takes_two_calls_of_the_core() {
    // The function reads how the models stand as well, once: tests/functions/handler_test.ts.
    assert_eq!(calls(0, true), [2, 0, 0]);
    let world = MemoryWorld::new();
    world.run_videos(settings());
    // Operations of cancelled jobs come first: they cost money.
    assert_eq!(world.queue.calls(), 3);
}
