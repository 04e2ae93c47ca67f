//! Helpers for tests against a real Postgres.

use std::{
    env, fs,
    io::{BufRead, BufReader, Lines, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use kraken_api::platform::cluster::{Cluster, Settings};
use rustix::process::{Pid, Signal, kill_process};

/// Set for the process that plays another server.
const MEMBER_HOME: &str = "KRAKEN_TEST_MEMBER_HOME";

/// Long enough for a loaded machine; only a hang takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home of its own, removed together with whatever still runs in it.
pub struct Home {
    base: PathBuf,
    path: PathBuf,
}

impl Home {
    pub fn new() -> Self {
        Self::below("home")
    }

    /// A home at a path relative to a fresh folder anybody can enter.
    pub fn below(relative: impl AsRef<Path>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("kraken-cluster-{}-{number}", std::process::id());
        let base = env::temp_dir().join(name);
        let path = base.join(relative);
        fs::create_dir_all(&path).unwrap();
        chmod(&base, 0o755);
        Self { base, path }
    }

    pub fn base(&self) -> &Path {
        &self.base
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn settings(&self) -> Settings {
        Settings { home: self.path.clone(), durable: false, max_connections: 20 }
    }

    pub async fn join(&self) -> Cluster {
        Cluster::join(&self.settings()).await.unwrap()
    }

    /// Why joining is refused.
    pub async fn refusal(&self) -> String {
        Cluster::join(&self.settings()).await.unwrap_err().to_string()
    }

    /// Where the data is, when it is in the home.
    pub fn data(&self) -> PathBuf {
        self.path.join("postgres/data")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Only after a failed test is anything left to end.
        if let Some(pid) = pid_in(&self.data().join("postmaster.pid"))
            && command_line(pid).contains("cluster_name=kraken-")
        {
            kill(pid, Signal::QUIT);
            wait_until("the postmaster of a failed test ends", || !alive(pid));
        }
        let _ = fs::remove_dir_all(&self.base);
    }
}

/// Another server process that joins the same cluster.
pub struct Member {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Member {
    /// Starts this test program again as a member; see [`play_member`].
    pub fn start(home: &Home, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "member", "--nocapture"])
            .env(MEMBER_HOME, home.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits until it has joined; returns the pid of its postmaster.
    pub fn joined(&mut self) -> u32 {
        self.word("joined").parse().unwrap()
    }

    /// Makes it leave and waits until it has.
    pub fn leave(mut self) {
        writeln!(self.child.stdin.take().unwrap(), "leave").unwrap();
        self.word("left");
        assert!(self.child.wait().unwrap().success());
    }

    /// Kills it the hard way.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn word(&mut self, event: &str) -> String {
        // The test harness may have written before it on the same line.
        let marker = format!("@{event} ");
        self.lines
            .by_ref()
            .map(|line| line.unwrap())
            .find_map(|line| Some(line.split_once(&marker)?.1.trim().to_owned()))
            .unwrap_or_else(|| panic!("the member ended before it {event}"))
    }
}

/// What a member process does: join, wait to be told, leave.
pub async fn play_member() {
    let Some(home) = env::var_os(MEMBER_HOME) else {
        return;
    };
    let settings = Settings { home: home.into(), durable: false, max_connections: 20 };
    let cluster = Cluster::join(&settings).await.unwrap();
    println!("@joined {}", cluster.postmaster_pid());
    std::io::stdin().read_line(&mut String::new()).unwrap();
    cluster.leave().await.unwrap();
    println!("@left .");
}

/// Runs SQL through libpq, which also checks the address.
pub fn sql(cluster: &Cluster, database: &str, statement: &str) -> String {
    let output = psql(&cluster.url(database), statement).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub fn psql(url: &str, statement: &str) -> Command {
    let mut command = Command::new("psql");
    command.args(["-XAtq", "-c", statement, url]).env("LC_ALL", "C");
    command
}

pub fn pid_in(file: &Path) -> Option<u32> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().next()?.trim().parse().ok()
}

pub fn alive(pid: u32) -> bool {
    !command_line(pid).is_empty()
}

/// The command line as `ps` shows it; a zombie counts as gone.
fn command_line(pid: u32) -> String {
    let output =
        Command::new("ps").args(["-ww", "-o", "stat=,command=", "-p", &pid.to_string()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    if text.starts_with('Z') { String::new() } else { text }
}

pub fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    // It may have ended by itself.
    let _ = kill_process(pid, signal);
}

/// Kills a postmaster the hard way and waits until it is gone.
pub fn kill_hard(pid: u32) {
    kill(pid, Signal::KILL);
    wait_until("a killed process is gone", || !alive(pid));
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "gave up waiting until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
