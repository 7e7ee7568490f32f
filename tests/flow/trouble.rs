//! Trouble of a model or an account: jobs wait for it, one at a time probes, and none fails before
//! its deadline.

use std::time::Duration;

use generation_queue::failure::{Code, Failure, Standing};
use generation_queue::flow::{Outcome, Settings, Stopped};
use generation_queue::port::{Clock, Progress, SubmitError};
use serde_json::json;

use crate::model_choice::{FLASH_2_5, FLASH_3_1, OMNI, VEO, asked, error, images, videos};
use crate::support::ledger::{Job, Status};
use crate::world::{Call, MemoryWorld, one_at_a_time, prompt, scene, settings};

const HOUR: Duration = Duration::from_secs(3600);

fn resting() -> Failure {
    Failure::rest(Standing::Resting, Code::ProviderUnavailable, "overloaded")
}

fn refused() -> Failure {
    Failure::rest(Standing::Refused, Code::ApiKeyInvalid, "API key not valid")
}

fn retired() -> Failure {
    Failure::rest(Standing::Retired, Code::ModelUnavailable, "no longer available")
}

/// One model, as an installation may have it.
fn one_model() -> Settings {
    Settings { models: vec!["first-model".into()], ..settings() }
}

#[test]
fn the_first_trouble_stops_the_run_and_later_one_job_at_a_time_probes() {
    let world = MemoryWorld::new();
    world.send_images(20);
    for _ in 0..5 {
        world.model.fail_image(resting());
    }
    let report = world.run_images(one_model());
    assert_eq!((report.stopped, report.claimed, report.waiting), (Stopped::Empty, 5, 5));
    assert_eq!(world.model.asked.borrow().len(), 5, "those that were under way");
    assert_eq!(world.run_images(one_model()).claimed, 0, "none while the model rests");
    for probes in 1..4 {
        world.clock.advance(HOUR);
        world.model.fail_image(resting());
        assert_eq!(world.run_images(one_model()).waiting, 1);
        assert_eq!(world.model.asked.borrow().len(), 5 + probes, "one request for each rest");
    }
    world.clock.advance(HOUR);
    let report = world.run_images(one_model());
    assert_eq!((report.succeeded, report.failed), (20, 0));
    assert_eq!(world.model.at_once.get().1, 5);
    assert_eq!(world.queue.stands("first-model").trouble, None);
}

#[test]
fn no_trouble_counts_as_an_attempt_and_a_job_says_what_it_waits_for() {
    for failure in [resting(), refused()] {
        let world = MemoryWorld::new();
        let job = world.send_image(prompt("p"));
        for _ in 0..20 {
            world.model.fail_image(failure.clone());
            let report = world.run_images(one_model());
            assert_eq!(report.jobs[0].outcome, Outcome::Waiting);
            assert_eq!(error(&report, 0), (failure.code.as_str(), failure.message.as_str()));
            let row = world.queue.row(job);
            assert_eq!((row.attempts, row.waits_for.as_str()), (0, "first-model"));
            world.clock.advance(HOUR);
        }
        assert_eq!(world.run_images(one_model()).succeeded, 1);
    }
}

#[test]
fn the_delay_that_the_provider_names_is_waited_out() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    let quota = Failure::rest(Standing::Resting, Code::QuotaExhausted, "429");
    world.model.fail_image(quota.after(Some(Duration::from_secs(340))));
    assert_eq!(world.run_images(one_model()).waiting, 1);
    assert!(world.queue.visible_in(job) >= Duration::from_secs(340));
}

#[test]
fn a_job_fails_for_trouble_at_its_deadline_with_the_last_reason() {
    for (failure, code) in [
        (resting(), "provider_unavailable"),
        (refused(), "api_key_invalid"),
        (retired(), "model_unavailable"),
    ] {
        let world = MemoryWorld::new();
        let job = world.send_image(prompt("p"));
        let day = Settings { job_deadline: 24 * HOUR, ..one_model() };
        while world.queue.row(job).status == Status::Queued {
            world.model.fail_image(failure.clone());
            let report = world.run_images(day.clone());
            let early = world.clock.now() < 24 * HOUR;
            assert_eq!(report.failed, u32::from(!early), "{:?}", world.clock.now());
            if !early {
                assert_eq!(error(&report, 0), (code, failure.message.as_str()));
            }
            world.clock.advance(HOUR);
        }
    }
}

