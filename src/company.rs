//! Which attempts are in the memory of an isolate at the same time.
//!
//! An isolate that runs out of memory takes all its jobs with it, and nothing says which of them was the
//! cause. Of a job that was alone that is known.

use std::cell::Cell;
use std::rc::Rc;

/// The attempts of an isolate. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Company(Rc<Attempts>);

#[derive(Debug, Default)]
struct Attempts {
    present: Cell<u32>,
    waiting: Cell<u32>,
    one_is_alone: Cell<bool>,
}

impl Company {
    /// The presence of one attempt, which has not entered yet; `alone` for one that bears no other beside it.
    pub fn presence(&self, alone: bool) -> Presence {
        Presence { attempts: self.0.clone(), alone, state: Cell::new(State::Outside) }
    }

    /// Whether an attempt waits for others to leave. One that can be continued later then makes room.
    pub fn is_waited_for(&self) -> bool {
        self.0.waiting.get() > 0
    }
}

/// The presence of one attempt. Dropping it makes room for others.
#[derive(Debug)]
pub struct Presence {
    attempts: Rc<Attempts>,
    alone: bool,
    state: Cell<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Waiting,
    Inside,
}

impl Presence {
    /// Enters, or waits if the others do not allow it yet.
    pub fn enter(&self) -> bool {
        self.leave();
        let Attempts { present, waiting, one_is_alone } = &*self.attempts;
        let allowed = if self.alone { present.get() == 0 } else { !one_is_alone.get() };
        let (state, count) =
            if allowed { (State::Inside, present) } else { (State::Waiting, waiting) };
        self.state.set(state);
        count.set(count.get() + 1);
        one_is_alone.set(one_is_alone.get() || allowed && self.alone);
        allowed
    }

    /// Whether it bears no other beside it.
    pub fn is_alone(&self) -> bool {
        self.alone
    }

    fn leave(&self) {
        let Attempts { present, waiting, one_is_alone } = &*self.attempts;
        match self.state.replace(State::Outside) {
            State::Outside => {}
            State::Waiting => waiting.set(waiting.get() - 1),
            State::Inside => {
                present.set(present.get() - 1);
                one_is_alone.set(false);
            }
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_alone_waits_for_all_others_and_they_for_it() {
        let company = Company::default();
        let (first, second) = (company.presence(false), company.presence(false));
        assert!(first.enter() && second.enter() && !company.is_waited_for());
        let alone = company.presence(true);
        assert!(!alone.enter() && company.is_waited_for());
        drop(first);
        assert!(!alone.enter());
        drop(second);
        assert!(alone.enter() && !company.is_waited_for());
        let (late, next) = (company.presence(false), company.presence(true));
        assert!(!late.enter() && !next.enter());
        drop(alone);
        assert!(late.enter() && !next.enter() && company.is_waited_for());
        drop(late);
        assert!(next.enter());
        drop(next);
        assert!(!company.is_waited_for() && company.presence(false).enter());
    }

    #[test]
    fn one_that_gives_up_waiting_is_in_nobodys_way() {
        let company = Company::default();
        let first = company.presence(false);
        assert!(first.enter());
        drop(company.presence(true));
        assert!(company.presence(false).enter() && !company.is_waited_for());
    }
}
