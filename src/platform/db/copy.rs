//! Rows for COPY in Postgres' binary format: nothing to escape, and nothing for Postgres to parse.

use chrono::{DateTime, NaiveDate, Utc};

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
/// Neither flags nor an extension of the header follow.
const NO_MORE_HEADER: [u8; 8] = [0; 8];
const END: [u8; 2] = (-1_i16).to_be_bytes();
const NULL: [u8; 4] = (-1_i32).to_be_bytes();
/// Days from 1970 to 2000, where Postgres begins to count.
const DAYS_TO_2000: i32 = 10_957;
const MICROS_TO_2000: i64 = 946_684_800_000_000;

/// Bytes in front of the values of an array of one dimension: how many dimensions, whether there are nulls, the type,
/// how many values, and the index of the first.
const ARRAY_HEADER: usize = 20;
/// What Postgres calls the type `integer`.
const INTEGER: i32 = 23;

/// Rows about to be copied into one table, all with the same columns.
#[derive(Debug)]
pub struct Rows {
    bytes: Vec<u8>,
    columns: i16,
    count: u64,
}

impl Rows {
    /// No rows yet, each of so many columns.
    pub fn new(columns: i16) -> Self {
        let mut rows = Self { bytes: Vec::new(), columns, count: 0 };
        rows.clear();
        rows
    }

    /// Forgets the rows and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.extend_from_slice(SIGNATURE);
        self.bytes.extend_from_slice(&NO_MORE_HEADER);
        self.count = 0;
    }

    /// How many rows there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Bytes that they take.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The rows as Postgres wants them, with the mark of the end.
    pub(super) fn finished(&mut self) -> &[u8] {
        self.bytes.extend_from_slice(&END);
        &self.bytes
    }

    /// Begins a row. Postgres refuses one that does not get a value for each column.
    pub fn row(&mut self) -> Row<'_> {
        self.count += 1;
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
        Row(&mut self.bytes)
    }
}

/// A row that is being written, value by value in the order of the columns.
#[derive(Debug)]
pub struct Row<'a>(&'a mut Vec<u8>);

impl Row<'_> {
    fn value(self, value: &[u8]) -> Self {
        // Postgres takes no value of two gigabytes; it refuses the row whose length is cut off here.
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(value);
        self
    }

    /// Null.
    pub fn null(self) -> Self {
        self.0.extend_from_slice(&NULL);
        self
    }

    /// A `bigint`.
    pub fn big(self, value: i64) -> Self {
        self.value(&value.to_be_bytes())
    }

    /// An `integer`.
    pub fn int(self, value: i32) -> Self {
        self.value(&value.to_be_bytes())
    }

    /// A `smallint`.
    pub fn small(self, value: i16) -> Self {
        self.value(&value.to_be_bytes())
    }

    /// An `integer[]` of one dimension, null where there is nothing.
    pub fn ints(self, values: &[Option<i32>]) -> Self {
        let size: usize = values.iter().map(|value| if value.is_some() { 8 } else { 4 }).sum();
        let length = |of: usize| i32::try_from(of).unwrap_or(i32::MAX).to_be_bytes();
        let has_null = i32::from(values.iter().any(Option::is_none));
        self.0.extend_from_slice(&length(size + ARRAY_HEADER));
        for part in [1, has_null, INTEGER] {
            self.0.extend_from_slice(&part.to_be_bytes());
        }
        self.0.extend_from_slice(&length(values.len()));
        self.0.extend_from_slice(&1_i32.to_be_bytes());
        values.iter().fold(self, |row, value| match value {
            Some(value) => row.int(*value),
            None => row.null(),
        })
    }

    /// A `text`.
    pub fn text(self, value: &str) -> Self {
        self.value(value.as_bytes())
    }

    /// A `text` that may be missing.
    pub fn text_or_null(self, value: Option<&str>) -> Self {
        match value {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// A `boolean`.
    pub fn flag(self, value: bool) -> Self {
        self.value(&[u8::from(value)])
    }

    /// A `date`.
    pub fn date(self, value: NaiveDate) -> Self {
        let days = value.to_epoch_days() - DAYS_TO_2000;
        self.value(&days.to_be_bytes())
    }

    /// A `timestamptz`.
    pub fn moment(self, value: DateTime<Utc>) -> Self {
        let micros = value.timestamp_micros() - MICROS_TO_2000;
        self.value(&micros.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_laid_out_as_postgres_documents_it() {
        let mut rows = Rows::new(3);
        let day = NaiveDate::from_ymd_opt(2000, 1, 2).unwrap_or_default();
        rows.row().big(5).text_or_null(None).date(day);
        let bytes = rows.finished();
        assert_eq!(bytes[..11], *b"PGCOPY\n\xff\r\n\0");
        assert_eq!(
            bytes[19..],
            [0, 3, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, 255, 255, 255, 255, 0, 0, 0, 4, 0, 0, 0, 1, 255, 255]
        );
        assert_eq!(rows.count(), 1);
    }

    #[test]
    fn an_array_has_a_header_and_its_values() {
        let mut rows = Rows::new(1);
        rows.row().ints(&[Some(7), None]);
        let bytes = &rows.finished()[21..];
        assert_eq!(bytes[..4], 32_i32.to_be_bytes());
        assert_eq!(bytes[4..24], [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1]);
        assert_eq!(bytes[24..36], [0, 0, 0, 4, 0, 0, 0, 7, 255, 255, 255, 255]);
    }

    #[test]
    fn time_begins_in_2000() {
        let mut rows = Rows::new(1);
        let moment = DateTime::from_timestamp(946_684_801, 0).unwrap_or_default();
        rows.row().moment(moment);
        assert_eq!(rows.finished()[25..33], 1_000_000_i64.to_be_bytes());
    }
}
