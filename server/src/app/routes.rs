//! The HTTP routes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use hyper::upgrade::Parts;
use hyper_util::rt::TokioIo;

use super::guests::{Peer, Visit};
use super::realtime::realtime;
use super::relay::{RELAYED, relay};
use super::tls::Io;
use super::{App, original};
use crate::observe::{Now, TEXT_FORMAT};
use crate::session::Located;
use crate::socket::{self, Away, Chats, Farewell, Native, Route, Talk, Upgrade, Wish};

/// A query's pairs, decoded.
pub(super) type Pairs = Query<Vec<(String, String)>>;

/// What `Retry-After` says while the server drains, in seconds: another instance can take the request at once, and
/// this one is back in a few tries. HTTP knows no shorter time but none.
const RETRY_AFTER: &str = "1";

pub(super) fn router(app: Arc<App>) -> axum::Router {
    axum::Router::new()
        .route("/ws", any(websocket))
        .route("/v1/chat/ws", any(chats))
        .merge(original::router(&app))
        .route("/v1/realtime", any(realtime))
        .route("/house.json", get(house))
        .route("/status", get(status))
        .route("/status.html", get(status))
        .route("/", get(index))
        .route("/{*path}", get(file))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), open))
        // Those who watch the server are answered to its end.
        .route("/healthz", get(alive))
        .route("/health", get(original::health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// Lets a request in unless the server drains. Another node hands a visitor on only to a turn that runs here: that is
/// played to its end, and heard to it.
async fn open(State(app): State<Arc<App>>, request: Request, next: Next) -> Response<Body> {
    if !app.sessions.is_draining() || request.headers().contains_key(RELAYED) {
        return next.run(request).await;
    }
    let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, "the server is restarting; try again");
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(RETRY_AFTER));
    response
}

async fn index(State(app): State<Arc<App>>) -> Response<Body> {
    app.page.get("index.html").await
}

async fn file(State(app): State<Arc<App>>, Path(path): Path<String>) -> Response<Body> {
    app.page.get(&path).await
}

async fn alive(State(app): State<Arc<App>>) -> Response<Body> {
    let alive = serde_json::json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "sessions": app.sessions.len(),
    });
    json(StatusCode::OK, &alive)
}

async fn ready(State(app): State<Arc<App>>) -> Response<Body> {
    if app.sessions.is_draining() {
        // At once: a balancer must not wait for upstreams to hear that it is over.
        let draining = serde_json::json!({ "ready": false, "reason": "draining" });
        return json(StatusCode::SERVICE_UNAVAILABLE, &draining);
    }
    let report = app.health.check().await;
    let status = if report.is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &report.told)
}

/// What the page shows of this house before anybody asks.
async fn house(State(app): State<Arc<App>>, Query(query): Pairs, headers: HeaderMap) -> Response<Body> {
    if let Err((status, message)) = app.door.admit(&headers, &query) {
        return refusal(status, &message);
    }
    let knowledge = app.documents.as_ref().map(|library| library.current());
    let engine = app.sessions.engine();
    let suggestions = knowledge.map(|knowledge| knowledge.suggestions().clone()).unwrap_or_default();
    let house = serde_json::json!({
        "suggestions": { "en": suggestions.en, "zh-Hant": suggestions.zh_hant },
        "camera": engine.descriptions.takes_images(),
        "strategy": engine.knobs.strategy.as_str(),
        "visitors": app.visitors,
    });
    json(StatusCode::OK, &house)
}

async fn metrics(State(app): State<Arc<App>>, Query(query): Pairs, headers: HeaderMap) -> Response<Body> {
    if let Err((status, message)) = app.door.admit(&headers, &query) {
        return refusal(status, &message);
    }
    let health = app.health.check().await;
    let (sessions, sockets, tasks) = (app.sessions.len(), app.sockets.len(), app.sessions.tasks());
    let now = Now {
        sessions,
        sockets,
        tasks,
        crowd: app.sessions.engine().admission.as_ref().map(|admission| {
            let crowd = admission.crowd();
            (crowd.limit, crowd.waiting)
        }),
        llm: health.llm,
        vlm: health.vlm,
        embeddings: health.embeddings,
        store: health.store,
    };
    let text = app.metrics.text(now);
    let headers = [(header::CONTENT_TYPE, TEXT_FORMAT), (header::CACHE_CONTROL, "no-store")];
    (headers, text).into_response()
}

/// The operators' view. Without a token it is the same page, which holds no data and asks for one.
async fn status(State(app): State<Arc<App>>, Query(query): Pairs, headers: HeaderMap) -> Response<Body> {
    let mut response = app.page.get("status.html").await;
    if let Err((status, _)) = app.door.admit(&headers, &query) {
        refuse(&mut response, status);
    }
    response
}

pub(super) fn json(status: StatusCode, value: &serde_json::Value) -> Response<Body> {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, value.to_string()).into_response()
}

