//! The bytes of assets and replies.

use std::io::Write;

use base64_simd::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::load::{Kind, Load};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const MP4: &[u8] = b"\0\0\0\x10ftypisom\0\0\x02\0";
const INDEX: &[u8] = b"\0\0\0\x10moov\0\0\0\x08free";

/// Made for one load, and kept while loads ask for the same.
#[derive(Default)]
pub struct Bodies {
    made_for: Load,
    /// A video.
    pub asset: Bytes,
    pub source: Bytes,
    /// A model's reply with an image in it, as it is and compressed.
    pub reply: Bytes,
    pub gzip: Bytes,
}

impl Bodies {
    pub fn prepare(&mut self, load: &Load) {
        let made_for = Load { jobs: 0, polls: 0, ..load.clone() };
        if self.made_for == made_for {
            return;
        }
        *self = Self { source: file(load.source, PNG).into(), ..Self::default() };
        match load.kind {
            Kind::Video => self.asset = video(load.asset).into(),
            Kind::Image => self.reply = image_reply(&file(load.asset, PNG)),
        }
        if load.gzip {
            self.gzip = compressed(&self.reply);
        }
        self.made_for = made_for;
    }
}

/// A video: its data in one part, and behind that the part with its index.
fn video(size: usize) -> Vec<u8> {
    let data = u32::try_from(size - MP4.len() - INDEX.len()).expect("a size of 32 bits");
    let mut bytes = file(size, &[MP4, &data.to_be_bytes(), b"mdat"].concat());
    bytes.truncate(size - INDEX.len());
    bytes.extend_from_slice(INDEX);
    bytes
}

/// A file of a format, known by its first bytes. What follows is as hard to compress as a picture:
/// the numbers of xorshift.
fn file(size: usize, head: &[u8]) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(size + 8);
    bytes.extend_from_slice(head);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// A reply as Google writes it, with line breaks and blanks.
fn image_reply(image: &[u8]) -> Bytes {
    let before = r#"{
  "candidates": [
    {
      "content": {
        "parts": [
          {
            "inlineData": {
              "mimeType": "image/png",
              "data": ""#;
    let after = r#""
            }
          }
        ],
        "role": "model"
      },
      "finishReason": "STOP",
      "index": 0
    }
  ],
  "usageMetadata": {
    "promptTokenCount": 9,
    "candidatesTokenCount": 1290,
    "totalTokenCount": 1299
  },
  "modelVersion": "gemini-2.5-flash-image",
  "responseId": "measured"
}
"#;
    let mut reply = String::with_capacity(image.len() * 4 / 3 + 1024);
    reply.push_str(before);
    STANDARD.encode_append(image, &mut reply);
    reply.push_str(after);
    reply.into()
}

fn compressed(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes it").into()
}