#[test]
fn a_job_past_its_deadline_fails_without_another_request_while_its_model_rests() {
    let world = MemoryWorld::new();
    world.send_images(3);
    world.model.fail_image(refused().after(Some(2 * HOUR)));
    let hour = Settings { job_deadline: HOUR, ..one_at_a_time() };
    let hour = Settings { models: one_model().models, ..hour };
    assert_eq!(world.run_images(hour.clone()).waiting, 1);
    world.clock.advance(HOUR);
    let report = world.run_images(hour);
    assert_eq!((report.failed, world.model.asked.borrow().len()), (3, 1));
    assert_eq!(error(&report, 2), ("api_key_invalid", "API key not valid"));
}

#[test]
fn a_model_in_trouble_for_long_is_passed_over_for_the_next_one() {
    let world = MemoryWorld::new();
    let first = world.send_image(prompt("1"));
    world.model.fail_image(resting());
    assert_eq!(world.run_images(settings()).waiting, 1, "waiting may be better");
    let mut now = Duration::ZERO;
    while now < Duration::from_secs(600) {
        world.clock.advance(Duration::from_secs(301));
        now += Duration::from_secs(301);
        world.model.fail_image(resting());
        world.run_images(settings());
    }
    // The probe found the trouble unchanged, and went on to the next model at once.
    assert_eq!(world.queue.row(first).status, Status::Succeeded);
    assert_eq!(asked(&world).last().unwrap(), "second-model");
    assert_eq!(*world.queue.passed_over.borrow(), ["first-model: overloaded"]);
    assert!(world.log.has("first-model is passed over"));
    world.send_image(prompt("2"));
    assert_eq!(world.run_images(settings()).succeeded, 1);
    let before = asked(&world).len();
    let chosen = json!({"storyboardId": "sb", "prompt": "3", "model": "first-model"});
    world.send_image(chosen);
    assert_eq!(world.run_images(settings()).claimed, 0, "a model that was named is waited for");
    assert_eq!(asked(&world).len(), before);
    let never = Settings { fallback_after: None, ..settings() };
    world.send_image(prompt("4"));
    assert_eq!(world.run_images(never).claimed, 0);
}

#[test]
fn a_retired_model_is_passed_over_by_all_workers_until_it_is_back() {
    let world = MemoryWorld::new();
    world.model.fail_image(retired());
    world.send_image(prompt("1"));
    world.send_image(prompt("2"));
    assert_eq!(world.run_images(one_at_a_time()).succeeded, 2);
    world.send_image(prompt("3"));
    assert_eq!(world.run_images(one_at_a_time()).succeeded, 1);
    let second = "second-model";
    assert_eq!(asked(&world), ["first-model", second, second, second]);
    assert!(world.log.has("first-model is passed over"));
    world.clock.advance(10 * HOUR);
    world.send_images(2);
    assert_eq!(world.run_images(one_at_a_time()).succeeded, 2);
    assert_eq!(asked(&world)[4..], ["first-model", "first-model"]);
}

#[test]
fn jobs_wait_when_every_model_is_retired() {
    let world = MemoryWorld::new();
    for _ in 0..2 {
        world.model.fail_image(retired());
    }
    let job = world.send_image(prompt("p"));
    assert_eq!(world.run_images(settings()).waiting, 1);
    assert_eq!(asked(&world), ["first-model", "second-model"]);
    assert_eq!(world.queue.row(job).status, Status::Queued);
}

#[test]
fn a_job_that_chose_a_retired_model_waits_alone() {
    let world = MemoryWorld::new();
    world.model.fail_image(retired());
    let chosen = json!({"model": FLASH_3_1});
    let report =
        images(&world, &[FLASH_2_5, FLASH_3_1], &[chosen.clone(), json!({}), chosen, json!({})]);
    assert_eq!((report.waiting, report.succeeded, report.failed), (1, 2, 0));
    assert_eq!(asked(&world), [FLASH_3_1, FLASH_2_5, FLASH_2_5]);
}

