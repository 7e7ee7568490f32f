//! What is generated from the table.

use std::fmt::Write;
use std::{env, fs};

use serde_json::{Value, json};

use super::*;

const SIMULATOR: &str = "local/simulator/model_table.json";
const PAGE: &str = "docs/models.md";

/// The table as the simulator reads it, a row a line.
fn table() -> String {
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
            "resolutions": resolutions, "references": row.references, "seed": row.seed,
        })
    });
    let lines = |rows: &[Value]| rows.iter().map(Value::to_string).collect::<Vec<_>>().join(",\n");
    let (images, videos) = (lines(&images), lines(&videos));
    format!("{{\"images\": [\n{images}\n], \"videos\": [\n{videos}\n]}}\n")
}

fn dollars(price: f64) -> String {
    let cents = format!("{price:.2}");
    let exact = price.to_string();
    format!("${}", if cents.len() > exact.len() { cents } else { exact })
}

fn yes_or_no(is_able: bool) -> &'static str {
    if is_able { "yes" } else { "no" }
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
        let (ratios, sources, seed) = (row.ratios.len(), row.sources, yes_or_no(row.seed));
        let _ = writeln!(text, "| `{}` | {prices} | {ratios} | {sources} | {seed} |", row.family);
    }
    text
}

fn videos_for_people() -> String {
    let mut text = String::from(
        "| model | seconds | 360p | 720p | 1080p | 4k | reference images | `seed` |\n\
         |---|---|---|---|---|---|---|---|\n",
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
        let (references, seed) = (row.references, yes_or_no(row.seed));
        let _ =
            writeln!(text, "| `{}` | {seconds} | {prices} | {references} | {seed} |", row.family);
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
    let table = table();
    if env::var_os("UPDATE_TABLES").is_some() {
        fs::write(SIMULATOR, &table).unwrap();
        fs::write(PAGE, &filled).unwrap();
        return;
    }
    assert!(page == filled, "{PAGE} is out of date: set UPDATE_TABLES");
    let simulator = fs::read_to_string(SIMULATOR).unwrap();
    assert!(simulator == table, "{SIMULATOR} is out of date: set UPDATE_TABLES");
}

/// The lines of a page's section that begin a row for a model: its name, and the rest of the line.
fn rows_of<'p>(page: &'p str, section: &str) -> Vec<(&'p str, &'p str)> {
    let (_, after) = page.split_once(section).unwrap();
    let text = after.split("\n## ").next().unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.collect()
}

fn families() -> impl Iterator<Item = &'static str> {
    IMAGE_ROWS.iter().map(|row| row.family).chain(VIDEO_ROWS.iter().map(|row| row.family))
}

/// From the lowest to the highest of a row's prices, as the README says it.
fn price_range(prices: &[(&str, f64)], of: &str, by: &str) -> String {
    let (least, most) = (dollars(prices[0].1), dollars(prices[prices.len() - 1].1));
    match prices {
        [_] => format!("{least} {of}"),
        _ => format!("{least} to {most} {of}, by {by}"),
    }
}

#[test]
fn the_readme_has_the_prices_of_the_default_models_and_who_takes_no_seed() {
    let readme = fs::read_to_string("README.md").unwrap();
    let rows = rows_of(&readme, "\n## Models\n");
    let (images, videos): (Vec<_>, Vec<_>) =
        rows.iter().partition(|(model, _)| image_row(model).is_some());
    for (variable, rows) in [("IMAGE_MODELS", &images), ("VIDEO_MODELS", &videos)] {
        let names: Vec<_> = rows.iter().map(|(model, _)| *model).collect();
        let default = format!("| `{variable}` | `{}` |", names.join(","));
        assert!(readme.contains(&default), "{default}");
    }
    for (model, said) in images {
        let row = image_row(model).unwrap();
        let price = price_range(row.sizes, "an image", "size");
        assert!(said.ends_with(&format!("| {price} |")), "{model}: {price}");
        assert_eq!(said.contains("takes no `seed`"), !row.seed, "{model}");
    }
    for (model, said) in videos {
        let row = video_row(model).unwrap();
        let price = price_range(row.resolutions, "a second", "resolution");
        assert!(said.ends_with(&format!("| {price} |")), "{model}: {price}");
        assert_eq!(said.contains("takes no `seed`"), !row.seed, "{model}");
    }
}

