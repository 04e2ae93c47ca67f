//! The whole program under a storm of postings, killed the hard way in the midst of it and started again.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{Home, kill, kill_hard, pid_in, sql, wait_until};

const CALLERS: usize = 6;
/// So many calls are answered before the killing begins.
const WARM: u32 = 60;

const CHARGE: &str = "mutation($n: String!, $note: String!) { createAccountCharge(input: { accountNumber: $n,
    grossAmount: 105, reason: \"ADMIN_FEE\", note: $note }) { accountCharge { id } } }";
const CREDIT: &str = "mutation($n: String!, $note: String!) { createAccountCredit(input: { accountNumber: $n,
    netAmount: 90, salesTaxAmount: 10, grossAmount: 100, reason: EXTERNAL_REFERRAL_CREDIT, note: $note }) { accountCredit { id } } }";

/// The program with a home of its own.
pub fn program(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kraken-api"));
    command.args(arguments).env("KRAKEN_HOME", home.path()).env_remove("DATABASE_URL");
    command
}

/// What the program prints when all goes well.
pub fn run(home: &Home, arguments: &[&str]) -> String {
    let output = program(home, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A running server, ended with the test.
pub struct Serving {
    child: Child,
    pub port: u16,
}

impl Serving {
    pub fn start(home: &Home) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = program(home, &["serve", "--no-demo"]);
        command.env("PORT", port.to_string()).stdout(Stdio::null()).stderr(Stdio::null());
        let serving = Self { child: command.spawn().unwrap(), port };
        let hello = json!({ "query": "{ __typename }" });
        wait_until("the server answers", || post(port, None, &hello).is_some());
        serving
    }

    /// A token of somebody's: its issuer is the server with its port.
    pub fn token(&self, home: &Home, email: &str) -> String {
        let token = program(home, &["token", "--email", email]).env("PORT", self.port.to_string()).output();
        String::from_utf8(token.unwrap().stdout).unwrap().trim().to_owned()
    }

    /// Tells it to stop, and waits until it has.
    pub fn stop(mut self) {
        kill(self.child.id(), Signal::TERM);
        assert!(self.child.wait().unwrap().success());
    }

    /// Kills it the hard way.
    pub fn murder(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The answer to one request, if there is a whole one.
fn post(port: u16, token: Option<&str>, body: &Value) -> Option<Value> {
    let body = body.to_string();
    let token = token.map(|token| format!("Authorization: {token}\r\n")).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    let length = body.len();
    let request = format!(
        "POST /v1/graphql/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{token}\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// What a caller was told, by the names of their calls.
#[derive(Default)]
pub struct Told {
    pub done: Vec<String>,
    /// It may have been done or not.
    pub unknown: Vec<String>,
}

/// What somebody asks for: of which accounts, at which turn, and by which name.
pub type Ask = fn(&[String], usize, &str) -> Value;

/// A charge, or now and then a credit.
fn post_something(accounts: &[String], turn: usize, note: &str) -> Value {
    let query = if turn.is_multiple_of(3) { CREDIT } else { CHARGE };
    json!({ "query": query, "variables": { "n": accounts[turn % accounts.len()], "note": note } })
}

/// Somebody who asks until nobody answers any more.
fn caller(
    port: u16,
    token: &str,
    accounts: &[String],
    name: String,
    ask: Ask,
    done: &Arc<AtomicU32>,
) -> JoinHandle<Told> {
    let (token, accounts, done) = (token.to_owned(), accounts.to_vec(), Arc::clone(done));
    thread::spawn(move || {
        let mut told = Told::default();
        for turn in 0_usize.. {
            let note = format!("{name}-{turn}");
            match post(port, Some(&token), &ask(&accounts, turn, &note)) {
                None => {
                    told.unknown.push(note);
                    break;
                }
                Some(answer) if answer.get("errors").is_none() => {
                    told.done.push(note);
                    done.fetch_add(1, Ordering::SeqCst);
                }
                // Without its database the server still answers, with a code.
                Some(answer) => {
                    assert!(answer["errors"][0]["extensions"]["errorCode"].is_string(), "{answer}");
                    told.unknown.push(note);
                }
            }
        }
        told
    })
}

/// Lets a storm begin, has `strike` end it, and answers what the callers were told.
pub fn storm(
    serving: Serving,
    token: &str,
    accounts: &[String],
    (turn, ask): (&str, Ask),
    strike: impl FnOnce(Serving),
) -> Told {
    let done = Arc::<AtomicU32>::default();
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| caller(serving.port, token, accounts, format!("{turn}-{number}"), ask, &done))
        .collect();
    wait_until("the storm is under way", || done.load(Ordering::SeqCst) >= WARM);
    strike(serving);
    let mut all = Told::default();
    for caller in callers {
        let mut told = caller.join().unwrap();
        all.done.append(&mut told.done);
        all.unknown.append(&mut told.unknown);
    }
    all
}

/// How often each posting is there, by its note.
async fn posted(home: &Home) -> HashMap<String, i64> {
    let cluster = home.join().await;
    let rows =
        sql(&cluster, "kraken", "select note, count(*) from transactions where note is not null group by 1");
    cluster.leave().await.unwrap();
    let row = |line: &str| {
        let (note, count) = line.split_once('|').unwrap();
        (note.to_owned(), count.parse().unwrap())
    };
    rows.lines().map(row).collect()
}

#[tokio::test]
async fn what_was_answered_is_there_once_and_the_rest_once_at_most() {
    let home = Home::new();
    run(&home, &["seed", "--accounts", "5"]);
    run(&home, &["staff", "add", "--email", "clerk@example.org", "--name", "Clerk", "--role", "billing"]);
    let cluster = home.join().await;
    let accounts = sql(&cluster, "kraken", "select number from accounts");
    cluster.leave().await.unwrap();
    let accounts: Vec<String> = accounts.lines().map(str::to_owned).collect();

    let mut told = Told::default();
    for turn in ["server", "both"] {
        let serving = Serving::start(&home);
        let token = serving.token(&home, "clerk@example.org");
        let postmaster = pid_in(&home.data().join("postmaster.pid")).unwrap();
        let mut more = storm(serving, &token, &accounts, (turn, post_something), |serving| {
            if turn == "both" {
                kill_hard(postmaster);
            }
            serving.murder();
        });
        assert!(more.done.len() >= WARM as usize && !more.unknown.is_empty());
        told.done.append(&mut more.done);
        told.unknown.append(&mut more.unknown);
    }

    let serving = Serving::start(&home);
    assert!(run(&home, &["check"]).contains(" 0 broken"));
    let posted = posted(&home).await;
    for note in &told.done {
        assert_eq!(posted.get(note), Some(&1), "{note} was answered");
    }
    for note in &told.unknown {
        assert!(
            posted.get(note).is_none_or(|times| *times == 1),
            "{note} is there {:?} times",
            posted.get(note)
        );
    }
    assert!(posted.keys().all(|note| told.done.contains(note) || told.unknown.contains(note)));
    serving.stop();
}
