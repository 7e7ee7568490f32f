//! The readers below the services, for the fuzz targets in `fuzz/`. Not there in any other build.
#![allow(missing_docs)] // the names are those of the modules

use serde_json::Value;

use super::source::WebUrl;
use crate::http::ReplyBody;
use crate::json::Json;

pub fn sanitize(text: &mut [u8]) {
    crate::json::sanitize(text);
}

pub fn read(body: &[u8]) -> Option<Value> {
    Json::read(body).ok().map(Value::from)
}

pub fn read_any(body: &[u8]) -> Value {
    Json::read_any(body).into()
}

/// The last image or video of a reply that comes in pieces of so many bytes.
pub fn take_file(reply: &[u8], piece: usize) -> Option<Vec<u8>> {
    let mut received = ReplyBody::with_files();
    reply.chunks(piece).for_each(|piece| received.append(piece));
    super::google::take_file(&mut received.text, &mut received.files, |_| true)
        .map(|_| received.text)
}

pub fn redacted(text: &str) -> String {
    super::redact::redacted(text)
}

/// A URL as it was read.
#[derive(Debug, Clone)]
pub struct Address {
    url: WebUrl,
}

impl Address {
    pub fn parse(text: &str) -> Option<Self> {
        WebUrl::parse(text).ok().map(|url| Self { url })
    }

    pub fn join(&self, location: &str) -> Option<Self> {
        self.url.join(location).ok().map(|url| Self { url })
    }

    pub fn is_public(&self) -> bool {
        self.url.host.is_public()
    }

    pub fn host(&self) -> String {
        self.url.host.to_string()
    }

    pub fn below(&self, base: &Self) -> Option<&str> {
        self.url.below(&base.url)
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.url.fmt(f)
    }
}
