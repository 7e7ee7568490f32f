//! How long a run takes new work.

use std::time::Duration;

/// How long a run may compute before it takes no more jobs. A request has 2 s of CPU time on
/// Supabase, and its worker is retired after 1 s; what is under way has to be finished with the
/// rest. The runtime spends half as much again on moving bodies (`tests/limits`).
pub const MOST_CPU: Duration = Duration::from_millis(600);

/// How long what was begun at the last moment has until the worker ends: 150 s on the free plan,
/// less the default budget of 120 s and some time to settle.
const GRACE: Duration = Duration::from_secs(25);

/// The time that a run may spend, measured from its start.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    start: Duration,
    length: Duration,
}

impl Budget {
    /// A budget of `length` that begins at `start`.
    pub fn new(start: Duration, length: Duration) -> Self {
        Self { start, length }
    }

    /// What is left of it at `now`.
    pub fn left(&self, now: Duration) -> Duration {
        self.length.saturating_sub(self.spent(now))
    }

    /// Whether something that takes so long can be begun at `now`.
    pub fn lasts_for(&self, duration: Duration, now: Duration) -> bool {
        let left = self.left(now);
        !left.is_zero() && duration <= left + GRACE
    }

    /// What has gone by at `now`.
    pub fn spent(&self, now: Duration) -> Duration {
        now.saturating_sub(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_runs_out_and_not_below_nothing() {
        let seconds = Duration::from_secs;
        let budget = Budget::new(seconds(100), seconds(120));
        assert_eq!(budget.left(seconds(100)), seconds(120));
        assert_eq!(budget.left(seconds(219)), seconds(1));
        assert_eq!(budget.left(seconds(500)), Duration::ZERO);
        assert_eq!(budget.left(seconds(0)), seconds(120));
    }

    #[test]
    fn what_is_begun_has_to_end_before_the_worker_does() {
        let seconds = Duration::from_secs;
        let budget = Budget::new(seconds(100), seconds(120));
        assert!(budget.lasts_for(seconds(25), seconds(219)));
        assert!(!budget.lasts_for(seconds(27), seconds(219)));
        assert!(!budget.lasts_for(seconds(0), seconds(220)));
    }
}
