//! The models as of 2026-11-28: what each can do, and what it costs in US dollars. A model without a
//! row is asked for anything, and has no price.
//!
//! What the simulator serves and the tables of `docs/models.md` are generated from here:
//! `UPDATE_TABLES=1 cargo test --lib policy::models`.
//!
//! Each row names its sources. Google's are:
//! - IMAGES: <https://ai.google.dev/gemini-api/docs/image-generation>
//! - VEO: <https://ai.google.dev/gemini-api/docs/video>
//! - OMNI: <https://ai.google.dev/gemini-api/docs/omni>
//! - PRICES: <https://ai.google.dev/gemini-api/docs/pricing>
//! - VERTEX: <https://cloud.google.com/vertex-ai/generative-ai/pricing>

use crate::job::{ASPECT_RATIOS, DURATIONS, strip_models_prefix};

/// The prices of a million tokens.
pub struct Rates {
    /// What is asked: words and images.
    pub input: f64,
    /// What a model says and thinks.
    pub text: f64,
    /// What it draws.
    pub image: f64,
}

/// What the models of a family accept for an image.
pub struct ImageRow {
    /// How their names begin.
    pub family: &'static str,
    /// Its shapes.
    pub ratios: &'static [&'static str],
    /// Its sizes, with the price of an image. One that is not asked for is 1K.
    pub sizes: &'static [(&'static str, f64)],
    /// Whether it can be asked for a size at all.
    pub sized: bool,
    /// How many images it changes at most.
    pub sources: usize,
    /// Whether it makes images in the background, as interactions (`@google/genai` 3.1).
    pub background: bool,
    /// Whether it takes a seed.
    pub seed: bool,
    /// The prices of its tokens.
    pub rates: Rates,
}

/// What the models of a family accept for a video.
pub struct VideoRow {
    /// How their names begin, without the service in front.
    pub family: &'static str,
    /// Its lengths in seconds.
    pub durations: &'static [&'static str],
    /// Those between a first and a last frame.
    pub between_frames: &'static [&'static str],
    /// Its resolutions, with the price of a second.
    pub resolutions: &'static [(&'static str, f64)],
    /// The prices of a silent second, in the same order; none where there is always sound.
    pub silent: &'static [f64],
    /// How many reference images it takes at most.
    pub references: usize,
    /// Whether it takes a seed.
    pub seed: bool,
}

/// Those that every model makes.
const TEN_RATIOS: &[&str] = ASPECT_RATIOS.split_at(10).0;

pub const IMAGE_ROWS: [ImageRow; 5] = [
    // Sources: IMAGES, PRICES. It makes 1K in ten shapes, answers `imageSize` with an error, and
    // "works best with up to 3 images".
    ImageRow {
        family: "gemini-2.5-flash-image",
        ratios: TEN_RATIOS,
        sizes: &[("1K", 0.039)],
        sized: false,
        sources: 3,
        background: false,
        seed: true,
        rates: Rates { input: 0.30, text: 2.50, image: 30.0 },
    },
    // Sources: IMAGES, PRICES; token prices: <https://ngrok.com/changelog>. It answers 400 to `seed`,
    // as to `temperature`, `topP` and `topK`, and to a size of 512. Google has two prices for 4K,
    // this one and 0.0756.
    ImageRow {
        family: "gemini-nano-banana-2.1",
        ratios: &ASPECT_RATIOS,
        sizes: &[("1K", 0.0336), ("2K", 0.0504), ("4K", 0.113)],
        sized: true,
        sources: 14,
        background: true,
        seed: false,
        rates: Rates { input: 1.50, text: 7.50, image: 30.0 },
    },
    // Sources: IMAGES (10 images of things and 4 of people), PRICES.
    ImageRow {
        family: "gemini-3.1-flash-image",
        ratios: &ASPECT_RATIOS,
        sizes: &[("512", 0.045), ("1K", 0.067), ("2K", 0.101), ("4K", 0.151)],
        sized: true,
        sources: 14,
        background: true,
        seed: true,
        rates: Rates { input: 0.50, text: 3.0, image: 60.0 },
    },
    // Sources: PRICES; shapes and images to change:
    // <https://docs.laozhang.ai/en/api-capabilities/nano-banana-image>.
    ImageRow {
        family: "gemini-3.1-flash-lite-image",
        ratios: TEN_RATIOS,
        sizes: &[("1K", 0.0336)],
        sized: true,
        sources: 14,
        background: false,
        seed: true,
        rates: Rates { input: 0.25, text: 1.50, image: 30.0 },
    },
    // Sources: IMAGES, PRICES.
    ImageRow {
        family: "gemini-3-pro-image",
        ratios: TEN_RATIOS,
        sizes: &[("1K", 0.134), ("2K", 0.134), ("4K", 0.24)],
        sized: true,
        sources: 14,
        background: true,
        seed: true,
        rates: Rates { input: 2.0, text: 12.0, image: 120.0 },
    },
];

