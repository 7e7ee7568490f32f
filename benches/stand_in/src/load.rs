//! What a measurement consists of, and what was asked for during it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::bodies::Bodies;

/// The work of one measurement. Sizes are in bytes.
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Load {
    pub kind: Kind,
    /// How many jobs the queue holds.
    pub jobs: u64,
    /// The size of an asset.
    pub asset: usize,
    /// The size of the source image of an edit; 0: there is none.
    #[serde(default)]
    pub source: usize,
    /// How often an operation is asked for until it is done.
    #[serde(default)]
    pub polls: u32,
    /// Whether the provider compresses its replies for those who accept it.
    #[serde(default)]
    pub gzip: bool,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Image,
    Video,
}

/// The state of one measurement.
pub struct Measurement {
    pub origin: String,
    pub load: Load,
    pub left: u64,
    pub bodies: Bodies,
    /// How often each operation was asked for.
    pub polls: BTreeMap<String, u32>,
    counts: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

impl Measurement {
    pub fn new(origin: String) -> Self {
        Self {
            origin,
            load: Load::default(),
            left: 0,
            bodies: Bodies::default(),
            polls: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    pub fn begin(&mut self, load: Load) {
        self.bodies.prepare(&load);
        self.left = load.jobs;
        self.load = load;
        self.polls.clear();
        self.counts.clear();
    }

    pub fn count(&mut self, service: &'static str, what: &str) {
        *self.counts.entry(service).or_default().entry(what.into()).or_default() += 1;
    }

    pub fn result(&self) -> Value {
        json!({"left": self.left, "requests": self.counts})
    }
}
