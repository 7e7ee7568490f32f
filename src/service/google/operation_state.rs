//! The state of an operation that has no video to show, in any protocol.

use crate::failure::Failure;

/// The state that a reply gives.
pub(super) enum OperationState {
    /// It is being worked on.
    Pending,
    /// It is over.
    Ended(Failure),
    /// It is over, it says, and has nothing to show for it. What follows if that is so.
    Unclear(Failure),
    /// It is over, and has something to show of no known form.
    Unknown,
    /// The reply is no state.
    Unreadable,
}
