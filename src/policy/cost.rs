//! What an asset costs, estimated from the price lists of 2026 in US dollars. An estimate for
//! the ledger: the provider's bill is what counts.

use crate::job::Resolution;

/// The price of one image by `model`, where it is known.
///
/// Gemini bills output tokens: 1,290 of them for an image of 2.5 Flash Image at $30 a million; a
/// 1K image of 3.1 Flash Image is between $0.045 and $0.067, and the upper end is taken.
pub fn image(model: &str) -> Option<f64> {
    match model {
        _ if model.starts_with("gemini-2.5-flash-image") => Some(0.039),
        _ if model.starts_with("gemini-3.1-flash-image") => Some(0.067),
        _ => None,
    }
}

/// The price of `seconds` of video by `model`, where it is known.
pub fn video(model: &str, seconds: u32, resolution: Resolution) -> Option<f64> {
    let a_second = match resolution {
        _ if model.starts_with("gemini-omni-") => 0.10,
        Resolution::P720 if model.starts_with("veo-3.1-fast") => 0.10,
        Resolution::P1080 if model.starts_with("veo-3.1-fast") => 0.12,
        _ => return None,
    };
    Some(a_second * f64::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_models_have_a_price_and_others_none() {
        assert_eq!(image("gemini-2.5-flash-image"), Some(0.039));
        assert_eq!(image("imagen-4"), None);
        let eight = video("veo-3.1-fast-generate-preview", 8, Resolution::P720).unwrap();
        assert!((eight - 0.80).abs() < 1e-9);
        let full = video("veo-3.1-fast-generate-preview", 8, Resolution::P1080).unwrap();
        assert!((full - 0.96).abs() < 1e-9);
        assert_eq!(video("veo-2", 8, Resolution::P720), None);
    }
}
