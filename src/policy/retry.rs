//! Whether a failed job is tried again, and when.

use std::time::Duration;

use crate::failure::{Failure, Next};

/// The first backoff: about half a visibility timeout of images.
const BASE: Duration = Duration::from_secs(15);
/// No backoff is longer than this.
const CAP: Duration = Duration::from_secs(600);
/// How long to wait for a model when nothing says.
const WAIT: Duration = Duration::from_secs(60);
/// A service that asks for longer is asked again after this.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// As many deaths of its workers make a job suspect of being their cause. Then it is tried alone.
/// `claim_generation_jobs` has the same number.
pub const SUSPECT: u32 = 2;

/// Whether a job has met so many deaths that no other attempt is made. The first ones may have been the
/// fault of its neighbours, so the last one has to be one that it met alone.
pub fn is_deadly(deaths: u32, max_attempts: u32) -> bool {
    deaths >= max_attempts.max(SUSPECT + 1)
}

/// The next step of a job that met a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// It is deferred.
    Again {
        /// For how long.
        delay: Duration,
        /// Whether this try was an attempt.
        counted: bool,
    },
    /// It has failed.
    GiveUp,
}

/// How often and for how long a job may still be tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tries {
    /// Attempts begun, this one included.
    pub attempts: u32,
    /// The most attempts.
    pub most: u32,
    /// How long the job may still wait for a model.
    pub left: Duration,
}

/// Decides on a failure. `random` is a number from 0 up to 1, for the jitter.
pub fn after(failure: &Failure, tries: Tries, random: f64) -> Decision {
    let Tries { attempts, most, left } = tries;
    match failure.next {
        Next::Retry { after, attempts: worth } => {
            let allowed = worth.map_or(most, |worth| worth.min(most));
            if attempts >= allowed {
                return Decision::GiveUp;
            }
            let delay = after.map_or_else(|| backoff(attempts, random), clamped);
            Decision::Again { delay, counted: true }
        }
        Next::Rest { .. } if left.is_zero() => Decision::GiveUp,
        Next::Rest { after, .. } => {
            Decision::Again { delay: clamped(after.unwrap_or(WAIT).min(left)), counted: false }
        }
        Next::GiveUp => Decision::GiveUp,
    }
}

/// Exponential backoff with full jitter: anywhere from nothing to the cap of this attempt, so
/// that jobs which failed together do not come back together.
fn backoff(attempts: u32, random: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(16);
    BASE.saturating_mul(1 << doublings).min(CAP).mul_f64(random.clamp(0.0, 1.0))
}

fn clamped(delay: Duration) -> Duration {
    delay.clamp(Duration::from_secs(1), LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Code, Standing};

    const LATE: f64 = 0.999_999;

    fn tries(attempts: u32, left: u64) -> Tries {
        Tries { attempts, most: 5, left: Duration::from_secs(left) }
    }

    fn delay(failure: &Failure, attempts: u32, random: f64) -> Option<Duration> {
        match after(failure, tries(attempts, 3600), random) {
            Decision::Again { delay, .. } => Some(delay),
            Decision::GiveUp => None,
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_cap_and_jitter_takes_any_part_of_it() {
        let failure = Failure::retry(Code::ProviderUnavailable, "");
        for (attempts, longest) in [(1, 15), (2, 30), (3, 60), (4, 120)] {
            let delay = |random| delay(&failure, attempts, random).map(|d| d.as_secs_f64().round());
            assert_eq!(delay(LATE), Some(f64::from(longest)));
            assert_eq!(delay(0.0), Some(0.0));
        }
        assert!(backoff(60, 1.0) <= CAP);
    }

    #[test]
    fn the_last_attempt_is_the_last_and_some_failures_are_worth_fewer() {
        let all = Failure::retry(Code::ProviderUnavailable, "");
        let fewer = Failure::retry_at_most(Code::NoImage, 3, "");
        for (failure, attempts, again) in [
            (&all, 4, true),
            (&all, 5, false),
            (&all, 9, false),
            (&fewer, 2, true),
            (&fewer, 3, false),
        ] {
            assert_eq!(delay(failure, attempts, 0.5).is_some(), again, "{attempts}");
        }
    }

    #[test]
    fn a_delay_that_the_service_names_wins_within_reason() {
        let named = |seconds| {
            let failure = Failure::retry(Code::ProviderUnavailable, "");
            delay(&failure.after(Some(Duration::from_secs(seconds))), 1, 0.0)
        };
        assert_eq!(named(34), Some(Duration::from_secs(34)));
        assert_eq!(named(0), Some(Duration::from_secs(1)));
        assert_eq!(named(1_000_000), Some(LONGEST_WAIT));
    }

    #[test]
    fn waiting_for_a_model_is_no_attempt_however_often_until_the_deadline() {
        for standing in Standing::ALL {
            let failure = Failure::rest(*standing, Code::QuotaExhausted, "");
            let waits = |left, delay| {
                let again = Decision::Again { delay, counted: false };
                assert_eq!(after(&failure, tries(99, left), 0.5), again, "{left}");
            };
            waits(3600, WAIT);
            waits(7, Duration::from_secs(7));
            assert_eq!(after(&failure, tries(1, 0), 0.5), Decision::GiveUp);
        }
    }

    #[test]
    fn deaths_in_company_alone_are_never_enough() {
        for (deaths, max_attempts, deadly) in
            [(4, 5, false), (5, 5, true), (2, 1, false), (2, 2, false), (3, 1, true)]
        {
            assert_eq!(is_deadly(deaths, max_attempts), deadly, "{deaths} of {max_attempts}");
        }
    }

    #[test]
    fn what_is_final_is_over_at_once() {
        let failure = Failure::give_up(Code::ContentBlocked, "");
        assert_eq!(after(&failure, tries(1, 3600), 0.5), Decision::GiveUp);
    }
}
