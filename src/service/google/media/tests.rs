use super::*;
use crate::http::ReplyBody;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\0IHDR\xfb\xef\xff\x01";

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn png_and(more: &[u8]) -> Vec<u8> {
    [PNG, more].concat()
}

/// The file that is taken, from a reply as a whole and from one whose files were taken out as it came.
fn taken(reply: &str) -> Option<Vec<u8>> {
    let mut whole = reply.as_bytes().to_vec();
    let taken = take_file(&mut whole, &mut Files::new(), Format::is_image).map(|_| whole);
    for piece in [7, 1000, usize::MAX] {
        let mut received = ReplyBody::with_files();
        reply.as_bytes().chunks(piece).for_each(|piece| received.append(piece));
        let ReplyBody { mut text, mut files, .. } = received;
        let same = take_file(&mut text, &mut files, Format::is_image).map(|_| text);
        assert!(same == taken, "in pieces of {piece}: {reply:.200}");
    }
    taken
}

#[test]
fn every_way_of_writing_base64_is_read() {
    let standard = base64(PNG);
    let url_safe = standard.replace('+', "-").replace('/', "_");
    for data in [
        standard.clone(),
        url_safe.clone(),
        url_safe.trim_end_matches('=').into(),
        standard.trim_end_matches('=').into(),
        standard.replace('/', "\\/"),
        standard.replace('/', "\\u002F").replace('=', "\\u003d").replace('+', "\\u002b"),
        format!("\\r\\n {}\\t{}", &standard[..8], &standard[8..]),
        format!("\n{}\n{}\n", &standard[..5], &standard[5..]),
        format!("data:image/png;base64,{standard}"),
        format!("data:image\\/png;base64,{}", standard.replace('/', "\\/")),
        format!("data:,{standard}"),
    ] {
        assert_eq!(taken(&format!("{{\"data\" : \"{data}\"}}")).unwrap(), PNG, "{data}");
    }
}

