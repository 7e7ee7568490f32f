//! The capabilities of each model. What it cannot serve is found here, before anything is fetched or
//! paid. A model without a row is asked for anything: the API's rejection costs nothing.
//!
//! As documented by Google in 2026:
//! - images: <https://ai.google.dev/gemini-api/docs/image-generation>, and `ImageConfig` in
//!   <https://ai.google.dev/api/generate-content>
//! - Veo: <https://ai.google.dev/gemini-api/docs/video#veo-model-parameters>
//! - Omni: <https://ai.google.dev/gemini-api/docs/omni>

use crate::job::{ASPECT_RATIOS, Duration, IMAGE_SIZES, ImageJob, Issue, VideoJob, either};

/// What the models of a family accept for an image.
struct Images {
    family: &'static str,
    aspect_ratios: &'static [&'static str],
    sizes: &'static [&'static str],
    sources: usize,
}

/// 2.5 makes 1,024 pixels in ten shapes, answers `imageSize` with an error, and "works best with up
/// to 3 images"; 3.1 has four extreme shapes more, four sizes, and takes 10 images of things and 4
/// of people.
const IMAGES: [Images; 2] = [
    Images {
        family: "gemini-2.5-flash-image",
        aspect_ratios: ASPECT_RATIOS.split_at(10).0,
        sizes: &[],
        sources: 3,
    },
    Images {
        family: "gemini-3.1-flash-image",
        aspect_ratios: &ASPECT_RATIOS,
        sizes: &IMAGE_SIZES,
        sources: 14,
    },
];

/// Veo 3.1: "up to three images".
const VEO_REFERENCES: usize = 3;

/// Omni: as many as in the longest of the guide's examples; it names no bound.
const OMNI_REFERENCES: usize = 6;

/// Adds to `unmet` what `model` cannot do of an image job.
pub fn image(model: &str, job: &ImageJob, unmet: &mut Vec<Issue>) {
    let Some(able) = IMAGES.iter().find(|able| model.starts_with(able.family)) else { return };
    let mut expect = |field: &str, expected: &str| unmet.push(issue(model, field, expected));
    for (field, wish, words) in [
        ("aspectRatio", job.aspect_ratio, able.aspect_ratios),
        ("imageSize", job.image_size, able.sizes),
    ] {
        if wish.is_some_and(|wish| !words.contains(&wish)) {
            expect(field, &either(words));
        }
    }
    if job.sources().len() > able.sources {
        expect("sourceImageUrls", &format!("at most {}", able.sources));
    }
}

/// Adds to `unmet` what `model` cannot do of a video job.
pub fn video(model: &str, job: &VideoJob, unmet: &mut Vec<Issue>) {
    let mut expect = |field: &str, expected: &str| unmet.push(issue(model, field, expected));
    let references = job.reference_image_urls.as_ref().map_or(0, Vec::len);
    let most = if model.starts_with("veo-3.1-") {
        // From words alone `allow_all`, and in some countries only `allow_adult`; whenever there are
        // images `allow_adult`. `dont_allow` went with Veo 2.
        match job.person_generation {
            Some("allow_all") if !job.image_urls().is_empty() => {
                expect("personGeneration", "\"allow_adult\" with images");
            }
            Some("dont_allow") => {
                expect("personGeneration", "\"allow_all\" or \"allow_adult\"");
            }
            _ => {}
        }
        // "Must be 8 when using reference images."
        if references > 0 && job.duration != Duration::Eight {
            expect("durationSeconds", "\"8\" with referenceImageUrls");
        }
        VEO_REFERENCES
    } else if model.starts_with("gemini-omni-") {
        // "Negative prompts are not supported (put them in the regular prompt)", and its
        // `response_format` has nothing about people.
        if job.negative_prompt.is_some() {
            expect("negativePrompt", "none");
        }
        if job.person_generation.is_some() {
            expect("personGeneration", "none");
        }
        OMNI_REFERENCES
    } else {
        return;
    };
    if references > most {
        expect("referenceImageUrls", &format!("at most {most}"));
    }
}

fn issue(model: &str, field: &str, expected: &str) -> Issue {
    Issue { field: field.into(), expected: format!("{expected} for {model}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const FLASH_2_5: &str = "gemini-2.5-flash-image";
    const FLASH_3_1: &str = "gemini-3.1-flash-image";
    const VEO: &str = "veo-3.1-fast-generate-preview";
    const OMNI: &str = "gemini-omni-1.1-flash";

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
        image(model, &ImageJob::parse(&message(fields)).unwrap(), &mut unmet);
        shown(&unmet)
    }

    fn of_video(model: &str, fields: &Value) -> String {
        let mut unmet = Vec::new();
        video(model, &VideoJob::parse(&message(fields)).unwrap(), &mut unmet);
        shown(&unmet)
    }

    fn urls(count: usize) -> Value {
        json!(vec!["https://example.com/a.png"; count])
    }

    #[test]
    fn sizes_and_extreme_shapes_are_for_the_newer_image_model() {
        for size in IMAGE_SIZES {
            let wish = json!({"imageSize": size});
            assert_eq!(of_image(FLASH_3_1, &wish), "");
            assert_eq!(of_image(FLASH_2_5, &wish), format!("imageSize: none for {FLASH_2_5}"));
        }
        for ratio in ASPECT_RATIOS {
            let wish = json!({"aspectRatio": ratio});
            assert_eq!(of_image(FLASH_3_1, &wish), "");
            let extreme = ["1:4", "4:1", "1:8", "8:1"].contains(&ratio);
            assert_eq!(of_image(FLASH_2_5, &wish).is_empty(), !extreme, "{ratio}");
        }
        let refused = of_image(FLASH_2_5, &json!({"aspectRatio": "8:1"}));
        assert!(refused.starts_with("aspectRatio: \"1:1\" or \"2:3\" or"), "{refused}");
        assert!(refused.ends_with("or \"16:9\" or \"21:9\" for gemini-2.5-flash-image"));
    }

    #[test]
    fn each_image_model_reads_so_many_images() {
        let edit = |count| json!({"editMode": true, "sourceImageUrls": urls(count)});
        assert_eq!(of_image(FLASH_2_5, &edit(3)), "");
        let refused = format!("sourceImageUrls: at most 3 for {FLASH_2_5}");
        assert_eq!(of_image(FLASH_2_5, &edit(4)), refused);
        assert_eq!(of_image(FLASH_3_1, &edit(14)), "");
    }

    #[test]
    fn veo_shows_people_by_what_the_video_is_made_from() {
        let wish = |who| json!({"personGeneration": who});
        let with = |field: &str, who| json!({"personGeneration": who, field: urls(1)});
        for who in ["allow_all", "allow_adult"] {
            assert_eq!(of_video(VEO, &wish(who)), "");
        }
        let refused = of_video(VEO, &wish("dont_allow"));
        assert_eq!(
            refused,
            format!("personGeneration: \"allow_all\" or \"allow_adult\" for {VEO}")
        );
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
    fn what_a_model_of_no_row_can_do_its_api_decides() {
        assert_eq!(of_image("gemini-9-image", &json!({"imageSize": "4K"})), "");
        let wish = json!({"negativePrompt": "rain", "referenceImageUrls": urls(14)});
        assert_eq!(of_video("veo-9-generate", &wish), "");
    }
}
