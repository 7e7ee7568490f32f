//! The list of models: the first that can be used makes the asset.

use super::error::{Attempt, AttemptError, Failed};
use super::{log, trouble};
use crate::failure::{Code, Failure, Next, Standing};
use crate::job::{Issue, strip_models_prefix};
use crate::policy::capabilities;
use crate::port::{Claim, Level, Unavailable, World};

/// The models of a run, in order of preference.
#[derive(Debug)]
pub(super) struct Models {
    names: Vec<String>,
    /// Those that are not called, each followed by a space and what it lacks.
    left_out: Vec<String>,
}

impl Models {
    pub(super) fn new(names: &[String], left_out: &[String]) -> Self {
        let names = names.iter().map(|name| strip_models_prefix(name).into()).collect();
        Self { names, left_out: left_out.to_vec() }
    }

    /// Their names, as claims and reports of trouble give them.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Those that can do a job, by [`capabilities::able`].
    pub(super) fn able(
        &self,
        chosen: Option<&str>,
        check: &dyn Fn(&str, &mut Vec<Issue>),
    ) -> Attempt<Able<'_>> {
        let lacks = |entry: &&String| {
            let lack = entry.strip_prefix(chosen.unwrap_or_default());
            lack.is_some_and(|lack| lack.starts_with(' '))
        };
        if let Some(entry) = self.left_out.iter().find(lacks) {
            let message = format!("the message asks for a model that is left out: {entry}");
            return Err(Failure::give_up(Code::ModelUnavailable, message).into());
        }
        Ok(Able {
            models: capabilities::able(&self.names, chosen, check)?,
            chosen: chosen.is_some(),
            passed_over: String::new(),
            waits_for: None,
        })
    }
}

/// The models that can do a job, those that were not tried yet.
pub(super) struct Able<'a> {
    models: Vec<&'a str>,
    chosen: bool,
    /// Which models were passed over, and why.
    passed_over: String,
    /// The model that the job waits for if none is left, and why.
    waits_for: Option<(&'a str, Failure)>,
}

impl<'a> Able<'a> {
    /// Tries the first model that can be used; `attempt` is also told which were passed over for it,
    /// and why. A model that cannot be used is waited for, unless another may take the job.
    pub(super) async fn try_each<W: World, T>(
        mut self,
        world: &W,
        claim: &Claim,
        attempt: impl AsyncFn(&str, Option<&str>) -> Attempt<T>,
    ) -> Attempt<T> {
        while let Some(model) = self.next(world, claim) {
            let passed_over = Some(&*self.passed_over).filter(|reasons| !reasons.is_empty());
            let mut error = match attempt(model, passed_over).await {
                Ok(made) => return Ok(made),
                Err(error) => error,
            };
            let AttemptError::Failed(Failed { failure, .. }) = &mut *error else {
                return Err(error);
            };
            trouble::report(world, claim, model, failure).await?;
            if !failure.is_rest() {
                return Err(error);
            }
            self.set_aside(world, claim, model, failure.clone());
        }
        Err(self.waiting())
    }

    /// The next model that can be used.
    fn next<W: World>(&mut self, world: &W, claim: &Claim) -> Option<&'a str> {
        while !self.models.is_empty() {
            let model = self.models.remove(0);
            match known(claim, model).filter(|known| !known.probe) {
                Some(known) => self.set_aside(world, claim, model, known.failure.clone()),
                None => return Some(model),
            }
        }
        None
    }

    /// Passes over a model that cannot be used, or has the job wait for it.
    fn set_aside<W: World>(&mut self, world: &W, claim: &Claim, model: &'a str, failure: Failure) {
        let retired = matches!(failure.next, Next::Rest { standing: Standing::Retired, .. });
        let next_may = retired || known(claim, model).is_some_and(|known| known.passed_over);
        if self.chosen || !next_may {
            self.models.clear();
            self.waits_for = Some((model, failure));
            return;
        }
        log::failure(world, claim, Level::Warn, &format!("{model} is passed over"), &failure);
        let separator = if self.passed_over.is_empty() { "" } else { "; " };
        for text in [separator, model, ": ", &failure.message] {
            self.passed_over.push_str(text);
        }
        // The one that may be used again first.
        if self.waits_for.as_ref().is_none_or(|(_, other)| failure.delay() < other.delay()) {
            self.waits_for = Some((model, failure));
        }
    }

    /// That no model is left. Every submission so far was definitely rejected, so nothing is pending.
    fn waiting(self) -> Box<AttemptError> {
        let Some((model, failure)) = self.waits_for else { return AttemptError::LeaseLost.into() };
        let waits_for = Some(model.into());
        Failed { waits_for, reset_submission: true, ..failure.into() }.into()
    }
}

/// What the claim says of a model that cannot be used.
fn known<'c>(claim: &'c Claim, model: &str) -> Option<&'c Unavailable> {
    claim.unavailable.iter().find(|known| known.model == model)
}
