//! What conditions of access say of other kinds of viewers is left out before Postgres sees a statement: setting a
//! condition up costs it as much as what it is for, whether or not it ever holds.
//!
//! A condition marks its parts with comments: `/*who*/`, what holds for staff, then for each other kind its name as a
//! comment and `or` with what holds for it (`/*others*/` is for all that have none of their own), and `/*end*/`.

/// Whoever a statement is about to be run for.
pub trait Seer {
    /// The kind, the first argument of what it may see.
    fn kind(&self) -> &'static str;
    /// The row id, the second argument.
    fn id(&self) -> i64;
}

/// Kinds of viewers.
pub(super) const KINDS: [&str; 5] =
    ["support-user", "account-user", "organisation", "partner-user", "anonymous"];

const WHO: &str = "/*who*/";
const END: &str = "/*end*/";
const STAFF: &str = "support-user";
const OTHERS: &str = "others";

/// The statement as it is for viewers of a kind.
pub(super) fn narrowed(sql: &str, kind: &str) -> String {
    let Some((before, rest)) = sql.split_once(WHO) else { return sql.to_owned() };
    let (block, after) = block(rest);
    let chosen = match arms(block).iter().find(|(name, _)| *name == kind) {
        Some((STAFF, _)) => "true".to_owned(),
        Some((_, arm)) => bare(arm),
        None => arms(block)
            .iter()
            .find(|(name, _)| *name == OTHERS)
            .map_or("false".to_owned(), |(_, arm)| bare(arm)),
    };
    format!("{before}{}{}", narrowed(&chosen, kind), narrowed(after, kind))
}

/// What lies before the end of the condition, and what comes after it.
fn block(text: &str) -> (&str, &str) {
    let (mut depth, mut from) = (0_usize, 0);
    while let Some(at) = text[from..].find("/*").map(|found| from + found) {
        let here = &text[at..];
        if here.starts_with(WHO) {
            depth += 1;
        } else if here.starts_with(END) {
            if depth == 0 {
                return (&text[..at], &text[at + END.len()..]);
            }
            depth -= 1;
        }
        from = at + 2;
    }
    (text, "")
}

/// The parts of a condition by kind; the first is that of staff.
fn arms(block: &str) -> Vec<(&str, &str)> {
    let (mut depth, mut from, mut begun) = (0_usize, 0, 0);
    let (mut found, mut name) = (Vec::new(), STAFF);
    while let Some(at) = block[from..].find("/*").map(|found| from + found) {
        let here = &block[at..];
        let close = here.find("*/").map_or(block.len(), |found| at + found + 2);
        if here.starts_with(WHO) {
            depth += 1;
        } else if here.starts_with(END) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            found.push((name, &block[begun..at]));
            (name, begun) = (block[at + 2..close].trim_end_matches("*/"), close);
        }
        from = close;
    }
    found.push((name, &block[begun..]));
    found
}

/// Without the `or` that ties it to the parts before it.
fn bare(arm: &str) -> String {
    let arm = arm.trim();
    arm.strip_prefix("or ").unwrap_or(arm).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::db::Registered;

    const INNER: &str =
        "(/*who*/ $1 = 'support-user' /*account-user*/ or u($2) /*organisation*/ or o($2) /*end*/)";

    #[test]
    fn only_what_is_said_of_the_kind_is_left() {
        assert_eq!(narrowed(INNER, "support-user"), "(true)");
        assert_eq!(narrowed(INNER, "account-user"), "(u($2))");
        assert_eq!(narrowed(INNER, "organisation"), "(o($2))");
        assert_eq!(narrowed(INNER, "anonymous"), "(false)");
        assert_eq!(narrowed("select 1", "account-user"), "select 1");
    }

    #[test]
    fn conditions_lie_within_one_another() {
        let outer = format!(
            "a (/*who*/ $1 = 'support-user' /*others*/ or exists (b and {INNER}) /*end*/) and {INNER}"
        );
        assert_eq!(narrowed(&outer, "support-user"), "a (true) and (true)");
        assert_eq!(narrowed(&outer, "organisation"), "a (exists (b and (o($2)))) and (o($2))");
        assert_eq!(narrowed(&outer, "partner-user"), "a (exists (b and (false))) and (false)");
    }

    #[test]
    fn every_statement_is_whole_for_everybody() {
        for known in inventory::iter::<Registered> {
            for kind in KINDS {
                let narrow = narrowed(known.sql, kind);
                let count = |sign| narrow.matches(sign).count();
                assert_eq!(count('('), count(')'), "{}: {narrow}", known.name);
                assert!(!narrow.contains("/*"), "{}: {narrow}", known.name);
            }
        }
    }
}
