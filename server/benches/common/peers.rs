//! Peers that really run: what `server/benches/peers` installs and starts.

use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::time::{Duration, Instant};

use super::process::{Process, free_port};

/// A relay that is asked over HTTP.
pub struct Peer {
    process: Process,
    client: reqwest::Client,
}

impl Peer {
    fn of(process: Process) -> Self {
        Self { process, client: super::bare::client() }
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> &str {
        &self.process.address
    }

    /// Asks for a stream of plain text; returns when its first piece and its end came.
    pub async fn ask(&self, path: &str, message: String) -> (Duration, Duration) {
        let url = format!("http://{}{path}", self.process.address);
        let begun = Instant::now();
        let request = self.client.post(url).header("content-type", "application/json").body(message);
        let mut response = request.send().await.unwrap();
        let mut first = None;
        let mut text = Vec::new();
        while let Some(piece) = response.chunk().await.unwrap() {
            first.get_or_insert_with(|| begun.elapsed());
            text.extend_from_slice(&piece);
        }
        assert!(text.trim_ascii_end().ends_with(b"END_FLAG"), "{}", String::from_utf8_lossy(&text));
        (first.expect("text"), begun.elapsed())
    }
}

/// The relay in `FastAPI`. `transport`: what carries its calls, `httpx` itself or `aiohttp`; `models`: what answers,
/// selects and converts.
pub fn fastapi(simulator: &str, transport: &str, models: [&str; 3]) -> Peer {
    let port = free_port();
    let mut command = Command::new(installed().join("bin/python"));
    command.arg(scripts().join("fastapi_relay.py")).args(["--port", &port.to_string()]);
    command.args([
        "--transport",
        transport,
        "--llm",
        &format!("http://{simulator}/v1"),
        "--vlm",
        &format!("http://{simulator}"),
    ]);
    for (flag, model) in ["--answer-model", "--select-model", "--convert-model"].into_iter().zip(models) {
        command.args([flag, model]);
    }
    Peer::of(Process::listening(&mut command, port))
}

/// `vllm-router`.
pub fn vllm_router(simulator: &str) -> Peer {
    let port = free_port();
    let mut command = Command::new(scripts().join("vllm_router"));
    command.arg(installed()).args([port.to_string(), format!("http://{simulator}")]);
    Peer::of(Process::listening(&mut command, port))
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

/// Where the peers are installed; installs them if they are not.
fn installed() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    if !Command::new(scripts().join("install")).arg(&place).status().unwrap().success() {
        eprintln!("error: the peers can't be installed (see above); they need python3 with venv");
        exit(1);
    }
    place
}
