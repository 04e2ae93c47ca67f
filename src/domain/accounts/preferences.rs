//! Which messages people want, and how e-mails to them should look.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use thiserror::Error;

use super::changes::{About, Changes};
use super::details::Wrong;
use super::in_order;
use crate::domain::auth::viewer::{Viewer, user_is_visible};
use crate::platform::db::{Tx, database_error, row, statement};

/// Number ones that can be played to whoever waits, by year.
const SONG_YEARS: std::ops::RangeInclusive<u16> = 1938..=2003;
/// What else can be played.
const OTHER_SONGS: [&str; 3] =
    ["NO_SONG_PREFERRED", "SONG_hold_music_4_33_silence", "SONG_hold_music_holding_firm"];

/// Why preferences were not changed.
#[derive(Debug, Error)]
pub enum PreferencesError {
    /// Only account users have preferences.
    #[error("the viewer is no account user")]
    Forbidden,
    /// These wishes cannot be granted.
    #[error("some of the preferences are wrong")]
    Invalid(Vec<Wrong>),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
database_error!(PreferencesError);

row! {
    /// What somebody wants to hear of, and how.
    pub struct Preferences {
        /// Row id of the user.
        pub user_id: i64,
        /// News from the supplier.
        pub client_messages: bool,
        /// Offers.
        pub offer_messages: bool,
        /// What would suit them.
        pub recommended_messages: bool,
        /// What is new about products and services.
        pub update_messages: bool,
        /// What others have to offer.
        pub third_party_messages: bool,
        /// A word about each meter reading that was taken in.
        pub reading_confirmations: bool,
        /// Whether SMS may be used for what they could do without.
        pub sms_messages: bool,
        /// `TEXT` or `HTML`.
        pub email_format: String,
        /// Light on dark.
        pub inverted_colours: bool,
        /// Size of text in e-mails; 1 is normal.
        pub font_size: Decimal,
        /// One of `Songs`.
        pub hold_music: String,
        /// When they last changed their mind about SMS.
        pub sms_changed_at: Option<DateTime<Utc>>,
    }
}

/// What is to change; what is left out stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// News from the supplier.
    pub client_messages: Option<bool>,
    /// Offers.
    pub offer_messages: Option<bool>,
    /// What would suit them.
    pub recommended_messages: Option<bool>,
    /// What is new about products and services.
    pub update_messages: Option<bool>,
    /// What others have to offer.
    pub third_party_messages: Option<bool>,
    /// A word about each meter reading that was taken in.
    pub reading_confirmations: Option<bool>,
    /// Whether SMS may be used for what they could do without.
    pub sms_messages: Option<bool>,
    /// `TEXT` or `HTML`.
    pub email_format: Option<String>,
    /// Light on dark.
    pub inverted_colours: Option<bool>,
    /// Size of text in e-mails; 1 is normal.
    pub font_size: Option<f64>,
    /// One of `Songs`.
    pub hold_music: Option<String>,
}

macro_rules! preference_columns {
    () => {
        "u.id as user_id, u.wants_client_messages as client_messages, u.wants_offer_messages as offer_messages, \
         u.wants_recommended_messages as recommended_messages, u.wants_update_messages as update_messages, \
         u.wants_third_party_messages as third_party_messages, \
         u.wants_reading_confirmations as reading_confirmations, u.wants_sms as sms_messages, u.email_format, \
         u.email_colours_inverted as inverted_colours, u.email_font_size as font_size, u.hold_music, \
         (select max(c.at) from detail_changes c \
          where c.account_user_id = u.id and c.field = 'isOptedInToSmsMessages') as sms_changed_at"
    };
}

statement!(static BY_ID: Preferences = concat!(
    "select ", preference_columns!(), " from account_users u where u.id = any($3::bigint[]) and ", user_is_visible!()));
