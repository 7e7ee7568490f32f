//! Senders and operators: they send, cancel, redrive, choose and read messages by hand, at any time.

use std::rc::Rc;
use std::time::Duration;

use generation_queue::failure::Code;
use generation_queue::job::Kind;
use serde_json::{Value, json};

use super::sim::Sim;
use super::store::public_url;
use super::support::ledger::operator::Chosen;
use super::support::ledger::{Entity, Job, Status};

const FOREIGN: &str = "https://example.com/a.png";

/// Schedules what senders and operators do within `length`. A job is for a video with the
/// probability `videos`.
pub fn schedule(sim: &Rc<Sim>, length: Duration, videos: f64) {
    let random = &sim.random;
    for key in ["scene:sb:s0", "scene:sb:s1", "character:sb:c0"] {
        if random.happens(0.8) {
            sim.ledger.borrow_mut().entities.insert(key.to_owned(), Entity::default());
        }
    }
    let within = |part: f64| random.seconds(0.0, length.as_secs_f64() * part);
    let jobs = if random.happens(0.05) { 25 } else { 1 + random.below(8) };
    for _ in 0..jobs {
        let at = if random.happens(0.5) { Duration::ZERO } else { within(0.7) };
        let kind = kind(sim, videos);
        sim.after(at, move |sim| send(sim, kind));
    }
    for _ in 0..random.below(3) {
        sim.after(within(1.0), |sim| one_job(sim, cancel));
    }
    for _ in 0..random.below(4) {
        let forget = random.happens(0.3);
        sim.after(within(1.2), move |sim| redrive_all(sim, forget));
    }
    let choices = if sim.has_choices { 1 + random.below(6) } else { 0 };
    for _ in 0..choices {
        sim.after(within(1.2), choose);
    }
    if random.happens(0.2) {
        sim.after(within(1.0), |sim| one_job(sim, read_by_hand));
    }
    if random.happens(0.2) {
        let (from, to) = (within(0.5), within(1.0));
        sim.after(from, |sim| broken(sim, true));
        sim.after(from + to, |sim| broken(sim, false));
    }
}

/// A kind by chance; `videos` is the probability of a video.
pub fn kind(sim: &Sim, videos: f64) -> Kind {
    if sim.random.happens(videos) { Kind::Video } else { Kind::Image }
}

fn send(sim: &Rc<Sim>, kind: Kind) {
    let random = &sim.random;
    let job = sim.ledger.borrow().rows.len();
    let mut message = json!({"storyboardId": "sb", "prompt": format!("job {job}")});
    if random.happens(0.8) {
        message["sceneId"] = json!(random.one_of(&["s0", "s0", "s1"]));
    }
    if random.happens(0.3) {
        message["characterId"] = json!("c0");
    }
    if random.happens(0.4) {
        let current = public_url(Kind::Image.bucket(), "sb/s0.png");
        message["sourceImageUrl"] = json!(random.one_of(&[FOREIGN.to_owned(), current]));
        message["editMode"] = json!(true);
    }
    if random.happens(0.1) {
        let names = match kind {
            Kind::Image => ["image-model", "older-image-model"],
            Kind::Video => ["video-model", "older-video-model"],
        };
        message["model"] = json!(random.one_of(&names));
    }
    if random.happens(0.04) {
        message["prompt"] = Value::Null;
    }
    // Not by chance: in most histories some jobs should overtake others.
    match job % 5 {
        3 => message["priority"] = json!(-10),
        4 => message["priority"] = json!(10),
        _ => {}
    }
    let delay = if random.happens(0.1) { random.seconds(0.0, 60.0) } else { Duration::ZERO };
    sim.note(|| format!("a sender sends job {job} ({kind:?}): {message}"));
    sim.ledger.borrow_mut().send(sim.now(), kind, message, delay);
    sim.watch.borrow_mut().holders.push(None);
}

fn one_job(sim: &Rc<Sim>, effect: fn(&Rc<Sim>, Job)) {
    let jobs = sim.ledger.borrow().rows.len();
    if jobs > 0 {
        effect(sim, sim.random.below(jobs));
    }
}

fn cancel(sim: &Rc<Sim>, job: Job) {
    if sim.ledger.borrow_mut().cancel(sim.now(), job) {
        sim.note(|| format!("a sender cancels job {job}"));
        sim.watch.borrow_mut().holders[job] = None;
    }
}

/// Chooses a result, if there is one yet.
fn choose(sim: &Rc<Sim>) {
    let mut ledger = sim.ledger.borrow_mut();
    let succeeded = |job: &Job| ledger.rows[*job].status == Status::Succeeded;
    let results: Vec<Job> = (0..ledger.rows.len()).filter(succeeded).collect();
    if results.is_empty() {
        return;
    }
    let job = sim.random.one_of(&results);
    if matches!(ledger.choose(sim.now(), job), Chosen::Current) {
        sim.note(|| format!("an operator chooses what job {job} made"));
        sim.watch.borrow_mut().choices.push((job, sim.now()));
    }
}

fn read_by_hand(sim: &Rc<Sim>, job: Job) {
    let hidden = sim.random.seconds(0.0, 60.0);
    if sim.ledger.borrow_mut().read_by_hand(sim.now(), job, hidden) {
        sim.note(|| format!("an operator reads the message of job {job} by hand"));
        let mut watch = sim.watch.borrow_mut();
        watch.holders[job] = None;
        watch.by_hand.push(job);
    }
}

/// Sends every failed job again.
pub fn redrive_all(sim: &Rc<Sim>, forget_operation: bool) {
    let jobs = sim.ledger.borrow().rows.len();
    for job in 0..jobs {
        let code = sim.ledger.borrow().rows[job].error_code;
        if !sim.ledger.borrow_mut().redrive(sim.now(), job, forget_operation) {
            continue;
        }
        sim.note(|| format!("an operator redrives job {job} (forgetting: {forget_operation})"));
        sim.watch.borrow_mut().deaths.retain(|cause| *cause != job);
        let mut watch = sim.watch.borrow_mut();
        watch.holders[job] = None;
        // Only an operator who gives up an operation, or has read that a submission is uncertain, has
        // decided to pay again.
        let told = forget_operation || code == Some(Code::SubmissionUncertain);
        if told && sim.ledger.borrow().rows[job].operation.is_none() {
            watch.redrives.push((job, sim.now()));
        }
    }
}

fn broken(sim: &Rc<Sim>, broken: bool) {
    sim.note(|| format!("scene s0 is {}", if broken { "no object" } else { "an object again" }));
    if let Some(entity) = sim.ledger.borrow_mut().entities.get_mut("scene:sb:s0") {
        entity.broken = broken;
    }
}

/// The source that a message names, if it is used.
pub fn source_of(message: &Value, kind: Kind) -> Option<&str> {
    let url = message["sourceImageUrl"].as_str()?;
    (kind == Kind::Video || message["editMode"] == json!(true)).then_some(url)
}

/// Whether a source is outside the project.
pub fn is_foreign(url: &str) -> bool {
    url == FOREIGN
}