async fn websocket(State(app): State<Arc<App>>, Query(query): Pairs, mut request: Request) -> Response<Body> {
    let checked = app.door.check(Route::Native, request.method(), request.headers(), &query);
    let (upgrade, wish) = match checked.and_then(|upgrade| Ok((Wish::read(&upgrade, &query)?, upgrade))) {
        Ok((wish, upgrade)) => (upgrade, wish),
        Err((status, message)) => return refusal(status, &message),
    };
    let (wish, away) = match locate(&app, &upgrade, wish, &mut request).await {
        Ok(located) => located,
        Err(relayed) => return relayed,
    };
    take_over(&app, &mut request, &upgrade, move |app, io, already_read, visit| {
        let opened = match away {
            None => app.sessions.open(&wish.wanted()).ok_or(Away::Store),
            Some(why) => Err(why),
        };
        let gate = app.guests.gate(visit.address());
        if let (Some(_), Ok(opened)) = (&wish.resume, &opened) {
            let attached = &opened.attached;
            app.metrics.resumed(attached.resumed, attached.snapshot.is_some());
        }
        let talk = opened
            .map(|opened| Native::new(opened, wish.format, wish.once, Arc::clone(&app.house), gate.clone()));
        carry(app, io, already_read, talk, Farewell::Native(wish.format), visit);
    })
}

async fn chats(State(app): State<Arc<App>>, Query(query): Pairs, mut request: Request) -> Response<Body> {
    let upgrade = match app.door.check(Route::Chat, request.method(), request.headers(), &query) {
        Ok(upgrade) => upgrade,
        Err((status, message)) => return refusal(status, &message),
    };
    let is_authorized = upgrade.is_authorized;
    take_over(&app, &mut request, &upgrade, move |app, io, already_read, visit| {
        let talk = if is_authorized {
            Ok(Chats::new(Arc::clone(&app.sessions), app.guests.gate(visit.address())))
        } else {
            Err(Away::NoToken)
        };
        carry(app, io, already_read, talk, Farewell::CloseFrame, visit);
    })
}

/// Where a request comes from.
pub(super) fn address_of(app: &App, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<Peer>().map_or_else(nowhere, |peer| peer.0);
    app.guests.address(peer, request.headers())
}

/// What a connection without an address comes from.
fn nowhere() -> SocketAddr {
    (Ipv4Addr::UNSPECIFIED, 0).into()
}

/// Accepts a handshake, and hands the connection, once it is a WebSocket, to `talk`.
pub(super) fn take_over(
    app: &Arc<App>,
    request: &mut Request,
    upgrade: &Upgrade,
    talk: impl FnOnce(&Arc<App>, Io, Vec<u8>, Visit) + Send + 'static,
) -> Response<Body> {
    let visit = match app.guests.enter(address_of(app, request)) {
        Ok(visit) => visit,
        Err(full) => return full.response(),
    };
    let on_upgrade = hyper::upgrade::on(request);
    let taken = Arc::clone(app);
    app.connections.spawn(async move {
        match on_upgrade.await {
            Ok(upgraded) => {
                // The bare connection. HTTP's boxes and its read buffer of 8 KiB end here.
                let Ok(Parts { io, read_buf, .. }) = upgraded.downcast::<TokioIo<Io>>() else {
                    return tracing::error!("an upgraded connection is none of ours");
                };
                talk(&taken, io.into_inner(), read_buf.to_vec(), visit);
            }
            Err(error) => tracing::debug!(%error, "the upgrade failed"),
        }
    });
    upgrade.response()
}

/// Finds the session that a client comes back to. An error is the answer of the node where it is; else why the client
/// must be turned away, if it must.
async fn locate(
    app: &Arc<App>,
    upgrade: &Upgrade,
    mut wish: Wish,
    request: &mut Request,
) -> Result<(Wish, Option<Away>), Response<Body>> {
    if !upgrade.is_authorized {
        return Ok((wish, Some(Away::NoToken)));
    }
    let is_relayed = request.headers().contains_key(RELAYED);
    let mut located = app.sessions.locate(&wish.wanted(), is_relayed).await;
    if let Located::Elsewhere(address) = &located {
        if let Some(response) = relay(app, request, address).await {
            return Err(response);
        }
        // It lives and can't be reached from here: the session is taken from it.
        located = app.sessions.locate(&wish.wanted(), true).await;
    }
    if located == Located::Taken {
        wish.session_id = None;
    }
    Ok((wish, (located == Located::Unknown).then_some(Away::Store)))
}

/// Hands a connection that is a WebSocket by now to a task of its own, which holds nothing else, every idle visitor
/// holds one: it carries a talk, or turns the client away.
pub(super) fn carry<T>(
    app: &App,
    io: Io,
    already_read: Vec<u8>,
    talk: Result<T, Away>,
    farewell: Farewell,
    visit: Visit,
) where
    T: Talk + Send + 'static,
{
    let host = Arc::clone(&app.host);
    match talk {
        Ok(talk) => {
            app.warmth.visitor_came();
            let (metrics, socket) = (Arc::clone(&app.metrics), socket::serve(io, already_read, talk, host));
            let counted = async move {
                metrics.socket_ended(socket.await);
                drop(visit);
            };
            app.connections.spawn(app.sockets.track_future(counted));
        }
        Err(why) => {
            app.connections.spawn(async move {
                socket::turn_away(io, already_read, farewell, &host, why).await;
                drop(visit);
            });
        }
    }
}

pub(super) fn refusal(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = format!("{message}\n").into_response();
    refuse(&mut response, status);
    response
}

/// Makes a response a refusal, with the headers that tell how to ask better.
fn refuse(response: &mut Response<Body>, status: StatusCode) {
    *response.status_mut() = status;
    let hint = match status {
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
        StatusCode::UPGRADE_REQUIRED => Some((header::UPGRADE, "websocket")),
        _ => None,
    };
    if let Some((name, value)) = hint {
        response.headers_mut().insert(name, header::HeaderValue::from_static(value));
    }
    if status == StatusCode::UPGRADE_REQUIRED {
        let version = header::HeaderValue::from_static("13");
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, version);
    }
}
