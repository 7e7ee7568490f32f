//! Which attempts are in the memory of an isolate at the same time.
//!
//! An isolate that runs out of memory takes all its jobs with it, and nothing says which of them was the
//! cause. Of a job that was alone that is known.

use std::cell::RefCell;
use std::rc::Rc;

/// The attempts of an isolate. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Company(Rc<RefCell<Attempts>>);

#[derive(Debug, Default)]
struct Attempts {
    /// The number of the last one that came.
    last: u64,
    /// Those that are there, in the order in which they came.
    all: Vec<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    number: u64,
    alone: bool,
    waits: bool,
}

impl Company {
    /// The presence of one attempt, which has not entered yet; `alone` for one that has to run alone.
    pub fn presence(&self, alone: bool) -> Presence {
        let mut attempts = self.0.borrow_mut();
        attempts.last += 1;
        let number = attempts.last;
        attempts.all.push(Attempt { number, alone, waits: false });
        Presence { company: self.clone(), number, alone }
    }

    /// Whether an attempt waits for others to leave. One that can be continued later then makes room.
    pub fn is_waited_for(&self) -> bool {
        self.0.borrow().all.iter().any(|attempt| attempt.waits)
    }
}

/// The presence of one attempt. Dropping it makes room for others.
#[derive(Debug)]
pub struct Presence {
    company: Company,
    number: u64,
    alone: bool,
}

impl Presence {
    /// Enters, or waits if the others do not allow it yet.
    ///
    /// They go in the order in which they came: one that has to be alone waits until all before it have left,
    /// and holds up all behind it. So no two wait for each other, and none is overtaken for ever.
    pub fn enter(&self) -> bool {
        let all = &mut self.company.0.borrow_mut().all;
        let before = all.iter().take_while(|other| other.number != self.number);
        let allowed = !before.into_iter().any(|other| other.alone || self.alone);
        if let Some(own) = all.iter_mut().find(|other| other.number == self.number) {
            own.waits = !allowed;
        }
        allowed
    }

    /// Whether it has to run alone.
    pub fn is_alone(&self) -> bool {
        self.alone
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.company.0.borrow_mut().all.retain(|other| other.number != self.number);
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
    fn one_that_is_alone_is_not_overtaken_and_overtakes_none_that_was_there_before() {
        let company = Company::default();
        let (inside, not_yet) = (company.presence(false), company.presence(false));
        assert!(inside.enter());
        let (alone, later) = (company.presence(true), company.presence(false));
        assert!(!alone.enter() && !later.enter());
        drop(inside);
        assert!(!alone.enter(), "one that has come may still enter");
        assert!(not_yet.enter());
        drop(not_yet);
        assert!(alone.enter() && !later.enter());
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
