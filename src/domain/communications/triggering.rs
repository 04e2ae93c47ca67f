//! Writing what triggers ask for.

use serde_json::Value;

use super::messages::{self, Channel, NewMessage};
use crate::domain::accounts::{accounts, languages, users};
use crate::domain::auth::viewer::Viewer;
use crate::platform::db::{Tx, row, statement};
use crate::platform::jobs::{JobError, Runner};

/// The job that writes what a trigger asks for.
pub(super) const PROCESS: &str = "transactional-trigger";

row! {
    struct Held {
        trigger_type_id: i64,
        params: Value,
        account_user_id: Option<i64>,
        recipient: Option<Value>,
        accounts: Vec<i64>,
        market: Option<String>,
        language: Option<String>,
    }
}

row! {
    struct Words {
        market: String,
        language: String,
        channel: String,
        template: String,
        subject: String,
        body: String,
    }
}

// A second run of the same job waits, and then finds nothing to do.
statement!(static HOLD: Held = concat!("
    select t.trigger_type_id, t.params, t.account_user_id, t.recipient,
        coalesce((select array_agg(l.account_id order by l.account_id) from trigger_accounts l where l.trigger_id = t.id),
            '{}') as accounts,
        (select ", users::market_of_user!(), " from account_users u where u.id = t.account_user_id) as market,
        (select first.preferred_language from account_users u join accounts first on first.id = ", users::first_account_of_user!(), "
            where u.id = t.account_user_id) as language
    from triggers t where t.id = $1 and t.status = 'UNPROCESSED' for update of t"));
statement!(static WORDS: Words = "
    select market, language, channel, template, subject, body from trigger_templates where trigger_type_id = $1
    order by market, channel, language");
statement!(static DONE: () = "update triggers set status = $2 where id = $1");

/// Has triggers worked off by this runner.
pub fn register(runner: &mut Runner) {
    runner.on(PROCESS, |tx, payload| {
        Box::pin(async move {
            let trigger = payload.get("trigger").and_then(Value::as_i64).ok_or(JobError::Payload)?;
            Ok(process(tx, trigger).await?)
        })
    });
}

/// Somebody to be written to.
#[derive(Default)]
struct Reader {
    account: Option<i64>,
    user: Option<i64>,
    market: String,
    /// What they are written to in, where that is not what is usual in the market.
    language: Option<String>,
    name: String,
    email: String,
    mobile: String,
    address: String,
}

impl Reader {
    /// Where a message by this channel would go.
    fn at(&self, channel: Channel) -> Option<&str> {
        let to = match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.mobile,
            Channel::Letter => &self.address,
        };
        (!to.is_empty()).then_some(to)
    }
}

/// Writes what a trigger asks for, once. Nobody who can be reached leaves it skipped, a market without words failed.
pub async fn process(tx: &mut Tx, trigger: i64) -> Result<(), sqlx::Error> {
    let Some(held) = HOLD.query().bind(trigger).fetch_optional(&mut *tx).await? else { return Ok(()) };
    let words = WORDS.query().bind(held.trigger_type_id).fetch_all(&mut *tx).await?;
    let (mut written, mut speechless) = (0, 0);
    for reader in readers(tx, &held).await? {
        let own = in_reach(&words, &reader);
        if own.is_empty() {
            speechless += 1;
        }
        let Some((words, to)) = chosen(&own, &reader) else { continue };
        let text = filled(&words.body, &held.params, &reader.name);
        let new = NewMessage {
            channel: Channel::of(&words.channel),
            template: &words.template,
            account_user: reader.user,
            to,
            subject: &words.subject,
            text: &text,
            confidential: false,
        };
        messages::send_for(tx, &new, reader.account, trigger).await?;
        written += 1;
    }
    let status = match (written, speechless) {
        (0, 0) => "PROCESSING_SKIPPED",
        (0, _) => "PROCESSING_FAILED",
        _ => "PROCESSED",
    };
    DONE.command().bind(trigger).bind(status).execute(&mut *tx).await?;
    Ok(())
}

/// The words for a reader, those in the language that they prefer before those in the one of their market.
fn in_reach<'a>(words: &'a [Words], reader: &Reader) -> Vec<&'a Words> {
    let usual = languages::of_market(&reader.market);
    let preferred = reader.language.as_deref().unwrap_or(usual);
    let fits =
        |words: &&Words| words.market == reader.market && [preferred, usual].contains(&&*words.language);
    let mut own: Vec<&Words> = words.iter().filter(fits).collect();
    own.sort_by_key(|words| words.language != preferred);
    own
}

