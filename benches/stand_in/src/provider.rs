//! The provider: images in a reply, videos as an operation that takes some polls.

use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, CONTENT_RANGE};
use serde_json::json;

use crate::load::Measurement;
use crate::{Asked, Reply};

const BASE: &str = "/v1beta/";

pub fn serve(measurement: &mut Measurement, asked: &Asked) -> Reply {
    let Some(path) = asked.path.strip_prefix(BASE) else { return Reply::nothing_at(&asked.path) };
    if path.ends_with(":generateContent") {
        measurement.count("provider", "generateContent");
        image(measurement, asked)
    } else if path.ends_with(":predictLongRunning") {
        measurement.count("provider", "predictLongRunning");
        let name = format!("models/veo/operations/{}", measurement.polls.len());
        measurement.polls.insert(name.clone(), 0);
        Reply::json(&json!({"name": name}))
    } else if path.contains("/operations/") {
        measurement.count("provider", "poll");
        poll(measurement, path)
    } else if path.starts_with("files/") {
        measurement.count("provider", "download");
        file(measurement, asked.range.as_deref())
    } else {
        Reply::nothing_at(path)
    }
}

fn image(measurement: &Measurement, asked: &Asked) -> Reply {
    const TYPE: &str = "application/json; charset=UTF-8";
    let bodies = &measurement.bodies;
    if measurement.load.gzip && asked.takes_gzip {
        return Reply::bytes(TYPE, bodies.gzip.clone()).with(CONTENT_ENCODING, "gzip".into());
    }
    Reply::bytes(TYPE, bodies.reply.clone())
}

fn poll(measurement: &mut Measurement, name: &str) -> Reply {
    let polls = measurement.polls.entry(name.into()).or_default();
    *polls += 1;
    if *polls < measurement.load.polls {
        return Reply::json(&json!({"name": name}));
    }
    let uri = format!("{}{BASE}files/video:download?alt=media", measurement.origin);
    let samples = json!([{"video": {"uri": uri}}]);
    Reply::json(&json!({
        "name": name,
        "done": true,
        "response": {"generateVideoResponse": {"generatedSamples": samples}},
    }))
}

/// The video, or a part of it.
fn file(measurement: &Measurement, range: Option<&str>) -> Reply {
    let asset = &measurement.bodies.asset;
    let Some((first, last)) = range.and_then(|range| part(range, asset.len())) else {
        return Reply::bytes("video/mp4", asset.clone());
    };
    Reply {
        status: StatusCode::PARTIAL_CONTENT,
        ..Reply::bytes("video/mp4", asset.slice(first..=last))
            .with(CONTENT_RANGE, format!("bytes {first}-{last}/{}", asset.len()))
    }
}

/// The first and the last byte of a range such as `bytes=0-63`.
fn part(range: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse::<usize>().ok()?.min(length - 1));
    (first <= last).then_some((first, last))
}