#[test]
fn the_last_whole_file_of_a_wanted_format_counts() {
    let (first, last) = (base64(&png_and(b"1")), base64(&png_and(b"2")));
    let others = [
        base64(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        base64(b"GIF89a\x01\0\x01\0\0\0"),
        base64(b"\0\0\0\x20ftypisom\0\0\x02\0"),
        format!("{last}!"),
        "no base64".into(),
        String::new(),
        "data:".into(),
    ];
    for other in others {
        let reply = format!(r#"[{{"data":"{first}"}},{{"data":"{last}"}},{{"data":"{other}"}}]"#);
        assert_eq!(taken(&reply).unwrap(), png_and(b"2"), "{other}");
        assert_eq!(taken(&format!(r#"{{"data":"{other}"}}"#)), None, "{other}");
    }
    let (image, video) = (base64(PNG), base64(b"\0\0\0\x20ftypisom\0\0\x02\0"));
    let mut reply = format!(r#"{{"a":"{video}","b":"{image}"}}"#).into_bytes();
    assert_eq!(
        take_file(&mut reply, &mut Files::new(), |format| format == Format::Mp4),
        Some(Format::Mp4)
    );
}

#[test]
fn what_is_no_result_is_not_taken() {
    let file = format!(r#"{{"data":"{}"}}"#, base64(PNG));
    for reply in [
        format!(r#"{{"thought":true,"inlineData":{file}}}"#),
        format!(r#"{{"inlineData":{file},"thought":true}}"#),
        format!(r#"{{"type":"thought","content":[{file}]}}"#),
        format!(r#"{{"type":"user_input","content":[{file}]}}"#),
        format!(r#"{{"role":"user","parts":[{file}]}}"#),
        format!(r#"{{"request":{{"contents":[{file}]}}}}"#),
        format!(r#"{{"instances":[{{"image":{file}}}]}}"#),
    ] {
        assert_eq!(taken(&reply), None, "{reply}");
        assert_eq!(taken(&format!("[{file},{reply}]")).unwrap(), PNG);
    }
    let not_thought = format!(r#"{{"thought":false,"inlineData":{file}}}"#);
    assert_eq!(taken(&not_thought).unwrap(), PNG);
}

#[test]
fn a_file_in_a_text_is_taken_by_its_data_url() {
    let (first, last) = (base64(&png_and(b"1")), base64(&png_and(b"2")));
    let svg = "data:image/svg+xml;base64,PHN2Zy8+";
    for text in [
        format!("Here it is: ![image](data:image/png;base64,{last}) Enjoy, please!"),
        format!("![](data:image/png;base64,{first}), ![](data:image/png;base64,{last})"),
        format!("data:image/png;base64,{last}\\n\\nThere, it is done."),
        format!("<img src=\\\"data:image\\/png;base64,{}\\\"/>, {svg}", last.replace('/', "\\/")),
        format!("see DATA:image/png;charset=x;base64,{} now", last.replace('=', "\\u003d")),
        format!("(data:image/png;base64,{last}), (data:image/png;base64,iVBORw0KGgo=!)"),
    ] {
        assert_eq!(taken(&format!(r#"{{"text":"{text}"}}"#)).unwrap(), png_and(b"2"), "{text}");
    }
    for text in ["data:,", "a, b, c", &format!("metadata, {svg}"), "data:image/png;base64,"] {
        assert_eq!(taken(&format!(r#"{{"text":"{text}"}}"#)), None, "{text}");
    }
}

#[test]
fn a_file_in_json_that_is_a_text_is_taken() {
    let mut reply = format!(r#"{{"data":"{}","note":"\u00fc"}}"#, base64(PNG));
    for _ in 0..3 {
        let text = serde_json::to_string(&reply).unwrap();
        assert_eq!(taken(&text).unwrap(), PNG, "{text}");
        assert_eq!(taken(&format!(r#"{{"note":"{{}}","response":{text}}}"#)).unwrap(), PNG);
        reply = format!(r#"{{"result":{text}}}"#);
    }
    let without = serde_json::to_string(r#"{"error":"No \"image\"."}"#).unwrap();
    let mut reply = without.clone().into_bytes();
    assert_eq!(take_file(&mut reply, &mut Files::new(), Format::is_image), None);
    assert_eq!(reply, without.as_bytes(), "it remains");
}

#[test]
fn a_reply_may_be_the_file_itself() {
    let mut reply = PNG.to_vec();
    assert_eq!(take_file(&mut reply, &mut Files::new(), Format::is_image), Some(Format::Png));
    assert_eq!(reply, PNG);
    assert_eq!(take_file(&mut reply, &mut Files::new(), |format| format == Format::Mp4), None);
}

#[test]
fn a_reply_without_a_file_remains() {
    let text = r#"{"candidates":[{"content":{"parts":[{"text":"\u00e4"}]}}]}"#;
    let mut reply = text.as_bytes().to_vec();
    assert_eq!(take_file(&mut reply, &mut Files::new(), Format::is_image), None);
    assert_eq!(reply, text.as_bytes());
}

#[test]
fn a_file_is_found_however_much_stands_before_it_and_not_too_deep() {
    let file = base64(PNG);
    let parts = r#"{"text":"a"},"#.repeat(200_000);
    assert_eq!(taken(&format!(r#"{{"parts":[{parts}{{"data":"{file}"}}]}}"#)).unwrap(), PNG);
    let within = |levels| format!("{}\"{file}\"{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(taken(&within(60)).unwrap(), PNG);
    let deep = within(100_000);
    assert_eq!(taken(&deep), None);
    assert_eq!(taken(&format!("[{deep},\"{file}\"]")).unwrap(), PNG);
}

#[test]
fn a_file_that_was_cut_off_is_none() {
    let reply = format!(r#"{{"data":"{}"#, base64(&png_and(&[7; 300])));
    assert_eq!(taken(&reply), None);
    assert_eq!(taken(&format!("{reply}\"")).unwrap(), png_and(&[7; 300]));
}

#[test]
fn of_a_file_that_does_not_reach_its_end_nothing_is_taken() {
    let data = b"\0\0\0\x20IDAT0123456789abcdef0123456789abcdef0123\0\0\0\0IEND0123";
    let file = base64(&png_and(data));
    let half = file.get(..file.len() / 8 * 4).unwrap();
    let rest = file.get(half.len()..).unwrap();
    let mut whole = base64(&png_and(data)).into_bytes();
    assert!(take_file(&mut whole, &mut Files::new(), Format::is_image).is_some());
    for cut in [
        half.to_owned(),
        format!("data:image/png;base64,{half}"),
        format!(r#"{{"data":"{half}"}}"#),
        format!("data: {{\"data\":\"{half}\"}}\n\ndata: {{\"data\":\"{rest}\"}}\n\n"),
        serde_json::to_string(&format!(r#"{{"data":"{half}"}}"#)).unwrap(),
    ] {
        let mut reply = cut.clone().into_bytes();
        assert_eq!(take_file(&mut reply, &mut Files::new(), Format::is_image), None, "{cut}");
        assert_eq!(reply, b"", "{cut}");
    }
}

#[test]
fn a_reply_is_searched_no_further_than_replies_are_long() {
    let png = base64(PNG);
    let most = MOST_VALUES as usize;
    for (before, found) in [(most - 3, true), (most, false)] {
        let reply = format!(r#"[{}"{png}"]"#, "1,".repeat(before));
        assert_eq!(
            take_file(&mut reply.into_bytes(), &mut Files::new(), Format::is_image).is_some(),
            found
        );
    }
    let most = MOST_COMMAS as usize;
    for (behind, found) in [(most - 1, true), (most, false)] {
        let reply = format!(r#"["data:image/png;base64,{png}){}"]"#, ",".repeat(behind));
        assert_eq!(
            take_file(&mut reply.into_bytes(), &mut Files::new(), Format::is_image).is_some(),
            found
        );
    }
}

#[test]
fn a_large_file_is_taken_whatever_stands_where_in_its_base64() {
    const BLOCK: usize = 32 * 1024;
    for size in [3 * BLOCK, 3 * BLOCK + 1, 3 * BLOCK + 11] {
        let file = png_and(&(0..size).map(|at| (at * at / 7) as u8).collect::<Vec<_>>());
        let plain = base64(&file);
        let other = |text: &str| format!(r#"[{{"data":"{}"}},{{"data":"{text}"}}]"#, base64(PNG));
        assert_eq!(taken(&other(&plain)).unwrap(), file);
        for at in [100, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7, plain.len() - 5] {
            let (before, after) = plain.split_at(at);
            for odd in ["\\n", " ", "\\r\\n"] {
                let text = format!("{before}{odd}{after}");
                assert_eq!(taken(&other(&text)).unwrap(), file, "{odd:?} at {at}");
            }
            for odd in ["=", "!", "A"] {
                let text = format!("{before}{odd}{after}");
                // One letter too many may leave a whole number of bytes, but other ones.
                assert_ne!(taken(&other(&text)).as_ref(), Some(&file), "{odd:?} at {at}");
            }
        }
        let escaped = plain.replace('/', "\\/").replace('+', "-");
        assert_eq!(taken(&other(&escaped)).unwrap(), file);
        assert_eq!(taken(&other(plain.trim_end_matches('='))).unwrap(), file);
        let wrong = format!("{}!", plain.get(..plain.len() - 1).unwrap());
        assert_eq!(taken(&other(&wrong)).unwrap(), PNG, "the one before it");
    }
}