statement!(static HOLD: Preferences = concat!("
    select ", preference_columns!(), " from account_users u where u.id = $3 and ", user_is_visible!(), " for update of u"));
statement!(static SAVE: () = "
    update account_users set wants_client_messages = $2, wants_offer_messages = $3, wants_recommended_messages = $4,
        wants_update_messages = $5, wants_third_party_messages = $6, wants_reading_confirmations = $7, wants_sms = $8,
        email_format = $9, email_colours_inverted = $10, email_font_size = $11, hold_music = $12, updated_at = $13
    where id = $1");

/// The preferences of the users with these ids that the viewer may see, in order.
pub async fn of_users(
    tx: &mut Tx,
    viewer: &Viewer,
    users: &[i64],
) -> Result<Vec<Option<Preferences>>, sqlx::Error> {
    let query = BY_ID.seen_by(viewer).bind(users);
    Ok(in_order(users, query.fetch_all(&mut *tx).await?, |preferences| preferences.user_id))
}

/// Changes the preferences of the account user who is calling, or for whom somebody is.
pub async fn update(tx: &mut Tx, viewer: &Viewer, wishes: &Wishes) -> Result<(), PreferencesError> {
    let user = viewer.account_user().ok_or(PreferencesError::Forbidden)?;
    set(tx, viewer, user, wishes).await
}

/// Changes the preferences of a user that the viewer sees; whether the viewer may is for the caller to know.
pub(super) async fn set(
    tx: &mut Tx,
    viewer: &Viewer,
    user: i64,
    wishes: &Wishes,
) -> Result<(), PreferencesError> {
    let hold = HOLD.seen_by(viewer).bind(user);
    let mut kept = hold.fetch_optional(&mut *tx).await?.ok_or(PreferencesError::Forbidden)?;
    let changes = apply(&mut kept, wishes)?;
    if changes.is_empty() {
        return Ok(());
    }
    save(tx, &kept).await?;
    Ok(changes.keep(tx, viewer, About::User(user)).await?)
}

/// Puts the wishes in place, or says all that is wrong with them.
fn apply(kept: &mut Preferences, wishes: &Wishes) -> Result<Changes, PreferencesError> {
    let (mut changes, mut wrong) = (Changes::default(), Vec::new());
    let mut note = |field, why| wrong.push(Wrong { field, why });
    for (field, slot, wish) in [
        ("isOptedInToClientMessages", &mut kept.client_messages, wishes.client_messages),
        ("isOptedInToOfferMessages", &mut kept.offer_messages, wishes.offer_messages),
        ("isOptedInToRecommendedMessages", &mut kept.recommended_messages, wishes.recommended_messages),
        ("isOptedInToUpdateMessages", &mut kept.update_messages, wishes.update_messages),
        ("isOptedInToThirdPartyMessages", &mut kept.third_party_messages, wishes.third_party_messages),
        ("isOptedInMeterReadingConfirmations", &mut kept.reading_confirmations, wishes.reading_confirmations),
        ("isOptedInToSmsMessages", &mut kept.sms_messages, wishes.sms_messages),
        ("isUsingInvertedEmailColours", &mut kept.inverted_colours, wishes.inverted_colours),
    ] {
        changes.set_given(field, slot, wish);
    }
    match wishes.font_size.map(font_size) {
        Some(None) => note("fontSizeMultiplier", "Text can be half as large as usual to three times."),
        size => changes.set_given("fontSizeMultiplier", &mut kept.font_size, size.flatten()),
    }
    match wishes.email_format.as_deref() {
        Some(format) if !["TEXT", "HTML"].contains(&format) => {
            note("emailFormat", "E-mails are TEXT or HTML.");
        }
        format => changes.set_given("emailFormat", &mut kept.email_format, format.map(str::to_owned)),
    }
    match wishes.hold_music.as_deref() {
        Some(song) if !is_song(song) => note("preferredHoldMusic", "There is no such song."),
        song => changes.set_given("preferredHoldMusic", &mut kept.hold_music, song.map(str::to_owned)),
    }
    if wrong.is_empty() { Ok(changes) } else { Err(PreferencesError::Invalid(wrong)) }
}

/// A size that an e-mail can be read in, to two places.
fn font_size(wish: f64) -> Option<Decimal> {
    let size = Decimal::from_f64(wish)?.round_dp(2);
    let (least, most) = (Decimal::new(5, 1), Decimal::new(3, 0));
    (least..=most).contains(&size).then_some(size)
}

fn is_song(name: &str) -> bool {
    let is_of_a_year =
        |year: &str| year.len() == 4 && year.parse().is_ok_and(|year| SONG_YEARS.contains(&year));
    OTHER_SONGS.contains(&name) || name.strip_prefix("SONG_").is_some_and(is_of_a_year)
}

async fn save(tx: &mut Tx, kept: &Preferences) -> Result<(), sqlx::Error> {
    let now = tx.business_now().await?;
    let p = kept;
    let save = SAVE.command().bind(p.user_id).bind(p.client_messages).bind(p.offer_messages);
    let save = save.bind(p.recommended_messages).bind(p.update_messages).bind(p.third_party_messages);
    let save = save.bind(p.reading_confirmations).bind(p.sms_messages).bind(&p.email_format);
    let save = save.bind(p.inverted_colours).bind(p.font_size).bind(&p.hold_music).bind(now);
    save.execute(&mut *tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_can_be_read() {
        let size = |wish| font_size(wish).map(|size| size.to_string());
        assert_eq!(size(1.256).as_deref(), Some("1.26"));
        assert_eq!((size(0.5).as_deref(), size(3.0).as_deref()), (Some("0.5"), Some("3")));
        for odd in [0.0, -1.0, 3.1, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(size(odd), None, "{odd}");
        }
    }

    #[test]
    fn songs_are_those_of_the_list() {
        for song in ["NO_SONG_PREFERRED", "SONG_1938", "SONG_2003", "SONG_hold_music_holding_firm"] {
            assert!(is_song(song), "{song}");
        }
        for other in ["", "SONG_", "SONG_1937", "SONG_2004", "SONG_+1942", "SONG_02000", "song_1942"] {
            assert!(!is_song(other), "{other}");
        }
    }
}
