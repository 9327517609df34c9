//! `/v1/realtime`: each connection is a visitor, whose session ends with it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;

use super::App;
use super::routes::{Pairs, carry, refusal, take_over};
use crate::socket::{Away, Farewell, Realtime, Route};

pub(super) async fn realtime(
    State(app): State<Arc<App>>,
    axum::extract::Query(query): Pairs,
    mut request: Request,
) -> Response<Body> {
    let upgrade = match app.door.check(Route::Realtime, request.method(), request.headers(), &query) {
        Ok(upgrade) => upgrade,
        Err((status, message)) => return refusal(status, &message),
    };
    let model = query.into_iter().find(|(key, value)| key == "model" && !value.is_empty());
    let model = model.map(|(_, model)| model);
    let is_authorized = upgrade.is_authorized;
    take_over(&app, &mut request, &upgrade, move |app, io, already_read, visit| {
        let gate = app.guests.gate(visit.address());
        let listener =
            if is_authorized { app.sessions.begin_passing().ok_or(Away::Store) } else { Err(Away::NoToken) };
        let sessions = Arc::clone(&app.sessions);
        let talk = listener.map(|listener| Realtime::new(listener.gated(gate), sessions, model.as_deref()));
        carry(app, io, already_read, talk, Farewell::Realtime, visit);
    })
}
