//! The predecessor's HTTP API: its routes over the same sessions and turns, in a namespace of their own.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::App;
use super::reply::{Reply, Unheard};
use super::routes::{Pairs, address_of, json};
use crate::event::{Command, Event};
use crate::session::{Namespace, StoreAway};
use crate::turn::converting::{Converted, Text};
use crate::wire::original as wire;

/// Tells a client the id of its session, a new one above all.
const SESSION_ID: HeaderName = HeaderName::from_static("x-session-id");

/// Why a text was not converted.
const NOT_CONVERTED: &str = "the model can't convert the text at present";

/// How long a body may take: the largest takes a slow line a second.
const BODY: Duration = Duration::from_secs(10);

/// How long the end of a visitor epoch may take: a turn that runs ends first.
const FORGETTING: Duration = Duration::from_secs(10);

/// What is answered in place of what was asked for. Boxed: it is rare, and large.
struct Refusal(Box<Response<Body>>);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        *self.0
    }
}

impl From<Response<Body>> for Refusal {
    fn from(response: Response<Body>) -> Self {
        Self(Box::new(response))
    }
}

type Answer = Result<Response<Body>, Refusal>;

pub(super) fn router(app: &Arc<App>) -> axum::Router<Arc<App>> {
    let api = axum::Router::new()
        .route("/query", post(query))
        .route("/query-with-tone", post(query_with_tone))
        .route("/convert-tone", post(convert_tone))
        .route("/init", post(init).get(init))
        .route("/warmup", post(warmup).get(warmup))
        .route("/close", post(close))
        .route("/sessions/{id}/history", get(history).delete(forget))
        .layer(middleware::from_fn_with_state(Arc::clone(app), door));
    axum::Router::new().nest("/api/rag-llm", api)
}

