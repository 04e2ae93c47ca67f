//! Listening for real, on a port that the system picks.

use kraken_api::http::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::harness::{Event, Server};

const REQUEST: &str = "POST /v1/graphql/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
    Connection: close\r\nContent-Length: 53\r\n\r\n{\"query\":\"query Wait{hello}\", \"operationName\":\"Wait\"}";

#[tokio::test]
async fn requests_in_progress_end_before_the_server_does() {
    let mut server = Server::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve(listener, server.router.clone(), async move {
        let _ = stopped.await;
    }));
    let mut caller = TcpStream::connect(address).await.unwrap();
    caller.write_all(REQUEST.as_bytes()).await.unwrap();
    assert_eq!(server.events.recv().await, Some(Event::Entered));
    assert_eq!(server.fake.seen().client, Some(caller.local_addr().unwrap().ip()));
    stop.send(()).unwrap();
    server.fake.release.notify_one();
    let mut answer = String::new();
    caller.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(r#"{"data":{"hello":"Hello world!"}}"#), "{answer}");
    serving.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
