//! What holds for every failure, whatever it came of.

use std::time::Duration;

use generation_queue::failure::{Failure, Next};

use crate::secret;

/// Two explanations and what stands around them.
const LONGEST_MESSAGE: usize = 2000;

/// A message is one line of bounded length without a secret, and no delay is longer than an hour.
pub fn check(failure: &Failure) {
    let (message, next) = (&failure.message, &failure.next);
    assert!(!message.is_empty());
    assert!(message.chars().count() <= LONGEST_MESSAGE, "{} long", message.len());
    assert!(!message.contains(char::is_control), "{message:?}");
    for secret in secret::all() {
        assert!(!message.contains(&secret), "{message}");
    }
    if let Next::Retry { after: Some(after), .. } | Next::Rest { after: Some(after), .. } = next {
        assert!(*after <= Duration::from_secs(3600), "{after:?}");
    }
}
