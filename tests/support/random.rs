//! Chance that can be repeated: one seed, one history.

use std::cell::Cell;
use std::time::Duration;

/// SplitMix64.
pub struct Random(Cell<u64>);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    pub fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut word = self.0.get();
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number from 0 up to but not including 1.
    pub fn fraction(&self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number below `bound`, which is at least 1.
    pub fn below(&self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// True with this probability.
    pub fn happens(&self, probability: f64) -> bool {
        probability > 0.0 && self.fraction() < probability
    }

    /// One of the choices.
    pub fn one_of<T: Clone>(&self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    /// A time of at least `from` and less than `to` seconds, in whole microseconds.
    pub fn seconds(&self, from: f64, to: f64) -> Duration {
        Duration::from_micros(((from + (to - from) * self.fraction()) * 1e6) as u64)
    }
}
