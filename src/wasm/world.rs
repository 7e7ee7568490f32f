//! Everything that a flow has around it, put together.

use wasm_bindgen::JsValue;

use super::adapter::Adapter;
use super::clock::JsClock;
use super::log::JsLog;
use super::options::RunOptions;
use super::response_body::ResponseBody;
use crate::company::Company;
use crate::job::Kind;
use crate::large_body::LargeBodies;
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
    sources: Sources<Adapter, Adapter>,
    clock: JsClock,
    log: JsLog,
    large_bodies: LargeBodies,
    company: Company,
}

thread_local! {
    /// Runs of one isolate share its memory.
    static SHARED: (LargeBodies, Company) = Default::default();
}

impl JsWorld {
    /// The world of a run, from the caller's adapters: `gemini` or `veo`, by its
    /// kind, and `vertex` lead to the models.
    ///
    /// # Errors
    /// A `TypeError` that names the adapter and says what was expected.
    pub(super) fn of(adapters: &JsValue, kind: Kind, options: RunOptions) -> Result<Self, JsValue> {
        let RunOptions {
            source_image_hosts,
            source_image_buckets,
            public_storage_url,
            log,
            signal,
            ..
        } = options;
        let (clock, log) = (JsClock::new(signal), JsLog::new(log));
        let public_storage_url = public_storage_url.map(|url| url.trim_end_matches('/').to_owned());
        let queue = Pgmq::new(Adapter::of(adapters, "pgmq")?);
        let models = match kind {
            Kind::Image => Adapter::of(adapters, "gemini")?,
            Kind::Video => Adapter::of(adapters, "veo")?,
        };
        let vertex = Adapter::of(adapters, "vertex")?;
        let images = Gemini::new(models.clone(), vertex.clone());
        let operations = Operations::new(models, vertex);
        let storage = Adapter::of(adapters, "storage")?;
        let sources = Sources::new(
            Adapter::of(adapters, "source")?,
            storage.clone(),
            public_storage_url.clone(),
            source_image_hosts,
            source_image_buckets.unwrap_or_default(),
        );
        let store = Storage::new(storage, public_storage_url);
        let (large_bodies, company) = SHARED.with(Clone::clone);
        Ok(Self { queue, images, operations, store, sources, clock, log, large_bodies, company })
    }
}

impl World for JsWorld {
    type Stream = ResponseBody;
    type Queue = Pgmq<Adapter>;
    type Images = Gemini<Adapter>;
    type Operations = Operations<Adapter>;
    type Store = Storage<Adapter>;
    type Sources = Sources<Adapter, Adapter>;
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

    fn sources(&self) -> &Sources<Adapter, Adapter> {
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

    fn company(&self) -> &Company {
        &self.company
    }
}
