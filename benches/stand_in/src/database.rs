//! The database's functions, as PostgREST answers them.

use serde_json::{Value, json};

use crate::load::{Kind, Measurement};

pub const BASE: &str = "/rest/v1/rpc/";

pub fn call(measurement: &mut Measurement, function: &str, arguments: &[u8]) -> Value {
    let arguments: Value = serde_json::from_slice(arguments).unwrap_or_default();
    match function {
        "claim_generation_jobs" => claim(measurement, &arguments),
        "complete_generation_job" => completion(measurement, &arguments),
        "defer_generation_job" => {
            measurement.left += 1;
            json!(true)
        }
        "confirm_generation_publication" | "slowest_generations" => json!([]),
        "maintain_generation_queue" => json!({"unpublished": [], "cancelled": []}),
        _ => json!(true),
    }
}

fn claim(measurement: &mut Measurement, arguments: &Value) -> Value {
    let quantity = arguments["quantity"].as_u64().unwrap_or(1).min(measurement.left);
    (0..quantity).map(|_| job(measurement)).collect()
}

fn job(measurement: &mut Measurement) -> Value {
    let number = measurement.left;
    measurement.left -= 1;
    let mut message = json!({
        "storyboardId": "storyboard-001",
        "sceneId": format!("scene-{number}"),
        "prompt": "A hero on a cliff, wide shot, cinematic light",
    });
    if measurement.load.source > 0 {
        let url = format!("{}/storage/v1/object/public/sources/{number}.png", measurement.origin);
        message["sourceImageUrl"] = url.into();
        if measurement.load.kind == Kind::Image {
            message["editMode"] = true.into();
        }
    }
    json!({
        // Random ids differ in their beginnings, too.
        "job_id": format!("{number:08}-0000-4000-8000-000000000000"),
        "msg_id": number,
        "lease_token": 1,
        "message": message,
        "attempts": 1,
        "deaths": 0,
        "operation": null,
        "operation_age_seconds": null,
        "submission_pending": false,
        "age_seconds": 1,
        "enqueued_at": "2026-11-28T15:00:00.000000+00:00",
        "retried": false,
        "unavailable": null,
    })
}

/// Every job has a scene, whose current object becomes a copy of its asset. The next job may be claimed
/// along with it.
fn completion(measurement: &mut Measurement, arguments: &Value) -> Value {
    let next = &arguments["next"];
    json!({
        "held": true,
        "claims": if next.is_null() { Value::Null } else { claim(measurement, next) },
        "entities": [{
            "slot": "scene",
            "key": format!("scene:storyboard-001:scene-{}", arguments["msg_id"]),
            "outcome": "linked",
        }],
        "publications": [{
            "slot": "scene",
            "object_path": arguments["object_path"],
            "content_type": arguments["content_type"],
        }],
    })
}
