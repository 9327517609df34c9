//! Servers as real processes, so that what they use of the machine is theirs alone.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, exit};
use std::time::{Duration, Instant};

/// A process that has not said where it listens by then is broken.
const START: Duration = Duration::from_secs(60);

/// A running server; killed when dropped.
pub struct Process {
    child: Child,
    /// `127.0.0.1:PORT`
    pub address: String,
}

impl Process {
    /// `rapport serve` on a free port.
    pub fn rapport(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RAPPORT_")) {
            command.env_remove(name);
        }
        let empty = std::env::temp_dir(); // no `rapport.toml` of a working directory
        command.current_dir(empty).env("RUST_LOG", "error");
        Self::saying(command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments))
    }

    /// The simulator on a free port.
    pub fn simulator(arguments: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_rapport")).with_file_name("vlm-sim");
        if !program.exists() {
            eprintln!("error: there is no {}", program.display());
            eprintln!("hint: `make bench` builds it, as does `cargo build --release -p vlm-sim`");
            exit(1);
        }
        let mut command = Command::new(program);
        command.env("RUST_LOG", "error").args(["--listen", "127.0.0.1:0"]);
        Self::saying(command.args(arguments))
    }

    /// This program once more, in another part: it says where it listens as the others do.
    pub fn part(name: &str, value: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::saying(command.env(name, value))
    }

    /// A program that prints `http://ADDRESS` once it listens.
    fn saying(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).and_then(|rest| rest.trim().split('/').next());
        let Some(address) = address else { panic!("no address in `{line}`") };
        Self { child, address: address.to_owned() }
    }

    /// A program that was told its port.
    pub fn listening(command: &mut Command, port: u16) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let process = Self { child, address: format!("127.0.0.1:{port}") };
        let begun = Instant::now();
        while !process.is_healthy() {
            assert!(begun.elapsed() < START, "{command:?} doesn't listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        process
    }

    fn is_healthy(&self) -> bool {
        let url = format!("http://{}/health", self.address);
        Command::new("curl")
            .args(["--noproxy", "*", "-sf", "-o", "/dev/null", &url])
            .status()
            .unwrap()
            .success()
    }

    /// Seconds of CPU that all of its threads have used.
    pub fn cpu(&self) -> f64 {
        let tasks = std::fs::read_dir(self.proc("task")).unwrap();
        let clock = |task: PathBuf| {
            let text = std::fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            text.split(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0)
        };
        tasks.flatten().map(|task| clock(task.path())).sum::<f64>() / 1e9
    }

    /// Bytes of memory that it holds.
    pub fn resident(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// Bytes of memory that it has held at most.
    pub fn peak(&self) -> f64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
    }

    /// Waits until it plays no turn; of a Rapport.
    pub async fn rest(&self) {
        let client = super::bare::client();
        let url = format!("http://{}/metrics", self.address);
        while !client
            .get(&url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("\nrapport_turns_running 0\n")
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn proc(&self, file: &str) -> PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(file)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
