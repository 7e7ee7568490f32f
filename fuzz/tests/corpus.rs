//! Every input that is kept, through the check it is kept for.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

type Check = fn(&[u8]);

const TARGETS: [(&str, Check); 8] = [
    ("image_replies", generation_queue_fuzz::image_replies::check),
    ("json_texts", generation_queue_fuzz::json_texts::check),
    ("messages", generation_queue_fuzz::messages::check),
    ("queue_replies", generation_queue_fuzz::queue_replies::check),
    ("redaction", generation_queue_fuzz::redaction::check),
    ("source_images", generation_queue_fuzz::source_images::check),
    ("storage_replies", generation_queue_fuzz::storage_replies::check),
    ("video_replies", generation_queue_fuzz::video_replies::check),
];

/// The names below a folder of this package, in their order.
fn names(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn every_input_that_is_kept_passes() {
    let mut failed = Vec::new();
    for (target, check) in TARGETS {
        for name in names(&format!("corpus/{target}")) {
            let path = format!("corpus/{target}/{name}");
            let input =
                fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)).expect("a file");
            if catch_unwind(|| check(&input)).is_err() {
                failed.push(path);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_target_is_replayed() {
    let known = TARGETS.map(|(target, _)| target);
    assert_eq!(names("corpus"), known);
    assert_eq!(names("targets"), known.map(|target| format!("{target}.rs")));
}
