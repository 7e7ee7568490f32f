//! Other people's texts on their way to a log. The input is one.

use generation_queue::service::fuzzing::redacted;

use crate::secret;

/// What is shown at most, and the sign that there was more.
const LONGEST: usize = 401;

/// Something that is known as a secret by its name alone.
const NAMED: &str = "hunter2";

/// A text becomes one bounded line without the secrets that were put into it.
pub fn check(input: &[u8]) {
    let text = secret::put_into(input);
    let text = String::from_utf8_lossy(&text).replace("${NAMED}", &format!("password={NAMED}"));
    let named_elsewhere = text.replace(&format!("password={NAMED}"), "").contains(NAMED);
    let shown = redacted(&text);
    assert!(shown.chars().count() <= LONGEST, "{}", shown.len());
    assert!(!shown.contains(char::is_control), "{shown:?}");
    for secret in secret::all() {
        assert!(!shown.contains(&secret), "{shown}");
    }
    assert!(named_elsewhere || !shown.contains(NAMED), "{shown}");
}
