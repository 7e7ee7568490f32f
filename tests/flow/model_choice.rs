//! Which model does a job: the first of the list that can do what the message asks for, or the one
//! that it names.

use generation_queue::flow::{RunReport, Settings, Stopped};
use serde_json::{Value, json};

use crate::world::{MemoryWorld, one_at_a_time, prompt};

pub const FLASH_2_5: &str = "gemini-2.5-flash-image";
pub const FLASH_3_1: &str = "gemini-3.1-flash-image";
const NANO: &str = "gemini-nano-banana-2.1";
pub const VEO: &str = "veo-3.1-fast-generate-preview";
const VERTEX: &str = "vertex/veo-3.1-fast-generate-001";
pub const OMNI: &str = "gemini-omni-1.1-flash";
const OMNI_1_2: &str = "gemini-omni-1.2-flash";

fn one_of(models: &[&str]) -> Settings {
    let models = models.iter().map(|model| (*model).to_owned()).collect();
    Settings { models, ..one_at_a_time() }
}

fn message(wishes: &Value) -> Value {
    let mut message = prompt("p");
    for (field, value) in wishes.as_object().unwrap() {
        message[field] = value.clone();
    }
    message
}

pub fn images(world: &MemoryWorld, models: &[&str], wishes: &[Value]) -> RunReport {
    for wish in wishes {
        world.send_image(message(wish));
    }
    world.run_images(one_of(models))
}

pub fn videos(world: &MemoryWorld, models: &[&str], wishes: &[Value]) -> RunReport {
    for wish in wishes {
        world.send_video(message(wish));
    }
    world.run_videos(one_of(models))
}

pub fn asked(world: &MemoryWorld) -> Vec<String> {
    world.model.asked.borrow().iter().map(|(model, ..)| model.clone()).collect()
}

pub fn error(report: &RunReport, job: usize) -> (&str, &str) {
    let error = report.jobs[job].error.as_ref().unwrap();
    (error.code, &error.message)
}

#[test]
fn a_model_that_cannot_do_what_a_job_asks_is_skipped_for_that_job() {
    let world = MemoryWorld::new();
    let wishes = [json!({"imageSize": "2K"}), json!({}), json!({"aspectRatio": "8:1"})];
    let report = images(&world, &[FLASH_2_5, FLASH_3_1], &wishes);
    assert_eq!(report.succeeded, 3);
    assert_eq!(asked(&world), [FLASH_3_1, FLASH_2_5, FLASH_3_1]);
    assert!(!world.log.has("is not available"), "the model is skipped, not lost");
}

#[test]
fn a_video_goes_to_the_first_model_that_can_do_it() {
    let world = MemoryWorld::new();
    let references = json!({"referenceImageUrls": ["http://a.test/1"], "durationSeconds": 4});
    let wishes = [json!({"negativePrompt": "rain"}), references];
    assert_eq!(videos(&world, &[OMNI, VEO], &wishes[..1]).succeeded, 1);
    assert_eq!(videos(&world, &[VEO, OMNI], &wishes[1..]).succeeded, 1);
    assert_eq!(asked(&world), [VEO, OMNI]);
}

#[test]
fn a_seed_and_the_smallest_size_pass_over_the_model_that_has_none() {
    let world = MemoryWorld::new();
    let wishes = [json!({"seed": 7}), json!({"imageSize": "512"}), json!({"imageSize": "4K"})];
    assert_eq!(images(&world, &[NANO, FLASH_3_1], &wishes).succeeded, 3);
    assert_eq!(asked(&world), [FLASH_3_1, FLASH_3_1, NANO]);
}

#[test]
fn length_resolution_and_sound_choose_the_model_of_a_video() {
    let world = MemoryWorld::new();
    let wishes = [
        json!({"durationSeconds": 12}),
        json!({"durationSeconds": 5}),
        json!({"resolution": "360p"}),
        json!({"generateAudio": false}),
        json!({"resolution": "4k"}),
    ];
    assert_eq!(videos(&world, &[VEO, OMNI, OMNI_1_2, VERTEX], &wishes).succeeded, 5);
    assert_eq!(asked(&world), [OMNI_1_2, OMNI, OMNI, VERTEX, VEO]);
}

#[test]
fn an_error_says_what_each_configured_model_accepts() {
    let world = MemoryWorld::new();
    let report = videos(&world, &[VERTEX, OMNI], &[json!({"durationSeconds": 12})]);
    let refused = format!(
        r#"durationSeconds: expected "4" or "6" or "8" for {VERTEX}; durationSeconds: expected "3" or "4" or "5" or "6" or "7" or "8" or "9" or "10" for {OMNI}"#
    );
    assert_eq!(error(&report, 0), ("invalid_message", refused.as_str()));
    assert!(asked(&world).is_empty());
}

