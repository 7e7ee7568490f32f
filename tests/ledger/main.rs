//! Random sequences of calls, with what the model of the ledger answers to each. They are printed as
//! JSON, one sequence a line, and `ledger_test.ts` plays them against the real SQL. This program by
//! itself only checks that they reach every kind of answer.
//!
//! `LEDGER_SEQUENCES=1000 LEDGER_FROM=90 deno test -A tests/ledger` plays other
//! sequences than the usual ones; so does `deno task simulate --against-sql`.
//!
//! - `call`: the calls and their arguments
//! - `answer`: what the model answers
//! - `state`: what the tables hold afterwards
//! - `sequence`: which call comes next
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answer;
mod call;
mod sequence;
mod state;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// How many sequences are played by default.
const USUAL: u64 = 90;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}: expected a number, got {text}")))
}

#[test]
fn sequences_reach_every_kind_of_answer() {
    let from = setting("LEDGER_FROM").unwrap_or(0);
    let count = setting("LEDGER_SEQUENCES").unwrap_or(USUAL);
    let mut reached = BTreeSet::new();
    for seed in from..from + count {
        let steps = sequence::play(seed);
        for step in &steps {
            let does = step["does"].as_str().unwrap_or_default();
            reached.extend(
                kinds(&step["answer"]).map(|kind| format!("{does}: {kind}").trim().to_owned()),
            );
        }
        println!("{}", json!({"seed": seed, "steps": steps}));
    }
    if (from, count) != (0, USUAL) {
        return;
    }
    let missed: Vec<_> = KINDS.iter().filter(|kind| !reached.contains(**kind)).collect();
    assert!(missed.is_empty(), "{missed:?} are not reached");
}

#[test]
fn a_seed_always_gives_the_same_sequence() {
    assert_eq!(sequence::play(7), sequence::play(7));
}

/// Every kind of answer that the sequences must reach.
const KINDS: &[&str] = &[
    "claim_generation_jobs: nothing",
    "claim_generation_jobs: one",
    "claim_generation_jobs: several",
    "claim_generation_jobs: retried true",
    "claim_generation_jobs: retried false",
    "claim_generation_jobs: submission_pending true",
    "claim_generation_jobs: operation_age_seconds",
    "extend_generation_lease: true",
    "extend_generation_lease: false",
    "begin_generation_submission: true",
    "begin_generation_submission: false",
    "claim_generation_jobs: state \"resting\"",
    "claim_generation_jobs: state \"refused\"",
    "claim_generation_jobs: state \"retired\"",
    "claim_generation_jobs: probe true",
    "claim_generation_jobs: probe false",
    "claim_generation_jobs: passed_over true",
    "claim_generation_jobs: passed_over false",
    "report_generation_trouble:",
    "reset_generation_models: nothing",
    "reset_generation_models: one",
    "record_generation_operation: true",
    "record_generation_operation: false",
    "complete_generation_job: held true",
    "complete_generation_job: held false",
    "complete_generation_job: error \"GJ001\"",
    "complete_generation_job: contended true",
    "complete_generation_job: contended false",
    "complete_generation_job: due nothing",
    "complete_generation_job: due one",
    "complete_generation_job: claims nothing",
    "complete_generation_job: claims one",
    "maintain_generation_queue: unpublished nothing",
    "maintain_generation_queue: unpublished one",
    "maintain_generation_queue: cancelled nothing",
    "maintain_generation_queue: cancelled one",
    "complete_generation_job: entities nothing",
    "complete_generation_job: entities one",
    "complete_generation_job: entities several",
    "complete_generation_job: outcome \"linked\"",
    "complete_generation_job: outcome \"superseded\"",
    "complete_generation_job: outcome \"not_found\"",
    "confirm_generation_publication: nothing",
    "confirm_generation_publication: one",
    "confirm_generation_publication: several",
    "unpublished_generation_jobs: nothing",
    "unpublished_generation_jobs: one",
    "unpublished_generation_jobs: several",
    "defer_generation_job: true",
    "defer_generation_job: false",
    "fail_generation_job: true",
    "fail_generation_job: false",
    "cancel_generation_job: cancelled true",
    "cancel_generation_job: cancelled false",
    "choose_generation_result: outcome \"linked\"",
    "choose_generation_result: outcome \"not_found\"",
    "choose_generation_result: error \"22023\"",
    "choose_generation_result: error \"GJ001\"",
    "cancelled_generation_operations: nothing",
    "cancelled_generation_operations: one",
    "redrive_generation_jobs: nothing",
    "redrive_generation_jobs: one",
    "redrive_generation_jobs: several",
    "read by hand: nothing",
    "read by hand: one",
];

/// The kinds of an answer: its booleans and strings, and the lengths of its lists.
fn kinds(answer: &Value) -> impl Iterator<Item = String> {
    let mut kinds = Vec::new();
    look(answer, "", &mut kinds);
    kinds.into_iter()
}

fn look(answer: &Value, name: &str, kinds: &mut Vec<String>) {
    let mut say = |kind: &str| kinds.push(format!("{name} {kind}").trim().to_owned());
    match answer {
        Value::Array(list) => {
            say(["nothing", "one", "several"][list.len().min(2)]);
            list.iter().for_each(|value| look(value, name, kinds));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, value)| look(value, name, kinds)),
        Value::Bool(_) | Value::String(_) => say(&answer.to_string()),
        Value::Number(_) => say(""),
        Value::Null => {}
    }
}
