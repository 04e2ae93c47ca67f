//! Files of accounts: the form by which they are sent, and links to those that came.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::nodes::global_id;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::operations::attachments::{self, Attachment, AttachmentError};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};
use crate::platform::storage::Upload;

/// The type that `node` knows files by.
pub(in crate::api) const ATTACHMENT: &str = "AccountFileAttachment";

/// Where a file can be sent.
struct Place {
    url: String,
    fields: Value,
    key: String,
}

/// A place, and what the client calls its request.
struct Given {
    place: Upload,
    client_id: Option<String>,
}

/// Whether something was set off.
struct SetOff(bool);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createAccountFileAttachment", create);
    b.root("Mutation.triggerPostUploadOperations", trigger);
    b.batch("AccountType.fileAttachments", all_of);
    b.batch("AccountType.paginatedFileAttachments", pages_of);
    b.batch("AccountFileAttachment.fetchUrl", urls);
    b.parts::<Given>(
        "CreateAccountFileAttachmentPayload",
        &[("postRequest", |g| Resolved::node(Place::of(&g.place)))],
    );
    b.leaves::<Given>(
        "CreateAccountFileAttachmentPayload",
        &[("clientMutationId", |g| (&g.client_id).into())],
    );
    b.leaves::<SetOff>("TriggerPostUploadOperations", &[("operationsTriggered", |s| s.0.into())]);
    b.leaves::<Place>(
        "UploadPostRequest",
        &[("url", |p| (&p.url).into()), ("fields", |p| (&p.fields).into()), ("key", |p| (&p.key).into())],
    );
    b.leaves::<Attachment>(
        ATTACHMENT,
        &[
            ("id", |a| global_id(ATTACHMENT, a.id).into()),
            ("filename", |a| (&a.filename).into()),
            ("category", |a| (&a.category).into()),
            ("isUploaded", |a| a.is_uploaded.into()),
            ("isReady", |a| a.is_ready.into()),
            ("sizeInBytes", |a| a.bytes.into()),
        ],
    );
}

impl Place {
    /// The form, as clients send those of S3: all fields first, then the file.
    fn of(upload: &Upload) -> Self {
        let Upload { url, key, expires, signature } = upload;
        let fields = json!({ "key": key, "expires": expires.to_string(), "signature": signature });
        Self { url: url.clone(), fields, key: key.clone() }
    }
}

/// A file that the viewer may see.
pub(in crate::api) async fn by_id(call: Call<'_>, id: i64) -> Result<Option<Node>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = attachments::by_id(&mut view, call.cx.viewer(), id).await.map_err(FieldError::internal)?;
    Ok(found.map(|file| Node::typed(ATTACHMENT, file)))
}

fn accounts(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Account>()?.iter().map(|account| account.id).collect())
}

async fn all_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = accounts(&call)?;
    let mut view = call.cx.read().await?;
    let found = attachments::of_accounts(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}

#[derive(Deserialize)]
struct PageArgs {
    id: Option<i64>,
    category: Option<String>,
}

async fn pages_of(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let (window, ids) = (window(&call)?, accounts(&call)?);
    let PageArgs { id, category } = call.args()?;
    let mut view = call.cx.read().await?;
    let wanted = (id, category.as_deref());
    let pages = attachments::pages_of_accounts(&mut view, &ids, wanted, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

/// Links to those that can be had.
async fn urls(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let files = call.parents::<Attachment>()?;
    let app = &call.cx.app;
    let mut view = call.cx.read().await?;
    let now = view.wall_now();
    let secret = app.link_secret(&mut view).await.map_err(FieldError::internal)?;
    let url = |file: &Attachment| file.is_ready.then(|| app.files().link(&file.key, secret, now).url);
    Ok(files.into_iter().map(|file| Resolved::leaf(url(file))).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    filename: String,
    account_number: String,
    category: String,
    client_mutation_id: Option<String>,
}

async fn create(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreateInput = call.arg("input")?;
    let number = input.account_number.as_str();
    let app = &call.cx.app;
    let given = (app.auth().random().clone(), &input);
    let operation = "Mutation.createAccountFileAttachment";
    let done = call.cx.write(operation, Some(number), &given, |tx, viewer, given| {
        let CreateInput { filename, account_number, category, .. } = given.1;
        Box::pin(attachments::request(tx, viewer, &given.0, account_number, (filename, category)))
    });
    let made = done.await.map_err(refusal)?;
    let mut view = call.cx.read().await?;
    let now = view.wall_now();
    let secret = app.link_secret(&mut view).await.map_err(FieldError::internal)?;
    let place = app.files().upload(&made.key, secret, now);
    Ok(Resolved::node(Given { place, client_id: input.client_mutation_id }))
}

async fn trigger(call: Call<'_>) -> Result<Resolved, FieldError> {
    let place: String = call.arg("s3Key")?;
    let operation = "Mutation.triggerPostUploadOperations";
    let done = call.cx.write(operation, None, &place, |tx, viewer, place| {
        Box::pin(attachments::look_at(tx, viewer, place))
    });
    done.await.map(|is_due| Resolved::node(SetOff(is_due))).map_err(refusal)
}

fn refusal(error: AttachmentError) -> FieldError {
    match error {
        AttachmentError::Forbidden => FieldError::code(FORBIDDEN),
        AttachmentError::Database(error) => FieldError::internal(error),
        AttachmentError::UnknownAccount => FieldError::code("KT-CT-4123"),
        AttachmentError::NoFile => FieldError::code("KT-CT-8710").at_input(&["s3Key"]),
        AttachmentError::Filename => FieldError::code(INVALID_INPUT)
            .describe("A file's name is one line of at most 120 characters without slashes.")
            .at_input(&["input", "filename"]),
    }
}
