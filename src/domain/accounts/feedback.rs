//! What customers think of the service: forms by market, feedback that is opened and then filled in, once.

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::changes::hand;
use crate::domain::auth::viewer::{RECORD_CONTACTS, Viewer, account_is_visible, user_is_visible};
use crate::domain::communications::messages::{self, Channel, NewMessage};
use crate::platform::db::{Tx, database_error, on_constraint, row, statement};
use crate::platform::page::{Page, Window};

/// What customers give feedback about without being asked.
const UNASKED: [&str; 2] = ["FEEDBACK_SOURCE_LOGIN_FOLLOW_UP", "FEEDBACK_SOURCE_CONSUMER_SITE"];
/// What the retailer notes down by itself: nobody is written to.
const NOTED: &str = "FEEDBACK_SOURCE_MANUAL";
/// Characters of an answer in words.
const LONGEST_ANSWER: usize = 5_000;

/// Why feedback was neither opened nor filled in.
#[derive(Debug, Error)]
pub enum FeedbackError {
    /// The viewer may not deal with customers' feedback.
    #[error("the viewer may not deal with feedback")]
    Forbidden,
    /// This field of the input cannot be, and why.
    #[error("{0}: {1}")]
    Invalid(&'static str, &'static str),
    /// There is no such piece of feedback for the viewer.
    #[error("there is no such feedback")]
    Unknown,
    /// It belongs to another account.
    #[error("the feedback is about another account")]
    OtherAccount,
    /// The database failed.
    #[error(transparent)]
    Database(sqlx::Error),
}
database_error!(FeedbackError);

impl From<sqlx::Error> for FeedbackError {
    fn from(error: sqlx::Error) -> Self {
        if on_constraint(&error, "customer_feedback_call_key") {
            Self::Invalid("voiceCallId", "Feedback about this call has been asked for.")
        } else if on_constraint(&error, "customer_feedback_conversation_key") {
            Self::Invalid("inkConversationId", "Feedback about this conversation has been asked for.")
        } else if on_constraint(&error, "customer_feedback_support_user_id_fkey") {
            Self::Invalid("lastContactedSupportUserId", "There is no such member of staff.")
        } else {
            Self::Database(error)
        }
    }
}

row! {
    /// A form that customers fill in.
    pub struct Form {
        /// Row id.
        pub id: i32,
        /// Its name.
        pub name: String,
        /// What it asks.
        pub question: String,
        /// The lowest score, if it asks for one.
        pub lowest: Option<i32>,
        /// The highest score.
        pub highest: Option<i32>,
        /// The score that it starts from.
        pub starts_from: Option<i32>,
    }
}

/// A form's answer: a score, words, or the score that it starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    words: Option<String>,
    score: Option<i32>,
}

impl Form {
    /// The answer, if it fits.
    fn judge(&self, answer: Option<&str>) -> Option<Answer> {
        let answer = answer.map(str::trim).filter(|text| !text.is_empty());
        let (Some(lowest), Some(highest)) = (self.lowest, self.highest) else {
            let words = answer.filter(|text| text.chars().count() <= LONGEST_ANSWER)?;
            return Some(Answer { words: Some(words.to_owned()), score: None });
        };
        let score = match answer {
            Some(text) => text.parse().ok().filter(|score| (lowest..=highest).contains(score))?,
            None => self.starts_from?,
        };
        Some(Answer { words: answer.map(str::to_owned), score: Some(score) })
    }
}

row! {
    /// A piece of feedback.
    pub struct Feedback {
        /// Row id.
        pub id: i64,
        /// The score that the customer gave, where a form asked for one.
        pub raw_score: Option<i32>,
        /// When it was filled in.
        pub submitted_at: Option<DateTime<Utc>>,
    }
}

/// Feedback to be opened.
#[derive(Clone, Debug, Default)]
pub struct NewFeedback {
    /// The account it is about.
    pub account_number: String,
    /// One of `CustomerFeedbackSourceChoices`.
    pub source: String,
    /// Row id of whoever is asked.
    pub user_id: Option<i64>,
    /// Their number; if both are given they must be one person's.
    pub user_number: Option<String>,
    /// The call that it is about, as the telephone system numbers it.
    pub voice_call: Option<i32>,
    /// The conversation that it is about, as the mailboxes number it.
    pub ink_conversation: Option<i32>,
    /// Row id of the member of staff whom the customer last dealt with.
    pub support_user: Option<i64>,
}

