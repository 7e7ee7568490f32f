//! The formats of assets and source images, known by their bytes rather than by what a header
//! claims.

/// The format of an asset or a source image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// HEIC.
    Heic,
    /// HEIF.
    Heif,
    /// MP4.
    Mp4,
}

impl Format {
    /// Every format there is.
    pub const ALL: [Format; 6] =
        [Format::Png, Format::Jpeg, Format::Webp, Format::Heic, Format::Heif, Format::Mp4];

    /// Its media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Format::Png => "image/png",
            Format::Jpeg => "image/jpeg",
            Format::Webp => "image/webp",
            Format::Heic => "image/heic",
            Format::Heif => "image/heif",
            Format::Mp4 => "video/mp4",
        }
    }

    /// The extension of its files, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Png => "png",
            Format::Jpeg => "jpg",
            Format::Webp => "webp",
            Format::Heic => "heic",
            Format::Heif => "heif",
            Format::Mp4 => "mp4",
        }
    }

    /// The format that goes with an extension.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// Whether it is a format of still images.
    pub const fn is_image(self) -> bool {
        !matches!(self, Format::Mp4)
    }

    /// The format that the first bytes of a file show. Twelve bytes are enough.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Format::Png);
        }
        if bytes.starts_with(b"\xff\xd8\xff") {
            return Some(Format::Jpeg);
        }
        match (bytes.get(..4)?, bytes.get(4..8)?, bytes.get(8..12)?) {
            (b"RIFF", _, b"WEBP") => Some(Format::Webp),
            // ISO base media files: a `ftyp` box whose major brand tells the family.
            (_, b"ftyp", b"heic" | b"heix" | b"hevc" | b"hevx") => Some(Format::Heic),
            (_, b"ftyp", b"mif1" | b"msf1" | b"heim" | b"heis") => Some(Format::Heif),
            (_, b"ftyp", b"avif" | b"avis") => None,
            (_, b"ftyp", _) => Some(Format::Mp4),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        let samples: [(&[u8], Option<Format>); 10] = [
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Some(Format::Png)),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01", Some(Format::Jpeg)),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some(Format::Webp)),
            (b"\0\0\0\x18ftypheic\0\0\0\0", Some(Format::Heic)),
            (b"\0\0\0\x18ftypmif1\0\0\0\0", Some(Format::Heif)),
            (b"\0\0\0\x20ftypisom\0\0\x02\0", Some(Format::Mp4)),
            (b"\0\0\0\x18ftypavif\0\0\0\0", None),
            (b"GIF89a\x01\0\x01\0\0\0", None),
            (b"<!doctype html>", None),
            (b"", None),
        ];
        for (bytes, format) in samples {
            assert_eq!(Format::of(bytes), format, "{bytes:?}");
        }
    }

    #[test]
    fn an_extension_leads_back_to_its_format() {
        for format in Format::ALL {
            assert_eq!(Format::from_extension(format.extension()), Some(format));
        }
        assert_eq!(Format::from_extension("gif"), None);
    }
}
