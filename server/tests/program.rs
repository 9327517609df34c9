//! The program itself: what it says when it can't start, how it stops, and what it never logs.

#![allow(clippy::unwrap_used)] // a test's failure is its panic

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

/// No wait takes longer, unless something is broken.
const DEADLINE: Duration = Duration::from_secs(20);

fn rapport(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RAPPORT_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG").env_remove("OPENAI_API_KEY");
    command
}

/// A start that must fail, naming what is wrong and what to do.
#[track_caller]
fn refused(command: &mut Command, words: &[&str]) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "it started");
    assert!(stdout.is_empty());
    for word in words {
        assert!(said.contains(word), "`{word}` is not in: {said}");
    }
}

/// A running server; killed if a test fails.
struct Running {
    child: Child,
    address: String,
    /// Reads what is logged as it comes: a full pipe would hold the server up.
    logs: Option<JoinHandle<String>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let address = address.unwrap_or_else(|| panic!("no address in `{line}`")).to_owned();
        let mut stderr = child.stderr.take().unwrap();
        let logs = std::thread::spawn(move || {
            let mut logged = String::new();
            stderr.read_to_string(&mut logged).unwrap();
            logged
        });
        Self { child, address, logs: Some(logs) }
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for the end; returns whether it was a success, and what was logged.
    fn end(self) -> (bool, String) {
        let (status, logged) = self.exit();
        (status.success(), logged)
    }

    fn exit(mut self) -> (ExitStatus, String) {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < DEADLINE, "it doesn't end");
            std::thread::yield_now();
        };
        (status, self.logs.take().unwrap().join().unwrap())
    }

    /// Waits until `/readyz` tells that it drains.
    fn drains(&self) {
        let started = Instant::now();
        while !self.get("/readyz").contains("\"reason\":\"draining\"") {
            assert!(started.elapsed() < DEADLINE, "it doesn't drain");
            std::thread::yield_now();
        }
    }

    /// The answer to a request, head and body.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn connect(&self) -> WebSocket<TcpStream> {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        tungstenite::client(format!("ws://{}/ws", self.address), stream).unwrap().0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn a_wrong_flag_or_value_is_named_with_its_remedy() {
    let demo = |arguments: &[&str]| rapport(&[&["demo"], arguments].concat());
    refused(&mut demo(&["--strateggy", "race"]), &["--strateggy", "--strategy"]);
    refused(&mut demo(&["--strategy", "fast"]), &["--strategy", "`fast`", "sequential, parallel, race"]);
    refused(&mut demo(&["--grace", "5x"]), &["--grace", "`5x`", "800ms"]);
    refused(&mut demo(&["--max-message", "big"]), &["--max-message", "`big`", "64KiB"]);
    refused(&mut demo(&["--ping-interval", "0"]), &["--ping-interval", "`0`"]);
    refused(&mut demo(&["--outbound-queue", "0"]), &["--outbound-queue", "16384"]);
    refused(&mut demo(&["--mention-rate", "2"]), &["--mention-rate", "from 0 to 1"]);
    refused(&mut demo(&["--prefetch", "maybe"]), &["--prefetch", "true or false"]);
    refused(&mut demo(&["--select", "model"]), &["--select", "--llm-url"]);
    refused(&mut demo(&["--listen", "here"]), &["--listen", "`here`", "127.0.0.1:5002"]);
    refused(&mut demo(&["--listen", "0.0.0.0:0"]), &["--listen", "--allow-anonymous"]);
    refused(&mut demo(&["--allow-origin", "example.org"]), &["--allow-origin", "https://example.org"]);
    refused(&mut demo(&["--llm-url", "localhost:8080"]), &["--llm-url", "localhost:8080", "http"]);
    refused(demo(&[]).env("RAPPORT_GRACE", "soon"), &["RAPPORT_GRACE", "`soon`"]);
    refused(&mut rapport(&["serve"]), &["--knowledge", "--llm-url", "rapport demo"]);
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(&mut rapport(&["demo", "--listen", &address]), &[&address, "--listen 127.0.0.1:0"]);
}

