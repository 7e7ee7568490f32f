//! The list of models: the first usable one wins.

use std::cell::Cell;

use super::error::AttemptError;
use super::log;
use crate::failure::{Code, Failure, Next, Standing};
use crate::job::{Invalid, Issue, either, strip_models_prefix};
use crate::port::{Claim, Level, World};

/// The models of a run, in order of preference.
#[derive(Debug)]
pub(super) struct Models(Vec<Model>);

#[derive(Debug)]
struct Model {
    name: String,
    /// One that turned out to be retired is left alone for the rest of the run.
    retired: Cell<bool>,
}

impl Models {
    pub(super) fn new(names: &[String]) -> Self {
        let model = |name: &String| Model {
            name: strip_models_prefix(name).into(),
            retired: Cell::new(false),
        };
        Self(names.iter().map(model).collect())
    }

    /// Those that may still be available, or all when none is left.
    pub(super) fn left(&self) -> Vec<String> {
        let none_left = self.0.iter().all(|model| model.retired.get());
        let left = self.0.iter().filter(|model| none_left || !model.retired.get());
        left.map(|model| model.name.clone()).collect()
    }

    /// Those that can do a job: what one cannot, `check` adds to the list. The message may have
    /// `chosen` one, but only of these: a sender does not choose what the operator pays for.
    pub(super) fn able(
        &self,
        chosen: Option<&str>,
        check: &dyn Fn(&str, &mut Vec<Issue>),
    ) -> Result<Able<'_>, Invalid> {
        let mut able = Able { models: Vec::new(), unmet: Vec::new(), chosen: chosen.is_some() };
        for model in &self.0 {
            if chosen.is_none_or(|name| name == model.name) {
                let before = able.unmet.len();
                check(&model.name, &mut able.unmet);
                if able.unmet.len() == before {
                    able.models.push(model);
                }
            }
        }
        if !able.models.is_empty() {
            return Ok(able);
        }
        if able.unmet.is_empty() {
            let expected = either(&names(self.0.iter()));
            able.unmet.push(Issue { field: "model".into(), expected });
        }
        Err(Invalid { issues: able.unmet })
    }
}

/// The models that can do a job.
pub(super) struct Able<'a> {
    models: Vec<&'a Model>,
    /// Why the others cannot.
    unmet: Vec<Issue>,
    chosen: bool,
}

impl Able<'_> {
    /// Tries one after the other as long as the failure says that another may do it.
    pub(super) async fn try_each<W: World, T>(
        self,
        world: &W,
        claim: &Claim,
        attempt: impl AsyncFn(&str) -> Result<T, AttemptError>,
    ) -> Result<T, AttemptError> {
        for Model { name, retired } in &self.models {
            if retired.get() {
                continue;
            }
            match attempt(name).await {
                Err(AttemptError::Failed { failure, .. }) if is_retired(&failure) => {
                    retired.set(true);
                    let text = format!("Model {name} is not available");
                    log::failure(world, claim, Level::Error, &text, &failure);
                }
                result => return result,
            }
        }
        // Every submission so far was definitely rejected, so nothing is pending.
        Err(AttemptError::Failed { failure: self.exhausted(), reset_submission: true })
    }

    /// That none is left is every job's trouble, unless this one asks for more than others do.
    fn exhausted(mut self) -> Failure {
        let names = names(self.models.into_iter()).join(", ");
        if self.chosen {
            let expected = format!("one that is still available, not {names}");
            self.unmet.push(Issue { field: "model".into(), expected });
        }
        if self.unmet.is_empty() {
            let message = format!("none of the models is available: {names}");
            return Failure::give_up(Code::ModelUnavailable, message);
        }
        let invalid = Invalid { issues: self.unmet };
        Failure::give_up(Code::InvalidMessage, invalid.to_string())
    }
}

fn is_retired(failure: &Failure) -> bool {
    matches!(failure.next, Next::Rest { standing: Standing::Retired, .. })
}

fn names<'a>(models: impl Iterator<Item = &'a Model>) -> Vec<&'a str> {
    models.map(|model| model.name.as_str()).collect()
}
