//! One item of the conversation: a message of a visitor, of the house, or of the front-end.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::fields::{Fault, Fields, short, wrong_type};

/// Bytes of an item's text: eight questions of the longest kind in Han characters fit.
pub(super) const MAX_ITEM: usize = 96 * 1024;

/// An item's own id is short: it is repeated in each event.
const MAX_ID: usize = 64;

/// An item has few parts: each is an object in each event that tells the item.
const MAX_PARTS: usize = 32;

/// Who speaks in an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Assistant,
    System,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::System => "system",
        }
    }

    /// The type of its text parts.
    const fn text_part(self) -> &'static str {
        match self {
            Self::User | Self::System => "input_text",
            Self::Assistant => "output_text",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::User, Self::Assistant, Self::System].into_iter().find(|role| role.as_str() == name).ok_or(())
    }
}

/// A part of an item's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    /// A still, which is the session's; here is only said that it was sent.
    Image,
}

/// An item's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Completed,
    Incomplete,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
        }
    }
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) role: Role,
    pub(super) progress: State,
    pub(super) parts: Vec<Part>,
    /// A reply as it was before conversion: what a later prompt is to know.
    pub(super) plain: Option<String>,
}

/// A still in an item that a client sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Still {
    pub(super) mime: String,
    pub(super) bytes: Vec<u8>,
}

impl Item {
    /// A reply that has just begun.
    pub(super) const fn reply(id: String) -> Self {
        Self { id, role: Role::Assistant, progress: State::Running, parts: Vec::new(), plain: None }
    }

    /// Reads an item and the stills in it; `new_id` if it has none.
    pub(super) fn read(
        object: &Map<String, Value>,
        path: &str,
        new_id: impl FnOnce() -> String,
    ) -> Result<(Self, Vec<Still>), Fault> {
        let fields = Fields::new(object, path);
        match fields.needed("type", fields.string("type"))? {
            "message" => {}
            other => {
                let message = format!("Items of type `{}` are not supported, only `message`.", short(other));
                return Err(Fault::new("unsupported_item_type", message).at(fields.path("type")));
            }
        }
        let id = fields.string("id")?;
        if id.is_some_and(|id| id.is_empty() || id.len() > MAX_ID || id == "root") {
            let message = format!("An item's id has 1 to {MAX_ID} bytes, and is not `root`.");
            return Err(Fault::new("invalid_value", message).at(fields.path("id")));
        }
        let role: Role = fields.needed("role", fields.named("role", "user, assistant, system"))?;
        let content = fields.needed("content", fields.array("content"))?;
        if content.len() > MAX_PARTS {
            let message = format!("An item has at most {MAX_PARTS} parts.");
            return Err(Fault::new("too_many_parts", message).at(fields.path("content")));
        }
        let mut stills = Vec::new();
        let mut parts = Vec::new();
        for (index, part) in content.iter().enumerate() {
            let path = format!("{}[{index}]", fields.path("content"));
            let Some(part) = part.as_object() else { return Err(wrong_type(path, "an object", part)) };
            parts.push(read_part(role, &Fields::new(part, &path), &mut stills)?);
        }
        let id = id.map_or_else(new_id, str::to_owned);
        let item = Self { id, role, progress: State::Completed, parts, plain: None };
        if item.weight() > MAX_ITEM {
            let message = format!("An item's text has at most {MAX_ITEM} bytes.");
            return Err(Fault::new("item_too_large", message).at(fields.path("content")));
        }
        Ok((item, stills))
    }

    /// All its text; a line for each part.
    pub(super) fn text(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Image => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Bytes of its text.
    pub(super) fn weight(&self) -> usize {
        let of_part = |part: &Part| match part {
            Part::Text(text) => text.len(),
            Part::Image => 0,
        };
        self.parts.iter().map(of_part).sum::<usize>() + self.plain.as_ref().map_or(0, String::len)
    }

    /// As clients are told it.
    pub(super) fn told(&self) -> Value {
        let part = |part: &Part| match part {
            Part::Text(text) => json!({ "type": self.role.text_part(), "text": text }),
            Part::Image => json!({ "type": "input_image" }),
        };
        json!({
            "id": self.id,
            "object": "realtime.item",
            "type": "message",
            "status": self.progress.as_str(),
            "role": self.role.as_str(),
            "content": self.parts.iter().map(part).collect::<Vec<_>>(),
        })
    }
}

fn read_part(role: Role, fields: &Fields<'_>, stills: &mut Vec<Still>) -> Result<Part, Fault> {
    match (role, fields.needed("type", fields.string("type"))?) {
        (Role::User | Role::System, "input_text" | "text") | (Role::Assistant, "output_text" | "text") => {
            Ok(Part::Text(fields.needed("text", fields.string("text"))?.to_owned()))
        }
        (Role::User, "input_image") => {
            let url = fields.needed("image_url", fields.string("image_url"))?;
            stills.push(still(url).map_err(|fault| fault.at(fields.path("image_url")))?);
            Ok(Part::Image)
        }
        (_, other) => {
            let message = format!(
                "Parts of type `{}` are not supported in an item of the role {}; \
                 it takes {}.",
                short(other),
                role.as_str(),
                if role == Role::User { "input_text and input_image" } else { role.text_part() },
            );
            Err(Fault::new("unsupported_content_type", message).at(fields.path("type")))
        }
    }
}

/// Reads a still out of a data URL. Nothing is fetched for a client.
fn still(url: &str) -> Result<Still, Fault> {
    let bad = |message| Fault::new("bad_image", message);
    let data = url.strip_prefix("data:").and_then(|url| url.split_once(";base64,"));
    let Some((mime, data)) = data else {
        return Err(bad("An image comes as data:image/jpeg;base64,..., not as an address."));
    };
    let bytes =
        BASE64_STANDARD.decode(data).map_err(|_| bad("The image is no base64 (the standard alphabet)."))?;
    Ok(Still { mime: mime.to_owned(), bytes })
}