pub const VIDEO_ROWS: [VideoRow; 5] = [
    // Sources: VEO, VERTEX; silent: <https://docs.krea.ai/api-reference/video/veo-31-fast>, less its
    // 5 %.
    VideoRow {
        family: "veo-3.1-fast-generate",
        resolutions: &[("720p", 0.10), ("1080p", 0.12), ("4k", 0.30)],
        silent: &[0.08, 0.10, 0.25],
        ..VEO
    },
    // Sources: VEO, VERTEX.
    VideoRow {
        family: "veo-3.1-generate",
        resolutions: &[("720p", 0.40), ("1080p", 0.40), ("4k", 0.60)],
        silent: &[0.20, 0.20, 0.40],
        ..VEO
    },
    // Sources: VEO, VERTEX; silent: as above; no references:
    // <https://developer.civitai.com/orchestration/recipes/veo3>.
    VideoRow {
        family: "veo-3.1-lite-generate",
        resolutions: &[("720p", 0.05), ("1080p", 0.08)],
        silent: &[0.03, 0.05],
        references: 0,
        ..VEO
    },
    // Sources: OMNI, PRICES. That it takes a seed is not confirmed: 1.2 does.
    VideoRow {
        family: "gemini-omni-1.1-flash",
        resolutions: &[("360p", 0.03), ("720p", 0.10), ("1080p", 0.15), ("4k", 0.30)],
        ..OMNI
    },
    // Source: OMNI. Google's prices are inferred: those of 1.1, of which 720p has 70 % here.
    VideoRow {
        family: "gemini-omni-1.2-flash",
        durations: &DURATIONS,
        resolutions: &[("360p", 0.021), ("720p", 0.07), ("1080p", 0.105), ("4k", 0.21)],
        ..OMNI
    },
];

/// What the versions of Veo 3.1 have in common: "up to three images".
const VEO: VideoRow = VideoRow {
    family: "veo-3.1-",
    durations: &["4", "6", "8"],
    between_frames: &["4", "6", "8"],
    resolutions: &[],
    silent: &[],
    references: 3,
    seed: true,
};

/// From 3 s to 10 s.
const TO_TEN: &[&str] = DURATIONS.split_at(8).0;

/// What the versions of Omni have in common: as many references as in the longest of the guide's
/// examples.
const OMNI: VideoRow = VideoRow {
    family: "gemini-omni-",
    durations: TO_TEN,
    between_frames: TO_TEN,
    resolutions: &[],
    silent: &[],
    references: 6,
    seed: true,
};

/// The prices of Omni's tokens. A second of video is so many of them at any resolution (measured at
/// 720p and 1080p by a caller), so its price is the resolution's.
pub const OMNI_RATES: Rates = Rates { input: 1.50, text: 9.0, image: 17.50 };

/// The tokens of a second of Omni's video: <https://ai.google.dev/gemini-api/docs/pricing>.
pub const OMNI_TOKENS_A_SECOND: f64 = 5792.0;

/// The row of an image model, whichever service it is called through.
pub fn image_row(model: &str) -> Option<&'static ImageRow> {
    let model = without_service(model);
    IMAGE_ROWS.iter().find(|row| model.starts_with(row.family))
}

/// The row of a video model, whichever service it is called through.
pub fn video_row(model: &str) -> Option<&'static VideoRow> {
    let model = without_service(model);
    VIDEO_ROWS.iter().find(|row| model.starts_with(row.family))
}

/// The name of a model without the service in front of it.
pub fn without_service(model: &str) -> &str {
    strip_models_prefix(model.strip_prefix("vertex/").unwrap_or(model))
}

#[cfg(test)]
mod tests;