#[test]
fn the_page_has_the_state_of_every_model() {
    let page = fs::read_to_string(PAGE).unwrap();
    let mut named = Vec::new();
    for (first, rest) in rows_of(&page, "\n## State\n") {
        named.push(first);
        named.extend(rest.split('|').next().unwrap().split('`').skip(1).step_by(2));
    }
    for family in families() {
        assert!(named.iter().any(|model| model.starts_with(family)), "{family}");
    }
    for model in named {
        assert!(image_row(model).is_some() || video_row(model).is_some(), "{model}");
    }
}

/// The words in backticks of the second cell of a field's row.
fn accepted<'p>(page: &'p str, section: &str, field: &str) -> Vec<&'p str> {
    let rows = rows_of(page, section);
    let (_, rest) = rows.iter().find(|(name, _)| *name == field).unwrap();
    rest.split('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect()
}

/// Every word of some row once, in the order of the longest row.
fn every<'w>(rows: &[Vec<&'w str>]) -> Vec<&'w str> {
    let longest = rows.iter().max_by_key(|words| words.len()).unwrap();
    assert!(rows.iter().flatten().all(|word| longest.contains(word)));
    longest.clone()
}

#[test]
fn the_page_of_messages_has_what_some_model_takes() {
    let page = fs::read_to_string("docs/messages.md").unwrap();
    let names = |priced: &'static [(&str, f64)]| priced.iter().map(|(name, _)| *name).collect();
    let ratios = every(&IMAGE_ROWS.map(|row| row.ratios.to_vec()));
    let sizes = every(&IMAGE_ROWS.map(|row| names(row.sizes)));
    let resolutions = every(&VIDEO_ROWS.map(|row| names(row.resolutions)));
    assert_eq!(accepted(&page, "\n## Images\n", "aspectRatio"), ratios);
    assert_eq!(accepted(&page, "\n## Videos\n", "resolution"), resolutions);
    let mut with_its_other_name = accepted(&page, "\n## Images\n", "imageSize");
    with_its_other_name.retain(|size| *size != "0.5K");
    assert_eq!(with_its_other_name, sizes);

    let lengths = VIDEO_ROWS.iter().flat_map(|row| row.durations);
    let lengths: Vec<u32> = lengths.map(|length| length.parse().unwrap()).collect();
    let (shortest, longest) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
    let ticked = |words: &[&str]| format!("`{}`", words.join("` `"));
    let without_seed = IMAGE_ROWS.iter().filter(|row| !row.seed).map(|row| row.family);
    let most = |family: &str| {
        let rows = VIDEO_ROWS.iter().filter(|row| row.family.starts_with(family));
        rows.map(|row| row.references).max().unwrap()
    };
    for said in [
        format!("{} takes none |", ticked(&without_seed.collect::<Vec<_>>())),
        format!("| `\"{shortest}\"` to `\"{longest}\"`, whole"),
        format!("| Veo: {}, and 8 with more than 720p", ticked(VEO.durations)),
        format!("| Veo: at most {}, Omni: at most {} |", most("veo-"), most("gemini-omni-")),
    ] {
        assert!(page.contains(&said), "{said}");
    }
}

#[test]
fn each_row_names_its_source() {
    let code = include_str!("../models.rs");
    for family in families() {
        let (before, _) = code.split_once(&format!("family: \"{family}\"")).unwrap();
        let lines: Vec<_> = before.lines().map(str::trim).collect();
        let above = lines[..lines.len() - 2].rsplit(|line| !line.starts_with("//"));
        let comment = above.map(|lines| lines.join(" ")).next().unwrap();
        assert!(comment.starts_with("// Source"), "{family}: {comment}");
    }
}
