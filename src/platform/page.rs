//! Pages of connections. Offsets rather than keys, because cursors are offsets on the wire.
//!
//! A loader that serves many parents turns one [`Window`] into one slice a parent, fetches one row more
//! than each slice holds if it matters whether there is one, and cuts the result with [`Page::cut`]: one statement for all of
//! them.

use std::collections::HashMap;
use std::hash::Hash;

/// Which part of an ordered list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From which end.
    pub edge: Edge,
    /// How many rows at most.
    pub limit: i64,
    /// Whether the length of the whole list is wanted as well.
    pub with_total: bool,
    /// Whether it matters if there are more rows behind it: to find out, one more is read.
    pub looks_ahead: bool,
}

/// From which end a window is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Rows from `offset` on: `first`, with `after` or `offset`.
    Forward {
        /// Rows to leave out in front.
        offset: i64,
    },
    /// The last rows before position `before`, or before the end of the list: `last`.
    Backward {
        /// The position that the window ends in front of.
        before: Option<i64>,
    },
}

/// Offset and limit of one parent's rows, not counting the one row more that tells whether there are more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Rows to leave out in front.
    pub offset: i64,
    /// Rows to show.
    pub limit: i64,
}

impl Window {
    /// The first `limit` rows after `offset`.
    pub fn forward(offset: i64, limit: i64) -> Self {
        Self::at(Edge::Forward { offset: offset.max(0) }, limit)
    }

    /// The last `limit` rows before `before`, or of the whole list.
    pub fn backward(before: Option<i64>, limit: i64) -> Self {
        Self::at(Edge::Backward { before }, limit)
    }

    fn at(edge: Edge, limit: i64) -> Self {
        Self { edge, limit: limit.max(0), with_total: false, looks_ahead: true }
    }

    /// The same window, with the total.
    pub fn counted(self) -> Self {
        Self { with_total: true, ..self }
    }

    /// The same window, of which nobody asks whether there are more rows behind it. Its pages say that there are none.
    pub fn unaware(self) -> Self {
        Self { looks_ahead: false, ..self }
    }

    /// Whether the totals must be known before rows can be fetched, or are asked for.
    pub fn needs_total(&self) -> bool {
        self.with_total || matches!(self.edge, Edge::Backward { .. })
    }

    /// The slice of a list of `total` rows; without a total only a forward window is exact.
    pub fn slice(&self, total: Option<i64>) -> Slice {
        match self.edge {
            Edge::Forward { offset } => Slice { offset, limit: self.limit },
            Edge::Backward { before } => {
                let length = total.unwrap_or(0);
                let end = before.unwrap_or(length).clamp(0, length);
                let offset = (end - self.limit).max(0);
                Slice { offset, limit: end - offset }
            }
        }
    }

    fn is_forward(&self) -> bool {
        matches!(self.edge, Edge::Forward { .. })
    }
}

/// One parent's part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// The position of the first row in the whole list.
    pub offset: i64,
    /// Whether a forward window has rows behind it; false for a backward one, as Relay has it.
    pub has_next: bool,
    /// Whether a backward window has rows in front of it; false for a forward one.
    pub has_previous: bool,
    /// The length of the whole list, where it was asked for.
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// A page of nothing.
    pub fn empty(window: &Window) -> Self {
        Self::cut(window, window.slice(Some(0)), Vec::new(), Some(0))
    }

    /// The page of a whole list that is at hand.
    pub fn of(window: &Window, list: Vec<T>) -> Self {
        let total = i64::try_from(list.len()).ok();
        let slice = window.slice(total);
        let offset = usize::try_from(slice.offset).unwrap_or(0);
        let limit = usize::try_from(slice.limit).unwrap_or(0).saturating_add(1);
        Self::cut(window, slice, list.into_iter().skip(offset).take(limit).collect(), total)
    }

    /// Cuts the row too many off `rows`, which were fetched by `slice`.
    pub fn cut(window: &Window, slice: Slice, mut rows: Vec<T>, total: Option<i64>) -> Self {
        let shown = usize::try_from(slice.limit).unwrap_or(0);
        let more = rows.len() > shown;
        rows.truncate(shown);
        Self {
            rows,
            offset: slice.offset,
            has_next: window.is_forward() && window.looks_ahead && more,
            has_previous: !window.is_forward() && slice.offset > 0,
            total: total.filter(|_| window.with_total),
        }
    }

    /// The same page with every row turned into something else.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        let Self { rows, offset, has_next, has_previous, total } = self;
        Page { rows: rows.into_iter().map(turn).collect(), offset, has_next, has_previous, total }
    }
}

