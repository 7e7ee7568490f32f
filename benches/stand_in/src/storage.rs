//! Storage: it takes every object and keeps none.

use serde_json::json;

use crate::Reply;
use crate::load::Measurement;

pub const BASE: &str = "/storage/v1/object/";

pub fn serve(measurement: &mut Measurement, path: &str) -> Reply {
    if path.starts_with("public/sources/") {
        measurement.count("source", "download");
        return Reply::bytes("image/png", measurement.bodies.source.clone());
    }
    match path.split('/').next() {
        Some("list") => {
            measurement.count("storage", "list");
            Reply::json(&json!([]))
        }
        Some("copy") => stored(measurement, "copy"),
        _ => stored(measurement, "upload"),
    }
}

fn stored(measurement: &mut Measurement, what: &str) -> Reply {
    measurement.count("storage", what);
    let id = "00000000-0000-4000-8000-000000000000";
    Reply::json(&json!({"Key": "storyboard-images/stored", "Id": id}))
}
