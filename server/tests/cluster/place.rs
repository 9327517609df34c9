//! The programs of a cluster, each at an address of its own.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// No wait of a test takes longer, unless something is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for what must happen.
pub(crate) async fn within<T>(what: &str, happens: impl Future<Output = T>) -> T {
    timeout(DEADLINE, happens).await.unwrap_or_else(|_| panic!("{what}: not in time"))
}

/// Asks again and again until the answer is yes.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    within(what, async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// An address that nobody else uses: all of 127.0.0.0/8 is this machine. So the port of a node that was killed is still
/// free when it is started again.
pub(crate) fn address(port: u16) -> SocketAddrV4 {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    SocketAddrV4::new(Ipv4Addr::new(127, 64 | high >> 2, low, NEXT.fetch_add(1, Ordering::Relaxed)), port)
}

/// A file of `deploy`.
pub(crate) fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

/// A node: `rapport serve`.
pub(crate) struct Node {
    pub(crate) address: SocketAddrV4,
    flags: Vec<String>,
    environment: Vec<(String, String)>,
    directory: TempDir,
    program: Child,
}

impl Node {
    /// Starts a node and waits until it listens.
    pub(crate) async fn start(flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let address = address(5002);
        let flags: Vec<_> = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let environment: Vec<_> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let directory = TempDir::new().unwrap();
        let program = Self::run(address, &flags, &environment, directory.path()).await;
        Self { address, flags, environment, directory, program }
    }

    async fn run(address: SocketAddrV4, flags: &[String], more: &[(String, String)], place: &Path) -> Child {
        let log = File::options().create(true).append(true).open(place.join("log")).unwrap();
        let mut command = rapport();
        command.current_dir(place).stdout(Stdio::piped()).stderr(log).envs(more.iter().cloned());
        command.args(["serve", "--listen", &address.to_string()]).args(flags);
        let mut program = command.spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let line = within("a node listens", lines.next_line()).await.unwrap();
        assert!(
            line.is_some_and(|line| line.contains("http://")),
            "a node did not start: see {}",
            place.display()
        );
        program
    }

    /// Ends it without a word.
    pub(crate) async fn kill(&mut self) {
        self.program.kill().await.unwrap();
    }

    /// Asks it to end.
    pub(crate) async fn terminate(&self) {
        let pid = self.program.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    }

    /// Starts it again after its end.
    pub(crate) async fn start_again(&mut self) {
        self.program = Self::run(self.address, &self.flags, &self.environment, self.directory.path()).await;
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }
}

/// The program, without what this process's environment would have it do.
pub(crate) fn rapport() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RAPPORT_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG").env_remove("OPENAI_API_KEY").env_remove("SSL_CERT_FILE");
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Models of a simulator in this process; returns the flags that name them.
pub(crate) async fn models(tokens_per_second: u32) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let simulator = vlm_sim::Simulator::new(vlm_sim::Config::default()).unwrap();
    tokio::spawn(async move { simulator.serve(listener, std::future::pending()).await });
    let (answer, convert) = (
        format!("sim-answer-ttft50-tps{tokens_per_second}"),
        format!("sim-convert-ttft50-tps{tokens_per_second}"),
    );
    let flags =
        ["--llm-url", &url, "--llm-model", &answer, "--convert-model", &convert, "--turns", "unlimited"];
    let more = ["--select", "rules", "--warmup", "0", "--messages-per-minute", "0"];
    flags.into_iter().chain(more).map(str::to_owned).collect()
}

