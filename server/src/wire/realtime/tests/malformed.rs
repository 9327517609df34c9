//! Whatever a client writes is answered: each of its events with each field dropped or of another kind.

use serde_json::{Value, json};

use super::{Talk, read};

/// One valid event of each kind that clients may send, `LAST` standing for an item's id.
fn schema() -> Vec<Value> {
    vec![
        json!({ "type": "session.update", "event_id": "e", "session": {
            "type": "realtime", "instructions": "x", "output_modalities": ["text"], "modalities": ["audio"],
            "audio": { "input": {}, "output": {} }, "tools": [], "prompt": {}, "include": [] } }),
        json!({ "type": "conversation.item.create", "event_id": "e", "previous_item_id": "root", "item": {
            "type": "message", "role": "user", "content": [
                { "type": "input_text", "text": "Hi" },
                { "type": "input_image", "image_url": "data:image/png;base64,AQID" } ] } }),
        json!({ "type": "conversation.item.retrieve", "event_id": "e", "item_id": "LAST" }),
        json!({ "type": "conversation.item.truncate", "event_id": "e", "item_id": "LAST",
            "content_index": 0, "audio_end_ms": 5 }),
        json!({ "type": "conversation.item.delete", "event_id": "e", "item_id": "LAST" }),
        json!({ "type": "response.create", "event_id": "e", "response": {
            "instructions": "x", "conversation": "auto", "metadata": { "a": "b" }, "output_modalities": ["text"],
            "input": [{ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "Hi" }] }],
            "audio": {}, "tools": [],
            "x_rapport": { "tone": "elder_friendly", "convert_tone": true, "lang": "en", "strategy": "race",
                "user_description": "a man" } } }),
        json!({ "type": "response.cancel", "event_id": "e", "response_id": "r" }),
        json!({ "type": "input_audio_buffer.append", "event_id": "e", "audio": "AA==" }),
        json!({ "type": "input_audio_buffer.commit", "event_id": "e" }),
        json!({ "type": "input_audio_buffer.clear", "event_id": "e" }),
        json!({ "type": "output_audio_buffer.clear", "event_id": "e" }),
    ]
}

/// The paths of all values in a value, its own first.
fn paths(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| paths(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| paths(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn whatever_is_wrong_with_an_event_is_answered() {
    let wrong = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(0.5),
        json!(""),
        json!("\u{0}\u{202e}"),
        json!([]),
        json!({}),
        json!([[]]),
        json!("x".repeat(20_000)),
        deep(100),
        deep(120),
        json!(["", 7]),
    ];
    let (mut tried, mut refused) = (0, 0);
    for event in schema() {
        let mut all = Vec::new();
        paths(&event, "", &mut all);
        for path in all.into_iter().filter(|path| !path.is_empty()) {
            for wrong in wrong.iter().map(Some).chain([None]) {
                let mut talk = Talk::new();
                let last = talk.item("assistant", "Good evening.");
                let text = event.to_string().replace("LAST", &last);
                let mut event: Value = serde_json::from_str(&text).unwrap();
                match (wrong, path.rsplit_once('/').unwrap()) {
                    (Some(wrong), _) => *event.pointer_mut(&path).unwrap() = wrong.clone(),
                    (None, (parent, name)) => match event.pointer_mut(parent).unwrap() {
                        Value::Object(fields) => drop(fields.remove(name)),
                        Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                        _ => unreachable!(),
                    },
                }
                let (told, commands) = talk.say(&event);
                tried += 1;
                assert!(!told.is_empty() || !commands.is_empty(), "silence: {path}: {event}");
                for error in told.iter().filter(|told| told["type"] == "error") {
                    refused += 1;
                    let error = &error["error"];
                    assert!(error["code"].is_string() && error["message"].is_string(), "{error}");
                    let id = event["event_id"].as_str().filter(|id| id.len() <= 512);
                    let is_read = error["code"] != "invalid_json"; // too deep to be read at all
                    assert_eq!(error["event_id"].as_str(), id.filter(|_| is_read), "{event}");
                }
                // The conversation goes on.
                talk.item("user", "Still here?");
            }
        }
    }
    assert!(tried > 800 && refused > tried / 3, "{tried} tried, {refused} refused");
}

#[test]
fn what_is_no_event_is_an_error_too() {
    let mut talk = Talk::new();
    let wide = format!("{{\"type\":[{}1]}}", "1,".repeat(64 * 1024));
    for text in ["", "{", "7", "null", "[]", "\"x\"", "{} {}", r#"{"type":"\ud800"}"#, &wide] {
        let step = talk.0.hear(text);
        let told = read(&step.frames);
        assert_eq!((told.len(), &told[0]["type"]), (1, &json!("error")), "{text:.40}");
        assert!(step.commands.is_empty());
    }
}
