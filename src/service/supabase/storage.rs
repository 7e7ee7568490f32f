//! Assets in Supabase Storage.
//!
//! Facts about its API come from the source of `supabase/storage`: routes in
//! `src/http/routes/object/`, errors in `src/internal/errors/codes.ts`.

use std::rc::Rc;
use std::time::Duration;

use crate::failure::{Code, Failure, Next, Standing};
use crate::http::{
    BodyLimit, CONTENT_TYPE, JSON, Payload, Reply, Request, Transport, TransportError, build,
    post_json, send,
};
use crate::job::{Format, ObjectLocation};
use crate::json::{self, Json};
use crate::port::{AssetStore, Body};
use crate::search::Search;
use crate::service::redact::redacted;

/// An object of a job never changes: it may be kept for a year.
const IMMUTABLE: &str = "max-age=31536000";

/// A current object is replaced now and then; the CDN takes up to a minute to notice anyway.
const BRIEFLY: &str = "max-age=60";

/// Listing and copying move no bytes of ours.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Whether an object may replace another.
const UPSERT: &str = "x-upsert";

/// One object a format is all there can be at a place; the search narrows its folder down.
const MOST_OBJECTS: i64 = 12;

/// A video passes through here as it is downloaded.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(120);

/// An image is in memory: 29 MB at 6 Mbit/s.
const IMAGE_TIMEOUT: Duration = Duration::from_secs(40);

/// How often an image is sent, since it was paid for.
const UPLOADS: u32 = 3;

/// The pause between two of them.
const PAUSE: Duration = Duration::from_secs(2);

/// How long an asset waits for the project to be put in order: what is not stored then is paid for again.
const REPAIR: Duration = Duration::from_secs(3600);

/// Replies are short.
const LONGEST_REPLY: usize = 1024 * 1024;

/// Supabase Storage.
pub struct Storage<T> {
    transport: T,
    public_base: String,
}

impl<T: Transport> Storage<T> {
    /// The storage behind a transport whose address ends in `/storage/v1`. `public_base` is the
    /// same address as the users of the assets see it, where that is another.
    pub fn new(transport: T, public_base: Option<String>) -> Self {
        let base = public_base.unwrap_or_else(|| transport.base_url().to_owned());
        Self { public_base: base.trim_end_matches('/').to_owned(), transport }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.transport.base_url())
    }

    async fn ask(
        &self,
        what: &str,
        request: Result<Request<T::Stream>, TransportError>,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        let lost = |error: TransportError| {
            Failure::retry(Code::StorageFailed, redacted(&format!("{what}: storage {error}")))
        };
        send(&self.transport, request.map_err(lost)?, timeout, BodyLimit::Bytes(LONGEST_REPLY))
            .await
            .map_err(lost)
    }

    /// Sends an asset to its place once.
    async fn upload(
        &self,
        location: &ObjectLocation,
        format: Format,
        payload: Payload<T::Stream>,
        timeout: Duration,
    ) -> Result<(), Failure> {
        const WHAT: &str = "storing an asset";
        let url = self.url(&format!("object/{}/{}", location.bucket, location.path(format)));
        let headers = [
            (CONTENT_TYPE, format.content_type()),
            ("cache-control", IMMUTABLE),
            (UPSERT, "false"),
        ];
        let request = build(&url, &headers, payload);
        let reply = self.ask(WHAT, request, timeout).await?;
        let done = done(WHAT, &reply);
        // A former attempt may have stored it, and its reply was lost.
        if done.is_err()
            && !reply.status.is_server_error()
            && self.find(location).await.is_ok_and(|found| found == Some(format))
        {
            return Ok(());
        }
        done
    }
}

impl<T: Transport> AssetStore for Storage<T> {
    type Stream = T::Stream;

