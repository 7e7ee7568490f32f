//! Source images: fetched from URLs that senders wrote.
//!
//! What lies in the project's own storage is fetched through it, wherever storage is. Everything
//! else has to be out on the internet, on any port (image hosts use odd ones, and a port of a
//! public host gives nothing away that the host did not publish), and is checked again at every
//! redirect. The reason why a host did not answer is for the log alone: a sender who reads it could
//! tell open ports from closed ones.

mod address;
mod own_storage;
mod url;

use std::time::Duration;

use http::StatusCode;

use self::own_storage::object_path;
pub(super) use self::url::WebUrl;
use crate::failure::{Code, Failure};
use crate::http::{
    BodyLimit, Head, Payload, ReplyBody, Transport, TransportError, build, passes, receive,
};
use crate::job::Format;
use crate::large_body::{LargeBodyPermit, SMALL};
use crate::port::{SourceImage, SourceImages};
use crate::search::Search;

/// How long a host may take to answer, and then again to send the image.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What the images of one job may be together. It was Google's bound for a whole request before it
/// became 100 MB in 2026; a function has no memory for more.
const LARGEST: usize = 20 * 1024 * 1024;

/// Image hosts redirect to their CDN, sometimes through a login page. Longer chains lead nowhere.
const MOST_REDIRECTS: usize = 5;

/// What the adapter for source images answers for a name that leads into a private network.
const NOT_PUBLIC: StatusCode = StatusCode::MISDIRECTED_REQUEST;

/// What that adapter says of a body in which there is next to nothing: it would cost as much again.
const UNFAIR: &str = "sent almost nothing in many pieces";

const IS_NOT_PUBLIC: &str = "is not a host on the public internet";

/// What the models read, so that a host that has several formats chooses one of them.
const FORMATS: &str = "image/png, image/jpeg, image/webp, image/heic, image/heif";

/// What storage means by 400 or 404.
const IS_MISSING: &str =
    ": there is no such object in a public bucket or in one of SOURCE_IMAGE_BUCKETS";

/// Fetches source images.
pub struct Sources<T> {
    open: T,
    storage: T,
    storage_bases: Vec<WebUrl>,
    allowed_hosts: Option<Vec<String>>,
    buckets: Vec<String>,
}

impl<T: Transport> Sources<T> {
    /// Fetches through `open`, which takes any address, adds no credentials and answers 421 for
    /// a name that leads into a private network, and through `storage` what lies in the project's
    /// storage. `public_base` is storage's address as users see it, where that is another.
    /// `allowed_hosts` narrows the hosts that `open` may be asked for: names, addresses, or
    /// `*.example.com` for all names below one. `buckets` are those of which private objects, too,
    /// are a source.
    pub fn new(
        open: T,
        storage: T,
        public_base: Option<String>,
        allowed_hosts: Option<Vec<String>>,
        buckets: Vec<String>,
    ) -> Self {
        let mut storage_bases = Vec::new();
        for base in [storage.base_url(), public_base.as_deref().unwrap_or_default()] {
            storage_bases.extend(WebUrl::parse(base));
        }
        Self { storage_bases, open, storage, allowed_hosts, buckets }
    }

    /// The URL by which an object is asked for through the storage transport, if it is one.
    fn in_storage(&self, url: &WebUrl) -> Option<String> {
        let rest = self.storage_bases.iter().find_map(|base| url.below(base))?;
        let path = object_path(rest, &self.buckets)?;
        Some(format!("{}/{path}", self.storage.base_url()))
    }

    fn check(&self, url: &WebUrl) -> Result<(), Failure> {
        if !url.host.is_public() {
            return Err(unusable(url, IS_NOT_PUBLIC));
        }
        match &self.allowed_hosts {
            Some(hosts) if !hosts.iter().any(|entry| url.host.matches(entry)) => {
                Err(unusable(url, "is not among SOURCE_IMAGE_HOSTS"))
            }
            _ => Ok(()),
        }
    }
}