#[test]
fn documents_prompts_and_files_that_can_not_be_used_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let serve = |knowledge: &str, more: &[&str]| {
        rapport(&[&["serve", "--listen", "127.0.0.1:0", "--knowledge", knowledge], more].concat())
    };
    refused(&mut serve(&path("none"), &[]), &[&path("none"), "hint: name a directory"]);
    refused(&mut rapport(&["index"]), &["hint: ", "rapport index DIR"]);
    std::fs::create_dir(path("empty")).unwrap();
    refused(&mut serve(&path("empty"), &[]), &[&path("empty"), ".json", "hint:"]);
    std::fs::create_dir(path("broken")).unwrap();
    std::fs::write(path("broken/good.txt"), "A tower of 1920.").unwrap();
    std::fs::write(path("broken/bad.json"), "[{\"title\": \"a\",\n \"content\": }]").unwrap();
    refused(&mut serve(&path("broken"), &[]), &["bad.json:2:", "hint:"]);

    std::fs::write(path("broken/bad.json"), "[]").unwrap();
    std::fs::write(path("select.md"), "").unwrap();
    std::fs::create_dir(path("prompts")).unwrap();
    std::fs::write(path("prompts/selekt.md"), "x").unwrap();
    refused(
        &mut serve(&path("broken"), &["--prompts", &path("prompts")]),
        &["--prompts", "selekt.md", "select.md"],
    );
    refused(&mut serve(&path("broken"), &["--web", &path("empty")]), &["--web", "index.html"]);
    refused(&mut serve(&path("broken"), &["--token-file", &path("none")]), &["--token-file", &path("none")]);

    std::fs::write(path("rapport.toml"), "grase = \"1s\"\n").unwrap();
    refused(&mut serve(&path("broken"), &["--config", &path("rapport.toml")]), &["rapport.toml", "`grase`"]);
    std::fs::write(path("rapport.toml"), "grace = [1]\n").unwrap();
    refused(&mut serve(&path("broken"), &["--config", &path("rapport.toml")]), &["rapport.toml", "`grace`"]);
    std::fs::write(path("rapport.toml"), "grace = \n").unwrap();
    refused(&mut serve(&path("broken"), &["--config", &path("rapport.toml")]), &["rapport.toml", "TOML"]);
    refused(&mut serve(&path("broken"), &["--config", &path("none.toml")]), &["none.toml", "--config"]);
}

#[test]
fn flags_go_before_variables_and_variables_before_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("house.toml");
    std::fs::write(
        &file,
        "grace = \"1s\"\nelder_age = 60\nstrategy = \"parallel\"\nknowledge = [\"a\", \"b\"]\n",
    )
    .unwrap();
    let shown = rapport(&["config", "show", "--config", file.to_str().unwrap(), "--grace", "3s"])
        .env("RAPPORT_GRACE", "2s")
        .env("RAPPORT_ELDER_AGE", "65")
        .env("RAPPORT_VLM_KEY", "sk-canary")
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "grace = \"3s\" # --grace",
        "elder_age = \"65\" # RAPPORT_ELDER_AGE",
        "knowledge = [\"a\", \"b\"] # ",
    ] {
        assert!(shown.contains(line), "`{line}` is not in: {shown}");
    }
    assert!(shown.contains("vlm_key = \"***\" # RAPPORT_VLM_KEY") && !shown.contains("canary"), "{shown}");
    assert!(shown.contains("strategy = \"parallel\" # ") && shown.contains("house.toml: strategy"));
    assert!(shown.contains("refresh_after = \"3s\" # default"));
}

#[test]
fn a_signal_ends_it_cleanly() {
    for signal in ["-INT", "-TERM"] {
        let running = Running::start(rapport(&["demo", "--listen", "127.0.0.1:0"]));
        let _idle = TcpStream::connect(&running.address).unwrap();
        running.signal(signal);
        let (success, logged) = running.end();
        assert!(success, "{signal}: {logged}");
    }
}

