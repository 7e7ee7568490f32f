//! The network between a worker and the services. A call takes effect when it arrives, whether or not
//! its worker still lives, and a worker knows only the replies that it gets in time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::sim::Sim;
use super::worker::Worker;

/// Why a call has no readable reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallError {
    /// The connection was refused: nothing was sent.
    NotSent,
    /// The call may have arrived, or may still arrive.
    NoReply,
    /// The same, and its whole time was waited for.
    TimedOut,
    /// 5xx: the call had no effect.
    Unavailable,
    /// The call took effect, and its reply is garbage.
    Garbage,
}

/// A call: its name in the trace, how long it usually takes, and its timeout.
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

/// What happens to a call: when it arrives, and when it ends for the worker.
struct Fate {
    arrives: Option<Duration>,
    ends: Duration,
    error: Option<CallError>,
}

impl Worker {
    /// Makes a call. `effect` is what it does when it arrives.
    pub async fn call<T: 'static>(
        &self,
        call: Call,
        subject: &str,
        effect: impl FnOnce(&Sim) -> T + 'static,
    ) -> Result<T, CallError> {
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
        if let Some(error) = fate.error {
            let id = self.id.get();
            sim.note(|| format!("worker {id}: {} {subject} -> {error:?}", call.name));
            return Err(error);
        }
        answer.take().ok_or(CallError::NoReply)
    }

    /// Kills or suspends the worker, by chance, around a call that takes `ends`.
    fn disturb(&self, ends: Duration) {
        let (sim, id) = (&self.sim, self.id.get());
        let fault_rates = sim.fault_rates.get();
        let around = |sim: &Sim| ends.mul_f64(sim.random.fraction() * 1.1);
        if sim.random.happens(fault_rates.kill) {
            sim.after(around(sim), move |sim| sim.end(id));
        }
        if sim.random.happens(fault_rates.suspend) {
            let longest = self.kind.lease().as_secs_f64() * 3.0;
            let length = sim.random.seconds(0.1, longest);
            sim.after(around(sim), move |sim| {
                if sim.schedule.is_alive(id) {
                    sim.note(|| format!("worker {id} is suspended for {length:?}"));
                    sim.schedule.suspend(&sim.random, id, sim.now() + length);
                }
            });
        }
    }
}

/// How long after its timeout a call may still arrive, in seconds.
const LATE: f64 = 25.0;

fn fate(sim: &Sim, call: Call) -> Fate {
    let (random, fault_rates) = (&sim.random, sim.fault_rates.get());
    let transit = |random: &super::support::random::Random| random.seconds(0.001, 0.06);
    let mut there = transit(random) + call.takes.mul_f64(0.5 + random.fraction());
    let mut back = transit(random);
    if random.happens(fault_rates.slow) {
        let limit = call.timeout.as_secs_f64();
        let longer = random.seconds(0.0, limit * 1.1);
        match random.happens(0.5) {
            true => there += longer,
            false => back += longer,
        }
    }
    if random.happens(fault_rates.call) {
        let ends = (there + back).min(call.timeout);
        return match random.below(8) {
            0 => Fate { arrives: None, ends: transit(random), error: Some(CallError::NotSent) },
            1 => Fate { arrives: None, ends, error: Some(CallError::Unavailable) },
            2 => Fate { arrives: None, ends, error: Some(CallError::NoReply) },
            3 => Fate { arrives: None, ends: call.timeout, error: Some(CallError::TimedOut) },
            // There is no reply, not even garbage, before the call has taken effect.
            4 if there < ends => {
                Fate { arrives: Some(there), ends, error: Some(CallError::Garbage) }
            }
            5 => {
                let late = call.timeout + random.seconds(0.0, LATE);
                Fate { arrives: Some(late), ends: call.timeout, error: Some(CallError::TimedOut) }
            }
            _ => Fate { arrives: Some(there), ends, error: Some(CallError::NoReply) },
        };
    }
    let whole = there + back;
    let timed_out = whole > call.timeout;
    Fate {
        arrives: Some(there),
        ends: whole.min(call.timeout),
        error: timed_out.then_some(CallError::TimedOut),
    }
}
