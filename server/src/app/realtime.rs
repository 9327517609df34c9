//! `/v1/realtime`: each connection is a visitor, whose session ends with it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use tokio::net::TcpStream;

use super::App;
use super::routes::{Pairs, refusal, take_over};
use crate::session::Wanted;
use crate::socket::{self, Away, Realtime, Route};

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
    take_over(&app, &mut request, &upgrade, move |app, io, already_read| {
        converse(app, io, already_read, is_authorized, model.as_deref());
    })
}

/// Hands a connection that is a WebSocket by now to a task of its own.
fn converse(app: &App, io: TcpStream, already_read: Vec<u8>, is_authorized: bool, model: Option<&str>) {
    let host = Arc::clone(&app.host);
    let opened = if !is_authorized {
        Err(Away::NoToken)
    } else if app.sessions.refuses_new() {
        Err(Away::Store)
    } else {
        app.sessions.open(&Wanted::default()).ok_or(Away::Store)
    };
    match opened {
        Ok(opened) => {
            app.warmth.visitor_came();
            let talk = Realtime::new(&opened, Arc::clone(&app.sessions), model);
            app.connections.spawn(app.sockets.track_future(socket::serve(io, already_read, talk, host)));
        }
        Err(why) => {
            app.connections.spawn(async move {
                socket::turn_realtime_away(io, already_read, &host, why).await;
            });
        }
    }
}
