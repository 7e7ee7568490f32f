//! The message of the video queue.

use serde_json::Value;

use super::field::{Fields, Invalid, shown};
use super::place::Target;

/// A video that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoJob {
    /// What it is for.
    pub target: Target,
    /// What happens in it.
    pub prompt: String,
    /// The image that it starts from, if it starts from one.
    pub source_image_url: Option<String>,
    /// Its shape.
    pub aspect_ratio: AspectRatio,
    /// Its length.
    pub duration: Duration,
    /// Its size.
    pub resolution: Resolution,
}

/// The shape of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AspectRatio {
    /// 16:9.
    Landscape,
    /// 9:16.
    Portrait,
}

/// The length of a video: Veo makes these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duration {
    /// 4 s.
    Four,
    /// 6 s.
    Six,
    /// 8 s.
    Eight,
}

/// The size of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// 720 lines.
    P720,
    /// 1080 lines; Veo makes it at 8 s only.
    P1080,
}

impl AspectRatio {
    /// As in messages and requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            AspectRatio::Landscape => "16:9",
            AspectRatio::Portrait => "9:16",
        }
    }
}

impl Duration {
    /// In seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Duration::Four => 4,
            Duration::Six => 6,
            Duration::Eight => 8,
        }
    }

    /// As in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Duration::Four => "4",
            Duration::Six => "6",
            Duration::Eight => "8",
        }
    }

    /// From a message's text or number.
    fn read(value: &Value) -> Result<Self, String> {
        let all = [Duration::Four, Duration::Six, Duration::Eight];
        let found = all.into_iter().find(|duration| {
            value.as_str() == Some(duration.as_str())
                || value.as_f64() == Some(f64::from(duration.seconds()))
        });
        found.ok_or_else(|| format!("\"4\" or \"6\" or \"8\", not {}", shown(value)))
    }
}

impl Resolution {
    /// As in messages and requests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Resolution::P720 => "720p",
            Resolution::P1080 => "1080p",
        }
    }
}

impl VideoJob {
    /// Reads a message; fields that are not known are ignored.
    ///
    /// # Errors
    /// Everything that is wrong with the message, by field.
    pub fn parse(message: &Value) -> Result<Self, Invalid> {
        let mut fields = Fields::of(message)?;
        let target = Target::read(&mut fields);
        let prompt = fields.prompt();
        let source_image_url = fields.url("sourceImageUrl");
        let aspect_ratio = fields
            .one_of(
                "aspectRatio",
                &[("16:9", AspectRatio::Landscape), ("9:16", AspectRatio::Portrait)],
            )
            .unwrap_or(AspectRatio::Landscape);
        let duration =
            fields.optional("durationSeconds", Duration::read).unwrap_or(Duration::Eight);
        let resolution = fields
            .one_of("resolution", &[("720p", Resolution::P720), ("1080p", Resolution::P1080)])
            .unwrap_or(Resolution::P720);
        if resolution == Resolution::P1080 && duration != Duration::Eight {
            let given = duration.as_str();
            fields.expect("durationSeconds", format!("\"8\" with 1080p, not \"{given}\""));
        }
        fields.url("webhookUrl"); // the database's to follow
        let job = target.zip(prompt).map(|(target, prompt)| Self {
            target,
            prompt,
            source_image_url,
            aspect_ratio,
            duration,
            resolution,
        });
        fields.finish(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(field: &str, value: Value) -> Result<VideoJob, Invalid> {
        let mut message = json!({"storyboardId": "sb", "prompt": "Lion walking"});
        message[field] = value;
        VideoJob::parse(&message)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let job = with("x", Value::Null).unwrap();
        assert_eq!(job.aspect_ratio, AspectRatio::Landscape);
        assert_eq!(job.duration, Duration::Eight);
        assert_eq!(job.resolution, Resolution::P720);
    }

    #[test]
    fn a_duration_is_a_text_or_a_number() {
        for value in [json!("4"), json!(4), json!(4.0)] {
            assert_eq!(with("durationSeconds", value).unwrap().duration, Duration::Four);
        }
        for value in [json!("5"), json!(5), json!("4s"), json!(""), json!(true), json!([4])] {
            let issues = with("durationSeconds", value).unwrap_err().issues;
            assert_eq!(issues[0].field, "durationSeconds");
        }
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_known_ones() {
        let refused = with("aspectRatio", json!("1:1")).unwrap_err().to_string();
        assert_eq!(refused, "aspectRatio: expected \"16:9\" or \"9:16\", not \"1:1\"");
        let refused = with("resolution", json!("4k")).unwrap_err().to_string();
        assert_eq!(refused, "resolution: expected \"720p\" or \"1080p\", not \"4k\"");
    }

    #[test]
    fn a_webhook_url_is_a_url() {
        for url in ["https://hooks.example.com/x", "http://127.0.0.1:9000/"] {
            assert!(with("webhookUrl", json!(url)).is_ok());
        }
        for (value, expected) in [
            (json!("mailto:a@b.test"), "an http or https URL"),
            (json!(["https://a.test/"]), "an http or https URL, not an array"),
            (json!("https://".repeat(600)), "a URL of at most 4096 bytes, not 4800"),
        ] {
            let refused = with("webhookUrl", value).unwrap_err().to_string();
            assert_eq!(refused, format!("webhookUrl: expected {expected}"));
        }
    }

    #[test]
    fn full_resolution_is_for_eight_seconds() {
        let message = |seconds| {
            json!({
                "storyboardId": "sb", "prompt": "p", "resolution": "1080p",
                "durationSeconds": seconds,
            })
        };
        assert!(VideoJob::parse(&message("8")).is_ok());
        let refused = VideoJob::parse(&message("4")).unwrap_err().to_string();
        assert_eq!(refused, "durationSeconds: expected \"8\" with 1080p, not \"4\"");
    }
}