/// A model server whose reply waits in the middle until the test lets it go on; returns its URL.
fn waiting_model() -> (String, Receiver<()>, Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (tell, begun) = channel();
    let (go_on, wait) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut line, mut length) = (String::new(), 0);
            while line != "\r\n" {
                line.clear();
                if reader.read_line(&mut line).unwrap() == 0 {
                    break; // a connection that was only tried
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: ";
            if length == 0 {
                let _ = write!(stream, "{head}application/json\r\n\r\n{{\"data\":[{{\"id\":\"m\"}}]}}");
                continue;
            }
            reader.read_exact(&mut vec![0; length]).unwrap();
            let chunk =
                |text: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n");
            write!(stream, "{head}text/event-stream\r\n\r\n{}", chunk("One ")).unwrap();
            tell.send(()).unwrap();
            if wait.recv().is_ok() {
                write!(stream, "{}data: [DONE]\n\n", chunk("two.")).unwrap();
            }
        }
    });
    (url, begun, go_on)
}

/// A server of that model with a turn that runs.
fn in_a_turn(model: &str, begun: &Receiver<()>) -> (Running, WebSocket<TcpStream>) {
    let arguments = ["--listen", "127.0.0.1:0", "--llm-url", model, "--llm-model", "m", "--warmup", "0"];
    let running = Running::start(rapport(&[&["demo", "--drain-timeout", "10m"], &arguments[..]].concat()));
    let mut client = running.connect();
    client.send(Message::text(r#"{"text_user_msg":"What is there?","convert_tone":false}"#)).unwrap();
    begun.recv_timeout(DEADLINE).unwrap();
    (running, client)
}

#[test]
fn a_restart_waits_for_a_turn_and_closes_with_its_code() {
    let (model, begun, go_on) = waiting_model();
    let (running, mut client) = in_a_turn(&model, &begun);
    running.signal("-TERM");
    running.drains();
    assert!(running.get("/").starts_with("HTTP/1.1 503"));
    go_on.send(()).unwrap();
    let mut frames = Vec::new();
    let code = loop {
        match client.read().unwrap() {
            Message::Text(text) => frames.push(text),
            Message::Close(why) => break u16::from(why.unwrap().code),
            _ => {}
        }
    };
    let _ = client.flush(); // answers the close
    let last = frames.len() - 1;
    assert!(frames[last].starts_with(r#"{"type":"closing","reason":"restarting""#), "{frames:?}");
    let done = frames.iter().find(|frame| frame.starts_with(r#"{"type":"turn_done""#)).unwrap();
    assert!(done.contains(r#""status":"completed","text":"One two.""#), "{done}");
    assert_eq!(code, 1012);
    let (success, logged) = running.end();
    assert!(success, "{logged}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for second in ["-TERM", "-INT"] {
        let (model, begun, _go_on) = waiting_model();
        let (running, _client) = in_a_turn(&model, &begun);
        running.signal("-TERM");
        running.drains();
        running.signal(second);
        assert_eq!(running.exit().0.code(), Some(130), "{second}");
    }
}

#[test]
fn what_visitors_say_and_look_like_is_never_logged() {
    let mut command = rapport(&["demo", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    command.env("RUST_LOG", "debug");
    let running = Running::start(command);
    let address = running.address.clone();
    let said = r#"{"text_user_msg":"How tall is the quagga?","user_description":"a man in a zorilla coat"}"#;
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    write!(
        stream,
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    for text in ["{\"bad quagga", said] {
        let mut frame = vec![0x81, 0x80 | 0x7E];
        frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        if text.len() < 0x7E {
            frame = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap()];
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        stream.write_all(&frame).unwrap();
    }
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("\"turn_done\"") {
        let mut piece = [0; 4096];
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "it ended without a reply");
        answer.extend(&piece[..length]);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.contains("bad_json") && answer.contains("zorilla coat"), "{answer}");
    drop(stream);
    running.signal("-INT");
    let (success, logged) = running.end();
    assert!(success);
    assert!(logged.contains("\"level\":\"INFO\""), "{logged}");
    for canary in ["quagga", "zorilla"] {
        assert!(!logged.contains(canary), "{logged}");
    }
}
