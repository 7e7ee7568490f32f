//! Everything that a function talks to, in one process that answers at once: PostgREST, Storage and
//! the provider. A benchmark's bytes are made before they are asked for, so that what is measured
//! beside it has the machine to itself.
//!
//! `POST /control` with the [`Load`] as JSON begins a measurement, `GET /control` answers what was
//! asked for since.

mod bodies;
mod database;
mod load;
mod provider;
mod storage;

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use load::{Load, Measurement};

/// A request as the services read it; the body is there where one of them needs it.
struct Asked {
    path: String,
    takes_gzip: bool,
    range: Option<String>,
    body: Vec<u8>,
}

/// The reply to a request.
struct Reply {
    status: StatusCode,
    body: Bytes,
    headers: Vec<(HeaderName, String)>,
}

impl Reply {
    fn json(value: &Value) -> Self {
        Self::bytes("application/json; charset=utf-8", value.to_string().into())
    }

    fn bytes(content_type: &str, body: Bytes) -> Self {
        Self { status: StatusCode::OK, body, headers: vec![(CONTENT_TYPE, content_type.into())] }
    }

    fn with(mut self, name: HeaderName, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    fn nothing_at(path: &str) -> Self {
        let message = json!({"message": format!("nothing is at {path}")});
        Self { status: StatusCode::NOT_FOUND, ..Self::json(&message) }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    println!("listening on port {}", address.port());
    let measurement = Rc::new(RefCell::new(Measurement::new(format!("http://{address}"))));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let measurement = Rc::clone(&measurement);
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| answer(Rc::clone(&measurement), request));
            // A client that breaks its connection is no concern of the others.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer<B: Body<Data = Bytes> + Unpin>(
    measurement: Rc<RefCell<Measurement>>,
    request: Request<B>,
) -> Result<Response<Full<Bytes>>, B::Error> {
    let (head, mut body) = request.into_parts();
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let mut asked = Asked {
        path: head.uri.path().into(),
        takes_gzip: header("accept-encoding").is_some_and(|codings| codings.contains("gzip")),
        range: header("range").map(Into::into),
        body: Vec::new(),
    };
    let is_control = asked.path == "/control";
    let is_read = is_control || asked.path.starts_with(database::BASE);
    while let Some(frame) = body.frame().await {
        if let Some(piece) = frame?.data_ref().filter(|_| is_read) {
            asked.body.extend_from_slice(piece);
        }
    }
    let mut measurement = measurement.borrow_mut();
    let reply = match (is_control, head.method == Method::POST) {
        (true, true) => begin(&mut measurement, &asked.body),
        (true, false) => Reply::json(&measurement.result()),
        _ => serve_one(&mut measurement, &asked),
    };
    Ok(response(reply))
}

fn begin(measurement: &mut Measurement, body: &[u8]) -> Reply {
    match serde_json::from_slice::<Load>(body) {
        Ok(load) => {
            measurement.begin(load);
            Reply::json(&json!({}))
        }
        Err(error) => Reply {
            status: StatusCode::BAD_REQUEST,
            ..Reply::json(&json!({"message": format!("the load: {error}")}))
        },
    }
}

fn serve_one(measurement: &mut Measurement, asked: &Asked) -> Reply {
    if let Some(function) = asked.path.strip_prefix(database::BASE) {
        measurement.count("database", function);
        Reply::json(&database::call(measurement, function, &asked.body))
    } else if let Some(path) = asked.path.strip_prefix(storage::BASE) {
        storage::serve(measurement, path)
    } else {
        provider::serve(measurement, asked)
    }
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    for (name, value) in reply.headers {
        response.headers_mut().insert(name, value.try_into().expect("a header's value"));
    }
    response
}
