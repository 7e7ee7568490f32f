//! Where a reply says that a video is.

use super::result::{is_metadata, is_of_request};
use crate::job::joined;
use crate::json::{Json, has_name};
use crate::search::Search;
use crate::service::redact::redacted;

/// The members that hold an address.
const ADDRESSES: [&str; 10] = [
    "uri",
    "gcsUri",
    "downloadUri",
    "videoUri",
    "fileUri",
    "url",
    "videoUrl",
    "video",
    "videos",
    // Of a file.
    "name",
];

/// The members of a video, or beside it, that are about something else.
const OTHERS: [&str; 6] = ["error", "image", "thumbnail", "thumbnails", "poster", "preview"];

/// No address is longer. One that was made with its submission is recorded, and the database takes no text of any
/// length, nor with every character.
const LONGEST: usize = 8192;

/// The last address of a video in a reply, wherever it is. One that a browser could open is better
/// than one of Google's storage.
pub(super) fn video_address<'d>(document: &'d Json<'_>) -> Option<&'d str> {
    let open = |text: &str| text.has("://") && !in_bucket(text) || text.has("files/");
    in_value("", document, false, &open).or_else(|| in_value("", document, false, &in_bucket))
}

/// An address for the ledger, without the key that proxies and old clients append to it, and without a user.
/// The transport adds the key where it belongs. A `key` may also be the name of a file.
pub(super) fn without_credentials(address: &str) -> String {
    let mut address = address.to_owned();
    for (mark, stop) in [("://", "/"), ("?key=", "&"), ("&key=", "&")] {
        let found = address.cut(mark).and_then(|(before, after)| {
            let value = after.cut(stop).map_or(after, |(value, _)| value);
            let at = before.len() + 1;
            if stop == "/" {
                return Some((at + 2, at + 3 + value.cut_last("@")?.0.len()));
            }
            (redacted(value) != value).then_some((at, at + 4 + value.len()))
        });
        let kept = found.map(|(at, end)| [address.get(..at), address.get(end..)]);
        if let Some([Some(before), Some(after)]) = kept {
            address = joined(&[before, after], "");
        }
    }
    address
}

fn in_bucket(text: &str) -> bool {
    text.starts_with("gs://")
}

fn in_value<'d>(
    name: &str,
    value: &'d Json<'_>,
    is_video: bool,
    is_address: &dyn Fn(&str) -> bool,
) -> Option<&'d str> {
    if let Json::Text(text) = value {
        let is_sound =
            |text: &str| text.len() <= LONGEST && !text.bytes().any(|byte| byte.is_ascii_control());
        return Some(text.trim()).filter(|text| {
            is_video && has_name(&ADDRESSES, name) && is_address(text) && is_sound(text)
        });
    }
    let kind = ["type", "mimeType"].iter().find_map(|name| value.get(name).text());
    let kind = kind.map_or("", |kind| kind);
    let over = value.is_over();
    let is_other = has_name(&OTHERS, name) || is_of_request(name) || value.is_no_result();
    if is_other || over == Some(false) {
        return None;
    }
    let is_video = is_video || [name, kind].iter().any(|it| speaks_of_video(it));
    // What is in a list has the list's name.
    let inside = |in_metadata: bool| {
        let mut inside = value.inside().rev();
        inside.find_map(|(inner, value)| {
            let name = if inner.is_empty() { name } else { inner };
            let is_video = is_video || speaks_of_video(name);
            let counts = is_metadata(name) == in_metadata;
            counts.then(|| in_value(name, value, is_video, is_address)).flatten()
        })
    };
    inside(false).or_else(|| over.and_then(|_| inside(true)))
}

fn speaks_of_video(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.has("video") || name.has("samples")
}
