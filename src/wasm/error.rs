//! The errors that the core throws, and the text of those that JavaScript threw.

use js_sys::{Error, Reflect, TypeError};
use wasm_bindgen::prelude::*;

use super::value::to_js;
use crate::job::{Invalid, joined};
use crate::search::Search;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** The error for an invalid message, thrown by `validateImageJob` and `validateVideoJob`. */
export interface ValidationError extends Error {
    name: "ValidationError";
    /** Everything that is wrong with the message, by field. */
    issues: Issue[];
}
"#;

/// The error for an unexpected value: `options.models: expected …`.
pub(super) fn unexpected(path: &str, value: &JsValue, expected: &str) -> JsValue {
    let found = match () {
        () if value.is_undefined() => ", not undefined",
        () if value.is_null() => ", not null",
        () if value.is_function() => ", not a function",
        () if js_sys::Array::is_array(value) => ", not an array",
        () if value.is_object() => ", not an object",
        // Never the text itself: it may be a key in the wrong place.
        () if value.is_string() => ", not another string",
        () => "",
    };
    TypeError::new(&format!("{path}: expected {expected}{found}")).into()
}

/// The property `name` of the object that the caller passed as `path`.
pub(super) fn property(object: &JsValue, path: &str, name: &str) -> Result<JsValue, JsValue> {
    if !object.is_object() && !object.is_function() {
        return Err(unexpected(path, object, "an object"));
    }
    // What a getter throws may hold a key: only the name goes out.
    Reflect::get(object, &name.into())
        .map_err(|_| TypeError::new(&format!("{path}.{name}: cannot be read")).into())
}

/// The error for an invalid message.
pub(super) fn validation(invalid: &Invalid) -> JsValue {
    let error = Error::new(&invalid.to_string());
    error.set_name("ValidationError");
    if let Ok(issues) = to_js(&invalid.issues) {
        // Setting a property of an object made here cannot fail.
        let _ = Reflect::set(&error, &"issues".into(), &issues);
    }
    error.into()
}

/// The message of a thrown value and of its cause, without any address: an address may hold a
/// signature.
pub(super) fn description(thrown: &JsValue) -> String {
    // An adapter's error may have any `message`, even one that throws when it is read.
    let read = |value: &JsValue, name: &str| Reflect::get(value, &name.into()).ok();
    let message = |value: &JsValue| match value.has_type::<Error>() {
        true => read(value, "message").and_then(|message| message.as_string()),
        false => value.as_string(),
    };
    let mut text = message(thrown).unwrap_or_else(|| "no reason given".into());
    // Deno 2.9 says only "fetch failed" and keeps the reason in the cause; 2.1 says both.
    let cause = read(thrown, "cause").filter(|cause| cause.has_type::<Error>());
    if let Some(cause) = cause.and_then(|cause| message(&cause)) {
        text = format!("{text}: {cause}");
    }
    without_addresses(&text)
}

/// A text without addresses, of 500 characters at most.
pub(super) fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.has("://") { "…" } else { word });
    joined(&words.collect::<Vec<_>>(), " ").chars().take(500).collect()
}
