//! What a visitor said and looked like is gone from the process's memory, and from the store, once it is forgotten.
//! Reads the memory of the real program, as Linux shows it to its owner.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test's failure is its panic

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

const DEADLINE: Duration = Duration::from_secs(20);

/// Words that nothing else says.
const ASKED: &str = "zyqqvxAsked";
const LOOKS: &str = "zyqqvxLooks";
const NAMED: &str = "zyqqvxNamed";
const ALL: [&str; 3] = [ASKED, LOOKS, NAMED];

struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rapport"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, address }
    }

    /// Which of some words are in the program's memory.
    fn holds(&self, words: &[&'static str]) -> Vec<&'static str> {
        let id = self.child.id();
        let maps = std::fs::read_to_string(format!("/proc/{id}/maps")).unwrap();
        let mut memory = File::open(format!("/proc/{id}/mem")).unwrap();
        let mut found = Vec::new();
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (from, until) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let [from, until] = [from, until].map(|at| u64::from_str_radix(at, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(until - from).unwrap()];
            memory.seek(SeekFrom::Start(from)).unwrap();
            if memory.read_exact(&mut bytes).is_err() {
                continue; // it is the kernel's
            }
            let is_there = |word: &&&str| memchr::memmem::find(&bytes, word.as_bytes()).is_some();
            found.extend(words.iter().filter(is_there));
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn until(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let message = timeout(DEADLINE, socket.next()).await.expect("a frame").unwrap().unwrap();
        if let Message::Text(text) = message
            && let Ok(frame) = serde_json::from_str::<Value>(&text)
            && frame["type"] == kind
        {
            return frame;
        }
    }
}

async fn ask(socket: &mut Socket) {
    for number in 0..3 {
        let question =
            json!({"text_user_msg": format!("What is {ASKED}?"), "id": format!("{NAMED}{number}")});
        socket.send(Message::text(question.to_string())).await.unwrap();
        assert_eq!(until(socket, "turn_done").await["status"], "completed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_gone_from_memory() {
    let camera = vlm_sim::Config {
        latency: Duration::ZERO,
        pool: vlm_sim::Pool::parse(&format!("A man in a red coat with {LOOKS}")).unwrap(),
        ..vlm_sim::Config::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let simulator = vlm_sim::Simulator::new(camera).unwrap();
    tokio::spawn(async move { simulator.serve(listener, std::future::pending()).await });
    let program = Program::start(&[
        "serve",
        "--listen=127.0.0.1:0",
        &format!("--llm-url={url}/v1"),
        "--llm-model=sim-ttft0-tps0",
        &format!("--user-description-server={url}"),
        "--warmup=0",
        "--session-ttl=300ms",
    ]);
    let (mut socket, _) = connect_async(format!("ws://{}/ws", program.address)).await.unwrap();
    until(&mut socket, "description").await;
    ask(&mut socket).await;
    assert_eq!(program.holds(&ALL), ALL, "they are there");
    socket.send(Message::text(json!({"type": "forget"}).to_string())).await.unwrap();
    until(&mut socket, "session").await;
    socket.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
    until(&mut socket, "pong").await;
    assert_eq!(program.holds(&ALL), [""; 0]);

    // And of who simply leaves, once the session has run out.
    ask(&mut socket).await;
    assert_eq!(program.holds(&ALL), ALL, "they are there again");
    drop(socket);
    let gone = async {
        while !program.holds(&ALL).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, gone).await.expect("the session runs out and leaves nothing");
}