/// Lets in who has a token where one is needed, and pages of known origins only, which browsers are told.
async fn door(
    State(app): State<Arc<App>>,
    Query(pairs): Pairs,
    request: Request,
    next: Next,
) -> Response<Body> {
    if let Err((status, message)) = app.door.check_origin(request.headers()) {
        return json(status, &wire::error(&message));
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else if let Err((status, message)) = app.door.admit(request.headers(), &pairs) {
        let mut refused = json(status, &wire::error(&message));
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        refused
    } else {
        match app.guests.visited(address_of(&app, &request)) {
            Ok(()) => next.run(request).await,
            Err(full) => full.response(),
        }
    };
    if let Some(origin) = origin {
        let told = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, "x-session-id"),
            (header::VARY, "origin"),
        ];
        let headers = response.headers_mut();
        headers.extend(told.map(|(name, value)| (name, HeaderValue::from_static(value))));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

/// `GET /health`, which needs no token.
pub(super) async fn health(State(app): State<Arc<App>>) -> Response<Body> {
    let told = json!({ "status": "healthy", "rag_initialized": has_documents(&app), "timestamp": now() });
    json(StatusCode::OK, &told)
}

async fn query(State(app): State<Arc<App>>, request: Request) -> Answer {
    asked(&app, request, false).await
}

async fn query_with_tone(State(app): State<Arc<App>>, request: Request) -> Answer {
    asked(&app, request, true).await
}

/// Answers a question, as a stream that begins once its turn has.
async fn asked(app: &App, request: Request, convert_tone: bool) -> Answer {
    let gate = app.guests.gate(address_of(app, &request));
    let body = body(app, request).await?;
    let id = random();
    let message = body.question(convert_tone, id.clone()).map_err(wrong)?;
    let session_id = body.session_id().map_err(wrong)?.map_or_else(random, str::to_owned);
    let listener = app.sessions.join(Namespace::Http, &session_id).await.map_err(away)?.gated(gate);
    listener.handle(Command::Message(message));
    let reply = Reply::begun(listener, &id).await.map_err(|unheard| match unheard {
        Unheard::Refused(error) => {
            let status = match &*error.code {
                "rate_limited" => StatusCode::TOO_MANY_REQUESTS,
                "busy" | "queue_full" => StatusCode::CONFLICT,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            later(status, &error.message, error.retry_after.unwrap_or(Duration::from_secs(1)))
        }
        Unheard::GivenUp => away(StoreAway),
    })?;
    let pieces = stream::unfold(reply, async |mut reply| {
        let piece = reply.next().await?;
        Some((Ok::<_, Infallible>(piece), reply))
    });
    let mut response = streamed(Body::from_stream(pieces));
    if let Ok(session_id) = HeaderValue::from_str(&session_id) {
        response.headers_mut().insert(SESSION_ID, session_id);
    }
    Ok(response)
}

async fn convert_tone(State(app): State<Arc<App>>, request: Request) -> Answer {
    let gate = app.guests.gate(address_of(&app, &request));
    let conversion = body(&app, request).await?.conversion().map_err(wrong)?;
    if let Some(Err(wait)) = gate.map(|gate| gate()) {
        let message = "Too many messages a minute come from this address.";
        return Err(later(StatusCode::TOO_MANY_REQUESTS, message, wait));
    }
    let mut converted = app.sessions.engine().convert(&Text {
        text: &conversion.text,
        lang: conversion.lang(),
        tone: conversion.tone,
        description: conversion.user_description.as_deref(),
        question: conversion.user_msg.as_deref(),
    });
    if conversion.stream {
        return Ok(streamed(Body::from_stream(pieces_of(converted))));
    }
    let mut whole = String::new();
    while let Some(piece) = converted.next().await {
        whole.push_str(&piece.map_err(|error| {
            tracing::warn!(%error, "a text was not converted");
            json(StatusCode::BAD_GATEWAY, &wire::error(NOT_CONVERTED))
        })?);
    }
    Ok(json(StatusCode::OK, &conversion.reply(&whole)))
}

/// A conversion as a reply streams.
fn pieces_of(converted: Converted) -> impl stream::Stream<Item = Result<String, Infallible>> {
    stream::unfold(Some((converted, wire::Stream::default())), async |state| {
        let (mut converted, mut told) = state?;
        Some(match converted.next().await {
            Some(Ok(piece)) => (Ok(told.said(piece)), Some((converted, told))),
            Some(Err(error)) => {
                tracing::warn!(%error, "a text was not converted");
                (Ok(told.end(Some(NOT_CONVERTED))), None)
            }
            None => (Ok(told.end(None)), None),
        })
    })
}

async fn init(State(app): State<Arc<App>>) -> Response<Body> {
    let is_initialized = has_documents(&app);
    let message = if is_initialized {
        "The documents are loaded"
    } else {
        "No documents are served: the server was started without --knowledge"
    };
    let told = json!({ "success": is_initialized, "rag_initialized": is_initialized, "message": message });
    json(StatusCode::OK, &told)
}

async fn warmup(State(app): State<Arc<App>>) -> Response<Body> {
    let (llm, embeddings) = tokio::join!(
        timed(app.health.warm_up(), ("success", "The built-in engine needs no warm-up")),
        timed(app.health.reach_embeddings(), ("skipped", "No embeddings are configured")),
    );
    let is_well = [&llm, &embeddings].iter().all(|it| it["status"] != "failed");
    let told = json!({
        "embedding_model": embeddings, "llm_model": llm, "overall_success": is_well, "timestamp": now(),
    });
    json(StatusCode::OK, &told)
}

/// What came of a model's warm-up; `none`: status and message where there is no such model.
async fn timed(warmed: impl Future<Output = Option<Result<(), String>>>, none: (&str, &str)) -> Value {
    let begun = Instant::now();
    let (status, message) = match warmed.await {
        None => (none.0, none.1.to_owned()),
        Some(Ok(())) => ("success", "The model answers".to_owned()),
        Some(Err(reason)) => ("failed", reason),
    };
    let time_ms = (begun.elapsed().as_secs_f64() * 1e5).round() / 1e2;
    json!({ "status": status, "message": message, "time_ms": time_ms })
}

async fn history(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    let messages = app.sessions.history(Namespace::Http, &id).await.map_err(away)?;
    Ok(json(StatusCode::OK, &wire::history(&id, &messages.unwrap_or_default())))
}

async fn forget(State(app): State<Arc<App>>, Path(id): Path<String>) -> Answer {
    forgotten(&app, &id).await?;
    Ok(json(StatusCode::OK, &json!({ "session_id": id, "message": "History cleared" })))
}

/// Ends a session's visitor epoch, if there is such a session. Once this resolves, nothing of it is left here or in the
/// store; it fails where that is away, though here all is gone by then.
async fn forgotten(app: &App, id: &str) -> Result<(), Refusal> {
    if app.sessions.history(Namespace::Http, id).await.map_err(away)?.is_none() {
        return Ok(());
    }
    let listener = app.sessions.join(Namespace::Http, id).await.map_err(away)?;
    listener.session.handle(Command::Forget);
    let begun = async {
        while let Ok(events) = poll_fn(|cx| listener.outbox.poll_take(cx)).await {
            if events.iter().any(|it| matches!(*it.event, Event::EpochBegan { .. })) {
                // It is told once it is written, unless it can't be.
                return if app.sessions.is_store_away() { Err(away(StoreAway)) } else { Ok(()) };
            }
        }
        Err(away(StoreAway))
    };
    timeout(FORGETTING, begun).await.unwrap_or_else(|_| Err(away(StoreAway)))
}

async fn close(State(app): State<Arc<App>>, request: Request) -> Answer {
    let body = body(&app, request).await?;
    let session_id = body.named_session().map_err(wrong)?;
    let ended = app.sessions.end(Namespace::Http, session_id).await.map_err(away)?;
    let told = json!({
        "success": true,
        "session_id": session_id,
        "message": "Connection closed successfully",
        "session_existed": ended.is_some(),
        "messages_cleared": ended.map_or(0, |messages| messages.len()),
        "timestamp": now(),
    });
    Ok(json(StatusCode::OK, &told))
}

/// Reads a request's body, no larger than `max_message`.
async fn body(app: &App, request: Request) -> Result<wire::Body, Refusal> {
    let limit = app.host.limits.max_message;
    let whole = timeout(BODY, to_bytes(request.into_body(), limit))
        .await
        .map_err(|_| json(StatusCode::REQUEST_TIMEOUT, &wire::error("the body took too long to come")))?;
    let bytes = whole.map_err(|_| {
        let message = format!("the body has more than {limit} bytes, or did not come whole");
        json(StatusCode::PAYLOAD_TOO_LARGE, &wire::error(&message))
    })?;
    wire::Body::read(&bytes).map_err(wrong)
}

fn streamed(body: Body) -> Response<Body> {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    // A proxy must not wait for all of it.
    (headers, [("x-accel-buffering", "no")], body).into_response()
}

#[allow(clippy::needless_pass_by_value)] // for map_err
fn wrong(message: wire::Wrong) -> Refusal {
    json(StatusCode::BAD_REQUEST, &wire::error(&message)).into()
}

fn away(StoreAway: StoreAway) -> Refusal {
    let message = "the session can't be found at present; try again";
    later(StatusCode::SERVICE_UNAVAILABLE, message, Duration::from_secs(5))
}

/// A refusal of something that may succeed later.
fn later(status: StatusCode, message: &str, retry_after: Duration) -> Refusal {
    let mut response = json(status, &wire::error(message));
    let seconds = retry_after.as_secs_f64().ceil().max(1.0);
    if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response.into()
}

fn has_documents(app: &App) -> bool {
    app.documents.is_some()
}

fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// An id that nobody guesses.
fn random() -> String {
    crate::session::random_id().to_string()
}