/// What a paging statement is bound to for each parent: the ids, offsets and limits, in step. The same parent may
/// come several times, by several ways; the statement takes them `distinct`.
#[derive(Debug, Default)]
pub struct Slices {
    /// Rows to leave out, one a parent.
    pub offsets: Vec<i64>,
    /// Rows to fetch, one more than is shown where that matters.
    pub limits: Vec<i64>,
}

/// The slices of `parents`, given the totals that are known.
pub fn slices<K: Hash + Eq>(window: &Window, parents: &[K], totals: Option<&HashMap<K, i64>>) -> Slices {
    let mut all = Slices::default();
    for parent in parents {
        let slice = window.slice(total_of(totals, parent));
        all.offsets.push(slice.offset);
        all.limits.push(slice.limit + i64::from(window.looks_ahead));
    }
    all
}

/// Sorts `rows` under their parents and cuts each page, in the order of `parents`.
pub fn pages<K: Hash + Eq + Clone, T>(
    window: &Window,
    parents: &[K],
    totals: Option<&HashMap<K, i64>>,
    rows: impl IntoIterator<Item = (K, T)>,
) -> Vec<Page<T>>
where
    T: Clone,
{
    let mut grouped: HashMap<K, Vec<T>> = HashMap::new();
    for (parent, row) in rows {
        grouped.entry(parent).or_default().push(row);
    }
    let page = |parent: &K| {
        let total = total_of(totals, parent);
        Page::cut(window, window.slice(total), grouped.get(parent).cloned().unwrap_or_default(), total)
    };
    parents.iter().map(page).collect()
}

fn total_of<K: Hash + Eq>(totals: Option<&HashMap<K, i64>>, parent: &K) -> Option<i64> {
    totals.map(|known| known.get(parent).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fetch(list: &[i64], window: &Window) -> Page<i64> {
        let total = window.needs_total().then_some(list.len() as i64);
        let slice = window.slice(total);
        let rows = list.iter().skip(slice.offset as usize).take(slice.limit as usize + 1).copied().collect();
        Page::cut(window, slice, rows, total)
    }

    #[test]
    fn one_more_row_is_read_where_it_matters() {
        let window = Window::forward(2, 5);
        assert_eq!(slices(&window, &[1], None).limits, [6]);
        assert_eq!(slices(&window.unaware(), &[1], None).limits, [5]);
        let list = || (0..9).collect::<Vec<i64>>();
        assert!(Page::of(&window, list()).has_next && !Page::of(&window.unaware(), list()).has_next);
    }

    proptest! {
        #[test]
        fn pages_forward_make_the_list(length in 0i64..40, limit in 1i64..9) {
            let list: Vec<i64> = (0..length).collect();
            let (mut seen, mut offset) = (Vec::new(), 0);
            loop {
                let page = fetch(&list, &Window::forward(offset, limit).counted());
                prop_assert_eq!(page.total, Some(length));
                prop_assert!(!page.has_previous);
                offset += page.rows.len() as i64;
                seen.extend(page.rows);
                if !page.has_next { break; }
            }
            prop_assert_eq!(seen, list);
        }

        #[test]
        fn pages_backward_make_the_list(length in 0i64..40, limit in 1i64..9) {
            let list: Vec<i64> = (0..length).collect();
            let (mut seen, mut before) = (Vec::new(), None);
            loop {
                let page = fetch(&list, &Window::backward(before, limit));
                prop_assert!(page.total.is_none() && !page.has_next);
                before = Some(page.offset);
                seen.splice(0..0, page.rows);
                if !page.has_previous { break; }
            }
            prop_assert_eq!(seen, list);
        }
    }
}
