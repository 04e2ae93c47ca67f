//! Files of the web pages, where they were built; the page that says how, where not.

use axum::http::Method;

use crate::harness::{Server, bare};

#[tokio::test]
async fn every_file_that_the_page_names_is_served() {
    let server = Server::new();
    let page = server.get_as("/v1/graphql/", "text/html").await;
    let named: Vec<&str> = page.text().split('"').filter(|text| text.starts_with("/static/")).collect();
    if named.is_empty() {
        assert!(page.text().contains("npm ci"), "neither built nor saying how to");
        return;
    }
    for path in named {
        let file = server.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        assert!(!file.body.is_empty());
        let kind = path.rsplit('.').next().unwrap();
        let expected = match kind {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => continue,
        };
        assert_eq!(file.header("content-type"), expected);
        assert_eq!(file.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(file.header("content-security-policy").contains("worker-src 'self' blob:"));
        let mut again = bare(Method::GET, path);
        again.headers_mut().insert("if-none-match", file.header("etag").parse().unwrap());
        let answer = server.send(again).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0));
    }
}
