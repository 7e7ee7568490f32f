//! Time and chance.

use std::time::Duration;

/// Time and chance.
pub trait Clock {
    /// Time since some fixed moment; never goes back.
    fn now(&self) -> Duration;
    /// Resolves after a while.
    async fn sleep(&self, duration: Duration);
    /// A number from 0 up to but not including 1.
    fn random(&self) -> f64;
    /// Whether the worker has been told to stop.
    fn stopping(&self) -> bool;
    /// Resolves once the worker has been told to stop.
    async fn stop(&self);
}
