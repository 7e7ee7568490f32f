//! What a provider says about an operation, whatever its protocol.

use serde_json::Value;

use crate::failure::Failure;
use crate::json::Encoded;

/// What a reply says about an operation.
pub(super) enum OperationState {
    Pending,
    Remote(String, Option<Value>),
    Inline(Encoded, Option<Value>),
    Ended(Failure),
    Unreadable,
}
