//! The fields that the messages of both queues have.

use super::Target;
use super::field::Fields;
use crate::json::{Object, WriteJson};

/// The fields of any job.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct CommonFields {
    /// What the asset is made for.
    #[cfg_attr(target_family = "wasm", serde(flatten))]
    pub target: Target,
    /// What it shows or what happens in it, or how to change the source.
    pub prompt: String,
    /// The image to edit, used with `editMode: true` only, or the first frame of a video.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub source_image_url: Option<String>,
    /// The images to edit, where there are several, in the order in which the prompt may speak of
    /// them. Of a video, a list of one.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub source_image_urls: Option<Vec<String>>,
    /// The model that is to do it, one of those that are configured; without it, the first that can.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub model: Option<String>,
    /// What makes the same asset come again, more or less.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
    pub seed: Option<i64>,
    /// Which job is taken first, from -100 to 100; the default is 0.
    #[cfg_attr(target_family = "wasm", tsify(optional))]
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

impl WriteJson for CommonFields {
    fn write(&self, it: &mut Object<'_>) {
        self.target.write(it);
        it.text("prompt", &self.prompt)
            .optional_text("sourceImageUrl", self.source_image_url.as_deref())
            .optional_texts("sourceImageUrls", self.source_image_urls.as_deref())
            .optional_text("model", self.model.as_deref())
            .optional_integer("seed", self.seed)
            .optional_integer("priority", self.priority);
    }
}
