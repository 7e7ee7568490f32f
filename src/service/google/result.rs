//! What in a reply is its result: not what the model only thought of, and not what it was given.

use crate::json::{Json, has_name};

/// Replies of some proxies repeat what was asked. What is in there is no result.
const OF_REQUEST: [&str; 5] = ["request", "contents", "instances", "input", "inputs"];

/// The types and roles of what is no result.
pub(super) const NO_RESULT: [&str; 3] = ["thought", "user", "user_input"];

/// Whether a member with this name repeats what was asked.
pub(super) fn is_of_request(name: &str) -> bool {
    has_name(&OF_REQUEST, name)
}

impl<'a> Json<'a> {
    /// Visits every object of a result, an outer one before those in it.
    pub(super) fn each_object<'d>(&'d self, visit: &mut dyn FnMut(&'d Json<'a>)) {
        if matches!(self, Json::Object(_)) {
            if self.is_no_result() {
                return;
            }
            visit(self);
        }
        for (name, value) in self.inside() {
            if !is_of_request(name) {
                value.each_object(visit);
            }
        }
    }

    /// Whether an object is what a model only thought of, or what it was given.
    pub(super) fn is_no_result(&self) -> bool {
        let kind = |name| self.get(name).text().is_some_and(|kind| NO_RESULT.contains(&&**kind));
        self.get("thought").is_true() || kind("type") || kind("role")
    }

    /// The last object that is of a kind, wherever it is.
    pub(super) fn find(&self, is_it: &dyn Fn(&Json<'a>) -> bool) -> Option<&Json<'a>> {
        let mut found = None;
        self.each_object(&mut |object| found = Some(object).filter(|it| is_it(it)).or(found));
        found
    }
}
