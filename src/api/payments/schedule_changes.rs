//! The mutations that start and change payment schedules. Several markets have codes of their own for the same refusals.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::auth::legacy_login::Failure;
use crate::api::session::{Bindings, Call};
use crate::domain::payments::schedule_changes::{self, AmountFlaw, ScheduleError, ToVariable};
use crate::domain::payments::schedules::Schedule;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Parts, Resolved};

/// A schedule that was started or changed.
struct Done(Schedule);

/// The outcome of moving the day of a direct debit.
enum Moved {
    To(Box<Schedule>),
    Not { field: &'static str, message: String },
}

const SCHEDULE: Parts<Done> = &[("schedule", |done| Resolved::node(done.0.clone()))];
const PAYMENT_SCHEDULE: Parts<Done> = &[("paymentSchedule", |done| Resolved::node(done.0.clone()))];

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.createAccountPaymentSchedule", start);
    b.root("Mutation.createPaymentSchedule", set_monthly);
    b.root("Mutation.updatePaymentSchedulePaymentAmount", set_amount);
    b.root("Mutation.updatePaymentSchedulePaymentDay", set_day);
    b.root("Mutation.directDebitPaymentDayUpdate", move_day);
    b.root("Mutation.switchAccountToVariablePaymentSchedule", to_variable);
    b.root("Mutation.updateAutoTopUpAmount", set_top_up);
    for outcome in
        ["CreateAccountPaymentSchedule", "SwitchAccountToVariablePaymentSchedule", "UpdateAutoTopUpAmount"]
    {
        b.parts::<Done>(outcome, SCHEDULE);
    }
    for outcome in
        ["CreatePaymentSchedule", "UpdatePaymentSchedulePaymentAmount", "UpdatePaymentSchedulePaymentDay"]
    {
        b.parts::<Done>(outcome, PAYMENT_SCHEDULE);
    }
    b.parts::<Moved>(
        "DirectDebitPaymentDayUpdate",
        &[
            ("paymentSchedule", |moved| match moved {
                Moved::To(schedule) => Resolved::node((**schedule).clone()),
                Moved::Not { .. } => Resolved::Null,
            }),
            ("errors", |moved| match moved {
                Moved::To(_) => Resolved::List(Vec::new()),
                Moved::Not { field, message } => {
                    Resolved::nodes([Failure { field, message: message.clone() }])
                }
            }),
        ],
    );
}

fn at(code: &'static str, field: &str) -> FieldError {
    FieldError::code(code).at_input(&["input", field])
}

/// A refusal, under a code that several cases share, saying which it is.
fn told(code: &'static str, error: &ScheduleError) -> FieldError {
    FieldError::code(code).describe(format!("Nothing was changed: {error}."))
}

