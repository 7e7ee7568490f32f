//! Which attempts are in the memory of an isolate at the same time.
//!
//! An isolate that runs out of memory takes all its jobs with it, and nothing says which of them was the
//! cause. Of a job that was alone that is known.

use std::cell::RefCell;
use std::rc::Rc;

/// The attempts of an isolate. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct IsolateOccupancy(Rc<RefCell<Attempts>>);

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

impl IsolateOccupancy {
    /// An attempt that comes, and has not entered yet; `alone` for one that has to run alone.
    pub fn occupant(&self, alone: bool) -> Occupant {
        let mut attempts = self.0.borrow_mut();
        attempts.last += 1;
        let number = attempts.last;
        attempts.all.push(Attempt { number, alone, waits: false });
        Occupant { occupancy: self.clone(), number, alone }
    }

    /// Whether an attempt waits for others to leave. One that can be continued later then leaves.
    pub fn is_waited_for(&self) -> bool {
        self.0.borrow().all.iter().any(|attempt| attempt.waits)
    }
}

/// One attempt. Dropping it lets others enter.
#[derive(Debug)]
pub struct Occupant {
    occupancy: IsolateOccupancy,
    number: u64,
    alone: bool,
}

impl Occupant {
    /// Enters, or waits if the others do not allow it yet.
    ///
    /// They go in the order in which they came: one that has to be alone waits until all before it have left,
    /// and holds up all behind it. So no two wait for each other, and none is overtaken for ever.
    pub fn try_enter(&self) -> bool {
        let all = &mut self.occupancy.0.borrow_mut().all;
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

impl Drop for Occupant {
    fn drop(&mut self) {
        self.occupancy.0.borrow_mut().all.retain(|other| other.number != self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_alone_waits_for_all_others_and_they_for_it() {
        let occupancy = IsolateOccupancy::default();
        let (first, second) = (occupancy.occupant(false), occupancy.occupant(false));
        assert!(first.try_enter() && second.try_enter() && !occupancy.is_waited_for());
        let alone = occupancy.occupant(true);
        assert!(!alone.try_enter() && occupancy.is_waited_for());
        drop(first);
        assert!(!alone.try_enter());
        drop(second);
        assert!(alone.try_enter() && !occupancy.is_waited_for());
        let (late, next) = (occupancy.occupant(false), occupancy.occupant(true));
        assert!(!late.try_enter() && !next.try_enter());
        drop(alone);
        assert!(late.try_enter() && !next.try_enter() && occupancy.is_waited_for());
        drop(late);
        assert!(next.try_enter());
        drop(next);
        assert!(!occupancy.is_waited_for() && occupancy.occupant(false).try_enter());
    }

    #[test]
    fn one_that_is_alone_is_not_overtaken_and_overtakes_none_that_was_there_before() {
        let occupancy = IsolateOccupancy::default();
        let (inside, not_yet) = (occupancy.occupant(false), occupancy.occupant(false));
        assert!(inside.try_enter());
        let (alone, later) = (occupancy.occupant(true), occupancy.occupant(false));
        assert!(!alone.try_enter() && !later.try_enter());
        drop(inside);
        assert!(!alone.try_enter(), "one that has come may still enter");
        assert!(not_yet.try_enter());
        drop(not_yet);
        assert!(alone.try_enter() && !later.try_enter());
    }

    #[test]
    fn one_that_gives_up_waiting_is_in_nobodys_way() {
        let occupancy = IsolateOccupancy::default();
        let first = occupancy.occupant(false);
        assert!(first.try_enter());
        drop(occupancy.occupant(true));
        assert!(occupancy.occupant(false).try_enter() && !occupancy.is_waited_for());
    }
}
