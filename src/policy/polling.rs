//! When to ask for the state of an operation, and when to stop asking.

use std::time::Duration;

/// The regular interval. Veo takes from 11 s to 6 min.
const INTERVAL: Duration = Duration::from_secs(10);

/// An operation that has not ended by then is given up, unless the settings say otherwise; it keeps
/// its name in the ledger.
pub const DEADLINE: Duration = Duration::from_secs(30 * 60);

/// How often in a row an operation has to say that it is over with nothing to show before another one
/// is paid for.
pub const READINGS: u32 = 3;

/// How long to wait before the poll that follows the `polls`-th: short at first, since asking is
/// free and a quick answer is a quick picture, then regular.
pub fn interval(polls: u32) -> Duration {
    Duration::from_secs(1 << (polls + 1).min(4)).min(INTERVAL)
}

/// How long to wait after the `failures`-th poll in a row that failed: longer each time, since the
/// provider has trouble, and up to five minutes.
pub fn after_failures(failures: u32) -> Duration {
    INTERVAL.saturating_mul(1 << failures.clamp(1, 6) >> 1).min(Duration::from_secs(300))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_begin_close_together_and_settle_at_ten_seconds() {
        let seconds: Vec<_> = (0..6).map(|polls| interval(polls).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 10, 10, 10]);
        assert_eq!(interval(u32::MAX - 1), INTERVAL);
    }

    #[test]
    fn polls_that_fail_come_further_apart_each_time() {
        let seconds: Vec<_> = (1..7).map(|it| after_failures(it).as_secs()).collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 300]);
        assert_eq!(after_failures(u32::MAX).as_secs(), 300);
    }
}
