//! How long a run takes new work.

use std::time::Duration;

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
}
