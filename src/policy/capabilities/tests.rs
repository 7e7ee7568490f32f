use serde_json::{Value, json};

use super::*;
use crate::job::ASPECT_RATIOS;
use crate::policy::models::VIDEO_ROWS;

const FLASH_2_5: &str = "gemini-2.5-flash-image";
const FLASH_3_1: &str = "gemini-3.1-flash-image";
const NANO: &str = "gemini-nano-banana-2.1";
const LITE: &str = "gemini-3.1-flash-lite-image";
const PRO: &str = "gemini-3-pro-image";
const VEO: &str = "vertex/veo-3.1-fast-generate-001";
const VEO_LITE: &str = "vertex/veo-3.1-lite-generate-001";
const OMNI: &str = "gemini-omni-1.1-flash";
const OMNI_1_2: &str = "gemini-omni-1.2-flash";

const TO_TEN: &str = r#""3" or "4" or "5" or "6" or "7" or "8" or "9" or "10""#;

fn message(fields: &Value) -> Value {
    let mut message = json!({"storyboardId": "sb", "prompt": "p"});
    for (field, value) in fields.as_object().unwrap() {
        message[field] = value.clone();
    }
    message
}

fn shown(issues: &[Issue]) -> String {
    let texts = issues.iter().map(|issue| format!("{}: {}", issue.field, issue.expected));
    texts.collect::<Vec<_>>().join("; ")
}

fn of_image(model: &str, fields: &Value) -> String {
    let mut unmet = Vec::new();
    image(model, &ImageJob::parse(&message(fields).into()).unwrap(), &mut unmet);
    shown(&unmet)
}

fn of_video(model: &str, fields: &Value) -> String {
    let mut unmet = Vec::new();
    video(model, &VideoJob::parse(&message(fields).into()).unwrap(), &mut unmet);
    shown(&unmet)
}

fn urls(count: usize) -> Value {
    json!(vec!["https://example.com/a.png"; count])
}

#[test]
fn each_image_model_has_its_sizes() {
    for (model, sizes, expected) in [
        (FLASH_2_5, "", "none"),
        (NANO, "1K 2K 4K", "\"1K\" or \"2K\" or \"4K\""),
        (FLASH_3_1, "512 1K 2K 4K", ""),
        (LITE, "1K", "\"1K\""),
        (PRO, "1K 2K 4K", "\"1K\" or \"2K\" or \"4K\""),
    ] {
        for size in ["512", "1K", "2K", "4K"] {
            let refused = match sizes.split(' ').any(|able| able == size) {
                true => String::new(),
                false => format!("imageSize: {expected} for {model}"),
            };
            assert_eq!(of_image(model, &json!({"imageSize": size})), refused);
        }
        assert_eq!(of_image(model, &json!({})), "");
    }
}

#[test]
fn extreme_shapes_are_for_some_image_models() {
    for ratio in ASPECT_RATIOS {
        let wish = json!({"aspectRatio": ratio});
        let extreme = ["1:4", "4:1", "1:8", "8:1"].contains(&ratio);
        for (model, able) in
            [(FLASH_2_5, false), (NANO, true), (FLASH_3_1, true), (LITE, false), (PRO, false)]
        {
            assert_eq!(of_image(model, &wish).is_empty(), able || !extreme, "{model} {ratio}");
        }
    }
    let refused = of_image(FLASH_2_5, &json!({"aspectRatio": "8:1"}));
    assert!(refused.starts_with("aspectRatio: \"1:1\" or \"2:3\" or"), "{refused}");
    assert!(refused.ends_with("or \"16:9\" or \"21:9\" for gemini-2.5-flash-image"));
}

#[test]
fn one_image_model_takes_no_seed() {
    let wish = json!({"seed": 7, "imageSize": "512"});
    let sizes = "\"1K\" or \"2K\" or \"4K\"";
    assert_eq!(
        of_image(NANO, &wish),
        format!("imageSize: {sizes} for {NANO}; seed: none for {NANO}")
    );
    let on_vertex = format!("vertex/{NANO}");
    let refused = format!("seed: none for {on_vertex}");
    assert_eq!(of_image(&on_vertex, &json!({"seed": 7})), refused);
    for model in [FLASH_2_5, FLASH_3_1, LITE, PRO, "vertex/gemini-3.1-flash-image"] {
        assert_eq!(of_image(model, &json!({"seed": 7})), "");
    }
}

#[test]
fn each_image_model_reads_so_many_images() {
    let edit = |count| json!({"editMode": true, "sourceImageUrls": urls(count)});
    assert_eq!(of_image(FLASH_2_5, &edit(3)), "");
    let refused = format!("sourceImageUrls: at most 3 for {FLASH_2_5}");
    assert_eq!(of_image(FLASH_2_5, &edit(4)), refused);
    for model in [NANO, FLASH_3_1, LITE, PRO] {
        assert_eq!(of_image(model, &edit(14)), "");
    }
}

#[test]
fn veo_shows_people_by_what_the_video_is_made_from() {
    let wish = |who| json!({"personGeneration": who});
    let with = |field: &str, who| json!({"personGeneration": who, field: urls(1)});
    for who in ["allow_all", "allow_adult"] {
        assert_eq!(of_video(VEO, &wish(who)), "");
    }
    let refused = of_video(VEO, &wish("dont_allow"));
    assert_eq!(refused, format!("personGeneration: \"allow_all\" or \"allow_adult\" for {VEO}"));
    for field in ["sourceImageUrls", "referenceImageUrls"] {
        assert_eq!(of_video(VEO, &with(field, "allow_adult")), "");
        let refused = of_video(VEO, &with(field, "allow_all"));
        assert_eq!(refused, format!("personGeneration: \"allow_adult\" with images for {VEO}"));
    }
}

