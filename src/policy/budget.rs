//! How long a run takes new work, and how long its worker lives.

use std::time::Duration;

/// How long a run may compute before it takes no more jobs. A request has 2 s of CPU time on
/// Supabase, and its worker is retired after 1 s; what is under way has to be finished with the
/// rest. The runtime spends half as much again on moving bodies (`tests/limits`).
pub const MOST_CPU: Duration = Duration::from_millis(600);

/// How long a worker lives where nothing else is said: as on Supabase's free plan.
pub const LIFETIME: Duration = Duration::from_secs(150);

/// What a worker needs at the end of its life to store the last asset and to settle its job.
pub const SETTLING: Duration = Duration::from_secs(10);

/// The time that a run may spend, measured from its start.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    start: Duration,
    length: Duration,
    life: Duration,
}

impl Budget {
    /// A budget of `length` that begins at `start`, in a worker that lives for `life` from then on.
    pub fn new(start: Duration, length: Duration, life: Duration) -> Self {
        Self { start, length, life }
    }

    /// What is left of it at `now`.
    pub fn left(&self, now: Duration) -> Duration {
        self.length.saturating_sub(self.spent(now))
    }

    /// How long something may take that is begun at `now` and settled before the worker ends.
    pub fn life_left(&self, now: Duration) -> Duration {
        self.life.saturating_sub(self.spent(now)).saturating_sub(SETTLING)
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
        let budget = Budget::new(seconds(100), seconds(120), seconds(150));
        assert_eq!(budget.left(seconds(100)), seconds(120));
        assert_eq!(budget.left(seconds(219)), seconds(1));
        assert_eq!(budget.left(seconds(500)), Duration::ZERO);
        assert_eq!(budget.left(seconds(0)), seconds(120));
    }

    #[test]
    fn what_is_begun_has_to_be_settled_before_the_worker_ends() {
        let seconds = Duration::from_secs;
        let budget = Budget::new(seconds(100), seconds(120), seconds(150));
        assert_eq!(budget.life_left(seconds(100)), seconds(140));
        assert_eq!(budget.life_left(seconds(219)), seconds(21));
        assert_eq!(budget.life_left(seconds(300)), Duration::ZERO);
    }
}
