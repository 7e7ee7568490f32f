//! What in a reply is its result: not what the model only thought of, and not what it was given.

use crate::json::{Json, has_name, same_name};

/// Replies of some proxies repeat what was asked. What is in there is no result.
const OF_REQUEST: [&str; 5] = ["request", "contents", "instances", "input", "inputs"];

/// The types and roles of what is no result.
pub(super) const NO_RESULT: [&str; 3] = ["thought", "user", "user_input"];

/// The states of an operation that is not over, as services write them. What it shows until then is no result.
const PENDING: [&str; 6] =
    ["queued", "in_progress", "pending", "processing", "running", "starting"];

/// Whether a member with this name repeats what was asked.
pub(super) fn is_of_request(name: &str) -> bool {
    has_name(&OF_REQUEST, name)
}

/// Whether a member describes an operation without being its result. It counts only if the operation is over and its
/// result is empty.
pub(super) fn is_metadata(name: &str) -> bool {
    same_name(name, "metadata")
}

/// Whether a member says that the operation around it is over, or that it is not; none if it says nothing of that.
/// Its value is a text, a number or a literal.
pub(super) fn is_over(name: &str, value: &str) -> Option<bool> {
    if same_name(name, "done") {
        return Some(is_yes(value));
    }
    let is_pending = same_name(name, "status") && has_name(&PENDING, value);
    is_pending.then_some(false)
}

/// Whether a text, a number or a literal means yes.
pub(super) fn is_yes(value: &str) -> bool {
    value == "1" || value.eq_ignore_ascii_case("true")
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
        is_yes(self.get("thought").literal()) || kind("type") || kind("role")
    }

    /// Whether an object is an operation that is over; none if it says nothing of that.
    pub(super) fn is_over(&self) -> Option<bool> {
        let mut over = None;
        for (name, value) in self.inside() {
            over = is_over(name, value.literal()).or(over);
        }
        over
    }

    /// What a text, a number or a literal says; nothing of anything else.
    fn literal(&self) -> &str {
        match self {
            Json::Text(text) | Json::Number(text) => text,
            Json::Bool(true) => "true",
            _ => "",
        }
    }

    /// The last object that is of a kind and not in another one of it.
    pub(super) fn outermost(&self, is_it: &dyn Fn(&Json<'a>) -> bool) -> Option<&Json<'a>> {
        let is_object = matches!(self, Json::Object(_));
        if is_object && self.is_no_result() {
            return None;
        }
        if is_object && is_it(self) {
            return Some(self);
        }
        let mut inside = self.inside().rev().filter(|(name, _)| !is_of_request(name));
        inside.find_map(|(_, value)| value.outermost(is_it))
    }

    /// The last object that is of a kind, wherever it is.
    pub(super) fn find(&self, is_it: &dyn Fn(&Json<'a>) -> bool) -> Option<&Json<'a>> {
        let mut found = None;
        self.each_object(&mut |object| found = Some(object).filter(|it| is_it(it)).or(found));
        found
    }
}
