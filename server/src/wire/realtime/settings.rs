//! What a client sets of its session, and what it is told of it.

use serde_json::{Map, Value, json};

use super::fields::{Fault, Fields, short, wrong_type};
use crate::wire::MAX_INSTRUCTIONS;

/// The session, as far as it can be set.
#[derive(Debug)]
pub(super) struct Settings {
    id: String,
    model: String,
    pub(super) instructions: String,
}

impl Settings {
    pub(super) const fn new(id: String, model: String) -> Self {
        Self { id, model, instructions: String::new() }
    }

    /// Takes what can be set; audio, tools and the model's own knobs are read over.
    pub(super) fn update(&mut self, session: &Map<String, Value>) -> Result<(), Fault> {
        let fields = Fields::new(session, "session");
        match fields.string("type")? {
            None | Some("realtime") => {}
            Some(other) => {
                let message =
                    format!("Sessions of type `{}` are not supported, only `realtime`.", short(other));
                return Err(Fault::new("unsupported_session_type", message).at("session.type"));
            }
        }
        check_modalities(&fields)?;
        // Ignored, but what is of the wrong type is a mistake of its client's, who learns of it.
        for name in ["audio", "prompt"] {
            fields.object(name)?;
        }
        for name in ["tools", "include"] {
            fields.array(name)?;
        }
        if let Some(instructions) = instructions(&fields)? {
            instructions.clone_into(&mut self.instructions);
        }
        Ok(())
    }

    /// As clients are told it. There is no audio, and no tool is called.
    pub(super) fn told(&self) -> Value {
        json!({
            "type": "realtime",
            "object": "realtime.session",
            "id": self.id,
            "model": self.model,
            "output_modalities": ["text"],
            "instructions": self.instructions,
            "tools": [],
            "tool_choice": "none",
            "max_output_tokens": "inf",
            "truncation": "auto",
            "audio": {
                "input": { "turn_detection": null, "transcription": null, "noise_reduction": null },
            },
        })
    }
}

/// Instructions, of a session or a response.
pub(super) fn instructions<'a>(fields: &Fields<'a>) -> Result<Option<&'a str>, Fault> {
    let instructions = fields.string("instructions")?;
    if instructions.is_some_and(|text| text.chars().count() > MAX_INSTRUCTIONS) {
        let message = format!("Instructions have at most {MAX_INSTRUCTIONS} characters.");
        return Err(Fault::new("instructions_too_long", message).at(fields.path("instructions")));
    }
    Ok(instructions)
}

/// Checks the modalities, by their name and the older one: whatever is asked for, the reply is text.
pub(super) fn check_modalities(fields: &Fields<'_>) -> Result<(), Fault> {
    for name in ["output_modalities", "modalities"] {
        for modality in fields.array(name)?.into_iter().flatten() {
            match modality.as_str() {
                Some("text" | "audio") => {}
                Some(other) => {
                    let message = format!("There is no modality `{}`; known are text, audio.", short(other));
                    return Err(Fault::new("invalid_value", message).at(fields.path(name)));
                }
                None => return Err(wrong_type(fields.path(name), "an array of strings", modality)),
            }
        }
    }
    Ok(())
}
