//! The routes that describe the visitor.

use std::sync::Arc;

use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::trace;

use crate::desk;
use crate::dice::{Fault, Visit};
use crate::garbage::Speech;
use crate::pace::Pace;
use crate::simulator::{DESCRIPTION, State, VISUAL_CONTEXT};
use crate::token::tokens;

/// Whose description is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    session_id: Option<String>,
    /// How many visitors the session had before this one.
    #[serde(default)]
    pub(crate) visitor: usize,
}

impl Asked {
    /// The session's id; an empty one is none.
    pub(crate) fn session(&self) -> Option<&str> {
        self.session_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// `GET /api/get-user-description[?session_id=][&visitor=]`.
pub(crate) async fn latest(Shared(state): Shared<Arc<State>>, Query(asked): Query<Asked>) -> Response {
    describe(&state, DESCRIPTION, asked.session(), asked.visitor, |visit, description| {
        json!({
            "success": true,
            "user_description": description,
            "confidence": f64::from(visit.confidence) / 100.0,
            "timestamp": desk::now(),
        })
    })
    .await
}

/// `GET /visual-context/{id}`.
pub(crate) async fn visual_context(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    describe(&state, VISUAL_CONTEXT, Some(&id), asked.visitor, |_, description| {
        json!({ "sessionid": id, "visual_context": description, "available": !description.is_empty() })
    })
    .await
}

async fn describe(
    state: &State,
    route: &'static str,
    session: Option<&str>,
    nth: usize,
    reply: impl FnOnce(&Visit, &str) -> Value,
) -> Response {
    let mut call = state.ledger.begin(route);
    let visit = state.visit(session, nth);
    let description = &state.config.pool.visitors()[visit.visitor].description;
    call.owe(tokens(description).count());

    let _permit = state.enter().await;
    if visit.fault == Some(Fault::Hang) {
        // Ends with the client: the server then drops this future.
        return std::future::pending().await;
    }
    Pace::new(state.start(call.begun()), visit.latency.as_secs_f64(), 0.0, visit.factor).wait(0).await;

    let response = match visit.fault {
        Some(Fault::Error) => desk::failure(StatusCode::INTERNAL_SERVER_ERROR, "the camera is not available"),
        Some(Fault::Garbage(kind)) => match kind.speech() {
            Speech::Reply(media_type, body) => ([(CONTENT_TYPE, media_type)], body).into_response(),
            Speech::Description(text) => desk::json(StatusCode::OK, &reply(&visit, &text)),
        },
        Some(Fault::Hang) | None => {
            trace!(description, "described");
            desk::json(StatusCode::OK, &reply(&visit, description))
        }
    };
    call.finish(response.status().as_u16());
    response
}
