//! What the program holds of stills: read out of its memory, as whoever gets hold of it could.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test's failure is its panic

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// No wait takes longer, unless something is broken.
const DEADLINE: Duration = Duration::from_secs(20);

/// Stands in metadata only; a file with it is not in this program's memory as one piece.
const CANARY: &[u8] = b"canary-25.033N-121.564E";

/// Just below `max_image`.
const LARGE: usize = 2_000_000;

/// A server; killed at the test's end.
struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RAPPORT_")) {
            command.env_remove(name);
        }
        command.args(arguments).args(["--listen", "127.0.0.1:0"]);
        command.env("MALLOC_ARENA_MAX", "1"); // else each thread keeps what its largest call took
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
        Self { child, address }
    }

    fn proc(&self, file: &str) -> String {
        format!("/proc/{}/{file}", self.child.id())
    }

    /// How often bytes stand in what the program may write to.
    fn count(&self, wanted: &[u8]) -> usize {
        let maps = std::fs::read_to_string(self.proc("maps")).unwrap();
        let mut memory = File::open(self.proc("mem")).unwrap();
        let mut count = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (from, to) = line.split(' ').next().unwrap().split_once('-').unwrap();
            let [from, to] = [from, to].map(|at| u64::from_str_radix(at, 16).unwrap());
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            memory.seek(SeekFrom::Start(from)).unwrap();
            // A part that went away meanwhile holds nothing.
            if memory.read_exact(&mut bytes).is_ok() {
                count += memchr::memmem::find_iter(&bytes, wanted).count();
            }
        }
        count
    }

    /// What the program takes of the machine's memory, in KiB.
    fn resident(&self) -> usize {
        let status = std::fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    async fn connect(&self) -> Client {
        let (ws, _) = connect_async(format!("ws://{}/ws", self.address)).await.unwrap();
        Client { ws }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Client {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// The next frame of that type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let message = timeout(DEADLINE, self.ws.next()).await.expect("a frame comes").unwrap().unwrap();
            if let Message::Text(text) = message {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["type"] == kind {
                    return frame;
                }
            }
        }
    }

    /// Shows a still, and waits until it was looked at.
    async fn show(&mut self, file: &[u8]) {
        self.ws.send(Message::binary(file.to_vec())).await.unwrap();
        self.until("description").await;
    }
}

/// A JPEG by its structure: EXIF full of the canary, and a scan.
fn jpeg() -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
        [&[0xFF, marker], &length[..], content].concat()
    };
    let exif = segment(0xE1, &[b"Exif\0\0", &CANARY.repeat(1000)[..]].concat());
    let scan = vec![0x55; LARGE - 10 * exif.len() - 100];
    [
        vec![0xFF, 0xD8],
        exif.repeat(10),
        segment(0xC0, &[8, 0, 48, 0, 64, 1, 1, 0x11, 0]),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        scan,
        vec![0xFF, 0xD9],
    ]
    .concat()
}

#[tokio::test]
async fn metadata_of_a_still_is_gone_from_memory() {
    let demo = Program::start(&["demo"]);
    let mut client = demo.connect().await;
    client.until("description").await; // of the camera that the demo has
    client.show(&jpeg()).await;
    assert_eq!(demo.count(CANARY), 0, "after it was looked at");
    client.ws.send(Message::text(r#"{"type":"forget"}"#)).await.unwrap();
    client.until("session").await;
    assert_eq!(demo.count(CANARY), 0, "after `forget`");
}

#[tokio::test]
async fn sockets_that_have_taken_a_large_file_hold_little() {
    const SOCKETS: usize = 24;
    // Without a VLM it is refused at once: what is left is the sockets' own.
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tower.txt"), "The tower was built in 1920.").unwrap();
    let program = Program::start(&["serve", "--knowledge", dir.path().to_str().unwrap()]);
    let file = vec![7; LARGE];
    let mut clients = Vec::new();
    let mut before = 0;
    for nth in 0..=SOCKETS {
        let mut client = program.connect().await;
        client.ws.send(Message::binary(file.clone())).await.unwrap();
        assert_eq!(client.until("error").await["code"], "image_unsupported");
        clients.push(client);
        if nth == 0 {
            before = program.resident(); // the first takes what is kept for all later ones
        }
    }
    let grown = program.resident().saturating_sub(before);
    let all = SOCKETS * LARGE / 1024;
    assert!(grown < all / 4, "{grown} KiB of {all}");
    for client in &mut clients {
        client.ws.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
        client.until("pong").await;
    }
}
