//! What an asset costs, estimated from the price lists of 2026 in US dollars. An estimate for
//! the ledger: the provider's bill is what counts.

/// The price of one image of a size by `model`, where it is known.
///
/// Gemini bills output tokens: 1,290 of them for an image of 2.5 Flash Image at $30 a million; at
/// $60 a million, 747, 1,120 (1K, the default), 1,680 or 2,520 for one of 3.1 Flash Image.
/// Source: <https://ai.google.dev/gemini-api/docs/pricing>.
pub fn image(model: &str, size: Option<&str>) -> Option<f64> {
    match model {
        _ if model.starts_with("gemini-2.5-flash-image") => Some(0.039),
        _ if model.starts_with("gemini-3.1-flash-image") => Some(match size {
            Some("512") => 0.045,
            Some("2K") => 0.101,
            Some("4K") => 0.151,
            _ => 0.067,
        }),
        _ => None,
    }
}

/// The price of `seconds` of video by `model`, where it is known.
pub fn video(model: &str, seconds: u32, resolution: &str) -> Option<f64> {
    let a_second = match resolution {
        _ if model.starts_with("gemini-omni-") => 0.10,
        "720p" if model.starts_with("veo-3.1-fast") => 0.10,
        "1080p" if model.starts_with("veo-3.1-fast") => 0.12,
        _ => return None,
    };
    Some(a_second * f64::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_models_have_a_price_and_others_none() {
        assert_eq!(image("gemini-2.5-flash-image", None), Some(0.039));
        assert_eq!(image("imagen-4", None), None);
        let eight = video("veo-3.1-fast-generate-preview", 8, "720p").unwrap();
        assert!((eight - 0.80).abs() < 1e-9);
        let full = video("veo-3.1-fast-generate-preview", 8, "1080p").unwrap();
        assert!((full - 0.96).abs() < 1e-9);
        assert_eq!(video("veo-2", 8, "720p"), None);
    }

    #[test]
    fn a_larger_image_costs_more() {
        let price = |size| image("gemini-3.1-flash-image", size).unwrap();
        assert!(price(Some("512")) < price(None) && price(None) < price(Some("2K")));
        assert!(price(Some("2K")) < price(Some("4K")));
        assert_eq!(price(None), price(Some("1K")));
    }
}