/// A Redis that keeps nothing on disk.
pub(crate) struct Redis {
    pub(crate) address: SocketAddrV4,
    _program: Child,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let redis = Self::start_with(address(6379), &["--port", "6379"]);
        let is_up = || async { TcpStream::connect(redis.address).await.is_ok() };
        until("Redis listens", is_up).await;
        redis
    }

    pub(crate) fn start_with(address: SocketAddrV4, arguments: &[&str]) -> Self {
        let ip = address.ip().to_string();
        let program = Command::new("redis-server")
            .args(["--bind", &ip, "--save", "", "--appendonly", "no", "--protected-mode", "no"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed (Debian: apt-get install redis-server)");
        Self { address, _program: program }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}

/// A proxy before two nodes.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddrV4,
    _directory: TempDir,
    _program: Child,
}

impl Proxy {
    /// Of each kind.
    pub(crate) const NAMES: [&str; 2] = ["haproxy", "nginx"];

    /// Starts the proxy of that name.
    pub(crate) fn start(name: &str, nodes: [SocketAddrV4; 2]) -> Self {
        let (address, directory) = (address(8080), TempDir::new().unwrap());
        let place = directory.path().to_str().unwrap();
        let program = if name == "haproxy" {
            let file = directory.path().join("haproxy.cfg");
            let bind = format!("bind {address}");
            let mut changes = vec![("bind :80\n", &*bind)];
            if !rustix::process::geteuid().is_root() {
                // Who is nobody else can't become one.
                changes.extend([("    user haproxy\n", ""), ("    group haproxy\n", "")]);
            }
            std::fs::write(&file, configuration("haproxy.cfg", nodes, &changes)).unwrap();
            Command::new("haproxy").arg("-f").arg(file).stdout(Stdio::null()).kill_on_drop(true).spawn()
        } else {
            let (site, main) = (directory.path().join("rapport.conf"), directory.path().join("nginx.conf"));
            let (listen, logs) = (format!("listen {address};"), format!("{place}/"));
            let changes = [("listen 80 default_server;", &*listen), ("/var/log/nginx/", &*logs)];
            std::fs::write(&site, configuration("nginx.conf", nodes, &changes)).unwrap();
            // What a distribution's own nginx.conf does. One process, so that nothing is left when it is killed.
            let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .map(|kind| format!("{kind}_temp_path {place}/{kind};"));
            let around = format!(
                "daemon off; master_process off; pid {place}/pid; error_log stderr crit; events {{}} http {{ {} include {}; }}",
                temporary.join(" "),
                site.display()
            );
            std::fs::write(&main, around).unwrap();
            Command::new("nginx").arg("-c").arg(main).arg("-p").arg(place).kill_on_drop(true).spawn()
        };
        let program =
            program.unwrap_or_else(|_| panic!("{name} is installed (Debian: apt-get install {name})"));
        Self { address, _directory: directory, _program: program }
    }

    /// Starts the proxy and waits until it hands requests on.
    pub(crate) async fn before(name: &str, nodes: [SocketAddrV4; 2]) -> Self {
        let proxy = Self::start(name, nodes);
        let is_up = || async { status(proxy.address, "/readyz").await == Some(200) };
        until("the proxy hands on", is_up).await;
        proxy
    }
}

/// A proxy's configuration with the test's addresses.
fn configuration(name: &str, nodes: [SocketAddrV4; 2], changes: &[(&str, &str)]) -> String {
    let [first, second] = nodes.map(|node| node.to_string());
    let mut text = std::fs::read_to_string(deployed(name)).unwrap();
    let of_nodes = [("10.0.0.11:5002", &*first), ("10.0.0.12:5002", &*second)];
    for (written, own) in of_nodes.iter().chain(changes) {
        assert_eq!(text.matches(written).count(), 1, "{name}: `{written}`");
        text = text
            .replace(written, &if written.ends_with('\n') { format!("{own}\n") } else { (*own).to_owned() });
    }
    text
}

/// What a GET brings: all of it.
pub(crate) async fn get(address: SocketAddrV4, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.ok()?;
    Some(reply)
}

pub(crate) async fn status(address: SocketAddrV4, path: &str) -> Option<u16> {
    get(address, path).await?.split(' ').nth(1)?.parse().ok()
}
