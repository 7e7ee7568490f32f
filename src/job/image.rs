//! The message of the image queue.

use serde::Serialize;

use super::CommonFields;
use super::field::{Fields, Invalid};
use crate::json::Json;

/// The shapes of images, those first that every model makes.
pub const ASPECT_RATIOS: [&str; 14] = [
    "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8",
    "8:1",
];

/// The sizes of images, by the length of a square's side in pixels. The last is the first by another
/// name.
const IMAGE_SIZES: [&str; 5] = ["512", "1K", "2K", "4K", "0.5K"];

/// The message of an image job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct ImageJob {
    /// The fields of any job.
    #[serde(skip)]
    pub common: CommonFields,
    /// Whether the source is to be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_mode: Option<bool>,
    /// Its shape, like `16:9`; without it, the source's or a square.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect_ratio: Option<&'static str>,
    /// Its size; without it, 1K.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_family = "wasm", tsify(type = r#""512" | "1K" | "2K" | "4K""#))]
    pub image_size: Option<&'static str>,
}

impl ImageJob {
    /// Reads a message. Source images are used only with `editMode: true`; fields that are not
    /// known are ignored.
    ///
    /// # Errors
    /// Everything that is wrong with the message, by field.
    pub fn parse(message: &Json<'_>) -> Result<Self, Invalid> {
        let mut fields = Fields::of(message)?;
        let mut common = CommonFields::read(&mut fields);
        let edit_mode = fields.flag("editMode").filter(|edit| *edit);
        if edit_mode.is_none() {
            if let Some(common) = &mut common {
                (common.source_image_url, common.source_image_urls) = (None, None);
            }
        } else if fields.get("sourceImageUrl").is_none() && fields.get("sourceImageUrls").is_none()
        {
            fields.expect("sourceImageUrl", "the URL of the image to edit, since editMode is true");
        }
        let aspect_ratio = fields.one_of("aspectRatio", &ASPECT_RATIOS);
        let image_size = fields.one_of("imageSize", &IMAGE_SIZES);
        let image_size = image_size.map(|size| if size == "0.5K" { "512" } else { size });
        fields.reject(&[
            ("negativePrompt", "none for an image: say in the prompt what is not to be seen"),
            ("personGeneration", "none for an image"),
            ("lastFrameUrl", "none for an image"),
            ("generateAudio", "none for an image"),
            ("referenceImageUrls", "none for an image: use sourceImageUrls with editMode"),
        ]);
        let job = common.map(|common| Self { common, edit_mode, aspect_ratio, image_size });
        fields.finish(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn refusal(message: Value) -> String {
        ImageJob::parse(&message.clone().into()).unwrap_err().to_string()
    }

    #[test]
    fn the_shortest_message_is_text_to_image_for_no_entity() {
        let job =
            ImageJob::parse(&json!({"storyboardId": "sb", "prompt": "A hero"}).into()).unwrap();
        assert!(job.common.sources().is_empty());
        assert_eq!((job.common.target.scene, job.common.target.character), (None, None));
        assert_eq!((job.common.model, job.common.seed, job.common.priority), (None, None, None));
        assert_eq!((job.aspect_ratio, job.image_size), (None, None));
    }

    #[test]
    fn an_edit_needs_its_mode_and_its_source() {
        let source = "https://example.com/a.png";
        let mut message = json!({
            "storyboardId": "sb", "sceneId": "s", "prompt": "p", "sourceImageUrl": source,
            "editMode": true,
        });
        assert_eq!(ImageJob::parse(&message.clone().into()).unwrap().common.sources(), [source]);
        message["editMode"] = json!(false);
        assert!(ImageJob::parse(&message.clone().into()).unwrap().common.sources().is_empty());
        message["editMode"] = json!(true);
        message["sourceImageUrl"] = Value::Null;
        assert_eq!(
            refusal(message),
            "sourceImageUrl: expected the URL of the image to edit, since editMode is true"
        );
    }

    #[test]
    fn several_sources_keep_their_order() {
        let [a, b] = ["https://example.com/a.png", "http://example.com/b.png"];
        let mut message = json!({
            "storyboardId": "sb", "prompt": "p", "editMode": true, "sourceImageUrls": [b, a],
        });
        assert_eq!(ImageJob::parse(&message.clone().into()).unwrap().common.sources(), [b, a]);
        // The singular may repeat the first of them, and nothing else.
        message["sourceImageUrl"] = json!(b);
        assert_eq!(ImageJob::parse(&message.clone().into()).unwrap().common.sources(), [b, a]);
        message["sourceImageUrl"] = json!(a);
        assert_eq!(
            refusal(message),
            "sourceImageUrl: expected the first of sourceImageUrls, or only one of both"
        );
    }

    #[test]
    fn of_a_list_of_sources_the_first_that_is_wrong_is_named() {
        let refused = |urls: Value| {
            refusal(json!({"storyboardId": "sb", "prompt": "p", "sourceImageUrls": urls}))
        };
        assert_eq!(
            refused(json!(["https://example.com/a.png", "ftp://x/y", 7])),
            "sourceImageUrls[1]: expected an http or https URL"
        );
        for urls in [json!([]), json!("https://example.com/a.png"), json!(vec!["http://a/b"; 15])] {
            assert_eq!(refused(urls), "sourceImageUrls: expected an array of 1 to 14 URLs");
        }
    }

    #[test]
    fn wishes_are_read() {
        let job = ImageJob::parse(
            &json!({
                "storyboardId": "sb", "prompt": "p", "model": "models/gemini-3.1-flash-image",
                "aspectRatio": "21:9", "imageSize": "2K", "seed": 2_147_483_647.0, "priority": -100,
            })
            .into(),
        )
        .unwrap();
        assert_eq!(job.common.model.as_deref(), Some("gemini-3.1-flash-image"));
        assert_eq!((job.aspect_ratio, job.image_size), (Some("21:9"), Some("2K")));
        assert_eq!((job.common.seed, job.common.priority), (Some(2_147_483_647), Some(-100)));
    }

    #[test]
    fn a_wish_out_of_range_is_refused_with_the_range() {
        for (field, value, expected) in [
            ("seed", json!(-1), "an integer from 0 to 2147483647, not -1"),
            ("seed", json!(2_147_483_648_u64), "an integer from 0 to 2147483647, not 2147483648"),
            ("seed", json!(1.5), "an integer from 0 to 2147483647, not 1.5"),
            ("seed", json!("7"), "an integer from 0 to 2147483647, not \"7\""),
            ("priority", json!(101), "an integer from -100 to 100, not 101"),
            ("priority", json!(true), "an integer from -100 to 100, not true"),
            ("model", json!(" "), "a non-empty string, not a blank one"),
            (
                "imageSize",
                json!("8K"),
                "\"512\" or \"1K\" or \"2K\" or \"4K\" or \"0.5K\", not \"8K\"",
            ),
            ("generateAudio", json!(true), "none for an image"),
            (
                "negativePrompt",
                json!("rain"),
                "none for an image: say in the prompt what is not to be seen",
            ),
            ("personGeneration", json!("allow_all"), "none for an image"),
            ("lastFrameUrl", json!("http://a/b"), "none for an image"),
            (
                "referenceImageUrls",
                json!([]),
                "none for an image: use sourceImageUrls with editMode",
            ),
        ] {
            let mut message = json!({"storyboardId": "sb", "prompt": "p"});
            message[field] = value;
            assert_eq!(refusal(message), format!("{field}: expected {expected}"));
        }
    }

    #[test]
    fn a_size_has_several_spellings() {
        for (given, size) in [
            (json!("2k"), "2K"),
            (json!("512"), "512"),
            (json!(512), "512"),
            (json!("0.5K"), "512"),
            (json!("0.5k"), "512"),
        ] {
            let message = json!({"storyboardId": "sb", "prompt": "p", "imageSize": given});
            assert_eq!(ImageJob::parse(&message.clone().into()).unwrap().image_size, Some(size));
        }
    }

    #[test]
    fn unknown_fields_and_nulls_are_as_if_left_out() {
        let message = json!({
            "storyboardId": "sb", "prompt": "p", "sceneId": null, "seed": null, "x": {"y": []},
        });
        assert!(ImageJob::parse(&message.clone().into()).is_ok());
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let message = json!({
            "prompt": "  ", "sceneId": "../x", "characterId": 7, "sourceImageUrl": "ftp://a/b",
            "editMode": "yes", "webhookUrl": "mailto:a@b.test",
        });
        let issues = ImageJob::parse(&message.clone().into()).unwrap_err().issues;
        let fields: Vec<_> = issues.iter().map(|issue| issue.field.as_str()).collect();
        assert_eq!(
            fields.join(" "),
            "storyboardId sceneId characterId prompt sourceImageUrl webhookUrl editMode"
        );
    }

    #[test]
    fn what_is_no_object_is_no_job() {
        for (message, name) in [
            (json!(null), "null"),
            (json!([1]), "an array"),
            (json!("text"), "a string"),
            (json!(7), "a number"),
        ] {
            assert_eq!(refusal(message), format!("message: expected a JSON object, not {name}"));
        }
    }

    #[test]
    fn a_prompt_has_a_bound() {
        let message = |length| json!({"storyboardId": "sb", "prompt": "x".repeat(length)});
        assert!(ImageJob::parse(&message(32 * 1024).into()).is_ok());
        let refused = refusal(message(200 * 1024));
        assert_eq!(refused, "prompt: expected at most 32768 bytes, not 204800");
    }
}
