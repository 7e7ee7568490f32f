//! Reading the properties of an object that may be anything.

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;

use super::error::misuse;

/// A value and how the caller wrote it, for errors: `options.models`.
pub(super) struct Property {
    pub(super) path: String,
    pub(super) value: JsValue,
}

impl Property {
    /// An argument of an exported function.
    pub(super) fn argument(name: &str, value: JsValue) -> Self {
        Self { path: name.into(), value }
    }

    /// The property `name` of this object.
    pub(super) fn get(&self, name: &str) -> Result<Property, JsValue> {
        if !self.value.is_object() && !self.value.is_function() {
            return Err(self.expected("an object"));
        }
        let value = Reflect::get(&self.value, &name.into())?;
        Ok(Self { path: format!("{}.{name}", self.path), value })
    }

    /// Whether it was left out.
    pub(super) fn is_missing(&self) -> bool {
        self.value.is_undefined() || self.value.is_null()
    }

    /// It as a string.
    pub(super) fn string(&self) -> Result<String, JsValue> {
        self.value.as_string().ok_or_else(|| self.expected("a string"))
    }

    /// It as a function.
    pub(super) fn function(&self) -> Result<Function, JsValue> {
        self.value.dyn_ref::<Function>().cloned().ok_or_else(|| self.expected("a function"))
    }

    /// It as a list of non-empty strings.
    pub(super) fn strings(&self) -> Result<Vec<String>, JsValue> {
        const EXPECTED: &str = "an array of non-empty strings";
        let array = self.value.dyn_ref::<js_sys::Array>().ok_or_else(|| self.expected(EXPECTED))?;
        let text = |value: JsValue| value.as_string().filter(|text| !text.trim().is_empty());
        array.iter().map(|value| text(value).ok_or_else(|| self.expected(EXPECTED))).collect()
    }

    /// It as a whole number between two bounds.
    pub(super) fn whole_number(&self, least: u32, most: u32) -> Result<u32, JsValue> {
        let number = self.value.as_f64().filter(|number| number.fract() == 0.0);
        number
            .filter(|number| (f64::from(least)..=f64::from(most)).contains(number))
            .map(|number| number as u32) // within bounds, so nothing is cut
            .ok_or_else(|| self.expected(&format!("a whole number from {least} to {most}")))
    }

    /// The error that this is not what was expected.
    pub(super) fn expected(&self, expected: &str) -> JsValue {
        let found = match () {
            () if self.value.is_undefined() => "undefined",
            () if self.value.is_null() => "null",
            () if self.value.is_function() => "a function",
            () if js_sys::Array::is_array(&self.value) => "an array",
            () if self.value.is_object() => "an object",
            // Texts are not repeated: an adapter's URL or a key in the wrong place may be one.
            () if self.value.is_string() => "another string",
            () => return misuse(&format!("{}: expected {expected}", self.path)),
        };
        misuse(&format!("{}: expected {expected}, not {found}", self.path))
    }
}
