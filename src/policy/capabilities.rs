//! What a model cannot do of a job. It is found here, before anything is fetched or paid. A model
//! without a row is asked for anything: the API's rejection costs nothing.

use super::models::{image_row, video_row, without_service};
use crate::job::{ImageJob, Invalid, Issue, VideoJob, either};

/// The models of a list that can do a job: what one cannot, `check` adds to the list. The message may
/// have `chosen` one, but only of these: a sender does not choose what the operator pays for.
///
/// # Errors
/// What each model cannot do, if none can.
pub fn able<'a>(
    models: &'a [String],
    chosen: Option<&str>,
    check: &dyn Fn(&str, &mut Vec<Issue>),
) -> Result<Vec<&'a str>, Invalid> {
    let mut able: Vec<&str> = Vec::new();
    let mut unmet = Vec::new();
    for model in models {
        if chosen.is_none_or(|name| name == model) {
            let before = unmet.len();
            check(model, &mut unmet);
            if unmet.len() == before {
                able.push(model);
            }
        }
    }
    if !able.is_empty() {
        return Ok(able);
    }
    if unmet.is_empty() {
        let names: Vec<_> = models.iter().map(String::as_str).collect();
        unmet.push(Issue { field: "model".into(), expected: either(&names) });
    }
    Err(Invalid { issues: unmet })
}

/// Adds to `unmet` what `model` cannot do of an image job.
pub fn image(model: &str, job: &ImageJob, unmet: &mut Vec<Issue>) {
    let Some(able) = image_row(model) else { return };
    let mut expect = |field: &str, expected: &str| unmet.push(issue(model, field, expected));
    if job.aspect_ratio.is_some_and(|wish| !able.ratios.contains(&wish)) {
        expect("aspectRatio", &either(able.ratios));
    }
    let sizes: Vec<_> = able.sizes.iter().filter(|_| able.sized).map(|(size, _)| *size).collect();
    if job.image_size.is_some_and(|wish| !sizes.contains(&wish)) {
        expect("imageSize", &either(&sizes));
    }
    if job.common.sources().len() > able.sources {
        expect("sourceImageUrls", &at_most(able.sources));
    }
    if job.common.seed.is_some() && !able.seed {
        expect("seed", "none");
    }
}

/// Whether a model makes images in the background. At Vertex AI none does.
pub fn makes_in_background(model: &str) -> bool {
    !model.starts_with("vertex/") && image_row(model).is_some_and(|row| row.background)
}

/// Adds to `unmet` that a model makes no images in the background, or rests.
pub fn background(model: &str, rests: bool, unmet: &mut Vec<Issue>) {
    if rests || !makes_in_background(model) {
        unmet.push(issue(model, "imageSize", "none"));
    }
}

/// Adds to `unmet` what `model` cannot do of a video job.
pub fn video(model: &str, job: &VideoJob, unmet: &mut Vec<Issue>) {
    let mut expect = |field: &str, expected: &str| unmet.push(issue(model, field, expected));
    let name = without_service(model);
    let references = job.reference_image_urls.as_ref().map_or(0, Vec::len);
    let is_veo = name.starts_with("veo-3.1-");
    if is_veo {
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
    } else if name.starts_with("gemini-omni-") {
        // "Negative prompts are not supported (put them in the regular prompt)", and its
        // `response_format` has nothing about people.
        if job.negative_prompt.is_some() {
            expect("negativePrompt", "none");
        }
        if job.person_generation.is_some() {
            expect("personGeneration", "none");
        }
    }
    // Omni's videos always have sound, and so have Veo's on a key, which refuses the parameter.
    if job.generate_audio.is_some() && !model.starts_with("vertex/veo-") {
        expect("generateAudio", "none");
    }

    let Some(able) = video_row(model) else { return };
    let resolutions: Vec<_> = able.resolutions.iter().map(|(resolution, _)| *resolution).collect();
    if !resolutions.contains(&job.resolution) {
        expect("resolution", &either(&resolutions));
    }
    let durations = match job.last_frame_url {
        Some(_) => able.between_frames,
        None => able.durations,
    };
    if !durations.contains(&job.duration) {
        let with = if able.durations.contains(&job.duration) { " with lastFrameUrl" } else { "" };
        expect("durationSeconds", &(either(durations) + with));
    } else if is_veo && job.duration != "8" {
        // "Must be 8 when using reference images", and for what is larger than 720p.
        if references > 0 {
            expect("durationSeconds", "\"8\" with referenceImageUrls");
        } else if job.resolution != "720p" {
            expect("durationSeconds", &format!("\"8\" with {}", job.resolution));
        }
    }
    if references > able.references {
        expect("referenceImageUrls", &at_most(able.references));
    }
    if job.common.seed.is_some() && !able.seed {
        expect("seed", "none");
    }
}

fn at_most(count: usize) -> String {
    if count == 0 { "none".into() } else { format!("at most {count}") }
}

fn issue(model: &str, field: &str, expected: &str) -> Issue {
    Issue { field: field.into(), expected: format!("{expected} for {model}") }
}

#[cfg(test)]
mod tests;
