//! What a client asks for with `response.create`.

use serde_json::{Map, Value};

use super::conversation::{Conversation, question};
use super::fields::{Fault, Fields, short, wrong_type};
use super::item::{Item, Still};
use super::settings::{check_modalities, instructions};
use crate::event::{Message, Strategy, Tone};
use crate::language::{Lang, tokens};

/// Items that a response may bring itself: more than a prompt's history has.
const MAX_INPUT: usize = 64;

/// The API's own bounds of metadata: pairs, characters of a key and of a value.
const MAX_METADATA: (usize, usize, usize) = (16, 64, 512);

/// A response that is asked for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) message: Message,
    /// Of `input`.
    pub(super) stills: Vec<Still>,
    /// Whether the reply becomes an item of the conversation.
    pub(super) is_in_conversation: bool,
    pub(super) metadata: Option<Value>,
    /// Tokens of what is asked, estimated.
    pub(super) input_tokens: usize,
}

impl Ask {
    /// Reads it. `standing`: the session's instructions.
    pub(super) fn read(
        response: &Map<String, Value>,
        standing: &str,
        conversation: &Conversation,
    ) -> Result<Self, Fault> {
        let fields = Fields::new(response, "response");
        check_modalities(&fields)?;
        fields.object("audio")?;
        fields.array("tools")?;
        let is_in_conversation = match fields.string("conversation")? {
            None | Some("auto") => true,
            Some("none") => false,
            Some(other) => {
                let message = format!("There is no conversation `{}`; known are auto, none.", short(other));
                return Err(Fault::new("invalid_value", message).at("response.conversation"));
            }
        };
        let mut stills = Vec::new();
        let asked = match fields.array("input")? {
            None => conversation.question(),
            Some(input) => question(read_input(input, conversation, &mut stills)?.iter()),
        };
        let asked = asked.ok_or_else(|| {
            Fault::new("missing_question", "There is no text of a user to reply to. Create an item first.")
        })?;
        let own = instructions(&fields)?.unwrap_or(standing);
        let all = std::iter::once(own).chain(asked.instructions.iter().map(String::as_str));
        let all = all.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n\n");
        let text = crate::wire::question(&asked.text)
            .map_err(|refused| Fault::new(&refused.code, refused.message))?;
        let said = asked.history.iter().map(|message| tokens(&message.text)).sum::<usize>();
        let input_tokens = tokens(&text) + tokens(&all) + said;
        let mut message = Message {
            history: Some(asked.history),
            instructions: (!all.is_empty()).then_some(all),
            ..Message::asking(text)
        };
        if let Some(own) = fields.object("x_rapport")? {
            read_own(&Fields::new(own, "response.x_rapport"), &mut message)?;
        }
        Ok(Self { message, stills, is_in_conversation, metadata: metadata(&fields)?, input_tokens })
    }
}

/// Items in place of the conversation's; those that are referred to are its own.
fn read_input(
    input: &[Value],
    conversation: &Conversation,
    stills: &mut Vec<Still>,
) -> Result<Vec<Item>, Fault> {
    if input.len() > MAX_INPUT {
        let message = format!("A response's input has at most {MAX_INPUT} items.");
        return Err(Fault::new("too_many_items", message).at("response.input"));
    }
    let mut items = Vec::new();
    for (index, item) in input.iter().enumerate() {
        let path = format!("response.input[{index}]");
        let Some(object) = item.as_object() else { return Err(wrong_type(path, "an object", item)) };
        let fields = Fields::new(object, &path);
        if fields.string("type")? == Some("item_reference") {
            let id = fields.needed("id", fields.string("id"))?;
            let known = conversation.get(id).cloned().ok_or_else(|| {
                Fault::new("item_reference_invalid_item_id", "There is no such item.").at(fields.path("id"))
            })?;
            items.push(known);
        } else {
            let (item, shown) = Item::read(object, &path, String::new)?;
            stills.extend(shown);
            items.push(item);
        }
    }
    Ok(items)
}

/// The options that only Rapport has.
fn read_own(fields: &Fields<'_>, message: &mut Message) -> Result<(), Fault> {
    let tones = Tone::ALL.map(Tone::as_str).join(", ");
    let strategies = Strategy::ALL.map(Strategy::as_str).join(", ");
    message.tone = fields.named("tone", &tones)?;
    message.strategy = fields.named("strategy", &strategies)?;
    message.lang = fields.named::<Lang>("lang", "en, zh-Hant")?;
    message.user_description = fields.string("user_description")?.map(str::to_owned);
    message.convert_tone = fields.bool("convert_tone")?.unwrap_or(true);
    Ok(())
}

/// A client's own notes on a response, told again with it.
fn metadata(fields: &Fields<'_>) -> Result<Option<Value>, Fault> {
    let Some(metadata) = fields.object("metadata")? else { return Ok(None) };
    let (pairs, key_length, value_length) = MAX_METADATA;
    let is_short = |(key, value): (&String, &Value)| {
        let fits = |value: &str| value.chars().count() <= value_length;
        key.chars().count() <= key_length && value.as_str().is_some_and(fits)
    };
    if metadata.len() > pairs || !metadata.iter().all(is_short) {
        let message = format!(
            "Metadata has at most {pairs} pairs, keys of {key_length} and strings of {value_length} characters."
        );
        return Err(Fault::new("invalid_value", message).at("response.metadata"));
    }
    Ok(Some(Value::Object(metadata.clone())))
}