#[test]
fn a_job_that_only_the_retired_model_could_do_waits_for_it() {
    let world = MemoryWorld::new();
    world.model.reject(retired());
    let wish = json!({"negativePrompt": "rain"});
    let report = videos(&world, &[VEO, OMNI], &[wish, json!({})]);
    assert_eq!((report.waiting, report.succeeded, report.failed), (1, 1, 0));
    assert_eq!(asked(&world), [VEO, OMNI]);
    let row = world.queue.row(0);
    assert_eq!((row.waits_for.as_str(), row.submission_pending()), (VEO, false));
}

#[test]
fn a_video_that_was_rejected_for_trouble_is_submitted_again_later() {
    for failure in [resting(), refused()] {
        let world = MemoryWorld::new();
        let job = world.send_video(scene("Lion walking"));
        world.model.reject(failure);
        assert_eq!(world.run_videos(one_model()).waiting, 1);
        let row = world.queue.row(job);
        assert_eq!((row.submission_pending(), row.attempts), (false, 0));
        world.clock.advance(HOUR);
        assert_eq!(world.run_videos(one_model()).succeeded, 1);
        assert_eq!(world.model.submissions_made(), 2);
        assert_eq!(world.queue.stands("first-model").troubles, 0);
    }
}

#[test]
fn an_outage_makes_one_submission_uncertain_for_each_rest() {
    let world = MemoryWorld::new();
    for _ in 0..8 {
        world.send_video(scene("Lion walking"));
    }
    let settings = Settings { models: one_model().models, ..one_at_a_time() };
    for outages in 1..4 {
        let failure = Failure::give_up(Code::SubmissionUncertain, "504");
        let uncertain = SubmitError { failure, rejected: false };
        world.model.submissions.borrow_mut().push_back(Err(uncertain));
        let report = world.run_videos(settings.clone());
        assert_eq!((report.failed, error(&report, 0)), (1, ("submission_uncertain", "504")));
        assert_eq!(world.queue.stands("first-model").troubles, outages);
        assert_eq!(world.run_videos(settings.clone()).claimed, 0, "none while the model rests");
        world.clock.advance(HOUR);
    }
    assert_eq!(world.run_videos(settings).succeeded, 5);
    assert_eq!(world.queue.stands("first-model").trouble, None);
}

#[test]
fn operations_that_end_by_trouble_let_the_model_rest_longer_and_then_the_job_alone() {
    let world = MemoryWorld::new();
    let job = world.send_video(scene("Lion walking"));
    let mut rests = Vec::new();
    for _ in 0..4 {
        world.model.polls.borrow_mut().push_back(Ok(Progress::Ended(Failure::rest(
            Standing::Resting,
            Code::OperationFailed,
            "code 14",
        ))));
        assert_eq!(world.run_videos(one_model()).waiting, 1);
        let row = world.queue.row(job);
        assert_eq!((row.operation, row.attempts), (None, 0));
        rests.push(world.queue.visible_in(job).as_secs());
        world.clock.advance(Duration::from_secs(360));
    }
    // Twice it may be the model; then it is more likely the job.
    assert_eq!(rests, [17, 34, 17, 34]);
    assert_eq!(world.run_videos(one_model()).succeeded, 1);
    assert_eq!(world.queue.stands("first-model").troubles, 0);
}

#[test]
fn an_operation_outlasts_hours_in_which_it_cannot_be_polled() {
    for failure in [resting(), refused()] {
        let world = MemoryWorld::new();
        let job = world.send_video(scene("Lion walking"));
        for hour in 0..3 {
            for _ in 0..9 {
                world.model.fail_poll(failure.clone());
            }
            let report = world.run_videos(one_model());
            assert_eq!((report.waiting, report.failed), (1, 0), "{hour}");
            world.model.polls.borrow_mut().clear();
            world.clock.advance(HOUR);
        }
        assert_eq!(world.run_videos(one_model()).succeeded, 1);
        assert_eq!((world.model.submissions_made(), world.queue.row(job).attempts), (1, 1));
    }
}

