//! Where an asset belongs: the entity it is made for, and the names of its objects.

use serde::Serialize;

use super::field::Fields;
use super::{Format, Id, JobId, Kind};

/// What an asset is made for: a storyboard, and in it a scene, a character, both or neither.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(target_family = "wasm", derive(tsify::Tsify))]
pub struct Target {
    /// The storyboard.
    #[serde(rename = "storyboardId")]
    #[cfg_attr(target_family = "wasm", tsify(type = "string"))]
    pub storyboard: Id,
    /// The scene, if the asset is for one.
    #[serde(rename = "sceneId", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_family = "wasm", tsify(type = "string"))]
    pub scene: Option<Id>,
    /// The character, if the asset is for one.
    #[serde(rename = "characterId", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(target_family = "wasm", tsify(type = "string"))]
    pub character: Option<Id>,
}

names! {
    /// One of the two entities that can have a current object.
    pub enum Slot {
        /// The scene's.
        Scene = "scene",
        /// The character's.
        Character = "character",
    }
}

impl Target {
    /// Reads the three ids of a message.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let storyboard = fields.required_id("storyboardId");
        let scene = fields.optional_id("sceneId");
        let character = fields.optional_id("characterId");
        Some(Self { storyboard: storyboard?, scene, character })
    }

    /// The object that always holds a slot's newest asset, if the target has that slot.
    pub fn current_path(&self, slot: Slot, kind: Kind) -> Option<String> {
        let storyboard = &self.storyboard;
        let extension = kind.current_extension();
        match slot {
            Slot::Scene => self.scene.as_ref().map(|id| format!("{storyboard}/{id}.{extension}")),
            Slot::Character => self
                .character
                .as_ref()
                .map(|id| format!("{storyboard}/characters/{id}.{extension}")),
        }
    }
}

/// Where the one object of one job goes. It is written once and never changed, so its URL can
/// be cached for ever, and an attempt that finds it there has nothing left to generate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectLocation {
    /// The bucket.
    pub bucket: &'static str,
    /// The folder, without a slash at its end.
    pub folder: String,
    /// The name without its extension: the job's id.
    pub stem: String,
}

impl ObjectLocation {
    /// The place of a job. An asset for both a scene and a character is the scene's.
    pub fn of(kind: Kind, target: &Target, job: &JobId) -> Self {
        let storyboard = &target.storyboard;
        let folder = match (&target.scene, &target.character) {
            (Some(scene), _) => format!("{storyboard}/scenes/{scene}"),
            (None, Some(character)) => format!("{storyboard}/characters/{character}"),
            (None, None) => format!("{storyboard}/jobs"),
        };
        Self { bucket: kind.bucket(), folder, stem: job.as_str().to_owned() }
    }

    /// The object's path in its bucket once its format is known.
    pub fn path(&self, format: Format) -> String {
        format!("{}/{}.{}", self.folder, self.stem, format.extension())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(scene: Option<&str>, character: Option<&str>) -> Target {
        Target {
            storyboard: Id::new("sb").unwrap(),
            scene: scene.and_then(Id::new),
            character: character.and_then(Id::new),
        }
    }

    fn path(scene: Option<&str>, character: Option<&str>) -> String {
        let job = JobId::new("0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d").unwrap();
        ObjectLocation::of(Kind::Image, &target(scene, character), &job).path(Format::Jpeg)
    }

    #[test]
    fn a_job_has_an_object_of_its_own() {
        let job = "0b6e2c1e-5a07-4c9f-8d7e-3f1f0a9b8c7d";
        assert_eq!(path(Some("s"), None), format!("sb/scenes/s/{job}.jpg"));
        assert_eq!(path(None, Some("c")), format!("sb/characters/c/{job}.jpg"));
        assert_eq!(path(None, None), format!("sb/jobs/{job}.jpg"));
    }

    #[test]
    fn an_asset_for_both_is_the_scenes() {
        assert_eq!(path(Some("s"), Some("c")), path(Some("s"), None));
    }

    #[test]
    fn the_current_object_has_a_fixed_address() {
        let both = target(Some("s"), Some("c"));
        assert_eq!(both.current_path(Slot::Scene, Kind::Image).unwrap(), "sb/s.png");
        assert_eq!(both.current_path(Slot::Character, Kind::Video).unwrap(), "sb/characters/c.mp4");
        assert_eq!(target(None, Some("c")).current_path(Slot::Scene, Kind::Image), None);
    }
}
