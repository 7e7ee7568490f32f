//! What is measured: each part prepares its input once, and then does the same again and again.

use std::hint::black_box;
use std::time::Duration;

use base64_simd::STANDARD;
use generation_queue::job::{Format, ImageJob, Kind, VideoJob};
use generation_queue::json::Json;
use generation_queue::large_body::LargeBodies;
use generation_queue::port::{ClaimRequest, ImageModel, ImageRequest, Queue, SourceImage};
use generation_queue::service::{Gemini, Pgmq};
use serde_json::{Value, json};

use crate::service::{Service, now};

const MB: usize = 1024 * 1024;
const GOOGLE: &str = "https://google.example.com/v1beta";
const REST: &str = "https://project.example.com/rest/v1";
const MODEL: &str = "gemini-2.5-flash-image";
const HOUR: Duration = Duration::from_secs(3600);

/// A part of the core. `prepare` answers what is measured.
pub struct Part {
    pub name: &'static str,
    pub prepare: fn() -> Box<dyn FnMut()>,
}

pub const PARTS: &[Part] = &[
    Part { name: "image_reply", prepare: image_reply },
    Part { name: "edit_request", prepare: edit_request },
    Part { name: "claim", prepare: claim },
    Part { name: "image_message", prepare: image_message },
    Part { name: "video_message", prepare: video_message },
];

/// Asks a model for an image, and takes 2 MB out of its reply.
fn image_reply() -> Box<dyn FnMut()> {
    let service = Service { base: GOOGLE, reply: reply(&png(2 * MB)) };
    let job = image_job(&json!({"storyboardId": "board", "prompt": "A hero on a cliff"}));
    Box::new(move || generate(&service, &job, &[], 2 * MB))
}

/// The same with a source image of 2 MB in the request, and a small image in the reply.
fn edit_request() -> Box<dyn FnMut()> {
    let service = Service { base: GOOGLE, reply: reply(&png(1024)) };
    let job = image_job(&json!({
        "storyboardId": "board", "prompt": "At night", "editMode": true,
        "sourceImageUrl": "https://images.example.com/day.png",
    }));
    let sources = [SourceImage { format: Format::Png, bytes: png(2 * MB).into() }];
    Box::new(move || generate(&service, &job, &sources, 1024))
}

fn generate(service: &Service, job: &ImageJob, sources: &[SourceImage], expected: usize) {
    let permit = LargeBodies::default().permit();
    let model = Gemini::new(service, service);
    let request = ImageRequest { job, sources };
    let image = now(model.generate(MODEL, request, HOUR, &permit)).expect("an image");
    assert_eq!(image.bytes.len(), expected);
    black_box(image);
}

/// Claims five jobs.
fn claim() -> Box<dyn FnMut()> {
    let rows: Vec<Value> = (1..=5).map(row).collect();
    let service = Service { base: REST, reply: json!(rows).to_string().into() };
    let models = [MODEL.to_owned()];
    Box::new(move || {
        let request = ClaimRequest {
            lease: Duration::from_secs(30),
            quantity: 5,
            models: &models,
            fallback_after: None,
            job_deadline: HOUR,
        };
        let claims = now(Pgmq::new(&service).claim(Kind::Image, request)).expect("claims");
        assert_eq!(claims.len(), 5);
        black_box(claims);
    })
}

/// A row as the database answers a claim.
fn row(number: u64) -> Value {
    json!({
        "job_id": format!("0b6e2c1e-5a07-4c9f-8d7e-{number:012}"), "msg_id": number,
        "lease_token": 1, "attempts": 1, "deaths": 0, "retried": false,
        "submission_pending": false, "operation": null, "operation_age_seconds": null,
        "age_seconds": 0.25, "unavailable": null,
        "message": {
            "storyboardId": "storyboard-001", "sceneId": format!("scene-{number}"),
            "prompt": "A hero on a cliff, wide shot, cinematic light",
        },
    })
}

/// Reads the message of an image.
fn image_message() -> Box<dyn FnMut()> {
    let message = json!({
        "storyboardId": "storyboard-001", "sceneId": "scene-001", "characterId": "hero-001",
        "prompt": "A hero on a cliff, wide shot, cinematic light", "aspectRatio": "16:9",
    });
    Box::new(move || {
        black_box(image_job(&message));
    })
}

/// Reads the message of a video.
fn video_message() -> Box<dyn FnMut()> {
    let message: Json<'_> = json!({
        "storyboardId": "storyboard-001", "sceneId": "scene-001", "prompt": "Lion walking",
        "durationSeconds": "8", "resolution": "1080p", "aspectRatio": "9:16",
        "sourceImageUrl": "https://images.example.com/lion.png",
    })
    .into();
    Box::new(move || {
        black_box(VideoJob::parse(&message).expect("a job"));
    })
}

fn image_job(message: &Value) -> ImageJob {
    ImageJob::parse(&message.clone().into()).expect("a job")
}

/// A file that begins as a PNG; what follows is any bytes.
fn png(size: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        (0..size as u32).map(|at| (at.wrapping_mul(0x9e37_79b1) >> 13) as u8).collect();
    bytes[..8].copy_from_slice(b"\x89PNG\r\n\x1a\n");
    bytes
}

fn reply(image: &[u8]) -> Vec<u8> {
    let data = STANDARD.encode_to_string(image);
    let part = json!({"inlineData": {"mimeType": "image/png", "data": data}});
    let content = json!({"role": "model", "parts": [part]});
    let reply = json!({
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 1299},
        "modelVersion": MODEL,
    });
    format!("{reply:#}").into()
}
