//! The codec by itself: orders and shapes, and that nothing a client writes is met by silence or a panic.

mod malformed;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::event::{Message, Outcome, Selection, Speaker, Status, Timings, Usage};

struct Talk(Realtime);

impl Talk {
    fn new() -> Self {
        let mut codec = Realtime::new(7, Some("gpt-realtime"));
        assert_eq!(codec.greet().len(), 1);
        Self(codec)
    }

    fn say(&mut self, event: &Value) -> (Vec<Value>, Vec<Command>) {
        let step = self.0.hear(&event.to_string());
        (read(&step.frames), step.commands)
    }

    fn hear(&mut self, event: &Event) -> Vec<Value> {
        read(&self.0.tell(event, || None))
    }

    fn item(&mut self, role: &str, text: &str) -> String {
        let kind = if role == "assistant" { "output_text" } else { "input_text" };
        let item = json!({ "type": "message", "role": role, "content": [{ "type": kind, "text": text }] });
        let (told, _) = self.say(&json!({ "type": "conversation.item.create", "item": item }));
        assert_eq!(kinds(&told), ["conversation.item.added", "conversation.item.done"]);
        told[0]["item"]["id"].as_str().unwrap().to_owned()
    }

    fn ask(&mut self, response: &Value) -> Message {
        let (told, mut commands) = self.say(&json!({ "type": "response.create", "response": response }));
        assert!(told.is_empty(), "{told:?}");
        match commands.pop() {
            Some(Command::Message(message)) => message,
            other => panic!("{other:?}"),
        }
    }

    fn start(&mut self, message: &Message) -> Vec<Value> {
        let id = message.id.as_deref().map(Arc::from);
        self.hear(&Event::TurnStarted { turn_id: "t".into(), id, restarted: false })
    }

    fn end(&mut self, status: Status, answer: &str) -> Vec<Value> {
        self.hear(&Event::TurnDone(Arc::new(report(status, answer))))
    }
}

fn report(status: Status, answer: &str) -> TurnReport {
    TurnReport {
        turn_id: "t".into(),
        status,
        text: String::new(),
        answer: answer.into(),
        tone: None,
        outcome: Some(Outcome::Fallback),
        sources: Vec::new(),
        degraded: Vec::new(),
        facts_missing: None,
        timings: Timings::default(),
        spans: Vec::new(),
        usage: Usage::default(),
        durable: None,
    }
}

fn token(text: &str) -> Event {
    Event::Token { turn_id: "t".into(), text: text.into() }
}