#[test]
fn a_key_that_is_refused_to_a_poll_is_told_to_all_workers() {
    let world = MemoryWorld::new();
    world.send_video(scene("Lion walking"));
    world.model.fail_poll(refused());
    assert_eq!(world.run_videos(one_model()).waiting, 1);
    assert!(world.queue.stands("first-model").trouble.is_some());
    let world = MemoryWorld::new();
    world.send_video(scene("Lion walking"));
    world.model.fail_poll(resting());
    assert_eq!(world.run_videos(one_model()).succeeded, 1);
    assert_eq!(world.queue.count(Call::ReportTrouble), 0, "that says nothing of submissions");
}

#[test]
fn a_download_that_meets_trouble_waits_uncounted() {
    for failure in [resting(), refused()] {
        let world = MemoryWorld::new();
        let job = world.send_video(scene("Lion walking"));
        for _ in 0..9 {
            world.model.downloads.borrow_mut().push_back(Err(failure.clone()));
            assert_eq!(world.run_videos(one_model()).waiting, 1);
            assert_eq!(world.queue.row(job).attempts, 0);
            world.clock.advance(HOUR);
        }
        assert_eq!(world.run_videos(one_model()).succeeded, 1);
        assert_eq!(world.model.submissions_made(), 1);
    }
}

#[test]
fn a_job_waits_although_its_trouble_could_not_be_told() {
    let world = MemoryWorld::new();
    let job = world.send_image(prompt("p"));
    world.queue.fail_next(Call::ReportTrouble);
    world.model.fail_image(resting());
    assert_eq!(world.run_images(one_model()).succeeded, 1);
    assert_eq!(world.queue.row(job).status, Status::Succeeded);
    assert!(world.log.has("Trouble not reported"));
}

#[test]
fn jobs_that_are_their_own_trouble_do_not_keep_the_others_from_their_model() {
    // All of them first, or among the others, which take 96 s without them, or 480.
    for (at_once, spread, most, longest) in
        [(5, 1, 8, 300), (5, 4, 10, 130), (1, 1, 40, 1350), (1, 4, 25, 1050)]
    {
        let world = MemoryWorld::new();
        let mut innocent = Vec::new();
        let mut poisoned = Vec::new();
        for number in 0..80 {
            let is_poisoned = if spread == 1 { number < 20 } else { number % spread == 1 };
            let (jobs, text) = match is_poisoned {
                true => (&mut poisoned, "poison"),
                false => (&mut innocent, "well"),
            };
            jobs.push(world.send_image(prompt(text)));
        }
        let settings = Settings { concurrency: at_once, ..one_model() };
        let has_succeeded = |job: &Job| world.queue.row(*job).status == Status::Succeeded;
        while !innocent.iter().all(has_succeeded) {
            world.run_images(settings.clone());
            world.clock.advance(Duration::from_secs(1));
        }
        let (rests, took) = (world.queue.rests.get(), world.clock.now().as_secs());
        assert!(rests <= most && took <= longest, "{at_once} {spread}: {rests} rests, {took} s");
        // Nor are they asked for again and again.
        let asked = world.model.asked.borrow().len() - innocent.len();
        assert!(asked < 20 * 8, "{at_once} {spread}: {asked} requests");
        assert!(poisoned.iter().all(|job| world.queue.row(*job).attempts == 0));
    }
}

#[test]
fn an_outage_begins_a_rest_at_the_second_attempt_that_meets_it() {
    let world = MemoryWorld::new();
    world.send_images(9);
    let settings = Settings { concurrency: 1, max_jobs: Some(4), ..one_model() };
    assert_eq!(world.run_images(settings.clone()).succeeded, 4);
    for _ in 0..2 {
        world.model.fail_image(resting());
    }
    let report = world.run_images(settings.clone());
    assert_eq!((report.claimed, report.waiting, world.queue.rests.get()), (2, 2, 1));
    // When only jobs are left that have met it before, it is theirs for ten minutes at most.
    for _ in 0..99 {
        world.model.fail_image(resting());
    }
    while world.queue.stands("first-model").troubles < 3 {
        world.run_images(settings.clone());
        world.clock.advance(Duration::from_secs(15));
    }
    assert!(world.clock.now() < Duration::from_secs(900), "{:?}", world.clock.now());
    world.model.images.borrow_mut().clear();
    world.clock.advance(HOUR);
    assert_eq!(world.run_images(one_model()).succeeded, 5);
}
