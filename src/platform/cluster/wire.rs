//! The few messages of the Postgres protocol needed before there is a pool.

use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    time::timeout,
};

/// The one superuser.
pub(super) const USER: &str = "kraken";

/// Only names the socket file, which has a folder to itself.
pub(super) const PORT: u16 = 5432;

const PROTOCOL_3: u32 = 196_608;
const LARGEST_MESSAGE: usize = 1 << 20;
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// "The database system is starting up", or shutting down.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// What a socket says to a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It takes connections.
    Ready,
    /// It lives but is starting, recovering or stopping.
    NotYet,
    /// It took the call and said nothing sensible in time.
    Silent,
    /// Nobody listens.
    Absent,
}

/// An error the server reported.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) code: String,
    pub(super) message: String,
}

/// Asks the postmaster behind a socket folder whether it takes connections.
pub(super) async fn probe(dir: &Path, port: u16) -> Answer {
    match timeout(PROBE_LIMIT, Session::open(dir, port)).await {
        Ok(Ok(Ok(session))) => {
            session.close().await;
            Answer::Ready
        }
        Ok(Ok(Err(report))) if report.code == CANNOT_CONNECT_NOW => Answer::NotYet,
        // Even "too many connections" is an answer.
        Ok(Ok(Err(_))) => Answer::Ready,
        Ok(Err(error)) if unheard(&error) => Answer::Absent,
        Ok(Err(_)) | Err(_) => Answer::Silent,
    }
}

fn unheard(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, NotFound};
    matches!(error.kind(), ConnectionRefused | NotFound)
}

/// A connection to the maintenance database.
#[derive(Debug)]
pub(super) struct Session(UnixStream);

impl Session {
    /// Connects; the inner error is what the server said.
    pub(super) async fn open(dir: &Path, port: u16) -> io::Result<Result<Self, Report>> {
        let stream = UnixStream::connect(dir.join(format!(".s.PGSQL.{port}"))).await?;
        let mut session = Self(stream);
        let mut body = PROTOCOL_3.to_be_bytes().to_vec();
        for text in ["user", USER, "database", "postgres", ""] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        session.send(None, &body).await?;
        Ok(session.until_idle().await?.map(|_| session))
    }

    /// Runs one statement and tells whether it returned a row.
    pub(super) async fn run(&mut self, sql: &str) -> io::Result<Result<bool, Report>> {
        let mut body = sql.as_bytes().to_vec();
        body.push(0);
        self.send(Some(b'Q'), &body).await?;
        self.until_idle().await
    }

    /// Says goodbye, so that the server logs nothing.
    pub(super) async fn close(mut self) {
        let _ = self.send(Some(b'X'), &[]).await;
    }

    async fn send(&mut self, kind: Option<u8>, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 4).map_err(io::Error::other)?;
        let mut message: Vec<u8> = kind.into_iter().collect();
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(body);
        self.0.write_all(&message).await
    }

    /// Reads until the server waits for the next statement.
    async fn until_idle(&mut self) -> io::Result<Result<bool, Report>> {
        let mut rows = false;
        let mut failure = None;
        loop {
            let (kind, body) = match self.receive().await {
                Ok(message) => message,
                // After a fatal error the server hangs up; the error counts.
                Err(error) => return failure.map(Err).ok_or(error),
            };
            match kind {
                b'D' => rows = true,
                b'E' => failure = Some(Report::parse(&body)),
                b'R' if body != [0; 4] => {
                    return Err(io::Error::other("it asks for a password, but pg_hba.conf must say `trust`"));
                }
                b'Z' => return Ok(failure.map_or(Ok(rows), Err)),
                _ => {}
            }
        }
    }

    async fn receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let kind = self.0.read_u8().await?;
        let length = self.0.read_u32().await? as usize;
        let length = length
            .checked_sub(4)
            .filter(|length| *length <= LARGEST_MESSAGE)
            .ok_or_else(|| io::Error::other("it does not speak the Postgres protocol"))?;
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok((kind, body))
    }
}

impl Report {
    /// An error is a list of fields, each one letter and its text.
    fn parse(body: &[u8]) -> Self {
        let field = |letter: u8| {
            body.split(|byte| *byte == 0)
                .find_map(|part| part.strip_prefix(&[letter]))
                .map(|text| String::from_utf8_lossy(text).into_owned())
                .unwrap_or_default()
        };
        Self { code: field(b'C'), message: field(b'M') }
    }
}
