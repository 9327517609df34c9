//! The routes that only tell, and who is let in.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Request, State as Shared};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::model::Role;
use crate::simulator::{HEALTH, MODELS, POOL, SESSIONS, State};

/// `GET /api/get-user-description/pool`.
pub(crate) async fn pool(Shared(state): Shared<Arc<State>>) -> Response {
    let visitors = state.config.pool.visitors();
    told(&state, POOL, &json!({ "descriptions": visitors, "count": visitors.len() }))
}

/// `GET /sessions`.
pub(crate) async fn sessions(Shared(state): Shared<Arc<State>>) -> Response {
    let (active, total) = state.sessions.count();
    told(&state, SESSIONS, &json!({ "active_sessions": active, "total_sessions": total }))
}

/// `GET /health`.
pub(crate) async fn health(Shared(state): Shared<Arc<State>>) -> Response {
    let health = json!({
        "status": "healthy",
        "service": "vlm-sim",
        "version": env!("CARGO_PKG_VERSION"),
        "descriptions": state.config.pool.visitors().len(),
        "uptime_s": state.started.elapsed().as_secs(),
        "timestamp": now(),
    });
    told(&state, HEALTH, &health)
}

/// `GET /v1/models`: an example of each role. There are as many models as there are names.
pub(crate) async fn models(Shared(state): Shared<Arc<State>>) -> Response {
    let model = |id: String| json!({ "id": id, "object": "model", "created": 0, "owned_by": "vlm-sim" });
    let roles = Role::ALL.iter().map(|role| format!("sim-{}-ttft300-tps50", role.name()));
    let names = ["sim", "sim-ttft300-tps50"].map(String::from).into_iter().chain(roles);
    told(&state, MODELS, &json!({ "object": "list", "data": names.map(model).collect::<Vec<_>>() }))
}

/// `GET /stats`. Not counted itself, so that looking changes nothing.
pub(crate) async fn stats(Shared(state): Shared<Arc<State>>) -> Response {
    json(StatusCode::OK, &state.ledger.stats())
}

/// Every other path.
pub(crate) async fn no_route(uri: Uri) -> Response {
    refuse(&uri, StatusCode::NOT_FOUND, "not_found", &format!("there is no route {}", uri.path()))
}

/// A known path with another method.
pub(crate) async fn no_method(method: Method, uri: Uri) -> Response {
    let message = format!("{} does not take {method}", uri.path());
    refuse(&uri, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", &message)
}

/// Lets in who has the token, if one is required. Who has not is not counted.
pub(crate) async fn require_token(
    Shared(state): Shared<Arc<State>>,
    request: Request,
    next: Next,
) -> Response {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = given
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let (expected, given) = (state.config.token.as_deref(), given.map(|(_, token)| token.trim()));
    if expected.is_none() || expected == given {
        return next.run(request).await;
    }
    let message = "a token is required: send `Authorization: Bearer TOKEN`";
    let mut response = refuse(request.uri(), StatusCode::UNAUTHORIZED, "invalid_api_key", message);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// The present time as RFC 3339, in milliseconds and UTC.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// A JSON reply.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => (status, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// An error as the description service tells it.
pub(crate) fn failure(status: StatusCode, message: &str) -> Response {
    json(status, &json!({ "success": false, "error": message }))
}

/// An error as `OpenAI` tells it (<https://platform.openai.com/docs/guides/error-codes>).
pub(crate) fn openai_error(status: StatusCode, code: &str, param: Option<&str>, message: &str) -> Response {
    let kind = if status.is_server_error() { "server_error" } else { "invalid_request_error" };
    json(status, &json!({ "error": { "message": message, "type": kind, "param": param, "code": code } }))
}

/// An error in the form that the path's clients expect.
fn refuse(uri: &Uri, status: StatusCode, code: &str, message: &str) -> Response {
    if uri.path().starts_with("/v1/") {
        openai_error(status, code, None, message)
    } else {
        failure(status, message)
    }
}

fn told(state: &State, route: &'static str, value: &impl Serialize) -> Response {
    let mut call = state.ledger.begin(route);
    let response = json(StatusCode::OK, value);
    call.finish(response.status().as_u16());
    response
}
