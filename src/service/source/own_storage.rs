//! The project's own storage as a place for source images.
//!
//! A sender may name any address, and storage trusts the key of the functions. So only objects of
//! buckets that the operator has named are asked for with that key, in whatever way the sender
//! spelled them. For every other object storage's public address is asked: it answers for public
//! buckets alone, whether a key is sent along or not.
//! Source: `src/http/routes/object/getPublicObject.ts` in <https://github.com/supabase/storage>.

/// Objects, and images that storage resizes. The rest of its API is no source.
const ROUTES: [&str; 2] = ["object/", "render/image/"];

/// The ways to reach an object. Without one of them, its bucket follows the route.
const WAYS: [&str; 3] = ["public/", "authenticated/", "sign/"];

/// The path and query by which an object is asked for, from those that the sender wrote, both below
/// `/storage/v1/`. None if they lead to something else. A bucket counts as named in its plain
/// spelling only, so that it does not matter how often a server decodes a path.
pub(super) fn object_path(written: &str, buckets: &[String]) -> Option<String> {
    let (route, rest) = split(written, &ROUTES)?;
    let (way, object) = split(rest, &WAYS).unwrap_or(("", rest));
    let bucket = object.split('/').next().unwrap_or_default();
    let is_named = buckets.iter().any(|name| name == bucket);
    let way = match way {
        // What a signed address says about the size is in its token.
        "sign/" if is_named => way,
        _ if is_named => "authenticated/",
        _ => "public/",
    };
    Some(format!("{route}{way}{object}"))
}

/// One of these beginnings, and what follows it.
fn split<'a>(text: &'a str, beginnings: &[&'static str]) -> Option<(&'static str, &'a str)> {
    beginnings.iter().find_map(|start| Some((*start, text.strip_prefix(start)?)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn asked(written: &str) -> Option<String> {
        object_path(written, &["own".into(), "public".into()])
    }

    #[test]
    fn every_spelling_of_an_object_in_a_named_bucket_is_asked_for_with_the_key() {
        for (written, path) in [
            ("object/public/own/a.png", "object/authenticated/own/a.png"),
            ("object/authenticated/own/a.png", "object/authenticated/own/a.png"),
            ("object/own/a.png?x=1", "object/authenticated/own/a.png?x=1"),
            ("object/sign/own/a.png?token=t", "object/sign/own/a.png?token=t"),
            (
                "render/image/public/own/a.png?width=9",
                "render/image/authenticated/own/a.png?width=9",
            ),
            ("render/image/sign/own/a.png?token=t", "render/image/sign/own/a.png?token=t"),
            ("object/public/public/a.png", "object/authenticated/public/a.png"),
        ] {
            assert_eq!(asked(written).unwrap(), path);
        }
    }

    #[test]
    fn every_other_object_is_asked_for_as_a_public_one() {
        for (written, path) in [
            ("object/public/b/a.png", "object/public/b/a.png"),
            ("object/authenticated/b/a.png", "object/public/b/a.png"),
            ("object/b/a.png", "object/public/b/a.png"),
            ("object/sign/b/a.png?token=t", "object/public/b/a.png?token=t"),
            ("object/info/own/a.png", "object/public/info/own/a.png"),
            ("object/list/own", "object/public/list/own"),
            ("render/image/authenticated/b/a.png?width=9", "render/image/public/b/a.png?width=9"),
            ("render/image/sign/b/a.png?token=t", "render/image/public/b/a.png?token=t"),
            // What some server may take for the named bucket, or for another way.
            ("object//own/a.png", "object/public//own/a.png"),
            ("object/authenticated//own/a.png", "object/public//own/a.png"),
            ("object/public//authenticated/b/a.png", "object/public//authenticated/b/a.png"),
            ("object/authenticated/authenticated/b/a", "object/public/authenticated/b/a"),
            ("object/Authenticated/own/a.png", "object/public/Authenticated/own/a.png"),
            ("object/%61uthenticated/own/a.png", "object/public/%61uthenticated/own/a.png"),
            ("object/%6fwn/a.png", "object/public/%6fwn/a.png"),
            ("object/%256fwn/a.png", "object/public/%256fwn/a.png"),
            ("object/own;x/a.png", "object/public/own;x/a.png"),
            ("object/own%00/a.png", "object/public/own%00/a.png"),
            ("object/OWN/a.png", "object/public/OWN/a.png"),
            ("object/authenticated?own/a.png", "object/public/authenticated?own/a.png"),
            ("object/", "object/public/"),
        ] {
            assert_eq!(asked(written).unwrap(), path);
        }
    }

    #[test]
    fn the_rest_of_storage_is_no_source() {
        for written in [
            "bucket/own",
            "s3/own/a.png",
            "render/own/a.png",
            "upload/resumable/x",
            "objects/own/a",
            "",
        ] {
            assert_eq!(asked(written), None, "{written}");
        }
    }
}
