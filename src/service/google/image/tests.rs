use serde_json::{Value, json};

use super::super::refusal::BLOCKED;
use super::*;
use crate::failure::{Next, Standing};
use crate::job::ImageJob;
use crate::json::text_of;
use crate::port::SourceImage;
use crate::service::testing::{PNG, Recorded, now, permit};

const BASE: &str = "https://gemini.test/v1beta";
const MODEL: &str = "gemini-2.5-flash-image";

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn image(bytes: &[u8]) -> Value {
    json!({"inlineData": {"mimeType": "image/png", "data": base64(bytes)}})
}

fn candidate(parts: Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]})
}

/// Has one image made by a message's wishes.
fn ask(
    transport: &Recorded,
    wishes: &Value,
    sources: &[SourceImage],
) -> Result<GeneratedImage, Failure> {
    let mut message = wishes.clone();
    message["storyboardId"] = json!("sb");
    let job = ImageJob::parse(&message.clone().into()).unwrap();
    let request = ImageRequest { job: &job, sources };
    now(Gemini::new(transport, transport).generate(MODEL, request, WITHIN, &permit()))
}

/// How long an image may take.
const WITHIN: Duration = Duration::from_secs(140);

fn generate(transport: &Recorded) -> Result<GeneratedImage, Failure> {
    ask(transport, &json!({"prompt": "A hero"}), &[])
}

#[test]
fn a_model_of_vertex_gets_the_same_body_there() {
    let reply = candidate(json!([image(PNG)]));
    let (gemini, vertex) = (Recorded::at(BASE), Recorded::at("https://vertex.test"));
    let (gemini, vertex) = (gemini.json(200, reply.clone()), vertex.json(200, reply));
    let job = ImageJob::parse(&json!({"storyboardId": "sb", "prompt": "A hero"}).into()).unwrap();
    let request = ImageRequest { job: &job, sources: &[] };
    for model in [MODEL.to_owned(), format!("vertex/{MODEL}")] {
        now(Gemini::new(&gemini, &vertex).generate(&model, request, WITHIN, &permit())).unwrap();
    }
    let (usual, at_vertex) = (gemini.only(), vertex.only());
    let url = format!("https://vertex.test/v1/publishers/google/models/{MODEL}:generateContent");
    assert_eq!((at_vertex.url, at_vertex.body), (url, usual.body));
}

fn outcome(status: u16, reply: Value) -> Result<GeneratedImage, Failure> {
    generate(&Recorded::at(BASE).json(status, reply))
}

#[test]
fn a_prompt_is_sent_as_googles_own_client_sends_it() {
    let transport = Recorded::at(BASE).json(200, candidate(json!([image(PNG)])));
    generate(&transport).unwrap();
    let sent = transport.only();
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.url, format!("{BASE}/models/{MODEL}:generateContent"));
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(
        sent.json(),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "A hero"}]}],
            "generationConfig": {"responseModalities": ["IMAGE"]},
        })
    );
}

#[test]
fn sources_go_along_behind_the_prompt_in_their_order() {
    let transport = Recorded::at(BASE).json(200, candidate(json!([image(PNG)])));
    let sources = [
        SourceImage { format: Format::Webp, bytes: vec![1, 2, 3, 255].into() },
        SourceImage { format: Format::Jpeg, bytes: vec![0].into() },
    ];
    let prompt = "Say \"hi\"\n\u{1F600}";
    ask(&transport, &json!({"prompt": prompt}), &sources).unwrap();
    assert_eq!(
        transport.only().json()["contents"][0]["parts"],
        json!([
            {"text": prompt},
            {"inlineData": {"mimeType": "image/webp", "data": "AQID/w=="}},
            {"inlineData": {"mimeType": "image/jpeg", "data": "AA=="}},
        ])
    );
}

#[test]
fn wishes_stand_in_the_generation_config() {
    for (wishes, config) in [
        (json!({"seed": 7}), json!({"seed": 7})),
        (json!({"aspectRatio": "21:9"}), json!({"imageConfig": {"aspectRatio": "21:9"}})),
        (json!({"imageSize": "2K"}), json!({"imageConfig": {"imageSize": "2K"}})),
        (
            json!({"seed": 0, "aspectRatio": "1:8", "imageSize": "512", "priority": 5}),
            json!({"seed": 0, "imageConfig": {"aspectRatio": "1:8", "imageSize": "512"}}),
        ),
    ] {
        let transport = Recorded::at(BASE).json(200, candidate(json!([image(PNG)])));
        let mut wishes = wishes;
        wishes["prompt"] = json!("p");
        ask(&transport, &wishes, &[]).unwrap();
        let mut expected = config;
        expected["responseModalities"] = json!(["IMAGE"]);
        assert_eq!(transport.only().json()["generationConfig"], expected);
    }
}

