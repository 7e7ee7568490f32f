//! The message of the video queue.

use serde::Serialize;

use super::CommonFields;
use super::field::{Fields, Invalid};
use crate::json::Json;

/// The message of a video job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct VideoJob {
    /// The fields of any job.
    #[serde(skip)]
    pub common: CommonFields,
    /// The image that it ends with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_frame_url: Option<String>,
    /// What people, things and places in it look like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_image_urls: Option<Vec<String>>,
    /// Its shape.
    #[cfg_attr(target_family = "wasm", tsify(type = r#""16:9" | "9:16""#))]
    pub aspect_ratio: &'static str,
    /// Its length in seconds.
    #[serde(rename = "durationSeconds")]
    #[cfg_attr(target_family = "wasm", tsify(type = "`${number}`"))]
    pub duration: &'static str,
    /// Its size.
    #[cfg_attr(target_family = "wasm", tsify(type = r#""360p" | "720p" | "1080p" | "4k""#))]
    pub resolution: &'static str,
    /// Whether it has sound; without it, as the model likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate_audio: Option<bool>,
    /// What is not to be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_prompt: Option<String>,
    /// Who may be shown; without it, as the model likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        target_family = "wasm",
        tsify(type = r#""allow_all" | "allow_adult" | "dont_allow""#)
    )]
    pub person_generation: Option<&'static str>,
}

/// What the images of a video are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VideoImages {
    /// Its first frame and, where there are two, its last one.
    Frames,
    /// What people, things and places in it look like.
    References,
}

/// The lengths of videos, in seconds, that one model or another makes.
pub const DURATIONS: [&str; 13] =
    ["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"];

/// The sizes of videos that one model or another makes.
const RESOLUTIONS: [&str; 4] = ["360p", "720p", "1080p", "4k"];

impl VideoJob {
    /// Reads a message; fields that are not known are ignored.
    ///
    /// # Errors
    /// Everything that is wrong with the message, by field.
    pub fn parse(message: &Json<'_>) -> Result<Self, Invalid> {
        let mut fields = Fields::of(message)?;
        let common = CommonFields::read(&mut fields);
        let last_frame_url = fields.url("lastFrameUrl");
        let reference_image_urls = fields.urls("referenceImageUrls");
        check_images(
            &mut fields,
            common.as_ref().map_or(0, |common| common.sources().len()),
            last_frame_url.is_some(),
            reference_image_urls.is_some(),
        );
        let aspect_ratio = fields.one_of("aspectRatio", &["16:9", "9:16"]).unwrap_or("16:9");
        let duration = fields.one_of("durationSeconds", &DURATIONS).unwrap_or("8");
        let resolution = fields.one_of("resolution", &RESOLUTIONS).unwrap_or("720p");
        let generate_audio = fields.flag("generateAudio");
        let negative_prompt = fields.text("negativePrompt");
        let person_generation =
            fields.one_of("personGeneration", &["allow_all", "allow_adult", "dont_allow"]);
        fields.reject(&[("imageSize", "none for a video: use resolution")]);
        let job = common.map(|common| Self {
            common,
            last_frame_url,
            reference_image_urls,
            aspect_ratio,
            duration,
            resolution,
            generate_audio,
            negative_prompt,
            person_generation,
        });
        fields.finish(job)
    }

    /// Its length in seconds.
    pub fn seconds(&self) -> u32 {
        self.duration.parse::<u64>().map_or(8, |seconds| seconds as u32)
    }

    /// The images that it is made from, if there are any.
    pub fn image_urls(&self) -> Vec<String> {
        let mut urls = self.common.sources().to_vec();
        urls.extend_from_slice(self.last_frame_url.as_slice());
        urls.extend_from_slice(self.reference_image_urls.as_deref().unwrap_or_default());
        urls
    }

    /// What those images are.
    pub fn images(&self) -> VideoImages {
        match self.reference_image_urls {
            Some(_) => VideoImages::References,
            None => VideoImages::Frames,
        }
    }
}

