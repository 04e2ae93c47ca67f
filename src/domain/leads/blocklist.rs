//! Who is not signed up: words in names, domains of e-mail addresses, bank accounts.

use thiserror::Error;

use crate::platform::db::{Tx, database_error, statement};

/// What is looked for, or barred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entries<'a> {
    /// A name, or a word that may stand in one.
    pub name: Option<&'a str>,
    /// Domain of an e-mail address.
    pub email_domain: Option<&'a str>,
    /// Number of a bank account.
    pub iban: Option<&'a str>,
}

/// Why nothing was barred.
#[derive(Debug, Error)]
pub enum BarError {
    /// Nothing is left of what is to be barred.
    #[error("nothing was given that could be barred")]
    Nothing,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(BarError);

// A word bars every name that it is a word of, a domain all that is below it.
statement!(static HITS: (String,) = "
    select b.kind from sales_blocklist b
    where (b.kind = 'NAME_KEYWORD' and position(' ' || b.value || ' ' in ' ' || $1::text || ' ') > 0)
        or (b.kind = 'EMAIL_DOMAIN' and ($2::text = b.value or $2 like '%.' || b.value))
        or (b.kind = 'IBAN' and b.value = encode(sha256(convert_to($3::text, 'UTF8')), 'hex'))
    group by b.kind order by b.kind desc");
statement!(static ADD: () = "
    insert into sales_blocklist (kind, value, added_at)
    select given.kind, given.value, $4 from (values ('NAME_KEYWORD', $1::text), ('EMAIL_DOMAIN', $2::text),
        ('IBAN', case when $3::text <> '' then encode(sha256(convert_to($3, 'UTF8')), 'hex') end)) as given (kind, value)
    where given.value <> '' on conflict do nothing");

/// The kinds of what is barred among these: `NAME_KEYWORD`, `EMAIL_DOMAIN`, `IBAN`.
///
/// # Errors
/// Those of the database.
pub async fn hits(tx: &mut Tx, entries: &Entries<'_>) -> Result<Vec<String>, sqlx::Error> {
    let [name, domain, iban] = tidied(entries);
    let found = HITS.query().bind(name).bind(domain).bind(iban).fetch_all(&mut *tx).await?;
    Ok(found.into_iter().map(|(kind,)| kind).collect())
}

/// Bars names, e-mail addresses and bank accounts. What is barred already stays so.
///
/// # Errors
/// See [`BarError`].
pub async fn bar(tx: &mut Tx, entries: &Entries<'_>) -> Result<(), BarError> {
    let [name, domain, iban] = tidied(entries);
    if [&name, &domain, &iban].into_iter().all(String::is_empty) {
        return Err(BarError::Nothing);
    }
    let now = tx.business_now().await?;
    ADD.command().bind(name).bind(domain).bind(iban).bind(now).execute(&mut *tx).await?;
    Ok(())
}

/// Each as it is compared: words in lower case with one blank between them, domains without `@`, account numbers without
/// blanks.
fn tidied(entries: &Entries<'_>) -> [String; 3] {
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ").to_lowercase()
    };
    let domain = |text: &str| {
        let text = text.trim().trim_end_matches('.').to_lowercase();
        text.rsplit('@').next().unwrap_or_default().to_owned()
    };
    let iban = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    [
        entries.name.map(words).unwrap_or_default(),
        entries.email_domain.map(domain).unwrap_or_default(),
        entries.iban.map(iban).unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_is_written_one_way() {
        let given = Entries {
            name: Some("  Test-Customer,  JR "),
            email_domain: Some("Somebody@Mailinator.COM."),
            iban: Some("gb29 nwbk 6016 1331 9268 19"),
        };
        assert_eq!(tidied(&given), ["test customer jr", "mailinator.com", "GB29NWBK60161331926819"]);
        assert_eq!(tidied(&Entries::default()), ["", "", ""]);
    }
}