#[test]
fn the_image_is_found_among_text_thoughts_and_unknown_keys() {
    let mut interim = image(b"interim");
    interim["thought"] = json!(true);
    let mut reply = candidate(json!([
        {"text": "Here it is", "futureKey": {}}, image(b"first"), image(PNG), interim,
    ]));
    reply["usageMetadata"] = json!({"totalTokenCount": 1333});
    reply["turnToken"] = json!("v1:x");
    let image = outcome(200, reply).unwrap();
    assert_eq!((image.format, image.bytes.as_slice()), (Format::Png, PNG));
    assert_eq!(image.usage, Some(json!({"totalTokenCount": 1333}).into()));
}

#[test]
fn the_bytes_tell_the_format_not_the_declaration() {
    let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01";
    assert_eq!(outcome(200, candidate(json!([image(jpeg)]))).unwrap().format, Format::Jpeg);
}

#[test]
fn an_image_counts_whatever_else_is_said() {
    let mut reply = candidate(json!([image(PNG)]));
    reply["candidates"][0]["finishReason"] = json!("IMAGE_SAFETY");
    assert!(outcome(200, reply).is_ok());
}

#[test]
fn an_image_alone_is_a_reply() {
    let png = [PNG, &[0xff, 0xfe, 0x80]].concat();
    assert_eq!(generate(&Recorded::at(BASE).reply(200, &png)).unwrap().bytes, png);
    let whole = serde_json::to_string(&candidate(json!([image(PNG)])).to_string()).unwrap();
    assert_eq!(generate(&Recorded::at(BASE).reply(200, &whole)).unwrap().bytes, PNG);
    let text = format!("![Lion](data:image/png;base64,{})", base64(PNG));
    assert_eq!(outcome(200, candidate(json!([{"text": text}]))).unwrap().bytes, PNG);
}

#[test]
fn an_image_in_a_text_or_a_block_of_code_is_an_image() {
    let data = base64(PNG);
    let wrapped = format!("{}\n{}", &data[..20], &data[20..]);
    let url = format!("data:image/png;base64,{data}");
    let fences = [
        format!("```\n{data}\n```"),
        format!("Here it is:\n\n```base64\n{wrapped}\n```\nEnjoy!"),
        format!("```\r\n{url}\r\n```"),
        format!("image/png;base64,{data}"),
        format!("<p><img src=\"{url}\"></p>"),
        format!("```text\nno image\n```\nbut\n```html\n<img src='{url}'>\n```"),
    ];
    for text in fences.iter().chain([&url, &data, &wrapped]) {
        assert_eq!(outcome(200, candidate(json!([{"text": text}]))).unwrap().bytes, PNG, "{text}");
        let image = generate(&Recorded::at(BASE).reply(200, format!("\n{text}\n")));
        assert_eq!(image.unwrap().bytes, PNG, "{text}");
    }
    let inner = json!({"image": data}).to_string();
    let text = format!("```json\n{inner}\n```");
    assert_eq!(outcome(200, candidate(json!([{"text": text}]))).unwrap().bytes, PNG);
    assert_eq!(generate(&Recorded::at(BASE).reply(200, text)).unwrap().bytes, PNG);
}

#[test]
fn an_image_that_is_elsewhere_is_paid_for_once_and_its_address_is_told() {
    let part =
        json!([{"fileData": {"mimeType": "image/png", "fileUri": "https://x.test/files/f1"}}]);
    let failure = outcome(200, candidate(part)).unwrap_err();
    assert_eq!((failure.code, failure.next), (Code::ProviderReplyUnreadable, Next::GiveUp));
    assert!(failure.message.ends_with("at https://x.test/files/f1"), "{}", failure.message);
}

