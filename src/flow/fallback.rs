//! The list of models: the first usable one wins.

use std::cell::Cell;

use super::attempt::Halt;
use super::journal;
use crate::failure::{Code, Failure, Next};
use crate::port::{Claim, Level, World};

/// The models of a run, in order of preference. One that turned out to be retired is left alone
/// for the rest of the run.
#[derive(Debug)]
pub(super) struct Models {
    names: Vec<String>,
    retired: Cell<usize>,
}

impl Models {
    pub(super) fn new(names: Vec<String>) -> Self {
        Self { names, retired: Cell::new(0) }
    }

    /// Those that are worth a try, or all when there are none left.
    pub(super) fn left(&self) -> &[String] {
        let left = self.names.get(self.retired.get()..).unwrap_or_default();
        if left.is_empty() { &self.names } else { left }
    }

    /// Tries one model after the other as long as the failure says that another may do it.
    pub(super) async fn try_each<W: World, T>(
        &self,
        world: &W,
        claim: &Claim,
        attempt: impl AsyncFn(&str) -> Result<T, Halt>,
    ) -> Result<T, Halt> {
        for (index, name) in self.names.iter().enumerate().skip(self.retired.get()) {
            match attempt(name).await {
                Err(Halt::Failed { failure, .. }) if failure.next == Next::OtherModel => {
                    self.retired.set(self.retired.get().max(index + 1));
                    let text = format!("Model {name} is not available");
                    journal::failure(world, claim, Level::Error, &text, &failure);
                }
                result => return result,
            }
        }
        let message = format!("none of the models is available: {}", self.names.join(", "));
        let failure = Failure::give_up(Code::ModelUnavailable, message);
        // Every submission so far was definitely rejected, so nothing is pending.
        Err(Halt::Failed { failure, reset_submission: true })
    }
}
