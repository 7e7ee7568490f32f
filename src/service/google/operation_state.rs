//! The state of an operation, in any protocol.

use serde_json::Value;

use crate::failure::Failure;
use crate::json::Encoded;

/// The state that a reply gives.
pub(super) enum OperationState {
    Pending,
    Remote(String, Option<Value>),
    Inline(Encoded, Option<Value>),
    Ended(Failure),
    Unreadable,
}