#[test]
fn the_log_names_a_model_that_has_no_price() {
    let world = MemoryWorld::new();
    let report = images(&world, &["gemini-9-image", NANO], &[json!({})]);
    assert_eq!((report.succeeded, report.jobs[0].cost_usd), (1, None));
    assert!(world.log.has("No price is known for gemini-9-image"));
    let world = MemoryWorld::new();
    images(&world, &[NANO], &[json!({})]);
    assert!(!world.log.has("No price"));
}

#[test]
fn when_no_model_can_the_error_names_fields_and_models_and_nothing_was_fetched() {
    let world = MemoryWorld::new();
    let wish = json!({
        "imageSize": "4K", "editMode": true, "sourceImageUrl": "https://example.com/missing.png",
    });
    let report = images(&world, &[FLASH_2_5], std::slice::from_ref(&wish));
    let refused = format!("imageSize: expected none for {FLASH_2_5}");
    assert_eq!(error(&report, 0), ("invalid_message", refused.as_str()));
    let wish = json!({
        "personGeneration": "dont_allow", "sourceImageUrl": "https://example.com/missing.png",
    });
    let report = videos(&world, &[VEO, OMNI], &[wish]);
    let refused = format!(
        "personGeneration: expected \"allow_all\" or \"allow_adult\" for {VEO}; \
         personGeneration: expected none for {OMNI}"
    );
    assert_eq!(error(&report, 0), ("invalid_message", refused.as_str()));
    assert_eq!(report.stopped, Stopped::Empty);
    assert!(world.sources.asked.borrow().is_empty() && world.model.asked.borrow().is_empty());
}

#[test]
fn a_message_chooses_among_the_configured_models() {
    let world = MemoryWorld::new();
    let wishes = [json!({"model": FLASH_3_1}), json!({"model": format!("models/{FLASH_3_1}")})];
    let configured = [FLASH_2_5, "models/gemini-3.1-flash-image"];
    assert_eq!(images(&world, &configured, &wishes).succeeded, 2);
    assert_eq!(asked(&world), [FLASH_3_1, FLASH_3_1]);
}

#[test]
fn a_message_cannot_choose_a_model_that_is_not_configured() {
    let world = MemoryWorld::new();
    let wish = json!({"model": "gemini-3-pro-image"});
    let report = images(&world, &[FLASH_2_5, FLASH_3_1], &[wish, json!({})]);
    let refused = format!("model: expected \"{FLASH_2_5}\" or \"{FLASH_3_1}\"");
    assert_eq!(error(&report, 0), ("invalid_message", refused.as_str()));
    assert_eq!((report.failed, report.succeeded), (1, 1));
    assert_eq!(asked(&world), [FLASH_2_5]);
}

#[test]
fn a_message_that_chooses_a_model_without_credentials_fails_with_what_that_lacks() {
    let world = MemoryWorld::new();
    let left_out =
        vec![format!("{VERTEX}-x needs NOTHING"), format!("{VERTEX} needs PROJECT, EMAIL")];
    world.send_video(message(&json!({"model": VERTEX})));
    let report = world.run_videos(Settings { left_out, ..one_of(&[OMNI]) });
    let lacks =
        format!("the message asks for a model that is left out: {VERTEX} needs PROJECT, EMAIL");
    assert_eq!(error(&report, 0), ("model_unavailable", lacks.as_str()));
    assert!(asked(&world).is_empty());
}

#[test]
fn the_chosen_model_is_not_replaced_by_another() {
    let world = MemoryWorld::new();
    let wish = json!({"model": FLASH_2_5, "imageSize": "4K"});
    let report = images(&world, &[FLASH_2_5, FLASH_3_1], &[wish]);
    let refused = format!("imageSize: expected none for {FLASH_2_5}");
    assert_eq!(error(&report, 0), ("invalid_message", refused.as_str()));
}

#[test]
fn the_images_of_a_job_are_fetched_in_their_order_and_counted_together() {
    let world = MemoryWorld::new();
    let urls = ["http://a.test/1", "http://a.test/2", "http://a.test/3"];
    let wish = json!({"editMode": true, "sourceImageUrls": urls});
    assert_eq!(images(&world, &[FLASH_2_5], &[wish]).succeeded, 1);
    let fetched: Vec<_> = world.sources.asked.take();
    assert_eq!(fetched, [(urls[0].into(), 0), (urls[1].into(), 6), (urls[2].into(), 12)]);
    let wish = json!({"sourceImageUrl": urls[0], "lastFrameUrl": urls[1]});
    assert_eq!(videos(&world, &[VEO], &[wish]).succeeded, 1);
    assert_eq!(world.sources.asked.borrow().len(), 2);
}

#[test]
fn the_cost_depends_on_the_size() {
    let world = MemoryWorld::new();
    let report = images(&world, &[FLASH_3_1], &[json!({"imageSize": "4K"}), json!({})]);
    let costs: Vec<_> = report.jobs.iter().map(|job| job.cost_usd).collect();
    assert_eq!(costs, [Some(0.151), Some(0.067)]);
}
