//! Readings that customers give: `createElectricityMeterReading`, `createGasMeterReading`, and their German plurals.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::api::auth::{FieldErrors, Wrong as WrongField};
use crate::api::nodes;
use crate::api::session::{Bindings, Call};
use crate::domain::supply::identifiers::MarketName;
use crate::domain::supply::taking::{self, Given, TakeError, Taken, Which, Wrong};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Resolved};

/// The viewer has no British meter point with this number, or nobody has.
const NO_SUCH_METER_POINT: &str = "KT-GB-5111";
/// The viewer has no German meter with this id.
const NO_MALO: &str = "KT-DE-6411";
/// The meter was not the customer's on that day.
const NOT_SUBMITTED: &str = "KT-DE-6412";
/// What is known of the meter is not whole.
const BROKEN: &str = "KT-DE-6413";
/// The day or the values cannot be.
const INVALID: &str = "KT-DE-6414";

/// What became of a British reading.
struct Outcome {
    id: Option<i64>,
    errors: Vec<FieldErrors>,
}

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createElectricityMeterReading", british_electricity);
    b.root("Mutation.createGasMeterReading", british_gas);
    b.root("Mutation.createElectricityMeterReadings", german_electricity);
    b.root("Mutation.createGasMeterReadings", german_gas);
    b.leaves::<Outcome>("CreateMeterReadingOutputType", &[("id", |o| o.id.map(|id| id.to_string()).into())]);
    b.parts::<Outcome>(
        "CreateMeterReadingOutputType",
        &[("readingErrors", |o| Resolved::nodes(o.errors.iter().cloned()))],
    );
    for payload in ["CreateElectricityMeterReadings", "CreateGasMeterReadings"] {
        b.leaves::<Taken>(
            payload,
            &[
                ("readingDate", |t| t.day.into()),
                ("numberOfReadingsCreated", |t| i64::try_from(t.created).unwrap_or(i64::MAX).into()),
            ],
        );
    }
}

/// A register that is read, in Britain.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadRegister {
    register_id: Option<String>,
    reading: Option<i64>,
}

/// Which British meter was read, and when.
struct Slip<'a> {
    operation: &'static str,
    market_name: MarketName,
    /// What the argument is called, and what it says.
    point: (&'static str, Option<String>),
    serial_number: Option<String>,
    day: Option<NaiveDate>,
    /// The argument that holds the values.
    values_in: &'static str,
    call: Call<'a>,
}

async fn british_electricity(call: Call<'_>) -> Result<Resolved, FieldError> {
    let read: Option<Vec<Option<ReadRegister>>> = call.arg("readings")?;
    let read = read.unwrap_or_default().into_iter().flatten();
    let values: Option<Vec<(Option<i64>, Decimal)>> = read
        .map(|read| {
            // No register has an id that is no number.
            let register = read.register_id.map(|id| id.parse().unwrap_or(0));
            Some((register, Decimal::from(read.reading?)))
        })
        .collect();
    let slip = Slip {
        operation: "Mutation.createElectricityMeterReading",
        market_name: MarketName::GbrElectricity,
        point: ("mpan", call.arg("mpan")?),
        serial_number: call.arg("serialNumber")?,
        day: call.arg("readAt")?,
        values_in: "readings",
        call,
    };
    slip.take(values.unwrap_or_default()).await
}

async fn british_gas(call: Call<'_>) -> Result<Resolved, FieldError> {
    let reading: Option<i64> = call.arg("reading")?;
    let slip = Slip {
        operation: "Mutation.createGasMeterReading",
        market_name: MarketName::GbrGas,
        point: ("mprn", call.arg("mprn")?),
        serial_number: call.arg("serialNumber")?,
        day: call.arg("readAt")?,
        values_in: "reading",
        call,
    };
    slip.take(reading.map(|reading| (None, Decimal::from(reading))).into_iter().collect()).await
}

impl Slip<'_> {
    async fn take(self, values: Vec<(Option<i64>, Decimal)>) -> Result<Resolved, FieldError> {
        let (name, Some(identifier)) = self.point else {
            return Ok(refused(self.point.0, "required", "Say which meter point was read."));
        };
        let subject = identifier.clone();
        let which = Which::AtPoint { identifier, serial_number: self.serial_number };
        let given = Given { market_name: self.market_name, which, day: self.day, values };
        let done = self.call.cx.write(self.operation, Some(&subject), &given, |tx, viewer, given| {
            Box::pin(taking::take(tx, viewer, given))
        });
        match done.await {
            Ok(taken) => Ok(Resolved::node(Outcome { id: Some(taken.reading.id), errors: Vec::new() })),
            Err(TakeError::Wrong(wrong)) => {
                let field = if wrong.is_about_day() { "readAt" } else { self.values_in };
                Ok(refused(field, wrong.code(), wrong.sentence()))
            }
            Err(TakeError::NotThen) => {
                Ok(refused("readAt", "not_supplied", "The meter was not yours to read on that day."))
            }
            Err(TakeError::NoRegister) => {
                Ok(refused(name, "no_register", "This meter has nothing that could be read."))
            }
            Err(TakeError::UnknownMeter) => Err(FieldError::code(NO_SUCH_METER_POINT)),
            Err(TakeError::Forbidden) => Err(FieldError::code(FORBIDDEN)),
            Err(TakeError::Database(error)) => Err(FieldError::internal(error)),
        }
    }
}

fn refused(field: &'static str, code: &'static str, sentence: &'static str) -> Resolved {
    let errors = vec![FieldErrors { field, errors: vec![WrongField { message: sentence.into(), code }] }];
    Resolved::node(Outcome { id: None, errors })
}

/// A register that is read, in Germany.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadValue {
    register_id: Option<String>,
    value: Decimal,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReadingsInput {
    meter_id: String,
    reading_date: Option<NaiveDate>,
    readings: Vec<ReadValue>,
}

async fn german_electricity(call: Call<'_>) -> Result<Resolved, FieldError> {
    german(call, "Mutation.createElectricityMeterReadings", MarketName::DeuElectricity).await
}

async fn german_gas(call: Call<'_>) -> Result<Resolved, FieldError> {
    german(call, "Mutation.createGasMeterReadings", MarketName::DeuGas).await
}

async fn german(
    call: Call<'_>,
    operation: &'static str,
    market_name: MarketName,
) -> Result<Resolved, FieldError> {
    let input: ReadingsInput = call.arg("input")?;
    let meter = nodes::row_id(&input.meter_id).ok_or_else(|| FieldError::code(NO_MALO))?;
    let register = |id: String| id.parse().unwrap_or(0);
    let values =
        input.readings.into_iter().map(|read| (read.register_id.map(register), read.value)).collect();
    let given = Given { market_name, which: Which::Meter(meter), day: input.reading_date, values };
    let done = call.cx.write(operation, Some(&input.meter_id), &given, |tx, viewer, given| {
        Box::pin(taking::take(tx, viewer, given))
    });
    done.await.map(Resolved::node).map_err(|error| match error {
        TakeError::Forbidden => FieldError::code(FORBIDDEN),
        TakeError::UnknownMeter => FieldError::code(NO_MALO),
        TakeError::NotThen => {
            FieldError::code(NOT_SUBMITTED).describe("The meter was not yours on that day.")
        }
        TakeError::NoRegister => FieldError::code(BROKEN),
        TakeError::Wrong(wrong) => {
            let field = if wrong.is_about_day() { "readingDate" } else { "readings" };
            FieldError::code(INVALID).describe(Wrong::sentence(wrong)).at_input(&["input", field])
        }
        TakeError::Database(error) => FieldError::internal(error),
    })
}