#[test]
fn trouble_in_a_text_is_trouble() {
    for body in ["The model is overloaded", "<p>Service unavailable</p>"] {
        let failure = generate(&Recorded::at(BASE).reply(200, body)).unwrap_err();
        assert_eq!(failure.code, Code::ProviderUnavailable, "{body}");
    }
    // What the model says is no word of the provider's.
    let said = r#"{"error": {"message": "API key not valid.", "code": 401}}"#;
    assert_eq!(outcome(200, candidate(json!([{"text": said}]))).unwrap_err().code, Code::NoImage);
}

#[test]
fn a_streamed_reply_is_read_as_a_whole() {
    let text = candidate(json!([{"text": "Drawing"}]));
    assert!(outcome(200, json!([text, candidate(json!([image(PNG)]))])).is_ok());
}

#[test]
fn escapes_and_the_other_alphabet_are_read() {
    let bytes = [PNG, &[0xfb, 0xff, 0xbf]].concat();
    let url_safe = base64_simd::URL_SAFE_NO_PAD.encode_to_string(&bytes);
    let escaped = base64(&bytes).replace('/', "\\/");
    for data in [url_safe, escaped] {
        let body = format!(
            "{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"inlineData\":{{\"data\":\"{data}\"}}}}]}}}}]}}"
        );
        assert_eq!(generate(&Recorded::at(BASE).reply(200, body)).unwrap().bytes, bytes);
    }
}

