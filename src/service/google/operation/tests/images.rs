//! Images in the background.

use serde_json::json;

use super::*;
use crate::job::{Format, ImageJob};
use crate::port::{ImageRequest, SourceImage};

const MODEL: &str = "gemini-3.1-flash-image";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn submit(transport: &Recorded, wishes: &Value, sources: &[SourceImage]) -> Operation {
    let mut message = wishes.clone();
    message["storyboardId"] = json!("sb");
    message["prompt"] = json!("Lion");
    let job = ImageJob::parse(&message.clone().into()).unwrap();
    let request = OperationRequest::Image(ImageRequest { job: &job, sources });
    now(Operations::new(transport, transport).submit(MODEL, request, &permit())).unwrap().operation
}

fn polled(answer: Value) -> Result<Progress, Failure> {
    poll(MODEL, "v1_x", &Recorded::at(BASE).json(200, answer))
}

fn completed(content: Value) -> Value {
    json!({"id": "v1_x", "status": "completed", "steps": [
        {"type": "user_input", "content": [{"type": "image", "data": "/9j/4AAQSkZJRgABAQAAAQ=="}]},
        {"type": "model_output", "content": [content]},
    ]})
}

#[test]
fn an_image_is_submitted_as_an_interaction_in_the_background() {
    let transport = Recorded::at(BASE).json(200, json!({"id": "v1_x", "status": "queued"}));
    let sources = [SourceImage { format: Format::Png, bytes: vec![1, 2, 3].into() }];
    let wishes = json!({"imageSize": "4K", "aspectRatio": "16:9", "seed": 7,
        "sourceImageUrls": ["https://images.test/a.png"]});
    let operation = submit(&transport, &wishes, &sources);
    assert_eq!(operation, Operation { model: MODEL.into(), name: "v1_x".into() });
    let request = transport.only();
    assert_eq!(request.url, format!("{BASE}/interactions"));
    assert_eq!(
        request.json(),
        json!({
            "model": MODEL,
            "background": true,
            "input": [
                {"type": "image", "data": "AQID", "mime_type": "image/png"},
                {"type": "text", "text": "Lion"},
            ],
            "response_format":
                {"type": "image", "delivery": "inline", "aspect_ratio": "16:9", "image_size": "4K"},
            "generation_config": {"seed": 7},
        })
    );
}

#[test]
fn the_image_in_a_reply_is_the_one_that_the_model_made() {
    let data = base64_simd::STANDARD.encode_to_string(PNG);
    let image = json!({"type": "image", "mime_type": "image/png", "data": data});
    let ready = Progress::Ready(AssetFile::Inline(PNG.to_vec()), None);
    assert_eq!(polled(completed(image)).unwrap(), ready);
    for status in ["queued", "in_progress"] {
        let answer = json!({"id": "v1_x", "status": status});
        assert_eq!(polled(answer).unwrap(), Progress::Pending);
    }
}

#[test]
fn an_end_without_an_image_says_why() {
    let text = json!({"type": "text", "text": "I cannot draw that."});
    let Progress::Ended(failure) = polled(completed(text)).unwrap() else { panic!("not ended") };
    assert_eq!((failure.code, failure.next), (Code::ContentBlocked, Next::GiveUp));
    assert_eq!(failure.message, "v1_x was refused: I cannot draw that.");
    let nothing = json!({"id": "v1_x", "status": "completed", "steps": []});
    let Progress::Unclear(failure) = polled(nothing).unwrap() else { panic!("not unclear") };
    assert_eq!(failure.code, Code::NoImage);
    // Something of no known form was paid for: it is read again, and kept for a person.
    let strange = json!({"type": "image", "uri": "files/f1"});
    let failure = polled(completed(strange)).unwrap_err();
    assert_eq!(failure.code, Code::ProviderReplyUnreadable);
}

#[test]
fn an_image_model_makes_no_video() {
    let job = json!({"storyboardId": "sb", "prompt": "Lion"});
    let job = crate::job::VideoJob::parse(&job.clone().into()).unwrap();
    let transport = Recorded::at(BASE);
    let request = OperationRequest::Video(crate::port::VideoRequest { job: &job, images: &[] });
    let refused =
        now(Operations::new(&transport, &transport).submit(MODEL, request, &permit())).unwrap_err();
    assert!(refused.rejected);
    assert_eq!(refused.failure.code, Code::ModelUnavailable);
}
