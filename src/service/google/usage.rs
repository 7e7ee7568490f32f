//! What the provider says that it used, fit for the ledger.

use crate::json::Json;
use crate::service::redact::redacted;

/// How many bytes are kept of it, names included. Google's take some hundred.
const LONGEST: usize = 4096;

/// How deep it may be. Google's lists of modalities are two levels deep.
const DEPTH: u8 = 6;

/// The usage in a reply. A stream repeats it, and its last one counts.
pub(super) fn usage_of(document: &Json<'_>) -> Option<Json<'static>> {
    let mut usage = &Json::Null;
    document.each_object(&mut |object| {
        for name in ["usageMetadata", "usage"] {
            match object.get(name) {
                Json::Null => {}
                found => usage = found,
            }
        }
    });
    Some(clean(usage, DEPTH, &mut LONGEST.clone())).filter(|usage| !usage.is_null())
}

/// A value without what a database refuses or a ledger has no room for.
fn clean(value: &Json<'_>, depth: u8, left: &mut usize) -> Json<'static> {
    const LEAST: usize = 8;
    let mut fits = |length: usize| {
        let rest = left.checked_sub(length + LEAST);
        *left = rest.unwrap_or(0);
        rest.is_some() && depth > 0
    };
    match value {
        Json::Text(text) => {
            let text = redacted(text);
            if fits(text.len()) { Json::Text(text.into()) } else { Json::Null }
        }
        Json::Object(members) if fits(0) => {
            let mut kept = Vec::new();
            for (name, value) in members {
                let name = redacted(name);
                if *left <= name.len() {
                    break;
                }
                *left -= name.len();
                kept.push((name.into(), clean(value, depth - 1, left)));
            }
            Json::Object(kept)
        }
        Json::List(elements) if fits(0) => {
            let elements = elements
                .iter()
                .map_while(|element| (*left > 0).then(|| clean(element, depth - 1, left)));
            Json::List(elements.collect())
        }
        // Not every exponent that JSON allows is one to the database.
        Json::Number(text) if text.bytes().any(|byte| byte | 0x20 == b'e') => Json::Null,
        Json::Number(text) if fits(text.len()) => value.to_owned(),
        Json::Bool(_) if fits(0) => value.to_owned(),
        _ => Json::Null,
    }
}
