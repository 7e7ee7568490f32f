//! What is thrown into JavaScript, and what a thing that JavaScript threw says.

use js_sys::{Error, Reflect, TypeError};
use wasm_bindgen::prelude::*;

use crate::job::Invalid;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A message that is no job: what `validateImageJob` and `validateVideoJob` throw. */
export interface ValidationError extends Error {
    name: "ValidationError";
    /** Everything that is wrong with the message, by field. */
    issues: Issue[];
}
"#;

/// The error for a part of a call that is not as expected: `options.models: expected …`.
pub(super) fn unexpected(path: &str, value: &JsValue, expected: &str) -> JsValue {
    let found = match () {
        () if value.is_undefined() => ", not undefined",
        () if value.is_null() => ", not null",
        () if value.is_function() => ", not a function",
        () if js_sys::Array::is_array(value) => ", not an array",
        () if value.is_object() => ", not an object",
        // Texts are not repeated: an adapter's URL or a key in the wrong place may be one.
        () if value.is_string() => ", not another string",
        () => "",
    };
    TypeError::new(&format!("{path}: expected {expected}{found}")).into()
}

/// The property `name` of what the caller passed as `path`, which has to be an object.
pub(super) fn property(object: &JsValue, path: &str, name: &str) -> Result<JsValue, JsValue> {
    if !object.is_object() && !object.is_function() {
        return Err(unexpected(path, object, "an object"));
    }
    Reflect::get(object, &name.into())
}

/// The error for a message that is no job.
pub(super) fn validation(invalid: &Invalid) -> JsValue {
    let error = Error::new(&invalid.to_string());
    error.set_name("ValidationError");
    if let Ok(issues) = serde_wasm_bindgen::to_value(&invalid.issues) {
        // Setting a property of an object made here cannot fail.
        let _ = Reflect::set(&error, &"issues".into(), &issues);
    }
    error.into()
}

/// What a thrown thing says about itself and about its cause, without any address: an address may
/// carry a signature.
pub(super) fn description(thrown: &JsValue) -> String {
    let Some(error) = thrown.dyn_ref::<Error>() else {
        let text = thrown.as_string().unwrap_or_else(|| "no reason given".into());
        return without_addresses(&text);
    };
    let mut text = String::from(error.message());
    // Deno 2.9 says only "fetch failed" and keeps the reason in the cause; 2.1 says it all.
    if let Some(cause) = error.cause().dyn_ref::<Error>() {
        text = format!("{text}: {}", String::from(cause.message()));
    }
    without_addresses(&text)
}

/// A text without its addresses, bounded.
pub(super) fn without_addresses(text: &str) -> String {
    let words = text.split_whitespace().map(|word| if word.contains("://") { "…" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(500).collect()
}