    async fn find(&self, location: &ObjectLocation) -> Result<Option<Format>, Failure> {
        const WHAT: &str = "looking for a stored asset";
        let ObjectLocation { bucket, folder, stem } = location;
        let query = json::object(|it| {
            it.text("prefix", folder).text("search", stem).integer("limit", MOST_OBJECTS);
        });
        let request = post_json(&self.url(&format!("object/list/{bucket}")), query);
        let reply = self.ask(WHAT, request, TIMEOUT).await?;
        if !reply.status.is_success() {
            // Nothing was paid for it, and what is refused is no fault of the job.
            let after = reply.retry_after;
            let rest = Next::Rest { standing: Standing::Resting, after };
            return Err(refused(WHAT, &reply).and_then(rest));
        }
        match Json::read(&reply.body) {
            Ok(Json::List(objects)) => {
                let names = objects.iter().filter_map(|object| object.get("name").text());
                Ok(names.into_iter().find_map(|name| format_at(location, name)))
            }
            _ => Err(Failure::retry(Code::StorageFailed, format!("{WHAT}: storage sent no list"))),
        }
    }

    async fn put(
        &self,
        location: &ObjectLocation,
        format: Format,
        body: Body<T::Stream>,
    ) -> Result<(), Failure> {
        let bytes = match body {
            Body::Stream(stream) => {
                let payload = Payload::Stream(stream);
                return self.upload(location, format, payload, UPLOAD_TIMEOUT).await;
            }
            Body::Bytes(bytes) => Rc::new(bytes),
        };
        let mut tries = 1;
        loop {
            let payload = Payload::Bytes(bytes.clone().into());
            match self.upload(location, format, payload, IMAGE_TIMEOUT).await {
                Err(failure) if failure.next != Next::GiveUp && tries < UPLOADS => tries += 1,
                stored => return stored,
            }
            self.transport.pause(PAUSE).await;
        }
    }

    async fn copy(
        &self,
        bucket: &str,
        from: &str,
        to: &str,
        content_type: &str,
    ) -> Result<(), Failure> {
        const WHAT: &str = "copying an asset";
        // Without `copyMetadata: false` the year of the original would be copied along.
        let body = json::object(|it| {
            it.text("bucketId", bucket)
                .text("sourceKey", from)
                .text("destinationKey", to)
                .flag("copyMetadata", false)
                .object("metadata", |metadata| {
                    metadata.text("cacheControl", BRIEFLY).text("mimetype", content_type);
                });
        });
        let headers = [(CONTENT_TYPE, JSON), (UPSERT, "true")];
        let body = Payload::Bytes(body);
        let request = build(&self.url("object/copy"), &headers, body);
        let reply = self.ask(WHAT, request, TIMEOUT).await?;
        done(WHAT, &reply)
    }

    fn public_url(&self, bucket: &str, path: &str) -> String {
        format!("{}/object/public/{bucket}/{path}", self.public_base)
    }
}

/// The format of a listed object, if it is the one at the place. Names are relative to the
/// folder; some versions of the server, and the embedded one, give whole paths.
fn format_at(location: &ObjectLocation, name: &str) -> Option<Format> {
    let name = match name.cut_last("/") {
        Some((folder, name)) if folder == location.folder => name,
        Some(_) => return None,
        None => name,
    };
    let (stem, extension) = name.cut_last(".")?;
    Format::from_extension(extension).filter(|_| stem == location.stem)
}

/// Whether an object was written: the answer names it. A proxy may answer anything with a page and 200.
fn done(what: &str, reply: &Reply) -> Result<(), Failure> {
    let body = Json::read(&reply.body).unwrap_or(Json::Null);
    let is_named = ["Key", "Id"].iter().any(|key| body.get(key).text().is_some());
    if reply.status.is_success() && is_named { Ok(()) } else { Err(refused(what, reply)) }
}

/// What follows when storage refuses. Its statuses are in the body: the reply's own is 400 for most of them.
fn refused(what: &str, reply: &Reply) -> Failure {
    let body = Json::read(&reply.body).unwrap_or(Json::Null);
    let own = reply.status.as_u16();
    let status = body.get("statusCode").integer().and_then(|it| it.try_into().ok()).unwrap_or(own);
    let said = body.get("message").text().map_or("no explanation".into(), |text| redacted(text));
    let message = format!("{what}: storage answered {status}: {said}");
    match status {
        // The asset itself.
        400 | 413 | 415 if reply.status.is_client_error() => {
            Failure::give_up(Code::StorageFailed, message)
        }
        // The project's key, its bill or its bucket, which a person has to put in order.
        401..=404 => Failure::retry(Code::StorageFailed, message).after(Some(REPAIR)),
        _ => Failure::retry(Code::StorageFailed, message).after(reply.retry_after),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
