//! Runs several jobs at a time until the queue is empty or the run's budget is spent.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture};

use super::intake::Intake;
use super::log;
use super::process::process;
use super::report::{JobReport, Outcome, RunReport, Stopped};
use super::run::Run;
use crate::failure::Failure;
use crate::job::Kind;
use crate::port::{Claim, Clock, Level, Queue, World};

/// Claims jobs whenever one more may run, and processes them.
///
/// Only what can be begun at once is claimed. A job that has to be tried alone begins after all that came before
/// it, and none begins before it has ended: those would die with it.
pub(super) async fn drain<W: World>(world: &W, run: &Run, kind: Kind, report: &mut RunReport) {
    let intake = &run.intake;
    let mut under_way = Vec::new();
    let mut claiming: Option<Pin<Box<_>>> = None;
    let mut since = Duration::ZERO;
    let mut asked = 0;
    loop {
        let arrived = intake.arrived().into_iter();
        let begun = arrived.map(|(claim, since)| process(world, run, claim, since).boxed_local());
        under_way.extend(begun);
        intake.set_under_way(under_way.len());
        if claiming.is_none()
            && let Some(request) = run.claim_request(world, kind)
        {
            (since, asked) = (world.clock().now(), request.quantity);
            claiming = Some(Box::pin(world.queue().claim(kind, request)));
        }
        if claiming.is_none() && under_way.is_empty() {
            report.stopped = run.reason_to_stop(world).unwrap_or(Stopped::Empty);
            report.error = run.stopped_for.take();
            return;
        }
        match next(intake, &mut claiming, &mut under_way).await {
            Event::Claimed(Ok(claims)) => intake.take_answer(asked, since, Some(claims)),
            Event::Claimed(Err(failure)) => {
                // What is under way is brought to its end; more would fail the same way.
                log::general(world, Level::Error, "Queue not reachable", &failure);
                run.stop_for(&failure);
                intake.take_answer(asked, since, None);
            }
            Event::Arrived => {}
            Event::Ended(job) => {
                // One that has succeeded has asked already.
                if job.outcome != Outcome::Succeeded {
                    intake.reopen();
                }
                report.add(*job);
            }
        }
    }
}

enum Event {
    Claimed(Result<Vec<Claim>, Failure>),
    Arrived,
    Ended(Box<JobReport>),
}

/// Waits for the claim, for jobs to begin or for one to end, whichever comes first. There has to be a claim
/// or a job.
///
/// There are a handful of jobs, so all are polled whenever one of them wakes the run; keeping a
/// list of those that are awake would be more code than it saves time.
async fn next<C>(
    intake: &Intake,
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
        if let Some((index, report)) = ended {
            drop(jobs.remove(index));
            return Poll::Ready(Event::Ended(report));
        }
        if intake.has_arrived() { Poll::Ready(Event::Arrived) } else { Poll::Pending }
    })
    .await
}
