//! What is generated from the table.

use std::fmt::Write;
use std::{env, fs};

use serde_json::{Value, json};

use super::*;

const SIMULATOR: &str = "local/simulator/model_table.json";
const PAGE: &str = "docs/models.md";

/// The table as the simulator reads it.
fn table() -> Value {
    let images = IMAGE_ROWS.map(|row| {
        let sizes: Vec<_> = row.sizes.iter().map(|(size, _)| size).collect();
        json!({
            "family": row.family, "aspectRatios": row.ratios, "sizes": sizes, "sized": row.sized,
            "sources": row.sources, "background": row.background, "seed": row.seed,
        })
    });
    let videos = VIDEO_ROWS.map(|row| {
        let resolutions: Vec<_> = row.resolutions.iter().map(|(name, _)| name).collect();
        let seconds = |words: &[&str]| -> Vec<u32> {
            words.iter().map(|word| word.parse().unwrap()).collect()
        };
        let (durations, between) = (seconds(row.durations), seconds(row.between_frames));
        json!({
            "family": row.family, "durations": durations, "betweenFrames": between,
            "resolutions": resolutions, "references": row.references,
        })
    });
    json!({"images": images, "videos": videos})
}

fn dollars(price: f64) -> String {
    let cents = format!("{price:.2}");
    let exact = price.to_string();
    format!("${}", if cents.len() > exact.len() { cents } else { exact })
}

/// What a model can do and what it costs, as the page shows it.
fn images_for_people() -> String {
    let mut text = String::from(
        "| model | 512 | 1K | 2K | 4K | shapes | source images | `seed` |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in IMAGE_ROWS {
        let price = |size: &str| {
            let found = row.sizes.iter().find(|(able, _)| *able == size);
            found.map_or("-".into(), |(_, price)| dollars(*price))
        };
        let prices = ["512", "1K", "2K", "4K"].map(price).join(" | ");
        let seed = if row.seed { "yes" } else { "no" };
        let (ratios, sources) = (row.ratios.len(), row.sources);
        let _ = writeln!(text, "| `{}` | {prices} | {ratios} | {sources} | {seed} |", row.family);
    }
    text
}

fn videos_for_people() -> String {
    let mut text = String::from(
        "| model | seconds | 360p | 720p | 1080p | 4k | reference images |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for row in VIDEO_ROWS {
        let price = |resolution: &str| {
            let Some(at) = row.resolutions.iter().position(|(able, _)| *able == resolution) else {
                return "-".into();
            };
            let with_sound = dollars(row.resolutions[at].1);
            match row.silent.get(at) {
                Some(silent) => format!("{with_sound}, silent {}", dollars(*silent)),
                None => with_sound,
            }
        };
        let prices = ["360p", "720p", "1080p", "4k"].map(price).join(" | ");
        let seconds = match row.durations {
            [first, .., last] if row.durations.len() > 3 => format!("{first} to {last}"),
            few => few.join(", "),
        };
        let references = row.references;
        let _ = writeln!(text, "| `{}` | {seconds} | {prices} | {references} |", row.family);
    }
    text
}

/// A page with the text between two markers replaced.
fn with_table(page: &str, name: &str, table: &str) -> String {
    let marker = format!("<!-- {name}: generated -->\n");
    let (before, rest) = page.split_once(&marker).unwrap();
    let (_, after) = rest.split_once("\n<!-- end -->").unwrap();
    format!("{before}{marker}\n{table}\n<!-- end -->{after}")
}

#[test]
fn the_simulator_and_the_page_have_this_table() {
    let page = fs::read_to_string(PAGE).unwrap();
    let filled = with_table(&page, "images", &images_for_people());
    let filled = with_table(&filled, "videos", &videos_for_people());
    let table = serde_json::to_string_pretty(&table()).unwrap() + "\n";
    if env::var_os("UPDATE_TABLES").is_some() {
        fs::write(SIMULATOR, &table).unwrap();
        fs::write(PAGE, &filled).unwrap();
        return;
    }
    assert!(page == filled, "{PAGE} is out of date: set UPDATE_TABLES");
    let simulator = fs::read_to_string(SIMULATOR).unwrap();
    assert!(simulator == table, "{SIMULATOR} is out of date: set UPDATE_TABLES");
}
