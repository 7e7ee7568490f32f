//! Runs several jobs at a time until the queue is empty or the run's budget is spent.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture};

use super::attempt::release;
use super::log;
use super::report::{JobReport, RunReport, Stopped};
use super::run::Run;
use crate::failure::Failure;
use crate::job::Kind;
use crate::policy::budget::MOST_CPU;
use crate::policy::retry::SUSPECT;
use crate::port::{Claim, ClaimRequest, Clock, Level, Queue, World};

/// Claims jobs whenever one more may run, and processes them by `process`.
///
/// Only what can be begun at once is claimed; what a claim brings after the run was told to stop is
/// released. A job that has to be tried alone begins after all others, and none is claimed before it has
/// ended: those would die with it.
pub(super) async fn drain<'a, W: World>(
    world: &'a W,
    run: &'a Run,
    kind: Kind,
    process: &dyn Fn(Claim, Duration) -> LocalBoxFuture<'a, Box<JobReport>>,
    report: &mut RunReport,
) {
    let mut under_way = Vec::new();
    let mut claiming: Option<Pin<Box<_>>> = None;
    let mut asked = Duration::ZERO;
    // Whether the queue may hold something: it is asked again each time a job has ended.
    let mut maybe_more = true;
    let mut one_is_alone = false;
    let mut claimed = 0;
    loop {
        let stop = reason_to_stop(world, run, claimed);
        let free_places = free_places(run, claimed, under_way.len());
        one_is_alone &= !under_way.is_empty();
        if claiming.is_none() && stop.is_none() && maybe_more && free_places > 0 && !one_is_alone {
            asked = world.clock().now();
            let request = ClaimRequest {
                lease: kind.lease(),
                quantity: free_places,
                models: run.models.names(),
                fallback_after: run.settings.fallback_after,
                job_deadline: run.settings.job_deadline,
            };
            claiming = Some(Box::pin(world.queue().claim(kind, request)));
        }
        if claiming.is_none() && under_way.is_empty() {
            // A queue that is out of reach has been noted already.
            if report.stopped != Stopped::Unavailable {
                report.stopped = stop.unwrap_or(Stopped::Empty);
            }
            return;
        }
        match next(&mut claiming, &mut under_way).await {
            Event::Claimed(Ok(claims)) => {
                maybe_more = !claims.is_empty();
                let is_suspect = |claim: &Claim| claim.deaths >= SUSPECT;
                let (suspects, mut claims): (Vec<_>, Vec<_>) =
                    claims.into_iter().partition(is_suspect);
                one_is_alone = !suspects.is_empty();
                claims.extend(suspects);
                claimed += u32::try_from(claims.len()).unwrap_or(u32::MAX);
                let late = reason_to_stop(world, run, 0).is_some();
                under_way.extend(claims.into_iter().map(|claim| {
                    if late {
                        release(world, run, claim).boxed_local()
                    } else {
                        process(claim, asked)
                    }
                }));
            }
            Event::Claimed(Err(failure)) => {
                // What is under way is brought to its end; more would fail the same way.
                log::general(world, Level::Error, "Queue not reachable", &failure);
                report.error = Some((&failure).into());
                report.stopped = Stopped::Unavailable;
                maybe_more = false;
            }
            Event::Ended(job) => {
                report.add(*job);
                maybe_more = report.stopped != Stopped::Unavailable;
            }
        }
    }
}

enum Event {
    Claimed(Result<Vec<Claim>, Failure>),
    Ended(Box<JobReport>),
}

/// Waits for the claim or for a job, whichever comes first. There has to be one of them.
///
/// There are a handful of jobs, so all are polled whenever one of them wakes the run; keeping a
/// list of those that are awake would be more code than it saves time.
async fn next<C>(
    claiming: &mut Option<Pin<Box<C>>>,
    jobs: &mut Vec<LocalBoxFuture<'_, Box<JobReport>>>,
) -> Event
where
    C: Future<Output = Result<Vec<Claim>, Failure>>,
{
    poll_fn(|context| {
        if let Some(claim) = claiming
            && let Poll::Ready(claims) = claim.as_mut().poll(context)
        {
            *claiming = None;
            return Poll::Ready(Event::Claimed(claims));
        }
        let ended =
            jobs.iter_mut().enumerate().find_map(|(index, job)| match job.as_mut().poll(context) {
                Poll::Ready(report) => Some((index, report)),
                Poll::Pending => None,
            });
        match ended {
            Some((index, report)) => {
                drop(jobs.swap_remove(index));
                Poll::Ready(Event::Ended(report))
            }
            None => Poll::Pending,
        }
    })
    .await
}

/// Why no more jobs are to be taken, if so.
fn reason_to_stop<W: World>(world: &W, run: &Run, claimed: u32) -> Option<Stopped> {
    let clock = world.clock();
    if clock.stopping() {
        return Some(Stopped::Shutdown);
    }
    if run.too_late.get() || run.budget.left(clock.now()).is_zero() {
        return Some(Stopped::Budget);
    }
    if run.cpu_time.used(clock.now()) >= MOST_CPU {
        return Some(Stopped::Cpu);
    }
    run.settings.max_jobs.is_some_and(|most| claimed >= most).then_some(Stopped::MaxJobs)
}

/// How many jobs may be claimed now.
fn free_places(run: &Run, claimed: u32, under_way: usize) -> u32 {
    let under_way = u32::try_from(under_way).unwrap_or(u32::MAX);
    let places = run.settings.concurrency.saturating_sub(under_way);
    run.settings.max_jobs.map_or(places, |most| places.min(most.saturating_sub(claimed)))
}