/// No model takes frames and references together, or frames in between.
fn check_images(fields: &mut Fields<'_>, sources: usize, last_frame: bool, references: bool) {
    if sources > 1 {
        let expected =
            "one image, the first frame: use lastFrameUrl or referenceImageUrls for others";
        fields.expect("sourceImageUrls", expected);
    }
    if last_frame && sources == 0 {
        fields.expect("sourceImageUrl", "the URL of the first frame, since there is a last one");
    }
    if references && (last_frame || sources > 0) {
        fields.expect("referenceImageUrls", "none with sourceImageUrl or lastFrameUrl");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const FRAME: &str = "https://example.com/first.png";
    const LAST: &str = "https://example.com/last.png";

    fn parse(fields: Value) -> Result<VideoJob, Invalid> {
        let mut message = json!({"storyboardId": "sb", "prompt": "Lion walking"});
        for (field, value) in fields.as_object().unwrap() {
            message[field] = value.clone();
        }
        VideoJob::parse(&message.clone().into())
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let job = parse(json!({})).unwrap();
        assert_eq!((job.aspect_ratio, job.resolution), ("16:9", "720p"));
        assert_eq!((job.seconds(), job.generate_audio), (8, None));
        assert!(job.image_urls().is_empty());
    }

    #[test]
    fn a_duration_is_a_text_or_a_number() {
        for value in [json!("4"), json!(4), json!(4.0)] {
            let job = parse(json!({"durationSeconds": value})).unwrap();
            assert_eq!(job.seconds(), 4);
            assert_eq!(serde_json::to_value(&job).unwrap()["durationSeconds"], "4");
        }
        for seconds in 3..=15 {
            assert_eq!(parse(json!({"durationSeconds": seconds})).unwrap().seconds(), seconds);
        }
        for value in [
            json!("2"),
            json!(16),
            json!(4.5),
            json!(-4),
            json!("4s"),
            json!(""),
            json!("NaN"),
            json!(true),
            json!([4]),
        ] {
            let refused = parse(json!({"durationSeconds": value})).unwrap_err().to_string();
            let expected = "durationSeconds: expected \"3\" or \"4\" or ";
            assert!(refused.starts_with(expected), "{refused}");
        }
    }

    #[test]
    fn what_no_video_can_have_is_refused_with_what_it_can() {
        for (fields, expected) in [
            (
                json!({"aspectRatio": "1:1"}),
                "aspectRatio: expected \"16:9\" or \"9:16\", not \"1:1\"",
            ),
            (
                json!({"resolution": "8k"}),
                "resolution: expected \"360p\" or \"720p\" or \"1080p\" or \"4k\", not \"8k\"",
            ),
            (json!({"generateAudio": "no"}), "generateAudio: expected true or false, not a string"),
            (json!({"imageSize": "2K"}), "imageSize: expected none for a video: use resolution"),
            (json!({"webhookUrl": "mailto:a@b.test"}), "webhookUrl: expected an http or https URL"),
            (
                json!({"webhookUrl": ["https://a.test/"]}),
                "webhookUrl: expected an http or https URL, not an array",
            ),
            (
                json!({"webhookUrl": "https://".repeat(600)}),
                "webhookUrl: expected a URL of at most 4096 bytes, not 4800",
            ),
            (
                json!({"sourceImageUrls": [FRAME, LAST]}),
                "sourceImageUrls: expected one image, the first frame: use lastFrameUrl or \
                 referenceImageUrls for others",
            ),
            (
                json!({"lastFrameUrl": LAST}),
                "sourceImageUrl: expected the URL of the first frame, since there is a last one",
            ),
            (
                json!({"sourceImageUrl": FRAME, "referenceImageUrls": [LAST]}),
                "referenceImageUrls: expected none with sourceImageUrl or lastFrameUrl",
            ),
        ] {
            assert_eq!(parse(fields).unwrap_err().to_string(), expected);
        }
        let refused = parse(json!({"personGeneration": "all"})).unwrap_err().to_string();
        assert!(refused.starts_with("personGeneration: expected \"allow_all\" or"), "{refused}");
    }

    #[test]
    fn a_video_has_a_first_frame_and_perhaps_a_last_one() {
        for one in [json!({"sourceImageUrl": FRAME}), json!({"sourceImageUrls": [FRAME]})] {
            let job = parse(one).unwrap();
            assert_eq!((job.images(), job.image_urls()), (VideoImages::Frames, vec![FRAME.into()]));
        }
        let both = parse(json!({"sourceImageUrl": FRAME, "lastFrameUrl": LAST})).unwrap();
        assert_eq!((both.images(), both.image_urls().len()), (VideoImages::Frames, 2));
        assert_eq!(both.image_urls()[1], LAST);
    }

    #[test]
    fn or_it_has_references() {
        let job = parse(json!({"referenceImageUrls": [LAST, FRAME]})).unwrap();
        assert_eq!(job.images(), VideoImages::References);
        assert_eq!(job.image_urls(), [LAST, FRAME]);
    }

    #[test]
    fn wishes_are_read() {
        let job = parse(json!({
            "model": "vertex/veo-3.1-fast-generate-001", "negativePrompt": "rain", "seed": 0,
            "personGeneration": "allow_adult", "priority": 100, "resolution": "1080p",
            "durationSeconds": "12", "generateAudio": false,
            "webhookUrl": "http://127.0.0.1:9000/",
        }))
        .unwrap();
        assert_eq!(job.common.model.as_deref(), Some("vertex/veo-3.1-fast-generate-001"));
        assert_eq!(job.negative_prompt.as_deref(), Some("rain"));
        assert_eq!((job.common.seed, job.common.priority), (Some(0), Some(100)));
        assert_eq!((job.resolution, job.person_generation), ("1080p", Some("allow_adult")));
        assert_eq!((job.duration, job.generate_audio), ("12", Some(false)));
        assert_eq!(parse(json!({"resolution": "4K"})).unwrap().resolution, "4k");
        assert!(parse(json!({"webhookUrl": "https://hooks.example.com/x"})).is_ok());
    }
}
