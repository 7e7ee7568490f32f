//! Everything that a flow has around it, put together.

use wasm_bindgen::JsValue;

use super::adapter::Adapter;
use super::clock::JsClock;
use super::log::JsLog;
use super::options::RunOptions;
use super::response_body::ResponseBody;
use crate::job::Kind;
use crate::large_body::LargeBodies;
use crate::occupancy::IsolateOccupancy;
use crate::port::World;
use crate::service::{Gemini, Operations, Pgmq, Sources, Storage};

/// The services behind the caller's adapters, the isolate's clock and the caller's log.
///
/// A run needs the models of one kind only. But with a world of one type, the code of the flows is
/// there once instead of twice.
pub(super) struct JsWorld {
    queue: Pgmq<Adapter>,
    images: Gemini<Adapter>,
    operations: Operations<Adapter>,
    store: Storage<Adapter>,
    sources: Sources<Adapter>,
    clock: JsClock,
    log: JsLog,
    large_bodies: LargeBodies,
    occupancy: IsolateOccupancy,
}

thread_local! {
    /// Runs of one isolate share its memory.
    static SHARED: (LargeBodies, IsolateOccupancy) = Default::default();
}

impl JsWorld {
    /// The world of a run, from the caller's adapters: `gemini` or `veo`, by its
    /// kind, and `vertex` lead to the models.
    ///
    /// # Errors
    /// A `TypeError` that names the adapter and says what was expected.
    pub(super) fn of(adapters: &JsValue, kind: Kind, options: RunOptions) -> Result<Self, JsValue> {
        let adapter = |name| Adapter::of(adapters, name);
        let queue = Pgmq::new(adapter("pgmq")?);
        let models = adapter(if kind == Kind::Image { "gemini" } else { "veo" })?;
        let (vertex, storage, open) = (adapter("vertex")?, adapter("storage")?, adapter("source")?);
        let images = Gemini::new(models.clone(), vertex.clone());
        let operations = Operations::new(models, vertex);
        let base = options.public_storage_url.map(|url| url.trim_end_matches('/').to_owned());
        let (hosts, buckets) = (options.source_image_hosts, options.source_image_buckets);
        let buckets = buckets.unwrap_or_default();
        let sources = Sources::new(open, storage.clone(), base.clone(), hosts, buckets);
        let store = Storage::new(storage, base);
        let (clock, log) = (JsClock::new(options.signal), JsLog::new(options.log));
        let (large_bodies, occupancy) = SHARED.with(Clone::clone);
        Ok(Self { queue, images, operations, store, sources, clock, log, large_bodies, occupancy })
    }
}

impl World for JsWorld {
    type Stream = ResponseBody;
    type Queue = Pgmq<Adapter>;
    type Images = Gemini<Adapter>;
    type Operations = Operations<Adapter>;
    type Store = Storage<Adapter>;
    type Sources = Sources<Adapter>;
    type Clock = JsClock;
    type Log = JsLog;

    fn queue(&self) -> &Pgmq<Adapter> {
        &self.queue
    }

    fn images(&self) -> &Gemini<Adapter> {
        &self.images
    }

    fn operations(&self) -> &Operations<Adapter> {
        &self.operations
    }

    fn store(&self) -> &Storage<Adapter> {
        &self.store
    }

    fn sources(&self) -> &Sources<Adapter> {
        &self.sources
    }

    fn clock(&self) -> &JsClock {
        &self.clock
    }

    fn log(&self) -> &JsLog {
        &self.log
    }

    fn large_bodies(&self) -> &LargeBodies {
        &self.large_bodies
    }

    fn occupancy(&self) -> &IsolateOccupancy {
        &self.occupancy
    }
}
