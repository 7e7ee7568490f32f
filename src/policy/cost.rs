//! What an asset costs in US dollars, by the table of models: from the tokens that the provider says
//! it used, or else from the list of prices. An estimate for the ledger: the provider's bill is what
//! counts. A model without a row has no price.

use super::models::{
    OMNI_RATES, OMNI_TOKENS_A_SECOND, Rates, image_row, video_row, without_service,
};
use crate::job::VideoJob;
use crate::json::Json;

/// The price of one image of a size by `model`, where it is known.
pub fn image(model: &str, size: Option<&str>, usage: Option<&Json<'_>>) -> Option<f64> {
    let row = image_row(model)?;
    let wanted = size.unwrap_or("1K");
    let (_, listed) = *row.sizes.iter().find(|(size, _)| *size == wanted)?;
    Some(match usage.and_then(Tokens::read) {
        None => listed,
        Some(tokens) => {
            let image = tokens.media.map_or(listed, |count| count * row.rates.image / MILLION);
            image + tokens.words(&row.rates)
        }
    })
}

/// The price of a video by `model`, where it is known.
pub fn video(model: &str, job: &VideoJob, usage: Option<&Json<'_>>) -> Option<f64> {
    let row = video_row(model)?;
    let at = row.resolutions.iter().position(|(resolution, _)| *resolution == job.resolution)?;
    let (_, listed) = *row.resolutions.get(at)?;
    let silent = row.silent.get(at).filter(|_| job.generate_audio == Some(false));
    let a_second = silent.copied().unwrap_or(listed);
    let asked = a_second * f64::from(job.seconds());
    let tokens = usage.filter(|_| !without_service(model).starts_with("veo-"));
    Some(match tokens.and_then(Tokens::read) {
        None => asked,
        Some(tokens) => {
            let video = tokens.media.map_or(asked, |count| count / OMNI_TOKENS_A_SECOND * a_second);
            video + tokens.words(&OMNI_RATES)
        }
    })
}

/// Whether an operation of `model` can be stopped when its job is cancelled. Otherwise it is billed.
pub fn ends_with_its_job(model: &str) -> bool {
    !without_service(model).starts_with("veo-")
}

const MILLION: f64 = 1_000_000.0;

/// More tokens than any model reads or writes: such a number is a mistake, and the ledger takes no
/// sum of any size.
const MOST_TOKENS: f64 = 10_000_000.0;

/// The tokens that a reply says were used.
struct Tokens {
    input: f64,
    /// Words: those said and those thought.
    text: f64,
    /// The image or the video, where the reply tells it apart.
    media: Option<f64>,
}

impl Tokens {
    /// Reads `UsageMetadata` (<https://ai.google.dev/api/generate-content>), which proxies write in
    /// snake case, too, or the `Usage` of an interaction (`@google/genai` 3.1). Thoughts are beside
    /// the output in the one, and callers have seen them within it in the other. The total of all is
    /// the same in both, so what is neither asked nor drawn was said or thought.
    fn read(usage: &Json<'_>) -> Option<Self> {
        let input = count(usage, &["promptTokenCount", "total_input_tokens"]);
        let output = count(usage, &["candidatesTokenCount", "total_output_tokens"]);
        let thoughts = count(usage, &["thoughtsTokenCount", "total_thought_tokens"]);
        let total = count(usage, &["totalTokenCount", "total_tokens"]);
        let media = media(usage);
        input.or(output).or(total)?;
        let input = input.unwrap_or(0.0);
        let text = match (media, total) {
            // Without details, all of the output is taken for the image.
            (None, _) => thoughts.unwrap_or(0.0),
            (Some(media), Some(total)) => total - input - media,
            (Some(media), None) => output.unwrap_or(media) - media + thoughts.unwrap_or(0.0),
        };
        Some(Self { input, text: text.max(0.0), media })
    }

    /// The price of what was asked, said and thought.
    fn words(&self, rates: &Rates) -> f64 {
        (self.input * rates.input + self.text * rates.text) / MILLION
    }
}

/// A number of tokens, by whichever of these names it has.
fn count(object: &Json<'_>, names: &[&str]) -> Option<f64> {
    let found = names.iter().find_map(|name| object.get(name).number());
    found.filter(|count| (0.0..MOST_TOKENS).contains(count))
}

/// The tokens of images and videos among those of the output.
fn media(usage: &Json<'_>) -> Option<f64> {
    let lists = ["candidatesTokensDetails", "output_tokens_by_modality"];
    let mut sum = 0.0;
    for list in lists {
        for detail in usage.get(list).list() {
            let modality = detail.get("modality").text().map_or("", |text| text);
            if modality.eq_ignore_ascii_case("image") || modality.eq_ignore_ascii_case("video") {
                sum += count(detail, &["tokenCount", "tokens"]).unwrap_or(0.0);
            }
        }
    }
    Some(sum).filter(|sum| *sum > 0.0)
}

#[cfg(test)]
mod tests;
