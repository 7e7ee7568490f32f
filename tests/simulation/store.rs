//! Storage, and the source images in it and elsewhere.

use std::collections::BTreeMap;
use std::time::Duration;

use generation_queue::failure::{Code, Failure};
use generation_queue::job::{Format, Kind, ObjectLocation};
use generation_queue::large_body::LargeBodyPermit;
use generation_queue::port::{AssetStore, Body, SourceImage, SourceImages};

use super::check;
use super::network::{Call, CallError};
use super::sim::{Sim, job_of_path};
use super::support::ledger::Status;
use super::worker::Worker;

/// The content of an object: the number of what a provider made.
pub type Content = u32;

/// The content of every image outside the project.
pub const FOREIGN: Content = u32::MAX;

/// Objects by bucket and path: their content, and since when they have it.
#[derive(Default)]
pub struct Objects {
    pub by_path: BTreeMap<String, (Content, Duration)>,
}

const BASE: &str = "https://store.invalid/";
const TIMEOUT: u64 = 30;
const UPLOAD: Call =
    Call { name: "put", takes: Duration::from_millis(400), timeout: Duration::from_secs(120) };

fn failed(name: &str, error: CallError) -> Failure {
    Failure::retry(Code::StorageFailed, format!("{name}: {error:?}"))
}

impl AssetStore for Worker {
    type Stream = Content;

    async fn find(&self, place: &ObjectLocation) -> Result<Option<Format>, Failure> {
        let wanted = place.clone();
        let subject = format!("{}/{}", place.folder, place.stem);
        let found = move |sim: &Sim| {
            let objects = sim.objects.borrow();
            let there = |format: &Format| {
                let path = format!("{}/{}", wanted.bucket, wanted.path(*format));
                objects.by_path.contains_key(&path)
            };
            let found = Format::ALL.into_iter().find(there);
            sim.note(|| format!("  finds {found:?}"));
            found
        };
        let answer = self.call(Call::quick("find", TIMEOUT), &subject, found).await;
        answer.map_err(|error| failed("find", error))
    }

    async fn put(
        &self,
        place: &ObjectLocation,
        format: Format,
        body: Body<u32>,
    ) -> Result<(), Failure> {
        let content = match body {
            Body::Bytes(bytes) => content_of(&bytes),
            Body::Stream(content) => content,
        };
        let path = format!("{}/{}", place.bucket, place.path(format));
        let subject = path.clone();
        let stored = move |sim: &Sim| {
            let now = sim.now();
            sim.objects.borrow_mut().by_path.entry(path).or_insert((content, now));
        };
        match self.call(UPLOAD, &subject, stored).await {
            // The body of a success is not read.
            Ok(()) | Err(CallError::Garbage) => Ok(()),
            Err(error) => Err(failed("put", error)),
        }
    }

    async fn copy(
        &self,
        bucket: &str,
        from: &str,
        to: &str,
        _content_type: &str,
    ) -> Result<(), Failure> {
        let (source, to) = (format!("{bucket}/{from}"), format!("{bucket}/{to}"));
        let subject = format!("{from} to {to}");
        let copied = move |sim: &Sim| {
            check::copy(sim, &source, &to);
            let mut objects = sim.objects.borrow_mut();
            let found = objects.by_path.get(&source).map(|(content, _)| *content);
            if let Some(content) = found {
                objects.by_path.insert(to, (content, sim.now()));
            }
            found.is_some()
        };
        match self.call(Call::quick("copy", TIMEOUT), &subject, copied).await {
            Ok(true) | Err(CallError::Garbage) => Ok(()),
            Ok(false) => Err(Failure::give_up(Code::StorageFailed, "copy: no such object")),
            Err(error) => Err(failed("copy", error)),
        }
    }

    fn public_url(&self, bucket: &str, path: &str) -> String {
        public_url(bucket, path)
    }
}

impl SourceImages for Worker {
    async fn fetch(
        &self,
        url: &str,
        _held: usize,
        permit: &LargeBodyPermit,
    ) -> Result<SourceImage, Failure> {
        let path = url.strip_prefix(BASE).map(str::to_owned);
        let read = move |sim: &Sim| match path {
            Some(path) => sim.objects.borrow().by_path.get(&path).map(|(content, _)| *content),
            None => Some(FOREIGN),
        };
        match self.call(Call::quick("fetch source", 20), url, read).await {
            Ok(Some(content)) => {
                if url != public_url(Kind::Image.bucket(), "sb/s0.png") {
                    permit.acquire().await;
                }
                let bytes = content.to_le_bytes().to_vec().into();
                Ok(SourceImage { format: Format::Png, bytes })
            }
            Ok(None) => Err(Failure::give_up(Code::SourceImageUnusable, "404")),
            Err(CallError::Garbage) => {
                Err(Failure::give_up(Code::SourceImageUnusable, "sent no image"))
            }
            Err(error) => {
                Err(Failure::retry(Code::SourceImageUnusable, format!("source: {error:?}")))
            }
        }
    }
}

pub fn public_url(bucket: &str, path: &str) -> String {
    format!("{BASE}{bucket}/{path}")
}

pub fn content_of(bytes: &[u8]) -> Content {
    Content::from_le_bytes(bytes.try_into().expect("four bytes"))
}

/// Whether an object belongs to a job that has succeeded.
pub fn is_of_success(sim: &Sim, path: &str) -> bool {
    let ledger = sim.ledger.borrow();
    job_of_path(path)
        .is_some_and(|job| ledger.rows.get(job).is_some_and(|row| row.status == Status::Succeeded))
}