/// A form, filled in.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The piece of feedback.
    pub feedback: i64,
    /// The account that it should be about.
    pub account_number: String,
    /// The form.
    pub form: i32,
    /// A score on the form's scale, or words.
    pub answer: Option<String>,
    /// Whether what the customer got in touch about is settled.
    pub is_resolved: bool,
}

// The feedback `c` that is for the viewer: customers fill in what they were asked, or what nobody in particular was.
macro_rules! is_for_viewer {
    () => {
        "($1::text <> 'account-user' or (c.source <> 'FEEDBACK_SOURCE_MANUAL' \
          and (c.account_user_id is null or c.account_user_id = $2::bigint)))"
    };
}

macro_rules! form_columns {
    () => {
        "f.id, f.name, f.question, f.lowest, f.highest, f.starts_from"
    };
}

// The forms that the account $3 has open feedback for, or never filled in though nobody need ask for it ($5); $4
// limits them to one source. What the retailer notes down by itself is not for customers.
macro_rules! open_forms {
    () => {
        concat!(
            " from accounts a join feedback_forms f on f.market = a.market and f.is_active \
              where a.id = $3 and ($4::text is null or f.source = $4) and (\
                f.source = any($5::text[]) and not exists (\
                    select 1 from customer_feedback c where c.account_id = a.id and c.form_id = f.id) \
                or exists (select 1 from customer_feedback c where c.account_id = a.id and c.source = f.source \
                    and c.submitted_at is null and ",
            is_for_viewer!(),
            ")) and ",
            account_is_visible!()
        )
    };
}

row! {
    struct Opened {
        id: i64,
        raw_score: Option<i32>,
        submitted_at: Option<DateTime<Utc>>,
        is_new: bool,
    }
}

row! {
    struct Held {
        id: i64,
        market: String,
        account_number: String,
        source: String,
        submitted_at: Option<DateTime<Utc>>,
    }
}

