//! The way between a worker and everybody else. What is sent takes effect when it arrives, no
//! matter what became of the sender, and the sender knows no more than what comes back in time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::sim::Sim;
use super::worker::Worker;

/// Why there is no reply that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The connection was refused: nothing was sent.
    NotSent,
    /// It may have arrived or may still arrive.
    NoReply,
    /// 5xx, sent instead of doing it.
    Unavailable,
    /// It was done, and the reply is garbage.
    Garbage,
}

/// A call: its name in the history, and how long it usually takes and at most.
#[derive(Clone, Copy)]
pub struct Call {
    pub name: &'static str,
    pub takes: Duration,
    pub timeout: Duration,
}

impl Call {
    /// A call that is answered at once.
    pub const fn quick(name: &'static str, timeout: u64) -> Self {
        Self { name, takes: Duration::from_millis(5), timeout: Duration::from_secs(timeout) }
    }
}

/// What is in store for a call: when it arrives and when the reply does, if they do.
struct Fate {
    arrives: Option<Duration>,
    ends: Duration,
    trouble: Option<Trouble>,
}

impl Worker {
    /// Makes a call. `effect` is what it does where it arrives.
    pub async fn call<T: 'static>(
        &self,
        call: Call,
        subject: &str,
        effect: impl FnOnce(&Sim) -> T + 'static,
    ) -> Result<T, Trouble> {
        let sim = &self.sim;
        let fate = fate(sim, call);
        let began = sim.now();
        self.disturb(fate.ends);
        let answer = Rc::new(Cell::new(None));
        if let Some(arrives) = fate.arrives {
            let (answer, id, subject) = (answer.clone(), self.id.get(), subject.to_owned());
            sim.after(arrives, move |sim| {
                sim.note(|| format!("worker {id}: {} {subject}", call.name));
                answer.set(Some(effect(sim)));
            });
        }
        sim.schedule.until(&sim.random, began + fate.ends).await;
        if let Some(trouble) = fate.trouble {
            let id = self.id.get();
            sim.note(|| format!("worker {id}: {} {subject} -> {trouble:?}", call.name));
            return Err(trouble);
        }
        answer.take().ok_or(Trouble::NoReply)
    }

    /// Lets fate strike the worker somewhere around a call that ends in `ends`.
    fn disturb(&self, ends: Duration) {
        let (sim, id) = (&self.sim, self.id.get());
        let mood = sim.mood.get();
        let around = |sim: &Sim| ends.mul_f64(sim.random.fraction() * 1.1);
        if sim.random.happens(mood.kill) {
            sim.after(around(sim), move |sim| sim.end(id));
        }
        if sim.random.happens(mood.stall) {
            let longest = self.kind.lease().as_secs_f64() * 3.0;
            let length = sim.random.seconds(0.1, longest);
            sim.after(around(sim), move |sim| {
                if sim.schedule.is_alive(id) {
                    sim.note(|| format!("worker {id} is suspended for {length:?}"));
                    sim.schedule.stall(&sim.random, id, sim.now() + length);
                }
            });
        }
    }
}

/// How much later than its sender gave it up a call may still arrive.
const LATE: f64 = 25.0;

fn fate(sim: &Sim, call: Call) -> Fate {
    let (random, mood) = (&sim.random, sim.mood.get());
    let way = |random: &super::support::random::Random| random.seconds(0.001, 0.06);
    let mut there = way(random) + call.takes.mul_f64(0.5 + random.fraction());
    let mut back = way(random);
    if random.happens(mood.slow) {
        let limit = call.timeout.as_secs_f64();
        let longer = random.seconds(0.0, limit * 1.1);
        match random.happens(0.5) {
            true => there += longer,
            false => back += longer,
        }
    }
    if random.happens(mood.trouble) {
        let ends = (there + back).min(call.timeout);
        return match random.below(8) {
            0 => Fate { arrives: None, ends: way(random), trouble: Some(Trouble::NotSent) },
            1 => Fate { arrives: None, ends, trouble: Some(Trouble::Unavailable) },
            2 => Fate { arrives: None, ends, trouble: Some(Trouble::NoReply) },
            3 => Fate { arrives: None, ends: call.timeout, trouble: Some(Trouble::NoReply) },
            4 => Fate { arrives: Some(there), ends, trouble: Some(Trouble::Garbage) },
            5 => {
                let late = call.timeout + random.seconds(0.0, LATE);
                Fate { arrives: Some(late), ends: call.timeout, trouble: Some(Trouble::NoReply) }
            }
            _ => Fate { arrives: Some(there), ends, trouble: Some(Trouble::NoReply) },
        };
    }
    let whole = there + back;
    let timed_out = whole > call.timeout;
    Fate {
        arrives: Some(there),
        ends: whole.min(call.timeout),
        trouble: timed_out.then_some(Trouble::NoReply),
    }
}