fn flawed(error: &ScheduleError, field: &str) -> FieldError {
    told(INVALID_INPUT, error).at_input(&["input", field])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartInput {
    account_number: String,
    ledger_number: String,
    payment_day: Option<i32>,
    payment_amount: Option<i64>,
}

async fn start(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: StartInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let done =
        call.cx.write("Mutation.createAccountPaymentSchedule", subject, &input, |tx, viewer, input| {
            Box::pin(async move {
                let (account, ledger) = (&input.account_number, &input.ledger_number);
                schedule_changes::start(tx, viewer, account, ledger, input.payment_day, input.payment_amount)
                    .await
            })
        });
    done.await.map(|schedule| Resolved::node(Done(schedule))).map_err(|error| match error {
        ScheduleError::Forbidden => FieldError::code(FORBIDDEN),
        ScheduleError::UnknownAccount | ScheduleError::NotTheirs => FieldError::code("KT-CT-3923"),
        ScheduleError::NoLedger => FieldError::code("KT-CT-3822"),
        ScheduleError::NoneActive => FieldError::code("KT-CT-3815"),
        ScheduleError::Amount(_) => at("KT-CT-3941", "paymentAmount"),
        ScheduleError::Day => at("KT-CT-3960", "paymentDay"),
        ScheduleError::Planned => FieldError::code("KT-CT-3961"),
        ScheduleError::NothingNew => FieldError::code("KT-CT-3962"),
        ScheduleError::NoInstruction => told("KT-CT-3947", &error),
        ScheduleError::InTheWay => told("KT-CT-3942", &error),
        other => FieldError::internal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MonthlyInput {
    account_number: String,
    payment_amount: i64,
    payment_day: i32,
}

async fn set_monthly(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: MonthlyInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.createPaymentSchedule", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let (amount, day) = (input.payment_amount, input.payment_day);
            schedule_changes::set_monthly(tx, viewer, &input.account_number, amount, day).await
        })
    });
    done.await.map(|schedule| Resolved::node(Done(schedule))).map_err(|error| match error {
        ScheduleError::Forbidden => FieldError::code(FORBIDDEN),
        ScheduleError::UnknownAccount | ScheduleError::NotTheirs | ScheduleError::NoLedger => {
            FieldError::code("KT-CT-4177")
        }
        ScheduleError::NoRecentBill => FieldError::code("KT-GB-3917"),
        ScheduleError::Planned => FieldError::code("KT-CT-3961"),
        ScheduleError::InTheWay => told("KT-CT-3942", &error),
        ScheduleError::NoInstruction => told("KT-CT-3947", &error),
        ScheduleError::Amount(_) => flawed(&error, "paymentAmount"),
        ScheduleError::Day => flawed(&error, "paymentDay"),
        other => FieldError::internal(other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AmountInput {
    account_number: String,
    amount: i64,
}

async fn set_amount(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: AmountInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let operation = "Mutation.updatePaymentSchedulePaymentAmount";
    let done = call.cx.write(operation, subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            schedule_changes::set_amount(tx, viewer, &input.account_number, input.amount).await
        })
    });
    done.await.map(|schedule| Resolved::node(Done(schedule))).map_err(|refusal| {
        let market = refusal.market.unwrap_or_default();
        not_amount(market, refusal.error)
    })
}

fn not_amount(market: &str, error: ScheduleError) -> FieldError {
    let of_market = |de: &'static str, gb: &'static str, other: &'static str| match market {
        "de" => told(de, &error),
        "gb" => told(gb, &error),
        _ => told(other, &error),
    };
    match &error {
        ScheduleError::Forbidden => FieldError::code(FORBIDDEN),
        ScheduleError::NotTheirs => FieldError::code("KT-CT-3923"),
        ScheduleError::UnknownAccount => FieldError::code("KT-CT-1145"),
        ScheduleError::NoneActive => of_market("KT-DE-3910", "KT-CT-1145", "KT-CT-1145"),
        ScheduleError::Amount(flaw) => {
            let de = match flaw {
                AmountFlaw::Impossible => "KT-DE-3912",
                AmountFlaw::TooLow => "KT-DE-3915",
                AmountFlaw::TooHigh => "KT-DE-3916",
                AmountFlaw::Same => "KT-DE-3917",
                AmountFlaw::InDebt => "KT-DE-3918",
            };
            of_market(de, "KT-GB-3919", "KT-CT-3941").at_input(&["input", "amount"])
        }
        ScheduleError::Planned | ScheduleError::Fixed => of_market("KT-DE-3901", "KT-GB-3920", "KT-CT-3942"),
        ScheduleError::InTheWay => of_market("KT-DE-3902", "KT-GB-3920", "KT-CT-3942"),
        _ => FieldError::internal(error),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DayInput {
    account_number: String,
    payment_day: i32,
}

async fn set_day(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: DayInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let done =
        call.cx.write("Mutation.updatePaymentSchedulePaymentDay", subject, &input, |tx, viewer, input| {
            Box::pin(async move {
                schedule_changes::set_day(tx, viewer, &input.account_number, input.payment_day).await
            })
        });
    done.await.map(|schedule| Resolved::node(Done(schedule))).map_err(|refusal| {
        let market = refusal.market.unwrap_or_default();
        not_day(market, &refusal.error)
    })
}

fn not_day(market: &str, error: &ScheduleError) -> FieldError {
    let of_market = |de: &'static str, gb: &'static str, other: &'static str| match market {
        "de" => told(de, error),
        "gb" => told(gb, error),
        _ => told(other, error),
    };
    match error {
        ScheduleError::Forbidden => FieldError::code(FORBIDDEN),
        ScheduleError::NotTheirs => FieldError::code("KT-CT-3923"),
        ScheduleError::UnknownAccount => FieldError::code("KT-GB-3918"),
        ScheduleError::Business => FieldError::code("KT-GB-3910"),
        ScheduleError::NoneActive => of_market("KT-DE-3910", "KT-CT-1145", "KT-CT-1145"),
        ScheduleError::Day | ScheduleError::SameDay => {
            of_market("KT-DE-3913", INVALID_INPUT, INVALID_INPUT).at_input(&["input", "paymentDay"])
        }
        ScheduleError::UnderWay => of_market("KT-DE-3910", "KT-GB-3911", "KT-CT-1145"),
        ScheduleError::Planned | ScheduleError::Fixed | ScheduleError::InTheWay => {
            of_market("KT-DE-3910", "KT-GB-3912", "KT-CT-1145")
        }
        _ => FieldError::internal(error.to_string()),
    }
}

async fn move_day(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: DayInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.directDebitPaymentDayUpdate", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            schedule_changes::move_direct_debit(tx, viewer, &input.account_number, input.payment_day).await
        })
    });
    let error = match done.await {
        Ok(schedule) => return Ok(Resolved::node(Moved::To(Box::new(schedule)))),
        Err(refusal) => refusal.error,
    };
    let field = match &error {
        ScheduleError::Forbidden => return Err(FieldError::code(FORBIDDEN)),
        ScheduleError::Database(_) => return Err(FieldError::internal(error)),
        ScheduleError::UnknownAccount | ScheduleError::NotTheirs => "accountNumber",
        _ => "paymentDay",
    };
    let message = match &error {
        ScheduleError::NotTheirs => ScheduleError::UnknownAccount.to_string(),
        other => other.to_string(),
    };
    Ok(Resolved::node(Moved::Not { field, message }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VariableInput {
    account_number: String,
    ledger_number: String,
    target_change_date: Option<NaiveDate>,
    note: Option<String>,
    cancel_conflicting_schedules: Option<bool>,
}

async fn to_variable(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: VariableInput = call.arg("input")?;
    let subject = Some(input.account_number.as_str());
    let operation = "Mutation.switchAccountToVariablePaymentSchedule";
    let done = call.cx.write(operation, subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let wanted = ToVariable {
                account_number: &input.account_number,
                ledger: &input.ledger_number,
                from: input.target_change_date,
                note: input.note.as_deref(),
                calls_off: input.cancel_conflicting_schedules == Some(true),
            };
            schedule_changes::to_variable(tx, viewer, &wanted).await
        })
    });
    done.await.map(|schedule| Resolved::node(Done(schedule))).map_err(|error| match error {
        ScheduleError::Forbidden => FieldError::code(FORBIDDEN),
        ScheduleError::UnknownAccount | ScheduleError::NotTheirs => FieldError::code("KT-CT-3921"),
        ScheduleError::NoLedger => FieldError::code("KT-CT-3922"),
        ScheduleError::Database(error) => FieldError::internal(error),
        other => told("KT-CT-3947", &other),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TopUpInput {
    account_number: String,
    ledger_id: i64,
    payment_amount: i64,
}

async fn set_top_up(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: TopUpInput = call.arg("input")?;
    // No ledger has such an id: none is named.
    if input.ledger_id <= 0 {
        return Err(at("KT-CT-3821", "ledgerId"));
    }
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.updateAutoTopUpAmount", subject, &input, |tx, viewer, input| {
        Box::pin(async move {
            let (ledger, amount) = (input.ledger_id, input.payment_amount);
            schedule_changes::set_top_up(tx, viewer, &input.account_number, ledger, amount).await
        })
    });
    done.await.map(|schedule| Resolved::node(Done(schedule))).map_err(|error| match error {
        ScheduleError::Forbidden | ScheduleError::UnknownAccount | ScheduleError::NotTheirs => {
            FieldError::code("KT-CT-4123")
        }
        ScheduleError::NoLedger => FieldError::code("KT-CT-3822"),
        ScheduleError::NoneActive => FieldError::code("KT-CT-3815"),
        ScheduleError::NotByBalance => FieldError::code("KT-CT-3953"),
        ScheduleError::Amount(_) => at("KT-CT-3941", "paymentAmount"),
        ScheduleError::InTheWay => told("KT-CT-3942", &error),
        ScheduleError::NoInstruction => told("KT-CT-3947", &error),
        other => FieldError::internal(other),
    })
}
