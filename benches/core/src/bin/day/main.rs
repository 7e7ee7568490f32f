//! A day of a million images under a quota of Google, in virtual time: a line of figures for each way in which
//! the jobs come. The workers are the core as it is, their world is in memory.
#![allow(clippy::expect_used, clippy::print_stdout)] // what goes wrong ends it

#[path = "../../../../../tests/support/random.rs"]
#[allow(dead_code)]
mod random;
mod timers;
mod world;

use std::f64::consts::PI;
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::task::noop_waker;
use generation_queue::flow::{Settings, Stopped, run_queue};
use generation_queue::job::Kind;
use std::task::{Context, Poll};

use world::{Day, Worker};

const JOBS: f64 = 1e6;
const DAY: u64 = 24 * 3600;
/// As many as 700 images of 10 s a minute need, and one more.
const MOST_WORKERS: usize = 26;
const AT_ONCE: usize = 5;
/// How long a call counts as a worker that is about to take what waits, in seconds.
const DEBOUNCE: u64 = 3;
/// How many hours after the day the rest may take.
const REST: u64 = 12;

/// How many jobs have come by a second of the day: evenly, or by day three times as many as by night.
const ARRIVALS: [(&str, fn(f64) -> f64); 2] =
    [("evenly", |part| part), ("in a wave", |part| part - (2.0 * PI * part).sin() / (4.0 * PI))];

fn main() {
    for (name, arrivals) in ARRIVALS {
        let day = Rc::new(Day::default());
        let ended = live(&day, arrivals);
        println!("{name}\t{}", day.figures(ended).join("\t"));
    }
}

/// Lives through the day; gives the second in which the last job had ended.
fn live(day: &Rc<Day>, arrivals: fn(f64) -> f64) -> u64 {
    let mut running = FuturesUnordered::new();
    let mut calls = Vec::new();
    for second in 0..DAY + REST * 3600 {
        let part = (second as f64 / DAY as f64).min(1.0);
        day.send((arrivals(part) * JOBS) as usize);
        for _ in 0..day.workers_needed(&calls, second) {
            calls.push(second);
            running.push(worker(day));
        }
        calls.retain(|at| *at + DEBOUNCE > second);
        pass(day, &mut running, Duration::from_secs(second + 1));
        if second > DAY && day.is_done() && running.is_empty() {
            return second;
        }
    }
    DAY + REST * 3600
}

/// A worker's run.
fn worker(day: &Rc<Day>) -> LocalBoxFuture<'static, ()> {
    let worker = Worker::of(day);
    let day = day.clone();
    Box::pin(async move {
        let settings = Settings {
            models: vec!["gemini-2.5-flash-image".into()],
            concurrency: AT_ONCE as u32,
            budget: Duration::from_secs(120),
            worker_lifetime: Duration::from_secs(150),
            worker_age: Duration::ZERO,
            operation_deadline: Duration::from_secs(1800),
            max_attempts: 5,
            job_deadline: Duration::from_secs(DAY),
            fallback_after: None,
            left_out: Vec::new(),
            max_jobs: None,
        };
        let report = run_queue(&worker, Kind::Image, settings).await;
        assert_ne!(report.stopped, Stopped::Unavailable);
        day.ran(report.claimed == 0);
    })
}

/// Lets time pass up to a moment.
fn pass(day: &Day, running: &mut FuturesUnordered<LocalBoxFuture<'static, ()>>, until: Duration) {
    let waker = noop_waker();
    let mut context = Context::from_waker(&waker);
    loop {
        while let Poll::Ready(Some(())) = running.poll_next_unpin(&mut context) {}
        if !day.timers.next(until) {
            return;
        }
    }
}