/// The words for the way that a reader is best reached: e-mail before SMS before paper.
fn chosen<'a>(words: &[&'a Words], reader: &'a Reader) -> Option<(&'a Words, &'a str)> {
    [Channel::Email, Channel::Sms, Channel::Letter].into_iter().find_map(|channel| {
        let words = words.iter().find(|words| words.channel == channel.code())?;
        Some((*words, reader.at(channel)?))
    })
}

async fn readers(tx: &mut Tx, held: &Held) -> Result<Vec<Reader>, sqlx::Error> {
    let server = Viewer::server();
    if let Some(to) = &held.recipient {
        let text = |name: &str| to.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (email, mobile) = (text("email"), text("mobile"));
        let reader =
            Reader { market: text("market"), name: text("name"), email, mobile, ..Reader::default() };
        return Ok(vec![reader]);
    }
    if let Some(user) = held.account_user_id {
        let found = users::by_ids(tx, &server, &[user]).await?.into_iter().flatten();
        return Ok(found
            .map(|user| Reader {
                account: held.accounts.first().copied(),
                user: Some(user.id),
                market: held.market.clone().unwrap_or_default(),
                language: held.language.clone(),
                name: user.given_name,
                email: user.email,
                mobile: user.mobile,
                address: String::new(),
            })
            .collect());
    }
    let accounts = accounts::by_ids(tx, &server, &held.accounts).await?;
    let people = users::of_accounts(tx, &server, &held.accounts).await?;
    Ok(accounts
        .into_iter()
        .zip(people)
        .filter_map(|(account, people)| {
            let account = account?;
            let address = account.billing_address();
            let address = (!address.is_empty()).then(|| format!("{}, {address}", account.billing_name));
            let first = people.into_iter().next();
            Some(Reader {
                account: Some(account.id),
                user: first.as_ref().map(|user| user.id),
                market: account.market,
                language: account.preferred_language,
                name: account.billing_name,
                email: account.billing_email,
                mobile: first.map(|user| user.mobile).unwrap_or_default(),
                address: address.unwrap_or_default(),
            })
        })
        .collect())
}

/// A text with values in place of what stands in double braces.
fn filled(text: &str, values: &Value, name: &str) -> String {
    let mut filled = text.replace("{{name}}", name);
    for (name, value) in values.as_object().into_iter().flatten() {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        filled = filled.replace(&format!("{{{{{name}}}}}"), &shown);
    }
    filled
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_filled() {
        let values = json!({ "hours": 2, "startsAt": "2026-03-02" });
        let text = filled("{{name}}: {{hours}} hours from {{startsAt}} {{else}}", &values, "Ada");
        assert_eq!(text, "Ada: 2 hours from 2026-03-02 {{else}}");
    }

    #[test]
    fn paper_is_for_whoever_has_nothing_else() {
        let words = |channel: &str| Words {
            market: "gb".into(),
            language: "en".into(),
            channel: channel.into(),
            template: String::new(),
            subject: String::new(),
            body: String::new(),
        };
        let (email, letter) = (words("EMAIL"), words("LETTER"));
        let mut reader = Reader { address: "1 High Street".into(), ..Reader::default() };
        assert_eq!(chosen(&[&email, &letter], &reader).map(|(_, to)| to), Some("1 High Street"));
        reader.email = "ada@example.org".into();
        assert_eq!(chosen(&[&email, &letter], &reader).map(|(_, to)| to), Some("ada@example.org"));
        assert!(chosen(&[&words("SMS")], &reader).is_none());
    }
}
