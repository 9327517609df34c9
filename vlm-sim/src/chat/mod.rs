//! `POST /v1/chat/completions`, as far as Rapport and other `OpenAI` clients use it
//! (<https://platform.openai.com/docs/api-reference/chat>).

mod reply;
mod request;
mod schema;
mod script;

use std::sync::Arc;

use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use tracing::trace;

use crate::description::Asked;
use crate::desk::openai_error;
use crate::model::{Fault, Model};
use crate::simulator::{CHAT, State};
use request::{Problem, Request};
use script::Script;

/// The handler. Everything that waits belongs to the [`crate::ledger::Call`]: when the client leaves, the server drops
/// this future, or the reply's body, and the call counts as dropped.
pub(crate) async fn complete(
    Shared(state): Shared<Arc<State>>,
    Query(asked): Query<Asked>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let mut call = state.ledger.begin(CHAT);
    let request = match body.map_err(Problem::from).and_then(|body| Request::parse(&body)) {
        Ok(request) => request,
        Err(problem) => {
            call.finish(problem.status.as_u16());
            return openai_error(problem.status, "invalid_body", problem.param, &problem.message);
        }
    };
    trace!(message = request.last().text, "asked");
    let model: Model = match request.model.parse() {
        Ok(model) => model,
        Err(unknown) => {
            call.finish(404);
            let message = format!("The model `{}` does not exist: {unknown}", request.model);
            return openai_error(StatusCode::NOT_FOUND, "model_not_found", Some("model"), &message);
        }
    };
    call.name_model(&request.model);
    if let Some(Fault::Status(status)) = model.fault {
        // At once, as a service does that refuses before it works.
        call.finish(status);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        return openai_error(
            status,
            "simulated",
            None,
            &format!("the model's name asks for status {status}"),
        );
    }
    let script = Script::write(&state, &request, model, asked.session(), asked.visitor);
    call.owe(script.tokens.len());
    let permit = state.enter().await;
    let pace = script.timing.pace(state.start(call.begun()));
    reply::perform(reply::Scene { call, permit, pace, script, number: state.chat_number() }, &request).await
}
