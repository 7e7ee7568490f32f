//! How workers poll the operation of a video until it has ended.

use std::time::Duration;

use futures_util::future::{FutureExt, join};
use generation_queue::failure::{Code, Failure};
use generation_queue::flow::{Outcome, Settings, run_queue};
use generation_queue::job::Kind;
use generation_queue::port::{Clock, Progress};

use crate::model_choice::OMNI;
use crate::support::ledger::Status;
use crate::world::{MemoryWorld, one_at_a_time, scene};

#[test]
fn a_run_that_ends_first_hands_the_operation_to_the_next() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.pend(20);
    let report = world.run_videos(Settings { budget: Duration::from_secs(60), ..one_at_a_time() });
    assert_eq!(report.waiting, 1);
    let row = world.queue.row(job);
    assert_eq!((row.status, row.attempts), (Status::Waiting, 0));
    assert!(report.duration_ms <= 60_000);
    world.model.polls.borrow_mut().clear();
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1, "paid for once");
}

#[test]
fn failed_polls_are_repeated_without_counting_as_attempts() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    for _ in 0..20 {
        world.model.fail_poll(Failure::retry(Code::ProviderUnavailable, "503"));
    }
    let mut runs = 0;
    while world.queue.row(job).status != Status::Succeeded {
        let report = world.run_videos(one_at_a_time());
        assert_eq!(report.failed + report.retrying, 0);
        assert_eq!(world.queue.row(job).attempts, report.succeeded, "an outage is no attempt");
        world.clock.advance(Duration::from_secs(300));
        runs += 1;
        assert!(runs < 10);
    }
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn a_job_fails_when_its_operation_is_not_found_and_keeps_the_operation() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.fail_poll(Failure::give_up(Code::OperationNotFound, "404"));
    assert_eq!(world.run_videos(one_at_a_time()).failed, 1);
    assert!(world.queue.row(job).operation.is_some());
}

#[test]
fn an_operation_that_ended_without_a_video_may_be_paid_for_again() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let ended = Progress::Ended(Failure::retry(Code::OperationFailed, "13"));
    world.model.polls.borrow_mut().push_back(Ok(ended));
    assert_eq!(world.run_videos(one_at_a_time()).retrying, 1);
    assert!(world.queue.row(job).operation.is_none());
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 2);
}

#[test]
fn one_poll_that_sounds_final_is_asked_again() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let unknown = || Failure::retry_at_most(Code::OperationNotFound, 3, "400");
    for _ in 0..2 {
        // In doubt twice in a row, then known after all.
        world.model.fail_poll(unknown());
        world.model.fail_poll(unknown());
        world.model.pend(1);
    }
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    let job_of_another = world.send_video(scene("Lion sleeping"));
    for _ in 0..3 {
        world.model.fail_poll(unknown());
    }
    assert_eq!(world.run_videos(one_at_a_time()).failed, 1);
    assert_eq!(world.queue.row(job).status, Status::Succeeded);
    let row = world.queue.row(job_of_another);
    assert_eq!(row.error_code, Some(Code::OperationNotFound));
    assert!(row.operation.is_some());
}

#[test]
fn runs_that_end_before_a_doubt_is_settled_are_attempts() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let short = || Settings { budget: Duration::from_secs(1), max_attempts: 4, ..one_at_a_time() };
    assert_eq!(world.run_videos(short()).waiting, 1);
    // The job may have been tried for other reasons: these are no more than any others.
    let again = Outcome::Retrying;
    for (outcome, attempts) in [(again, 1), (again, 2), (again, 3), (Outcome::Failed, 4)] {
        world.clock.advance(Duration::from_secs(620));
        let doubt = Failure::retry_at_most(Code::NoVideo, 3, "nothing");
        world.model.polls.borrow_mut().push_back(Ok(Progress::Unclear(doubt)));
        assert_eq!(world.run_videos(short()).jobs[0].outcome, outcome);
        assert_eq!(world.queue.row(job).attempts, attempts);
    }
    let row = world.queue.row(job);
    assert_eq!(row.error_code, Some(Code::NoVideo));
    assert!(row.operation.is_some());
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn an_end_with_nothing_to_show_is_read_again_before_another_video_is_bought() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let unclear = || Ok(Progress::Unclear(Failure::retry_at_most(Code::NoVideo, 3, "nothing")));
    world.model.polls.borrow_mut().extend([unclear(), unclear()]);
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
    let job_of_another = world.send_video(scene("Lion sleeping"));
    world.model.polls.borrow_mut().extend([unclear(), unclear(), unclear()]);
    assert_eq!(world.run_videos(one_at_a_time()).retrying, 1);
    assert_eq!(world.queue.row(job).status, Status::Succeeded);
    assert!(world.queue.row(job_of_another).operation.is_none());
}