impl<T: Transport> SourceImages for Sources<T> {
    async fn fetch(
        &self,
        url: &str,
        held: usize,
        permit: &LargeBodyPermit,
    ) -> Result<SourceImage, Failure> {
        let left = LARGEST.saturating_sub(held);
        let limit = BodyLimit::WithPermit(left, SMALL.saturating_sub(held), permit);
        let wrong = |why| give_up(format!("the URL of the source image {why}"));
        let mut url = WebUrl::parse(url).map_err(wrong)?;
        for _ in 0..=MOST_REDIRECTS {
            let (transport, address, hint) = match self.in_storage(&url) {
                Some(address) => (&self.storage, address, IS_MISSING),
                None => {
                    self.check(&url)?;
                    (&self.open, url.to_string(), "")
                }
            };
            match ask(transport, &url, &address, hint, left, limit).await? {
                Step::Image(image) => return Ok(image),
                Step::Redirect(location) => {
                    let wrong = |why| give_up(format!("{}: the redirect {why}", url.host));
                    url = url.join(&location).map_err(wrong)?;
                }
            }
        }
        Err(unusable(&url, "is behind more than 5 redirects"))
    }
}

/// What one request leads to.
enum Step {
    Image(SourceImage),
    Redirect(String),
}

async fn ask<T: Transport>(
    transport: &T,
    url: &WebUrl,
    address: &str,
    hint: &str,
    left: usize,
    limit: BodyLimit<'_>,
) -> Result<Step, Failure> {
    let lost = |error| match error {
        TransportError::TooLarge { .. } => too_large(url),
        TransportError::NoReply(why) if why.has(UNFAIR) => unusable(url, UNFAIR),
        _ => retry(format!("{} could not be reached, or broke off", url.host)),
    };
    let headers = [("accept", FORMATS)];
    let request = build(address, &headers, Payload::Empty).map_err(lost)?;
    let (head, mut body) = transport.send(request, TIMEOUT).await.map_err(lost)?;
    let status = head.status;
    if let Some(location) = redirect(&head) {
        return Ok(Step::Redirect(location.to_owned()));
    }
    if passes(status) {
        let message = format!("{} answered {}", url.host, status.as_u16());
        return Err(retry(message).after(head.retry_after));
    }
    if status == NOT_PUBLIC {
        return Err(unusable(url, IS_NOT_PUBLIC));
    }
    if !status.is_success() {
        let status = status.as_u16();
        let hint = if matches!(status, 400 | 404) { hint } else { "" };
        return Err(unusable(url, &format!("answered {status}{hint}")));
    }
    if head.content_length.is_some_and(|length| length > left as u64) {
        return Err(too_large(url));
    }
    let mut image = ReplyBody::default();
    receive(transport, &mut body, &mut image, TIMEOUT, limit).await.map_err(lost)?;
    match Format::of(&image.text) {
        Some(format) if format.is_image() => {
            Ok(Step::Image(SourceImage { format, bytes: image.text.into() }))
        }
        _ => Err(unusable(url, "sent no PNG, JPEG, WebP, HEIC or HEIF")),
    }
}

/// Where a reply redirects to. One without an address is an answer like others.
fn redirect(head: &Head) -> Option<&str> {
    let is_redirect = head.status.is_redirection() && head.status != StatusCode::NOT_MODIFIED;
    head.location.as_deref().filter(|_| is_redirect)
}

/// A reason with the host it is about. Never more of the URL: a path or a query can be a secret.
fn unusable(url: &WebUrl, why: &str) -> Failure {
    give_up(format!("the source image's host {} {why}", url.host))
}

fn too_large(url: &WebUrl) -> Failure {
    unusable(url, "sent more than 20 MB, all images of the job together")
}

fn give_up(message: String) -> Failure {
    Failure::give_up(Code::SourceImageUnusable, message)
}

fn retry(message: String) -> Failure {
    Failure::retry(Code::SourceImageUnusable, format!("the source image's host {message}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
