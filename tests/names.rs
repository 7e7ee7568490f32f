//! The names of objects and entities: for every valid id they stay within their storyboard, and no
//! two owners share one.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[allow(dead_code)] // the simulation uses more of it
#[path = "support/random.rs"]
mod random;

use std::collections::HashMap;
use std::time::Duration;

use generation_queue::http::{Head, Received, ReplyBody, Request, Transport, TransportError};
use generation_queue::job::{Format, Id, JobId, Kind, ObjectLocation, Slot, Target};
use generation_queue::port::AssetStore;
use generation_queue::service::Storage;

use random::Random;

const SEEDS: u64 = 10_000;

const JOB: &str = "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d";

const BASE: &str = "https://p.example.com/storage/v1";

/// Pieces of ids: separators, parent folders, escapes, endings, and names that we use.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "a", "A", "b", "s1", "scene-001", "0", "_", "-", ".", ".", "..", "/", "\\", ":", "%2e", "%2F",
    "%", " ", "?", "#", "+", "~", "@", "=", "&", "\0", "\n", "\u{7f}", "ä", "\u{202e}", "Ａ", "ſ",
    "characters", "scenes", "jobs", "Scenes", "scene", "character", ".png", ".mp4", "png", "xn--",
    "CON", JOB,
];

fn text(random: &Random) -> String {
    let pieces = 1 + random.below(4);
    let piece =
        |_| if random.happens(0.01) { "x".repeat(120) } else { random.one_of(PIECES).into() };
    (0..pieces).map(piece).collect()
}

fn id(random: &Random) -> Id {
    std::iter::repeat_with(|| Id::new(&text(random))).flatten().next().unwrap()
}

fn job(random: &Random) -> JobId {
    // Now and then an id that an entity has, too.
    if random.happens(0.2) {
        return JobId::new(JOB).unwrap();
    }
    let digits = format!("{:016x}{:016x}", random.next(), random.next());
    let groups = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    JobId::new(&groups.join("-")).unwrap()
}

fn target(random: &Random) -> Target {
    let maybe = || random.happens(0.6).then(|| id(random));
    Target { storyboard: id(random), scene: maybe(), character: maybe() }
}

/// Every object that a job may write, with its owner: an entity's slot, or the job.
fn objects(kind: Kind, target: &Target, job: &JobId) -> Vec<(String, String)> {
    let own = Format::ALL
        .iter()
        .map(|format| (ObjectLocation::of(kind, target, job).path(*format), format!("job {job}")));
    let current = |slot: Slot, id: &Option<Id>| {
        let path = target.current_path(slot, kind)?;
        Some((path, format!("{} {:?} {id:?}", slot.as_str(), target.storyboard)))
    };
    let scene = current(Slot::Scene, &target.scene);
    let character = current(Slot::Character, &target.character);
    own.chain(scene).chain(character).collect()
}

#[test]
fn an_id_is_words_between_single_dots() {
    let word = |word: &str| {
        !word.is_empty()
            && word.chars().all(|c| matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-'))
    };
    for seed in 0..SEEDS {
        let text = text(&Random::new(seed));
        let expected = text.len() <= 128 && text.split('.').all(word);
        assert_eq!(Id::new(&text).is_some(), expected, "seed {seed}: {text:?}");
    }
}

#[test]
fn no_object_leaves_its_storyboard_or_changes_its_url() {
    for seed in 0..SEEDS {
        let random = Random::new(seed);
        let (kind, target) = (random.one_of(&[Kind::Image, Kind::Video]), target(&random));
        for (path, owner) in objects(kind, &target, &job(&random)) {
            let (storyboard, rest) = path.split_once('/').unwrap();
            assert_eq!(storyboard, target.storyboard.as_str(), "seed {seed}: {owner}");
            assert!(!rest.is_empty(), "seed {seed}: {owner}");

            let text = Storage::new(BaseUrl, None).public_url(kind.bucket(), &path);
            let url = url::Url::parse(&text).unwrap();
            assert_eq!(url.as_str(), text, "seed {seed}: read as something else");
            let front = ["storage", "v1", "object", "public", kind.bucket()];
            let expected: Vec<_> = front.into_iter().chain(path.split('/')).collect();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            assert_eq!(segments, expected, "seed {seed}");
        }
    }
}

#[test]
fn no_two_owners_have_one_object_or_one_key() {
    let mut owners = HashMap::new();
    let mut own = |seed: u64, name: String, owner: String| {
        let first = owners.entry(name.clone()).or_insert_with(|| owner.clone());
        assert_eq!(*first, owner, "seed {seed}: {name} has two owners");
    };
    for seed in 0..SEEDS {
        let random = Random::new(seed);
        let (kind, target) = (random.one_of(&[Kind::Image, Kind::Video]), target(&random));
        for (path, owner) in objects(kind, &target, &job(&random)) {
            own(seed, format!("{}/{path}", kind.bucket()), format!("{kind:?} {owner}"));
        }
        // As the database makes them.
        let Target { storyboard, scene, character } = &target;
        for (kind, id) in [("scene", scene), ("character", character)] {
            let Some(id) = id else { continue };
            own(seed, format!("{kind}:{storyboard}:{id}"), format!("{kind} {storyboard:?} {id:?}"));
        }
    }
    assert!(owners.len() > SEEDS as usize, "{}", owners.len());
}

/// A transport that has an address and sends nothing.
struct BaseUrl;

impl Transport for BaseUrl {
    type Stream = ();

    fn base_url(&self) -> &str {
        BASE
    }

    async fn send(
        &self,
        _request: Request<()>,
        _timeout: Duration,
    ) -> Result<(Head, ()), TransportError> {
        unreachable!()
    }

    async fn collect(
        &self,
        _body: &mut (),
        _received: &mut ReplyBody,
        _limit: usize,
        _timeout: Duration,
    ) -> Result<bool, TransportError> {
        unreachable!()
    }

    async fn peek(
        &self,
        _body: (),
        _length: usize,
        _timeout: Duration,
    ) -> Result<Received<()>, TransportError> {
        unreachable!()
    }

    async fn pause(&self, _duration: Duration) {}

    fn random(&self) -> f64 {
        0.5
    }
}
