//! What a password must be: one table of rules, each with its code and its sentence.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::logins::Holder;

/// Shortest password, in characters.
pub const MIN_LENGTH: usize = 8;
/// Longest password, in characters. Beyond it a text is not judged at all.
pub const MAX_LENGTH: usize = 128;

/// How much may be put around a common password without making it a good one, in characters.
const DECORATION: usize = 4;
/// Shorter parts of an e-mail or a name are in too many passwords to mean anything.
const SHORTEST_PART: usize = 3;

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("common_passwords.txt").lines().filter(|line| !line.starts_with("# ")).collect()
});

/// A rule that a password can break.
#[derive(Debug)]
pub struct Rule {
    /// Stable name for programs.
    pub code: &'static str,
    /// What is demanded, for people.
    pub sentence: &'static str,
    broken: fn(&str, &Holder) -> bool,
}

/// All rules that can be told from the password and its owner alone.
pub static RULES: [Rule; 4] = [
    Rule {
        code: "password_too_short",
        sentence: "Your password must have at least 8 characters, and no more than 128.",
        broken: |password, _| password.chars().count() < MIN_LENGTH,
    },
    Rule {
        code: "password_too_common",
        sentence: "Your password must not be one that is commonly used.",
        broken: |password, _| is_common(password),
    },
    Rule {
        code: "password_too_similar",
        sentence: "Your password must not resemble your name or email address.",
        broken: resembles,
    },
    Rule {
        code: "password_entirely_numeric",
        sentence: "Your password must not consist of digits only.",
        broken: |password, _| password.chars().all(char::is_numeric),
    },
];

/// A new password that is the old one breaks this.
pub static UNCHANGED: Rule = Rule {
    code: "password_unchanged",
    sentence: "Your password must differ from the one you have now.",
    broken: |_, _| false,
};

/// Every rule, in the order in which they are told.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().chain([&UNCHANGED])
}

/// The text is blank or too long to be judged as a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unusable;

/// The rules that `password` breaks in the hands of `holder`; none for a good one.
pub fn judge(password: &str, holder: &Holder) -> Result<Vec<&'static Rule>, Unusable> {
    if password.trim().is_empty() || password.chars().count() > MAX_LENGTH {
        return Err(Unusable);
    }
    Ok(RULES.iter().filter(|rule| (rule.broken)(password, holder)).collect())
}

/// A password that guessers try first, as it is or with a little around it.
fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let mut letters = lower.chars();
    let first = letters.next();
    if letters.all(|letter| Some(letter) == first) {
        return true;
    }
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let added = lower.chars().count() - core.chars().count();
    COMMON.contains(lower.as_str()) || (added <= DECORATION && COMMON.contains(core))
}

/// A password that consists for the most part of a part of its owner's names or e-mails, or is in one.
fn resembles(password: &str, holder: &Holder) -> bool {
    let password = plain(password);
    let length = password.chars().count();
    if length == 0 {
        return false;
    }
    parts(holder).iter().any(|part| {
        part.contains(&password) || (password.contains(part.as_str()) && part.chars().count() * 2 >= length)
    })
}

fn parts(holder: &Holder) -> Vec<String> {
    let whole = [&holder.email, &holder.contact_email, &holder.given_name, &holder.family_name];
    let whole = whole.into_iter().map(String::as_str).chain(holder.preferred_name.as_deref());
    let pieces = whole.flat_map(|text| {
        let words = text.split(|c: char| !c.is_alphanumeric());
        [text, text.split('@').next().unwrap_or_default()].into_iter().chain(words)
    });
    let both = [holder.given_name.as_str(), holder.family_name.as_str()].concat();
    let known = pieces.map(plain).chain([plain(&both)]);
    known.filter(|part| part.chars().count() >= SHORTEST_PART).collect()
}

/// Letters and digits alone, in lower case.
fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ada() -> Holder {
        Holder {
            login: 1,
            email: "ada.byron@example.org".into(),
            password_hash: None,
            contact_email: "countess@mail.example".into(),
            given_name: "Augusta".into(),
            family_name: "Lovelace".into(),
            preferred_name: Some("Ada".into()),
        }
    }

    fn codes(password: &str) -> Vec<&'static str> {
        judge(password, &ada()).expect("usable").iter().map(|rule| rule.code).collect()
    }

    #[test]
    fn each_rule_is_broken_by_what_it_names() {
        let cases = [
            ("kT9#w", "password_too_short"),
            ("Letmein123!", "password_too_common"),
            ("iloveyou1", "password_too_common"),
            ("!!!!!!!!!!!!", "password_too_common"),
            ("Lovelace1815", "password_too_similar"),
            ("ada.byron@example.org", "password_too_similar"),
            ("adabyron", "password_too_similar"),
            ("augusta lovelace", "password_too_similar"),
            ("COUNTESS-77", "password_too_similar"),
            ("8364512907346", "password_entirely_numeric"),
        ];
        for (password, code) in cases {
            assert!(codes(password).contains(&code), "{password}: {:?}", codes(password));
        }
    }

    #[test]
    fn good_passwords_break_nothing() {
        for good in
            ["correct horse battery staple", "q7vKzR2mXw9LpT4s", "парольная фраза", "Ada's teapot flies"]
        {
            assert_eq!(codes(good), [""; 0], "{good}");
        }
    }

    #[test]
    fn what_is_blank_or_endless_is_not_judged() {
        for unusable in ["", " \t\n", &"x".repeat(MAX_LENGTH + 1)] {
            assert!(judge(unusable, &ada()).is_err());
        }
        assert!(judge(&"ä".repeat(MAX_LENGTH), &ada()).is_ok());
    }

    #[test]
    fn an_empty_name_forbids_nothing() {
        let nobody = Holder {
            email: String::new(),
            contact_email: String::new(),
            given_name: String::new(),
            family_name: String::new(),
            preferred_name: None,
            ..ada()
        };
        assert!(judge("correct horse battery staple", &nobody).is_ok_and(|broken| broken.is_empty()));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_the_same_way_twice(text in any::<String>()) {
            let told = |text: &str| judge(text, &ada()).map(|rules| rules.iter().map(|r| r.code).collect::<Vec<_>>());
            prop_assert_eq!(told(&text), told(&text));
        }

        #[test]
        fn digits_alone_never_pass(text in "[0-9]{1,128}") {
            prop_assert!(codes(&text).contains(&"password_entirely_numeric"));
        }

        #[test]
        fn a_name_with_a_little_around_it_never_passes(around in "[0-9!?]{0,8}", front in any::<bool>()) {
            let password = if front { format!("{around}Lovelace") } else { format!("lovelace{around}") };
            prop_assert!(codes(&password).contains(&"password_too_similar"));
        }

        #[test]
        fn long_random_passwords_pass(text in "[a-km-z]{6}[0-9]{6}[A-KM-Z]{6}") {
            prop_assert!(codes(&text).is_empty());
        }
    }
}
