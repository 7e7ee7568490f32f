//! What the test programs share: repeatable chance and the model of the ledger.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod ledger;
pub mod random;
