use serde_json::Value;

use super::*;
use crate::service::testing::{Recorded, now, permit};

const BASE: &str = "https://api.test/v1beta";
const VEO: &str = "veo-3.1-fast-generate-preview";
const OMNI: &str = "gemini-omni-1.1-flash";
const NAME: &str = "models/veo-3.1-fast-generate-preview/operations/op7";

fn poll(model: &str, name: &str, transport: &Recorded) -> Result<Progress, Failure> {
    let operation = Operation { model: model.into(), name: name.into() };
    now(Operations::new(transport, transport).poll(&operation, &permit()))
}

mod cancellation;
mod images;
mod progress;
mod submission;
mod vertex;
