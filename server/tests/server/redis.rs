//! A Redis of a test's own.

use std::path::Path;
use std::process::Stdio;

use rapport::session::{StoreKnobs, StoreOutage};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::house::DEADLINE;

/// A Redis of the test's own, behind a socket in a directory that goes with it.
pub(crate) struct Redis {
    directory: TempDir,
    server: Child,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let directory = TempDir::new().unwrap();
        let server = Self::spawn(directory.path());
        let redis = Self { directory, server };
        redis.answers().await;
        redis
    }

    fn spawn(directory: &Path) -> Child {
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(directory.join("redis.sock"))
            .current_dir(directory)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed (Debian: apt-get install redis-server)")
    }

    /// Starts it again, empty.
    pub(crate) async fn restart(&mut self) {
        self.server.wait().await.unwrap();
        self.server = Self::spawn(self.directory.path());
        self.answers().await;
    }

    /// Waits until it answers.
    async fn answers(&self) {
        let answered = async {
            while self.say("PING").await.is_none_or(|reply| !reply.starts_with("+PONG")) {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, answered).await.expect("Redis answers");
    }

    /// Sends a command inline; returns what comes at once.
    pub(crate) async fn say(&self, command: &str) -> Option<String> {
        let mut socket = UnixStream::connect(self.directory.path().join("redis.sock")).await.ok()?;
        socket.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.ok()?;
        let mut reply = Vec::new();
        socket.read_to_end(&mut reply).await.ok()?;
        Some(String::from_utf8_lossy(&reply).into_owned())
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.server.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args([format!("-{name}"), pid]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn knobs(&self) -> StoreKnobs {
        let url = format!("unix://{}", self.directory.path().join("redis.sock").display());
        StoreKnobs { url, prefix: "rapport:".into(), advertise: None, outage: StoreOutage::Memory }
    }
}
