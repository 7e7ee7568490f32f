//! The fields that the messages of both queues have.

use serde::Serialize;

use super::Target;
use super::field::Fields;

/// The fields of any job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct CommonFields {
    /// What the asset is made for.
    #[serde(skip)]
    pub target: Target,
    /// What it shows or what happens in it, or how to change the source.
    pub prompt: String,
    /// The image to edit, used with `editMode: true` only, or the first frame of a video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_image_url: Option<String>,
    /// The images to edit, where there are several, in the order in which the prompt may speak of
    /// them. Of a video, a list of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_image_urls: Option<Vec<String>>,
    /// The model that is to do it, one of those that are configured; without it, the first that can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The seed: the same one gives a similar asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Which job is taken first, from -100 to 100; the default is 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
}

impl CommonFields {
    /// Reads them; none where one that has to be there is not.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let target = Target::read(fields);
        let prompt = fields.prompt();
        let (source_image_url, source_image_urls) = fields.source_image_urls();
        let model = fields.model();
        let seed = fields.seed();
        let priority = fields.priority();
        fields.url("webhookUrl"); // the database's to follow
        let (target, prompt) = target.zip(prompt)?;
        Some(Self { target, prompt, source_image_url, source_image_urls, model, seed, priority })
    }

    /// The source images, whichever field names them.
    pub fn sources(&self) -> &[String] {
        match (&self.source_image_urls, &self.source_image_url) {
            (Some(many), _) => many,
            (None, Some(one)) => std::slice::from_ref(one),
            (None, None) => &[],
        }
    }
}