/// The ways in which a part with an image comes.
fn parts() -> Vec<String> {
    let data = base64(PNG);
    let mut parts = Vec::new();
    for (inline, media_type) in [("inlineData", "mimeType"), ("inline_data", "mime_type")] {
        for kind in ["image/png", "IMAGE/PNG", "application/octet-stream", "text/plain", ""] {
            let part = json!({inline: {media_type: kind, "data": data}});
            parts.push(part.to_string());
        }
        for head in ["data:image/png;base64", "DATA:IMAGE/PNG;BASE64"] {
            parts.push(json!({inline: {"data": format!("{head},{data}")}}).to_string());
        }
        parts.push(json!({inline: {"data": data, media_type: null, "more": [1, {}]}}).to_string());
        // The second of two members of one name, and the first.
        parts.push(format!(r#"{{"{inline}":{{"data":"{data}"}},"{inline}":null}}"#));
        parts.push(format!(r#"{{"{inline}":null,"{inline}":{{"data":"","data":"{data}"}}}}"#));
    }
    let svg = base64(b"<svg xmlns='http://www.w3.org/2000/svg'/>");
    let behind = json!({"inlineData": {"mimeType": "image/svg+xml", "data": svg}});
    parts.push(format!("{},{behind}", image(PNG)));
    parts
}

/// The ways in which a document with these parts comes.
fn documents(parts: &str) -> Vec<String> {
    let candidate = format!(r#"{{"content":{{"role":"model","parts":[{parts}]}}}}"#);
    let plain = format!(r#"{{"candidates":[{candidate}]}}"#);
    let beside = |more: &str| format!(r#"{{{more},"candidates":[{candidate}],{more}}}"#);
    let mut documents: Vec<_> = [
        r#""error":{}"#,
        r#""error":null"#,
        r#""error":{"code":0,"message":"OK"}"#,
        r#""error":{"code":500,"message":"Something"}"#,
        r#""message":"success""#,
        r#""promptFeedback":{"blockReason":"SAFETY"}"#,
        r#""usageMetadata":{"a":NaN}"#,
        r#""a":Infinity,"b":-Infinity,"c":nan"#,
        r#""a":1e999,"b":-1e999,"c":-0,"d":00012,"e":.5,"f":+1"#,
        r#""a":undefined,"b":0x1F,"c":'single'"#,
        r#""a":"tab	and\ud83d half and \q""#,
        r#""a":[1,2,],"b":{"c":1,}"#,
    ]
    .into_iter()
    .map(beside)
    .collect();
    documents.extend([
        format!(r#"{{"response":{plain}}}"#),
        format!(r#"{{"code":200,"data":{{"result":{plain}}}}}"#),
        format!("[{plain}]"),
        format!(r#"[{{"candidates":[{{"content":{{"parts":[{{"text":"Hm"}}]}}}}]}},{plain}]"#),
        format!("{plain} trailing"),
        format!("{plain}}}]"),
        plain.trim_end_matches(['}', ']']).to_owned(),
        plain.replace("[{", "[,{").replace("}]", "},]"),
        plain,
    ]);
    documents
}

/// The ways in which a document is sent.
fn bodies(document: &str) -> Vec<String> {
    let text = r#"{"candidates":[{"content":{"parts":[{"text":"Drawing"}]}}]}"#;
    let lines = document.replace(':', ":\ndata: ");
    vec![
        document.to_owned(),
        format!("\u{feff}{document}"),
        format!(" \r\n{document}\r\n"),
        format!("data: {document}\n\n"),
        format!("data:{document}\r\n\r\ndata: [DONE]\r\n\r\n"),
        format!(": keep-alive\n\nevent: message\nid: 7\ndata: {document}\n\n: bye {{\n\n"),
        format!("data: {text}\n\ndata: {document}\n\ndata: {text}\n\ndata: [DONE]\n\n"),
        format!("data: {lines}\n\n"),
        format!("{text}\n{document}\n{text}\n"),
        format!("\u{1e}{document}\n"),
        format!(")]}}'\n{document}"),
    ]
}

#[test]
fn an_image_is_taken_whatever_stands_around_it() {
    for part in parts() {
        for document in documents(&part) {
            for body in bodies(&document) {
                let image = generate(&Recorded::at(BASE).reply(200, &body));
                let bytes = image.map(|image| image.bytes);
                assert_eq!(bytes.as_deref(), Ok(PNG), "{body}");
            }
        }
    }
}

#[test]
fn an_image_beside_bytes_of_no_text_is_an_image() {
    let part = image(PNG);
    let mut body = br#"{"candidates":[{"content":{"parts":[{"text":"half a "#.to_vec();
    body.extend(b"\xf0\x9f \xff\xfe");
    body.extend(format!(r#" \ud83d \udc00"}},{part}]}}}}]}}"#).as_bytes());
    assert_eq!(generate(&Recorded::at(BASE).reply(200, &body)).unwrap().bytes, PNG);
}

#[test]
fn usage_is_kept_within_bounds_and_fit_for_a_database() {
    let usage = |usage: Value| {
        let mut reply = candidate(json!([image(PNG)]));
        reply["usage_metadata"] = usage;
        outcome(200, reply).unwrap().usage
    };
    let ordinary = json!({"promptTokenCount": 12, "candidatesTokenCount": 1290, "ratio": 0.5,
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}], "cached": false});
    assert_eq!(usage(ordinary.clone()), Some(ordinary.into()));
    assert_eq!(usage(json!({"a\0b": "c\0\u{1b}d"})), Some(json!({"a b": "c d"}).into()));
    assert_eq!(usage(json!(null)), None);
    for large in [
        json!({"text": "word ".repeat(100_000), "count": 1}),
        json!(vec![json!({"tokenCount": 1}); 10_000]),
        json!((0..10_000).map(|n| (n.to_string(), n.into())).collect::<serde_json::Map<_, _>>()),
    ] {
        let kept = text_of(&usage(large).unwrap());
        assert!(kept.len() < 8 * 1024, "{}", kept.len());
    }
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    assert!(text_of(&usage(serde_json::from_str(&deep).unwrap()).unwrap()).len() < 40);
    let body = candidate(json!([image(PNG)])).to_string();
    let body = body.replacen('{', r#"{"usageMetadata":{"a":1e999,"b":NaN,"c":2},"#, 1);
    let image = generate(&Recorded::at(BASE).reply(200, body)).unwrap();
    assert_eq!(image.usage, Some(json!({"a": null, "b": null, "c": 2}).into()));
}

#[test]
fn the_last_usage_of_a_stream_counts() {
    let piece = |parts: Value, count: u32| {
        let mut piece = candidate(parts);
        piece["usageMetadata"] = json!({"totalTokenCount": count});
        format!("data: {piece}\n\n")
    };
    let body = piece(json!([image(PNG)]), 7) + &piece(json!([{"text": ""}]), 9);
    let image = generate(&Recorded::at(BASE).reply(200, body)).unwrap();
    assert_eq!(image.usage, Some(json!({"totalTokenCount": 9}).into()));
}

#[test]
fn a_refusal_is_read_in_every_wrapping() {
    for refusal in [
        json!({"promptFeedback": {"blockReason": "SAFETY"}}),
        json!({"prompt_feedback": {"block_reason": "safety"}, "error": {}}),
        json!({"candidates": [{"finish_reason": "IMAGE_SAFETY", "content": {}}]}),
        json!({"candidates": [{"finishReason": "prohibited_content"}], "message": "ok"}),
    ] {
        for body in
            bodies(&refusal.to_string()).into_iter().chain([format!(r#"{{"data":{refusal}}}"#)])
        {
            let failure = generate(&Recorded::at(BASE).reply(200, &body)).unwrap_err();
            assert_eq!(
                (failure.code, failure.next),
                (Code::ContentBlocked, Next::GiveUp),
                "{body}"
            );
        }
    }
}

#[test]
fn a_refused_prompt_is_final() {
    let failure = outcome(
        200,
        json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT", "safetyRatings": []}}),
    )
    .unwrap_err();
    assert_eq!((failure.code, failure.next), (Code::ContentBlocked, Next::GiveUp));
    assert!(failure.message.contains("PROHIBITED_CONTENT"));
}

#[test]
fn a_refused_image_is_final() {
    for reason in BLOCKED {
        // Neither `content` nor `parts` has to be there.
        for content in [Value::Null, json!({}), json!({"parts": []})] {
            let end = json!({"finishReason": reason, "content": content, "finishMessage": "Sorry"});
            let failure = outcome(200, json!({"candidates": [end]})).unwrap_err();
            assert_eq!((failure.code, failure.next), (Code::ContentBlocked, Next::GiveUp));
            assert!(failure.message.ends_with(&format!("{reason}, Sorry")));
        }
    }
}

#[test]
fn no_image_is_worth_a_few_attempts_and_keeps_the_models_words() {
    let mut reply = candidate(json!([{"text": "Here is a cat: "}]));
    for reason in ["STOP", "NO_IMAGE", "IMAGE_OTHER", "OTHER", "SOMETHING_NEW"] {
        reply["candidates"][0]["finishReason"] = json!(reason);
        let failure = outcome(200, reply.clone()).unwrap_err();
        assert_eq!(failure.code, Code::NoImage);
        assert_eq!(failure.next, Next::Retry { after: None, attempts: Some(3) });
        let words = format!("{MODEL} made no image: {reason}: Here is a cat:");
        assert_eq!(failure.message, words);
    }
    for reply in [json!({}), json!({"candidates": []}), json!({"candidates": null}), json!([])] {
        assert_eq!(outcome(200, reply).unwrap_err().code, Code::NoImage);
    }
}

#[test]
fn what_cannot_be_read_is_tried_again() {
    for data in ["AAAA", "no base64!", &base64(b"GIF89a\x01\0\x01\0\0\0")] {
        let parts = json!([{"inlineData": {"mimeType": "image/png", "data": data}}]);
        let failure = outcome(200, candidate(parts)).unwrap_err();
        assert_eq!(failure.code, Code::ProviderReplyUnreadable, "{data}");
    }
    for body in ["{\"candidates\": [{\"content\"", "\u{ff}", "Good day"] {
        let failure = generate(&Recorded::at(BASE).reply(200, body)).unwrap_err();
        assert_eq!(failure.code, Code::ProviderReplyUnreadable);
        assert_eq!(failure.next, Next::Retry { after: None, attempts: Some(3) });
        assert!(
            failure.message.ends_with(&format!("it is no JSON: {body}")),
            "{}",
            failure.message
        );
    }
    // What no API said is the fault of no job, and was not billed.
    let whole = [("transfer-encoding", "chunked")];
    for body in ["", "\n", "<html>", "<html><h1>Sign in</h1></html>", "\u{feff}<html>"] {
        let failure = generate(&Recorded::at(BASE).reply_with(200, &whole, body)).unwrap_err();
        let refused = Next::Rest { standing: Standing::Refused, after: None };
        assert_eq!((failure.code, failure.next), (Code::ModelUnavailable, refused), "{body}");
    }
    // Where nothing says that the reply ends there, the connection may have broken before the image.
    let failure = generate(&Recorded::at(BASE).reply(200, "\n")).unwrap_err();
    let twice = Next::Retry { after: None, attempts: Some(2) };
    assert_eq!((failure.code, failure.next), (Code::ReplyLost, twice));
}

#[test]
fn what_is_no_image_does_not_hide_the_image() {
    let text = json!({"inlineData": {"mimeType": "text/plain", "data": "aGVsbG8="}});
    let image = json!({"inlineData": {"mimeType": "image/png", "data": base64(PNG)}});
    assert_eq!(outcome(200, candidate(json!([image, text]))).unwrap().bytes, PNG);
}

#[test]
fn an_error_leads_where_googles_errors_lead() {
    let error = |status: u16| json!({"error": {"code": status, "message": "m"}});
    assert_eq!(
        outcome(404, error(404)).unwrap_err().next,
        Next::Rest { standing: Standing::Retired, after: None }
    );
    assert_eq!(outcome(400, error(400)).unwrap_err().code, Code::ModelRejectedRequest);
    assert_eq!(outcome(503, error(503)).unwrap_err().code, Code::ProviderUnavailable);
    assert_eq!(outcome(200, error(429)).unwrap_err().code, Code::QuotaExhausted);
    let mut said = candidate(json!([{"text": "No."}]));
    said["message"] = json!("success");
    assert_eq!(outcome(200, said).unwrap_err().code, Code::NoImage);
}

#[test]
fn what_was_not_sent_is_trouble_and_a_long_silence_is_tried_once_more() {
    let rest = Next::Rest { standing: Standing::Resting, after: None };
    for (error, code, next) in [
        (TransportError::NotSent("x".into()), Code::ProviderUnavailable, rest),
        // Only the flow knows how long it was under way.
        (TransportError::NoReply("x".into()), Code::ReplyLost, rest),
        // It may have been made and billed, each time.
        (TransportError::TimedOut(WITHIN), Code::ReplyLost, TWICE),
    ] {
        let failure = generate(&Recorded::at(BASE).fails(error)).unwrap_err();
        assert_eq!((failure.code, failure.next), (code, next));
    }
}

const TWICE: Next = Next::Retry { after: None, attempts: Some(2) };

#[test]
fn an_image_that_is_whole_is_taken_from_a_reply_that_breaks_and_another_counts_as_paid() {
    let document = candidate(json!([image(PNG)])).to_string();
    let whole = document.find(&base64(PNG)).unwrap() + base64(PNG).len() + 1;
    for error in [TransportError::NoReply("x".into()), TransportError::TimedOut(WITHIN)] {
        for length in 0..document.len() {
            let cut = Recorded::at(BASE).reply(200, &document[..length]).breaks(error.clone());
            match generate(&cut) {
                Ok(image) => assert!(length >= whole && image.bytes == PNG, "{length}"),
                Err(failure) => {
                    assert!(length < whole, "{length}: {failure}");
                    assert_eq!((failure.code, failure.next), (Code::ReplyLost, TWICE));
                }
            }
        }
        // One that is the whole body has no end to see.
        let cut = Recorded::at(BASE).reply(200, PNG).breaks(error.clone());
        let failure = generate(&cut).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::ReplyLost, TWICE));
        let plain = ["data:image/png;base64,", ""].map(|start| format!("{start}{}", base64(PNG)));
        for plain in plain {
            let cut = Recorded::at(BASE).reply(200, plain).breaks(error.clone());
            let failure = generate(&cut).unwrap_err();
            assert_eq!((failure.code, failure.next), (Code::ReplyLost, TWICE));
        }
        // An error has said enough.
        let cut = Recorded::at(BASE).reply(503, "{").breaks(error);
        assert_eq!(generate(&cut).unwrap_err().code, Code::ProviderUnavailable);
    }
}

#[test]
fn an_image_that_no_other_attempt_brings_is_given_up() {
    let url = "https://cdn.test/a.png";
    let of = |kind: &str| json!([{"inlineData": {"mimeType": kind, "data": base64(b"GIF89a...")}}]);
    for (reply, named) in [
        (candidate(of("image/gif")), "image/gif"),
        (candidate(of("image/avif")), "image/avif"),
        (json!({"data": [{"url": url}]}), "cdn.test/a.png"),
        (json!({"choices": [{"message": {"images": [{"image_url": {"url": url}}]}}]}), "cdn.test"),
    ] {
        let failure = outcome(200, reply).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::ProviderReplyUnreadable, Next::GiveUp));
        assert!(failure.message.contains(named), "{failure}");
    }
    assert_ne!(outcome(200, candidate(of("image/png"))).unwrap_err().next, Next::GiveUp);
}

#[test]
fn an_image_is_taken_whatever_says_that_something_is_not_over() {
    for (name, value) in [("done", json!(false)), ("status", json!("processing"))] {
        let mut reply = candidate(json!([image(PNG)]));
        reply[name] = value;
        assert_eq!(outcome(200, reply).unwrap().bytes, PNG);
    }
}

#[test]
fn an_image_that_ends_in_the_middle_is_lost() {
    let half = [PNG, b"\0\0\x20\0IDAT0123"].concat();
    for body in
        [half.clone(), base64(&half).into(), candidate(json!([image(&half)])).to_string().into()]
    {
        let failure = generate(&Recorded::at(BASE).reply(200, body)).unwrap_err();
        assert_eq!((failure.code, failure.next), (Code::ReplyLost, TWICE));
    }
}

#[test]
fn an_image_is_taken_whatever_the_status_of_its_reply_is() {
    let mut reply = candidate(json!([{"text": "word ".repeat(10_000)}, image(PNG)]));
    reply["error"] = json!({"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"});
    for status in [400, 404, 429, 500, 503, 504] {
        assert_eq!(outcome(status, reply.clone()).unwrap().bytes, PNG, "{status}");
        let request = json!({"contents": [{"role": "user", "parts": [image(PNG)]}]});
        assert!(outcome(status, json!({"error": {"message": "m"}, "request": request})).is_err());
    }
}

#[test]
fn of_a_reply_that_is_no_success_no_more_is_read_than_every_job_may_have() {
    let mut reply = json!({"error": {"code": 503, "message": "Overloaded"}}).to_string();
    reply.push_str(&" ".repeat(SMALL));
    for (status, limits) in [(503, &[SMALL][..]), (200, &[SMALL, LONGEST_REPLY])] {
        let transport = Recorded::at(BASE).reply(status, &reply);
        let failure = generate(&transport).unwrap_err();
        assert!(failure.message.ends_with("answered 503: Overloaded"), "{}", failure.message);
        assert_eq!(*transport.limits.borrow(), limits);
    }
}

#[test]
fn a_gateway_that_stopped_waiting_may_have_had_an_image_made() {
    let upstream = json!({"message": "Endpoint request timed out"}).to_string();
    let page = "<html><h1>504 Gateway Time-out</h1></html>";
    for status in [408, 504, 524] {
        for body in ["", page, &upstream, r#"{"status":504,"error":"Gateway Timeout"}"#] {
            let failure = generate(&Recorded::at(BASE).reply(status, body)).unwrap_err();
            assert_eq!((failure.code, failure.next), (Code::ReplyLost, TWICE), "{status} {body}");
        }
        let own = json!({"error": {"code": status, "message": "m", "status": "DEADLINE_EXCEEDED"}});
        assert!(outcome(status, own).unwrap_err().is_rest());
    }
    for status in [429, 500, 502, 503] {
        let failure = generate(&Recorded::at(BASE).reply(status, page)).unwrap_err();
        assert!(failure.is_rest() && failure.code != Code::ReplyLost, "{status}");
    }
}

#[test]
fn an_image_that_does_not_fit_is_not_paid_for_again() {
    let large = TransportError::TooLarge { limit: LONGEST_REPLY };
    let failure = generate(&Recorded::at(BASE).fails(large)).unwrap_err();
    assert_eq!((failure.code, failure.next), (Code::ProviderReplyUnreadable, Next::GiveUp));
    assert!(failure.message.ends_with("sent more than the 40 MB that fit into a function"));
}

#[test]
fn a_model_that_is_no_name_is_not_asked() {
    let transport = Recorded::at(BASE);
    for model in ["", "a/../b", "a?key=1", "a b", "gemini:x"] {
        let job = ImageJob::parse(&json!({"storyboardId": "sb", "prompt": "p"}).into()).unwrap();
        let request = ImageRequest { job: &job, sources: &[] };
        let failure =
            now(Gemini::new(&transport, &transport).generate(model, request, WITHIN, &permit()))
                .unwrap_err();
        assert_eq!(
            failure.next,
            Next::Rest { standing: Standing::Retired, after: None },
            "{model}"
        );
    }
    assert!(transport.urls().is_empty());
}
