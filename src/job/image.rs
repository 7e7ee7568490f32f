//! The message of the image queue.

use serde_json::Value;

use super::field::{Fields, Invalid, name_of};
use super::place::Target;

/// An image that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageJob {
    /// What it is for.
    pub target: Target,
    /// What it shows, or how to change the source.
    pub prompt: String,
    /// Whether it is made from words or from another image.
    pub mode: ImageMode,
}

/// How an image comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageMode {
    /// From the prompt alone.
    TextToImage,
    /// By changing the image at this URL.
    Edit {
        /// Where the image to change is.
        source_image_url: String,
    },
}

impl ImageJob {
    /// Reads a message. A source image is used only with `editMode: true`; fields that are not
    /// known are ignored.
    ///
    /// # Errors
    /// Everything that is wrong with the message, by field.
    pub fn parse(message: &Value) -> Result<Self, Invalid> {
        let mut fields = Fields::of(message)?;
        let target = Target::read(&mut fields);
        let prompt = fields.prompt();
        let source = fields.url("sourceImageUrl");
        let edit = fields.optional("editMode", |value| {
            value.as_bool().ok_or_else(|| format!("true or false, not {}", name_of(value)))
        });
        if edit == Some(true) && fields.get("sourceImageUrl").is_none() {
            fields.expect("sourceImageUrl", "the URL of the image to edit, since editMode is true");
        }
        fields.url("webhookUrl"); // the database's to follow
        let mode = match (edit, source) {
            (Some(true), Some(source_image_url)) => ImageMode::Edit { source_image_url },
            _ => ImageMode::TextToImage,
        };
        let job = target.zip(prompt).map(|(target, prompt)| Self { target, prompt, mode });
        fields.finish(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(message: Value) -> String {
        ImageJob::parse(&message).unwrap_err().to_string()
    }

    #[test]
    fn the_shortest_message_is_text_to_image_for_no_entity() {
        let job = ImageJob::parse(&json!({"storyboardId": "sb", "prompt": "A hero"})).unwrap();
        assert_eq!(job.mode, ImageMode::TextToImage);
        assert_eq!((job.target.scene, job.target.character), (None, None));
    }

    #[test]
    fn an_edit_needs_its_mode_and_its_source() {
        let source = "https://example.com/a.png";
        let mut message = json!({
            "storyboardId": "sb", "sceneId": "s", "prompt": "p", "sourceImageUrl": source,
            "editMode": true,
        });
        let edit = ImageMode::Edit { source_image_url: source.into() };
        assert_eq!(ImageJob::parse(&message).unwrap().mode, edit);
        message["editMode"] = json!(false);
        assert_eq!(ImageJob::parse(&message).unwrap().mode, ImageMode::TextToImage);
        message["editMode"] = json!(true);
        message["sourceImageUrl"] = Value::Null;
        assert_eq!(
            refusal(message),
            "sourceImageUrl: expected the URL of the image to edit, since editMode is true"
        );
    }

    #[test]
    fn unknown_fields_and_nulls_are_as_if_left_out() {
        let message = json!({
            "storyboardId": "sb", "prompt": "p", "sceneId": null, "priority": 3, "x": {"y": []},
        });
        assert!(ImageJob::parse(&message).is_ok());
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let message = json!({
            "prompt": "  ", "sceneId": "../x", "characterId": 7, "sourceImageUrl": "ftp://a/b",
            "editMode": "yes", "webhookUrl": "mailto:a@b.test",
        });
        let issues = ImageJob::parse(&message).unwrap_err().issues;
        let fields: Vec<_> = issues.iter().map(|issue| issue.field.as_str()).collect();
        let expected = [
            "storyboardId",
            "sceneId",
            "characterId",
            "prompt",
            "sourceImageUrl",
            "editMode",
            "webhookUrl",
        ];
        assert_eq!(fields, expected);
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
        assert!(ImageJob::parse(&message(32 * 1024)).is_ok());
        let refused = refusal(message(200 * 1024));
        assert_eq!(refused, "prompt: expected at most 32768 bytes, not 204800");
    }
}
