use serde_json::{Value, json};

use super::*;

fn close(price: Option<f64>, expected: f64) {
    let price = price.unwrap();
    assert!((price - expected).abs() < 1e-9, "{price}, not {expected}");
}

fn video_job(fields: &Value) -> VideoJob {
    let mut message = json!({"storyboardId": "sb", "prompt": "p"});
    for (field, value) in fields.as_object().unwrap() {
        message[field] = value.clone();
    }
    VideoJob::parse(&message.clone().into()).unwrap()
}

const NANO: &str = "gemini-nano-banana-2.1";
const OMNI: &str = "gemini-omni-1.1-flash";
const VEO: &str = "vertex/veo-3.1-fast-generate-001";

#[test]
fn without_usage_the_list_says_what_an_image_costs() {
    for (model, prices) in [
        ("gemini-2.5-flash-image", [None, Some(0.039), None, None]),
        (NANO, [None, Some(0.0336), Some(0.0504), Some(0.113)]),
        ("gemini-3.1-flash-image", [Some(0.045), Some(0.067), Some(0.101), Some(0.151)]),
        ("gemini-3.1-flash-lite-image", [None, Some(0.0336), None, None]),
        ("gemini-3-pro-image", [None, Some(0.134), Some(0.134), Some(0.24)]),
        ("vertex/gemini-3-pro-image", [None, Some(0.134), Some(0.134), Some(0.24)]),
        ("imagen-4", [None; 4]),
    ] {
        for (size, price) in ["512", "1K", "2K", "4K"].into_iter().zip(prices) {
            assert_eq!(image(model, Some(size), None), price, "{model} {size}");
        }
        assert_eq!(image(model, None, None), prices[1]);
    }
}

#[test]
fn and_what_a_video_costs() {
    for (model, resolution, a_second) in [
        (VEO, "720p", 0.10),
        (VEO, "1080p", 0.12),
        (VEO, "4k", 0.30),
        ("veo-3.1-fast-generate-preview", "1080p", 0.12),
        ("vertex/veo-3.1-generate-001", "720p", 0.40),
        ("vertex/veo-3.1-lite-generate-001", "1080p", 0.08),
        (OMNI, "360p", 0.03),
        (OMNI, "720p", 0.10),
        (OMNI, "1080p", 0.15),
        ("vertex/gemini-omni-1.1-flash", "4k", 0.30),
        ("gemini-omni-1.2-flash", "720p", 0.07),
    ] {
        close(video(model, &video_job(&json!({"resolution": resolution})), None), 8.0 * a_second);
    }
    let job = video_job(&json!({"durationSeconds": 4}));
    close(video(OMNI, &job, None), 0.40);
    for unknown in ["veo-2", "gemini-omni-9", "sora"] {
        assert_eq!(video(unknown, &job, None), None);
    }
}

#[test]
fn silence_is_cheaper() {
    let price = |sound: bool| video(VEO, &video_job(&json!({"generateAudio": sound})), None);
    close(price(true), 0.80);
    close(price(false), 0.64);
}

#[test]
fn thoughts_and_inputs_are_paid_for() {
    // As the API answers, and as proxies write it.
    let said = json!({
        "promptTokenCount": 1000, "thoughtsTokenCount": 400, "candidatesTokenCount": 1120,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
        "totalTokenCount": 2520,
    });
    let snake = json!({
        "prompt_token_count": 1000, "thoughts_token_count": 400, "candidates_token_count": 1120,
        "candidates_tokens_details": [{"modality": "IMAGE", "token_count": 1120}],
    });
    for usage in [said, snake] {
        close(image(NANO, None, Some(&usage.clone().into())), 0.0336 + 0.003 + 0.0015);
    }
}

#[test]
fn what_is_said_beside_an_image_is_paid_for_as_words() {
    let usage = json!({
        "promptTokenCount": 15, "candidatesTokenCount": 1318, "totalTokenCount": 1333,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
    });
    let expected = (1290.0 * 30.0 + 28.0 * 2.5 + 15.0 * 0.3) / MILLION;
    close(image("gemini-2.5-flash-image", None, Some(&usage.clone().into())), expected);
}

#[test]
fn an_image_without_details_has_its_listed_price() {
    let usage = json!({
        "promptTokenCount": 100, "candidatesTokenCount": 1120, "thoughtsTokenCount": 400,
    });
    close(image(NANO, Some("2K"), Some(&usage.clone().into())), 0.0504 + 0.003 + 0.00015);
}

#[test]
fn the_video_tokens_of_omni_are_seconds_of_its_resolution() {
    let usage = json!({
        "total_output_tokens": 46336,
        "output_tokens_by_modality": [{"modality": "video", "tokens": 46336}],
    });
    let price = |resolution: &str| {
        video(OMNI, &video_job(&json!({"resolution": resolution})), Some(&usage.clone().into()))
    };
    close(price("720p"), 0.80);
    close(price("1080p"), 1.20);
    let ten = json!({
        "total_input_tokens": 2000, "total_output_tokens": 58420, "total_thought_tokens": 500,
        "total_tokens": 60420,
        "output_tokens_by_modality": [
            {"modality": "text", "tokens": 500}, {"modality": "video", "tokens": 57920},
        ],
    });
    close(video(OMNI, &video_job(&json!({})), Some(&ten.clone().into())), 1.0 + 0.0045 + 0.003);
}

#[test]
fn a_usage_of_no_use_changes_nothing() {
    let absurd = json!({
        "promptTokenCount": -5, "candidatesTokenCount": 1e300, "thoughtsTokenCount": 1e18,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1e18}, 7, null],
    });
    for usage in [json!({}), json!([]), json!("1290"), json!({"promptTokenCount": "x"}), absurd] {
        assert_eq!(image(NANO, None, Some(&usage.clone().into())), Some(0.0336), "{usage}");
        close(video(OMNI, &video_job(&json!({})), Some(&usage.clone().into())), 0.80);
    }
    let usage = json!({"total_output_tokens": 46336});
    close(video(VEO, &video_job(&json!({})), Some(&usage.clone().into())), 0.80);
}