fn read(frames: &[String]) -> Vec<Value> {
    frames.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

fn kinds(told: &[Value]) -> Vec<&str> {
    told.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[test]
fn a_turn_is_told_in_the_protocols_order() {
    let mut talk = Talk::new();
    let asked = talk.item("user", "How tall is the clock?");
    let message = talk.ask(&json!({ "metadata": { "topic": "clock" } }));
    assert_eq!(message.text, "How tall is the clock?");
    let mut told = talk.start(&message);
    let tone =
        Event::Tone { turn_id: "t".into(), selection: Selection::fallback(), outcome: Outcome::Fallback };
    for event in [tone, token("Three "), token("metres.")] {
        told.extend(talk.hear(&event));
    }
    told.extend(talk.end(Status::Completed, "3 m."));
    assert_eq!(
        kinds(&told),
        [
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "x_rapport.tone",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
        ]
    );
    assert_eq!(told[0]["response"]["status"], "in_progress");
    assert_eq!(told[2]["previous_item_id"], *asked);
    assert_eq!(told[7]["text"], "Three metres.");
    let item = &told[9]["item"];
    assert_eq!(item["content"], json!([{ "type": "output_text", "text": "Three metres." }]));
    assert_eq!(item["status"], "completed");
    let response = &told[11]["response"];
    assert_eq!((&response["status"], &response["output"][0]), (&json!("completed"), item));
    assert_eq!(response["metadata"], json!({ "topic": "clock" }));
    assert_eq!(response["x_rapport"]["outcome"], "fallback");
    for count in ["total_tokens", "input_tokens", "output_tokens"] {
        assert!(response["usage"][count].as_u64().unwrap() > 0, "{response}");
    }
    let mut ids: Vec<_> = told.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told.len(), "event ids are unique");

    // The next turn knows the plain answer.
    talk.item("user", "And how old?");
    let message = talk.ask(&json!({}));
    let history = message.history.unwrap();
    let said: Vec<_> = history.iter().map(|said| (said.speaker, said.text.as_str())).collect();
    assert_eq!(said, [(Speaker::Visitor, "How tall is the clock?"), (Speaker::House, "3 m.")]);
}

#[test]
fn each_end_has_its_status() {
    let cases = [
        (Status::Cancelled, "cancelled", json!({ "type": "cancelled", "reason": "client_cancelled" })),
        (Status::Interrupted, "cancelled", json!({ "type": "cancelled", "reason": "turn_detected" })),
        (
            Status::Failed,
            "failed",
            json!({ "type": "failed", "error": { "type": "server_error", "code": "llm_failed", "message": "No." } }),
        ),
    ];
    for (status, word, details) in cases {
        let mut talk = Talk::new();
        talk.item("user", "Hi");
        let message = talk.ask(&json!({}));
        talk.start(&message);
        talk.hear(&token("Wel"));
        if status == Status::Failed {
            let error = ErrorEvent {
                code: "llm_failed".into(),
                message: "No.".into(),
                retryable: true,
                retry_after: None,
                turn_id: Some("t".into()),
                id: None,
            };
            assert!(talk.hear(&Event::Error(Box::new(error))).is_empty());
        }
        let told = talk.end(status, "Welcome");
        let done = &told[told.len() - 2]["response"];
        assert_eq!((&done["status"], &done["status_details"]), (&json!(word), &details));
        assert_eq!(done["output"][0]["status"], "incomplete");
        assert_eq!(
            kinds(&told)[..5],
            [
                "response.output_text.done",
                "response.content_part.done",
                "conversation.item.done",
                "response.output_item.done",
                "response.done"
            ]
        );
        // What was told of it is what the next prompt knows.
        talk.item("user", "Go on");
        assert_eq!(talk.ask(&json!({})).history.unwrap()[1].text, "Wel");
    }
}

#[test]
fn a_refused_message_is_an_error_of_the_event_that_asked() {
    let mut talk = Talk::new();
    talk.item("user", "Hi");
    let create = json!({ "type": "response.create", "event_id": "mine" });
    let (_, commands) = talk.say(&create);
    let [Command::Message(message)] = &commands[..] else { panic!("{commands:?}") };
    let second = json!({ "type": "response.create", "event_id": "second" });
    let (told, commands) = talk.say(&second);
    assert_eq!(told[0]["error"]["code"], "conversation_already_has_active_response");
    assert_eq!((&told[0]["error"]["event_id"], commands.len()), (&json!("second"), 0));
    let refused = ErrorEvent {
        code: "rate_limited".into(),
        message: "More than 1.".into(),
        retryable: true,
        retry_after: None,
        turn_id: None,
        id: message.id.as_deref().map(Arc::from),
    };
    let told = talk.hear(&Event::Error(Box::new(refused)));
    assert_eq!((&told[0]["type"], &told[0]["error"]["event_id"]), (&json!("error"), &json!("mine")));
    assert_eq!(told[0]["error"]["code"], "rate_limited");
    // It is over; another may be asked.
    assert_eq!(talk.say(&create).1.len(), 1);
}

#[test]
fn instructions_and_the_systems_items_reach_the_message() {
    let mut talk = Talk::new();
    let session = json!({
        "type": "realtime",
        "instructions": "Be brief.",
        "output_modalities": ["audio"],
        "audio": { "input": { "format": { "type": "audio/pcm", "rate": 24000 } } },
        "tools": [{ "type": "function", "name": "transfer" }],
    });
    let (told, _) = talk.say(&json!({ "type": "session.update", "session": session }));
    assert_eq!(told[0]["type"], "session.updated");
    assert_eq!(told[0]["session"]["output_modalities"], json!(["text"]));
    assert_eq!(
        (&told[0]["session"]["model"], &told[0]["session"]["tools"]),
        (&json!("gpt-realtime"), &json!([]))
    );
    talk.item("system", "It is raining.");
    talk.item("user", "Hi");
    let own = json!({ "tone": "elder_friendly", "convert_tone": false, "lang": "zh-Hant", "user_description": "a man" });
    let response = json!({ "instructions": "Rhyme.", "conversation": "none", "x_rapport": own });
    let message = talk.ask(&response);
    assert_eq!(message.instructions.as_deref(), Some("Rhyme.\n\nIt is raining."));
    assert_eq!(message.user_description.as_deref(), Some("a man"));
    assert!(!message.convert_tone && message.tone.is_some() && message.lang.is_some());
    let told = talk.start(&message);
    assert_eq!(told[0]["response"]["conversation_id"], Value::Null);
    assert!(!kinds(&told).contains(&"conversation.item.added"));
    talk.hear(&token("Hello"));
    assert!(!kinds(&talk.end(Status::Completed, "Hello")).contains(&"conversation.item.done"));
    assert_eq!(talk.ask(&json!({})).instructions.as_deref(), Some("Be brief.\n\nIt is raining."));
}

#[test]
fn items_are_placed_looked_up_cut_and_deleted() {
    let mut talk = Talk::new();
    let last = talk.item("assistant", "Good evening.");
    let item = |id: &str, text: &str| json!({ "id": id, "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] });
    let create = |before: Value, item: Value| json!({ "type": "conversation.item.create", "previous_item_id": before, "item": item });
    let (told, _) = talk.say(&create(json!("root"), item("first", "Hi")));
    assert_eq!(told[0]["previous_item_id"], Value::Null);
    let (told, _) = talk.say(&create(json!("first"), item("second", "Hello")));
    assert_eq!(
        (&told[0]["previous_item_id"], &told[1]["previous_item_id"]),
        (&json!("first"), &json!("first"))
    );
    let of = |kind: &str, id: &str| json!({ "type": kind, "item_id": id });
    let (told, _) = talk.say(&of("conversation.item.retrieve", &last));
    assert_eq!(told[0]["item"]["content"][0]["text"], "Good evening.");
    let mut cut = of("conversation.item.truncate", &last);
    cut["content_index"] = 0.into();
    cut["audio_end_ms"] = 0.into();
    let (told, _) = talk.say(&cut);
    assert_eq!(
        (&told[0]["type"], &told[0]["audio_end_ms"]),
        (&json!("conversation.item.truncated"), &json!(0))
    );
    let (told, _) = talk.say(&of("conversation.item.retrieve", &last));
    assert_eq!(told[0]["item"]["content"][0]["text"], "");
    let (told, _) = talk.say(&of("conversation.item.delete", "first"));
    assert_eq!(
        (&told[0]["type"], &told[0]["item_id"]),
        (&json!("conversation.item.deleted"), &json!("first"))
    );
    for (event, code) in [
        (of("conversation.item.delete", "first"), "item_delete_invalid_item_id"),
        (of("conversation.item.retrieve", "first"), "item_retrieve_invalid_item_id"),
        (of("conversation.item.truncate", "first"), "item_truncate_invalid_item_id"),
        (create(json!("first"), item("new", "x")), "item_create_invalid_previous_item_id"),
        (create(Value::Null, item("second", "x")), "item_already_exists"),
        (json!({ "type": "response.cancel" }), "response_cancel_not_active"),
        (json!({ "type": "input_audio_buffer.append", "audio": "" }), "unsupported_event"),
        (
            json!({ "type": "session.update", "session": { "type": "transcription" } }),
            "unsupported_session_type",
        ),
        (create(Value::Null, json!({ "type": "function_call_output" })), "unsupported_item_type"),
        (
            create(
                Value::Null,
                json!({ "type": "message", "role": "user", "content": [{ "type": "input_audio" }] }),
            ),
            "unsupported_content_type",
        ),
        (json!({ "type": "dance" }), "unknown_event"),
    ] {
        let (told, commands) = talk.say(&event);
        assert_eq!((told.len(), &told[0]["error"]["code"]), (1, &json!(code)), "{event}");
        assert!(commands.is_empty());
    }
}

#[test]
fn a_still_in_an_item_is_the_sessions_and_its_refusal_names_the_event() {
    let mut talk = Talk::new();
    let content = json!([
        { "type": "input_image", "image_url": "data:image/png;base64,AQID" },
        { "type": "input_text", "text": "Who am I?" },
    ]);
    let item = json!({ "type": "message", "role": "user", "content": content });
    let (told, commands) =
        talk.say(&json!({ "type": "conversation.item.create", "event_id": "e1", "item": item }));
    let [Command::Image(upload)] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!((&upload.bytes[..], upload.mime.as_deref()), (&[1, 2, 3][..], Some("image/png")));
    assert_eq!(upload.id.as_deref(), Some("e1"));
    assert_eq!(told[0]["item"]["content"][0], json!({ "type": "input_image" }), "it is not sent back");
    assert_eq!(talk.ask(&json!({})).text, "Who am I?");
}

#[test]
fn the_conversation_is_bounded_by_forgetting_its_oldest_items() {
    let mut talk = Talk::new();
    let first = talk.item("user", "first");
    let item =
        json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "x" }] });
    let create = json!({ "type": "conversation.item.create", "item": item });
    let mut told = Vec::new();
    for _ in 0..256 {
        assert!(!kinds(&told).contains(&"conversation.item.deleted"));
        told = talk.say(&create).0;
    }
    assert_eq!(told[2]["item_id"], *first);
    let large = json!({ "type": "message", "role": "user",
        "content": [{ "type": "input_text", "text": "長".repeat(50_000) }] });
    let (told, _) = talk.say(&json!({ "type": "conversation.item.create", "item": large }));
    assert_eq!(told[0]["error"]["code"], "item_too_large");
}