#[test]
fn references_are_few_and_take_eight_seconds_of_veo() {
    let wish =
        |count, seconds| json!({"referenceImageUrls": urls(count), "durationSeconds": seconds});
    assert_eq!(of_video(VEO, &wish(3, 8)), "");
    assert_eq!(
        of_video(VEO, &wish(4, 6)),
        format!(
            "durationSeconds: \"8\" with referenceImageUrls for {VEO}; \
             referenceImageUrls: at most 3 for {VEO}"
        )
    );
    let refused = format!("referenceImageUrls: none for {VEO_LITE}");
    assert_eq!(of_video(VEO_LITE, &wish(1, 8)), refused);
    assert_eq!(of_video(OMNI, &wish(6, 4)), "");
    let refused = format!("referenceImageUrls: at most 6 for {OMNI}");
    assert_eq!(of_video(OMNI, &wish(7, 8)), refused);
}

#[test]
fn omni_takes_frames_and_a_seed_but_nothing_negative() {
    let frame = "https://example.com/a.png";
    let frames = json!({"sourceImageUrl": frame, "lastFrameUrl": frame, "seed": 7});
    assert_eq!(of_video(OMNI, &frames), "");
    assert_eq!(of_video(VEO, &frames), "");
    let wish = json!({"negativePrompt": "rain", "personGeneration": "allow_adult"});
    assert_eq!(
        of_video(OMNI, &wish),
        format!("negativePrompt: none for {OMNI}; personGeneration: none for {OMNI}")
    );
    assert_eq!(of_video(VEO, &wish), "");
}

#[test]
fn a_video_model_takes_a_seed_if_its_row_says_so() {
    for row in VIDEO_ROWS {
        let refused =
            if row.seed { String::new() } else { format!("seed: none for {}", row.family) };
        let wish = json!({"seed": 7, "durationSeconds": 8});
        assert_eq!(of_video(row.family, &wish), refused);
    }
}

#[test]
fn each_video_model_has_its_lengths() {
    for seconds in 3..=15 {
        for (model, able, expected) in [
            (VEO, [4, 6, 8].contains(&seconds), r#""4" or "6" or "8""#),
            (VEO_LITE, [4, 6, 8].contains(&seconds), r#""4" or "6" or "8""#),
            (OMNI, seconds <= 10, TO_TEN),
            (OMNI_1_2, true, ""),
        ] {
            let refused = if able {
                String::new()
            } else {
                format!("durationSeconds: {expected} for {model}")
            };
            assert_eq!(of_video(model, &json!({"durationSeconds": seconds})), refused);
        }
    }
    let frame = "https://example.com/a.png";
    let between = |seconds| json!({"sourceImageUrl": frame, "lastFrameUrl": frame, "durationSeconds": seconds});
    assert_eq!(of_video(OMNI_1_2, &between(10)), "");
    let refused = format!("durationSeconds: {TO_TEN} with lastFrameUrl for {OMNI_1_2}");
    assert_eq!(of_video(OMNI_1_2, &between(11)), refused);
    let refused = format!("durationSeconds: {TO_TEN} for {OMNI}");
    assert_eq!(of_video(OMNI, &between(11)), refused);
}

#[test]
fn each_video_model_has_its_resolutions() {
    let wish = |resolution, seconds| json!({"resolution": resolution, "durationSeconds": seconds});
    for resolution in ["360p", "720p", "1080p", "4k"] {
        assert_eq!(of_video(OMNI, &wish(resolution, 3)), "");
        assert_eq!(of_video(OMNI_1_2, &wish(resolution, 15)), "");
    }
    let refused = format!("resolution: \"720p\" or \"1080p\" or \"4k\" for {VEO}");
    assert_eq!(of_video(VEO, &wish("360p", 8)), refused);
    let refused = format!("resolution: \"720p\" or \"1080p\" for {VEO_LITE}");
    assert_eq!(of_video(VEO_LITE, &wish("4k", 8)), refused);
    for resolution in ["1080p", "4k"] {
        assert_eq!(of_video(VEO, &wish(resolution, 8)), "");
        let refused = format!("durationSeconds: \"8\" with {resolution} for {VEO}");
        assert_eq!(of_video(VEO, &wish(resolution, 6)), refused);
    }
}

#[test]
fn sound_is_a_wish_for_veo_on_vertex() {
    for wish in [true, false] {
        let wish = json!({"generateAudio": wish});
        for model in [VEO, VEO_LITE, "vertex/veo-9-generate"] {
            assert_eq!(of_video(model, &wish), "");
        }
        for model in
            ["veo-3.1-fast-generate-preview", OMNI, OMNI_1_2, "vertex/gemini-omni-1.1-flash"]
        {
            assert_eq!(of_video(model, &wish), format!("generateAudio: none for {model}"));
        }
    }
}

#[test]
fn what_a_model_of_no_row_can_do_its_api_decides() {
    assert_eq!(of_image("gemini-9-image", &json!({"imageSize": "4K"})), "");
    let wish = json!({"negativePrompt": "rain", "referenceImageUrls": urls(14)});
    assert_eq!(of_video("veo-9-generate", &wish), "");
}
