//! Files in a bucket of S3, or of anything that speaks as it does.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::{Client, StatusCode, Url};
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use super::{Storage, StorageError, is_key};
use crate::platform::tls;

/// How long a signed request is good for.
const SIGNED_FOR: Duration = Duration::from_secs(60);
/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a bucket is, and who may use it.
pub struct Settings<'a> {
    /// Address of the service; that of the region at AWS unless it is another's.
    pub endpoint: Option<&'a str>,
    /// The region, such as `eu-west-1`.
    pub region: &'a str,
    /// Name of the bucket.
    pub bucket: &'a str,
    /// Folder in the bucket; empty for the bucket itself.
    pub folder: &'a str,
    /// The key's identifier.
    pub key_id: &'a str,
    /// The key.
    pub secret: &'a str,
}

/// Keeps files in a bucket.
pub struct S3 {
    bucket: Bucket,
    folder: String,
    credentials: Credentials,
    client: Client,
}

impl S3 {
    /// # Errors
    /// If the address, the bucket or the folder is none.
    pub fn new(settings: &Settings<'_>) -> Result<Self, StorageError> {
        let at_aws = format!("https://s3.{}.amazonaws.com", settings.region);
        // Only AWS is sure to know its buckets by names of hosts.
        let style = if settings.endpoint.is_some() { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let endpoint = Url::parse(settings.endpoint.unwrap_or(&at_aws)).map_err(failed)?;
        if !settings.folder.is_empty() && !is_key(settings.folder) {
            return Err(StorageError::Key);
        }
        let bucket = Bucket::new(endpoint, style, settings.bucket.to_owned(), settings.region.to_owned());
        Ok(Self {
            bucket: bucket.map_err(failed)?,
            folder: settings.folder.to_owned(),
            credentials: Credentials::new(settings.key_id, settings.secret),
            client: Client::builder()
                .tls_backend_preconfigured(tls::client().map_err(failed)?)
                .timeout(PATIENCE)
                .build()
                .map_err(unreached)?,
        })
    }

    fn object(&self, key: &str) -> Result<String, StorageError> {
        match (is_key(key), self.folder.as_str()) {
            (false, _) => Err(StorageError::Key),
            (true, "") => Ok(key.to_owned()),
            (true, folder) => Ok(format!("{folder}/{key}")),
        }
    }
}

impl Storage for S3 {
    fn put<'a>(&'a self, key: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<(), StorageError>> {
        Box::pin(async move {
            let object = self.object(key)?;
            let url = self.bucket.put_object(Some(&self.credentials), &object).sign(SIGNED_FOR);
            let answer = self.client.put(url).body(bytes).send().await.map_err(unreached)?;
            if answer.status().is_success() { Ok(()) } else { Err(refused(answer.status())) }
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StorageError>> {
        Box::pin(async move {
            let object = self.object(key)?;
            let url = self.bucket.get_object(Some(&self.credentials), &object).sign(SIGNED_FOR);
            let answer = self.client.get(url).send().await.map_err(unreached)?;
            match answer.status() {
                StatusCode::NOT_FOUND => Ok(None),
                status if status.is_success() => Ok(Some(answer.bytes().await.map_err(unreached)?)),
                status => Err(refused(status)),
            }
        })
    }
}

fn failed(error: impl std::fmt::Display) -> StorageError {
    StorageError::Failed(error.to_string())
}

/// Without the address, which holds a signature.
fn unreached(error: reqwest::Error) -> StorageError {
    failed(error.without_url())
}

fn refused(status: StatusCode) -> StorageError {
    StorageError::Failed(format!("the service answered {status}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::extract::{Path, RawQuery, State};
    use axum::routing::get;
    use tokio::net::TcpListener;

    use super::*;

    type Kept = Arc<Mutex<HashMap<String, Bytes>>>;

    fn is_signed(query: Option<String>) -> bool {
        let query = query.unwrap_or_default();
        query.contains("X-Amz-Credential=reader%2F")
            && query.contains("%2Feu-test-1%2Fs3%2Faws4_request")
            && query.contains("X-Amz-Signature=")
    }

    async fn give(
        State(kept): State<Kept>,
        Path(path): Path<String>,
        RawQuery(query): RawQuery,
    ) -> (StatusCode, Bytes) {
        if !is_signed(query) {
            return (StatusCode::FORBIDDEN, Bytes::new());
        }
        let found = kept.lock().expect("the files").get(&path).cloned();
        found.map_or((StatusCode::NOT_FOUND, Bytes::new()), |file| (StatusCode::OK, file))
    }

    async fn keep(
        State(kept): State<Kept>,
        Path(path): Path<String>,
        RawQuery(query): RawQuery,
        body: Bytes,
    ) -> StatusCode {
        if !is_signed(query) {
            return StatusCode::FORBIDDEN;
        }
        kept.lock().expect("the files").insert(path, body);
        StatusCode::OK
    }

    async fn service() -> (String, Kept) {
        let kept = Kept::default();
        let router = Router::new().route("/{*path}", get(give).put(keep)).with_state(Arc::clone(&kept));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (address, kept)
    }

    fn bucket(endpoint: &str, folder: &str, key_id: &str) -> Result<S3, StorageError> {
        S3::new(&Settings {
            endpoint: Some(endpoint),
            region: "eu-test-1",
            bucket: "retailer",
            folder,
            key_id,
            secret: "very-secret",
        })
    }

    #[tokio::test]
    async fn what_is_kept_is_found_again() {
        let (endpoint, kept) = service().await;
        let storage = bucket(&endpoint, "files", "reader").expect("a bucket");
        let file = Bytes::from_static(b"%PDF-1.7");
        storage.put("bills/90001/1.pdf", file.clone()).await.expect("kept");
        storage.put("bills/90001/1.pdf", file.clone()).await.expect("kept again");
        assert_eq!(storage.get("bills/90001/1.pdf").await.expect("an answer"), Some(file));
        assert_eq!(storage.get("bills/90002/1.pdf").await.expect("an answer"), None);
        let paths: Vec<String> = kept.lock().expect("the files").keys().cloned().collect();
        assert_eq!(paths, ["retailer/files/bills/90001/1.pdf"]);
        assert!(matches!(storage.put("../x", Bytes::new()).await, Err(StorageError::Key)));
        assert!(matches!(bucket(&endpoint, "../x", "reader"), Err(StorageError::Key)));
    }

    #[tokio::test]
    async fn a_failure_says_nothing_of_keys_and_signatures() {
        let (endpoint, _) = service().await;
        let stranger = bucket(&endpoint, "", "stranger").expect("a bucket");
        let nowhere = bucket("http://127.0.0.1:1", "", "reader").expect("a bucket");
        for storage in [stranger, nowhere] {
            let put = storage.put("a.pdf", Bytes::new()).await.expect_err("a failure").to_string();
            let get = storage.get("a.pdf").await.expect_err("a failure").to_string();
            for said in [put, get] {
                assert!(!said.contains("X-Amz") && !said.contains("secret"), "{said}");
            }
        }
    }
}