#[test]
fn a_download_that_failed_is_retried_from_the_same_operation() {
    let world = MemoryWorld::new();
    world.send_video(scene("Lion walking"));
    let failure = Failure::retry(Code::DownloadFailed, "connection reset");
    world.model.downloads.borrow_mut().push_back(Err(failure));
    assert_eq!(world.run_videos(one_at_a_time()).retrying, 1);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn a_job_whose_operation_never_ends_fails_and_keeps_its_operation() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let mut runs = 0;
    while world.queue.row(job).status != Status::Failed {
        world.model.pend(20);
        world.run_videos(one_at_a_time());
        world.clock.advance(Duration::from_secs(300));
        runs += 1;
        assert!(runs < 30, "the job never fails");
    }
    let row = world.queue.row(job);
    assert_eq!(row.error_code, Some(Code::OperationTimedOut));
    assert!(row.operation.is_some());
    assert_eq!(world.model.submissions_made(), 1);
}

#[test]
fn the_deadline_of_an_operation_is_a_setting() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.pend(20);
    let operation_deadline = Duration::from_secs(60);
    let report = world.run_videos(Settings { operation_deadline, ..one_at_a_time() });
    assert_eq!(report.failed, 1);
    assert_eq!(world.queue.row(job).error_code, Some(Code::OperationTimedOut));
    let message = &report.jobs[0].error.as_ref().unwrap().message;
    assert!(message.ends_with("has not ended within 1 min"), "{message}");
}

#[test]
fn an_operation_that_is_older_than_the_worker_has_the_same_deadline() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    world.model.pend(20);
    world.run_videos(Settings { budget: Duration::from_secs(20), ..one_at_a_time() });
    world.queue.age_operation(job, Duration::from_secs(31 * 60));
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.run_videos(one_at_a_time()).failed, 1);
    let row = world.queue.row(job);
    assert_eq!(row.error_code, Some(Code::OperationTimedOut));
    assert!(row.operation.is_some());
}

#[test]
fn a_file_that_will_never_be_there_ends_its_operation() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let failed = Failure::retry_at_most(Code::OperationFailed, 3, "Transcoding failed");
    world.model.downloads.borrow_mut().push_back(Err(failed));
    assert_eq!(world.run_videos(one_at_a_time()).retrying, 1);
    assert!(world.queue.row(job).operation.is_none());
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 2);
}

#[test]
fn a_file_that_is_not_known_yet_is_asked_for_in_later_runs() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    for _ in 0..2 {
        let unknown = Failure::retry_at_most(Code::DownloadFailed, 3, "404");
        world.model.downloads.borrow_mut().push_back(Err(unknown));
    }
    for _ in 0..2 {
        assert_eq!(world.run_videos(one_at_a_time()).retrying, 1);
        assert!(world.queue.row(job).operation.is_some());
        world.clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(world.run_videos(one_at_a_time()).succeeded, 1);
    assert_eq!(world.model.submissions_made(), 1, "paid for once");
}

#[test]
fn what_an_operation_says_while_it_goes_on_is_told_when_its_time_is_up() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let troubled = || Ok(Progress::Troubled("Out of tea".into()));
    world.model.polls.borrow_mut().extend((0..100).map(|_| troubled()));
    let deadline = Duration::from_secs(60);
    let report = world.run_videos(Settings { operation_deadline: deadline, ..one_at_a_time() });
    assert_eq!(report.failed, 1);
    assert_eq!(world.queue.row(job).error_code, Some(Code::OperationTimedOut));
    let message = &report.jobs[0].error.as_ref().unwrap().message;
    assert!(message.ends_with("has not ended within 1 min: Out of tea"), "{message}");
}

#[test]
fn an_operation_with_nothing_to_show_has_its_probable_cost() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let nothing = || Progress::Unclear(Failure::retry_at_most(Code::NoVideo, 3, "nothing"));
    world.model.polls.borrow_mut().extend((0..9).map(|_| Ok(nothing())));
    while world.queue.row(job).status != Status::Failed {
        world.run_videos(Settings { models: vec![OMNI.into()], ..one_at_a_time() });
        world.clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(world.model.submissions_made(), 3);
    assert_eq!(*world.queue.spent.borrow(), [0.8, 0.8, 0.8], "each was paid for");
}

#[test]
fn a_poll_that_brings_no_asset_keeps_no_permit() {
    let world = MemoryWorld::new();
    world.send_video(scene("Lion walking"));
    world.model.polls_are_large.set(true);
    world.model.pend(1);
    let (report, free) = world.clock.run(async {
        let between_polls = async {
            world.clock.sleep(Duration::from_secs(4)).await;
            world.large_bodies.permit().acquire().now_or_never().is_some()
        };
        join(run_queue(&world, Kind::Video, one_at_a_time()), between_polls).await
    });
    assert_eq!((report.succeeded, world.model.polled.borrow().len(), free), (1, 2, true));
}