statement!(static FORM: Form = concat!("
    select ", form_columns!(), " from feedback_forms f where f.id = $1 and f.is_active"));
statement!(static COUNT: (i64,) = concat!("select count(*)", open_forms!()));
statement!(static PAGE: Form = concat!(
    "select ", form_columns!(), open_forms!(), " order by f.id offset $6 limit $7"));
statement!(static ACCOUNT: (i64, String) = concat!("
    select a.id, a.market from accounts a where a.number = $3 and ", account_is_visible!()));
statement!(static ASKED_ABOUT: (String,) = "
    select f.question from feedback_forms f where f.market = $1 and f.source = $2 and f.is_active
    order by f.id limit 1");
// Somebody on the account.
statement!(static USER: (i64, String) = concat!("
    select u.id, u.email from account_users u join accounts a on a.id = $5
    where (u.id = $3 or $3::bigint is null) and (u.number = $4 or $4::text is null) and (
        exists (select 1 from account_user_roles held where held.user_id = u.id and held.account_id = a.id)
        or exists (select 1 from portfolio_user_roles held
            where held.user_id = u.id and held.portfolio_id = a.portfolio_id)) and ", user_is_visible!()));
// What is open already is answered as it is: the update changes nothing, but holds the row.
statement!(static OPEN: Opened = "
    insert into customer_feedback (account_id, account_user_id, market, source, voice_call_id, ink_conversation_id,
        support_user_id, opened_at, opened_by_kind, opened_by_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict (account_id, coalesce(account_user_id, 0), source)
        where submitted_at is null and voice_call_id is null and ink_conversation_id is null
        do update set source = excluded.source
    returning id, raw_score, submitted_at, (xmax = 0) as is_new");
statement!(static ASKED_BY: () = "update customer_feedback set message_id = $2 where id = $1");
statement!(static HOLD: Held = concat!("
    select c.id, c.market, a.number as account_number, c.source, c.submitted_at
    from customer_feedback c join accounts a on a.id = c.account_id
    where c.id = $3 and ", is_for_viewer!(), " and ", account_is_visible!(), " for update of c"));
statement!(static FITTING: Form = concat!("
    select ", form_columns!(), " from feedback_forms f
    where f.id = $1 and f.market = $2 and f.source = $3 and f.is_active"));
statement!(static FILL_IN: Feedback = "
    update customer_feedback set form_id = $2, answer = $3, raw_score = $4, is_resolved = $5, submitted_at = $6,
        submitted_by_kind = $7, submitted_by_id = $8
    where id = $1 and submitted_at is null returning id, raw_score, submitted_at");

/// The form with this row id, if customers may still fill it in.
pub async fn form(tx: &mut Tx, id: i32) -> Result<Option<Form>, sqlx::Error> {
    FORM.query().bind(id).fetch_optional(&mut *tx).await
}

/// One page of the forms that an account has open feedback for, or never filled in though nobody need ask for it,
/// about one thing or all, oldest first; none if the viewer may not see the account.
pub async fn open_forms(
    tx: &mut Tx,
    viewer: &Viewer,
    number: &str,
    source: Option<&str>,
    window: &Window,
) -> Result<Option<Page<Form>>, sqlx::Error> {
    let account = ACCOUNT.seen_by(viewer).bind(number);
    let Some((id, _)) = account.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let total = if window.needs_total() {
        let query = COUNT.seen_by(viewer).bind(id).bind(source);
        let query = query.bind(UNASKED.as_slice());
        query.fetch_optional(&mut *tx).await?.map(|(total,)| total)
    } else {
        None
    };
    let slice = window.slice(total);
    let query = PAGE.seen_by(viewer).bind(id).bind(source);
    let rows =
        query.bind(UNASKED.as_slice()).bind(slice.offset).bind(slice.limit + 1).fetch_all(&mut *tx).await?;
    Ok(Some(Page::cut(window, slice, rows, total)))
}

/// Opens feedback on an account, unless the same is open. Customers do so for themselves, about what they need not be
/// asked; whoever is asked by others is written to.
pub async fn open(tx: &mut Tx, viewer: &Viewer, new: &NewFeedback) -> Result<Feedback, FeedbackError> {
    let own = viewer.account_user();
    if own.is_none() && !viewer.may(RECORD_CONTACTS) {
        return Err(FeedbackError::Forbidden);
    }
    if own.is_some() && !UNASKED.contains(&new.source.as_str()) {
        return Err(FeedbackError::Invalid("feedbackSource", "Customers are asked for this."));
    }
    fits_source(new)?;
    let account = ACCOUNT.seen_by(viewer).bind(&new.account_number);
    let no_account = FeedbackError::Invalid("accountNumber", "There is no such account.");
    let (account, market) = account.fetch_optional(&mut *tx).await?.ok_or(no_account)?;
    let question = ASKED_ABOUT.query().bind(&market).bind(&new.source).fetch_optional(&mut *tx).await?;
    let no_form = FeedbackError::Invalid("feedbackSource", "No form asks about this.");
    let (question,) = question.ok_or(no_form)?;
    let user = asked(tx, viewer, account, new).await?;
    let (by_kind, by_id) = hand(viewer);
    let now = tx.business_now().await?;
    let open = OPEN.query().bind(account).bind(user.as_ref().map(|(id, _)| *id)).bind(&market);
    let open = open.bind(&new.source).bind(new.voice_call).bind(new.ink_conversation).bind(new.support_user);
    let made = open.bind(now).bind(by_kind).bind(by_id).fetch_one(&mut *tx).await?;
    if let Some((id, email)) = user
        && made.is_new
        && own.is_none()
        && new.source != NOTED
        && !email.is_empty()
    {
        let message = ask(tx, account, (id, &email), &question, &market).await?;
        ASKED_BY.command().bind(made.id).bind(message).execute(&mut *tx).await?;
    }
    Ok(Feedback { id: made.id, raw_score: made.raw_score, submitted_at: made.submitted_at })
}

/// Feedback about a call comes after one, and so on.
fn fits_source(new: &NewFeedback) -> Result<(), FeedbackError> {
    if new.voice_call.is_some() && new.source != "FEEDBACK_SOURCE_PHONE_CALL_FOLLOW_UP" {
        return Err(FeedbackError::Invalid("voiceCallId", "This is not about a call."));
    }
    if new.ink_conversation.is_some() && new.source != "FEEDBACK_SOURCE_EMAIL_FOLLOW_UP" {
        return Err(FeedbackError::Invalid("inkConversationId", "This is not about a conversation."));
    }
    Ok(())
}

/// Who is asked, and their e-mail: customers themselves, or whoever on the account was named, if anybody.
async fn asked(
    tx: &mut Tx,
    viewer: &Viewer,
    account: i64,
    new: &NewFeedback,
) -> Result<Option<(i64, String)>, FeedbackError> {
    let own = viewer.account_user();
    let nobody = FeedbackError::Invalid("accountUserNumber", "There is no such user on the account.");
    if own.is_some_and(|own| new.user_id.is_some_and(|named| named != own)) {
        return Err(nobody);
    }
    let (id, number) = (own.or(new.user_id), new.user_number.as_deref());
    if id.is_none() && number.is_none() {
        return Ok(None);
    }
    let user = USER.seen_by(viewer).bind(id).bind(number).bind(account);
    user.fetch_optional(&mut *tx).await?.map(Some).ok_or(nobody)
}

async fn ask(
    tx: &mut Tx,
    account: i64,
    (user, email): (i64, &str),
    question: &str,
    market: &str,
) -> Result<i64, sqlx::Error> {
    let please = match market {
        "de" => "Sag es uns in deinem Kundenkonto. Es dauert nur eine Minute.",
        "jp" => "マイページよりご回答ください。",
        _ => "Please tell us on your account page. It takes a minute.",
    };
    let text = format!("{question}\n\n{please}");
    let request = NewMessage {
        channel: Channel::Email,
        template: "feedback-request",
        account_user: Some(user),
        to: email,
        subject: question,
        text: &text,
        confidential: false,
    };
    messages::send_about(tx, &request, account).await
}

/// Fills in a piece of feedback, unless that has been done.
pub async fn submit(tx: &mut Tx, viewer: &Viewer, given: &Submission) -> Result<Feedback, FeedbackError> {
    if viewer.account_user().is_none() && !viewer.may(RECORD_CONTACTS) {
        return Err(FeedbackError::Forbidden);
    }
    let hold = HOLD.seen_by(viewer).bind(given.feedback);
    let held = hold.fetch_optional(&mut *tx).await?.ok_or(FeedbackError::Unknown)?;
    if held.account_number != given.account_number {
        return Err(FeedbackError::OtherAccount);
    }
    let done = || FeedbackError::Invalid("feedbackId", "This feedback has been given.");
    if held.submitted_at.is_some() {
        return Err(done());
    }
    let form = FITTING.query().bind(given.form).bind(&held.market).bind(&held.source);
    let no_form = FeedbackError::Invalid("formId", "This form does not ask about it.");
    let form = form.fetch_optional(&mut *tx).await?.ok_or(no_form)?;
    let answer = form.judge(given.answer.as_deref());
    let answer =
        answer.ok_or(FeedbackError::Invalid("answer", "This is no answer to the form's question."))?;
    let (by_kind, by_id) = hand(viewer);
    let now = tx.business_now().await?;
    let fill = FILL_IN.query().bind(held.id).bind(form.id).bind(answer.words).bind(answer.score);
    let fill = fill.bind(given.is_resolved).bind(now).bind(by_kind).bind(by_id);
    fill.fetch_optional(&mut *tx).await?.ok_or_else(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(scale: Option<(i32, i32, i32)>) -> Form {
        Form {
            id: 1,
            name: "Form".into(),
            question: "How was it?".into(),
            lowest: scale.map(|(lowest, _, _)| lowest),
            highest: scale.map(|(_, highest, _)| highest),
            starts_from: scale.map(|(_, _, from)| from),
        }
    }

    #[test]
    fn scores_stay_on_the_scale() {
        let form = form(Some((0, 10, 5)));
        let score = |text| form.judge(text).and_then(|answer| answer.score);
        assert_eq!(
            [Some("0"), Some(" 10 "), None, Some("")].map(score),
            [Some(0), Some(10), Some(5), Some(5)]
        );
        for odd in ["11", "-1", "5.5", "five", "99999999999"] {
            assert_eq!(score(Some(odd)), None, "{odd}");
        }
    }

    #[test]
    fn words_are_needed_where_they_are_asked_for() {
        let form = form(None);
        assert_eq!(form.judge(Some(" Fine. ")), Some(Answer { words: Some("Fine.".into()), score: None }));
        assert_eq!((form.judge(None), form.judge(Some(" "))), (None, None));
        assert_eq!(form.judge(Some(&"x".repeat(LONGEST_ANSWER + 1))), None);
    }
}
