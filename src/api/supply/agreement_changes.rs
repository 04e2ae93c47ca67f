//! Mutations that change what is agreed: renewals, switches of single points, and what staff put right.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::supply::agreement_edits::{self, EditError, Named};
use crate::domain::supply::renewals::{
    self, AtProperty, OfAccount, PointSwitch, PointSwitches, Renewal, RenewalError,
};
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

/// The account whose agreements changed.
struct Changed(Account);

pub(super) fn bind(b: &mut Bindings) {
    b.root("Mutation.renewAgreements", renew_agreements);
    b.root("Mutation.renewAgreementsForAccount", renew_for_account);
    b.root("Mutation.switchMeterPointProducts", switch_points);
    b.root("Mutation.replaceAgreement", replace);
    b.root("Mutation.revokeAgreement", revoke);
    b.root("Mutation.updateAgreementPeriod", update_period);
    // Nobody is paid by the kWh for bringing customers.
    b.dark(&["MeterPointSwitchContext.commission"]);
    for payload in [
        "RenewAgreements",
        "RenewAgreementsForAccount",
        "ReplaceAgreement",
        "RevokeAgreement",
        "SwitchMeterPointProducts",
        "UpdateAgreementPeriod",
    ] {
        b.parts::<Changed>(
            payload,
            &[("account", |c| Resolved::Node(Node::typed("AccountType", c.0.clone())))],
        );
    }
}

async fn changed(call: &Call<'_>, account_number: &str) -> Result<Resolved, FieldError> {
    let mut view = call.cx.read().await?;
    let found = accounts::by_number(&mut view, call.cx.viewer(), account_number).await;
    Ok(Resolved::maybe(found.map_err(FieldError::internal)?.map(Changed)))
}

/// What is no row id names nothing.
fn row_id(text: &str) -> i64 {
    text.parse().unwrap_or(0)
}

fn said(code: &'static str, error: &dyn std::error::Error) -> FieldError {
    FieldError::code(code).describe(format!("Nothing was changed: {error}."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RenewInput {
    account_number: String,
    quoted_product_id: String,
    property_id: String,
    make_full_debt_repayment: bool,
    persist_flat_rate: Option<bool>,
    change_on: Option<NaiveDate>,
}

async fn renew_agreements(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Option<RenewInput> = call.arg("input")?;
    let input = input.ok_or_else(|| FieldError::code("KT-GB-4125").at_input(&["input"]))?;
    let wanted = AtProperty {
        account_number: input.account_number,
        product: row_id(&input.quoted_product_id),
        property: row_id(&input.property_id),
        settles_debt: input.make_full_debt_repayment,
        keeps_flat: input.persist_flat_rate.unwrap_or(false),
        on: input.change_on,
    };
    let subject = Some(wanted.account_number.as_str());
    let done = call.cx.write("Mutation.renewAgreements", subject, &wanted, |tx, viewer, wanted| {
        Box::pin(renewals::at_property(tx, viewer, wanted))
    });
    done.await.map_err(|error| match error {
        RenewalError::Cannot(_) | RenewalError::NotAgreed => said("KT-GB-4111", &error),
        RenewalError::Database(error) => FieldError::internal(error),
        other => said("KT-GB-4125", &other),
    })?;
    changed(&call, &wanted.account_number).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RenewalInput {
    agreement_id: String,
    product_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForAccountInput {
    account_number: String,
    electricity_agreements: Option<Vec<Option<RenewalInput>>>,
    gas_agreements: Option<Vec<Option<RenewalInput>>>,
    change_on: Option<NaiveDate>,
}

fn renewals_of(list: Option<Vec<Option<RenewalInput>>>) -> Vec<Renewal> {
    let given = list.unwrap_or_default().into_iter().flatten();
    given.map(|each| Renewal { agreement: row_id(&each.agreement_id), product: each.product_code }).collect()
}

async fn renew_for_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Option<ForAccountInput> = call.arg("input")?;
    let input = input.ok_or_else(|| FieldError::code("KT-GB-4113").at_input(&["input"]))?;
    let wanted = OfAccount {
        account_number: input.account_number,
        electricity: renewals_of(input.electricity_agreements),
        gas: renewals_of(input.gas_agreements),
        on: input.change_on,
    };
    let subject = Some(wanted.account_number.as_str());
    let done = call.cx.write("Mutation.renewAgreementsForAccount", subject, &wanted, |tx, viewer, wanted| {
        Box::pin(renewals::of_account(tx, viewer, wanted))
    });
    done.await.map_err(|error| match error {
        RenewalError::Unauthorized => FieldError::code(FORBIDDEN),
        RenewalError::NoList => FieldError::code("KT-GB-4113"),
        RenewalError::Invalid(_) | RenewalError::UnknownOffer => said("KT-GB-4126", &error),
        RenewalError::Database(error) => FieldError::internal(error),
        other => said("KT-GB-4114", &other),
    })?;
    changed(&call, &wanted.account_number).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PointInput {
    mpxn: String,
    quoted_product_id: String,
    change_on: Option<NaiveDate>,
    flat_rate: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SwitchInput {
    account_number: String,
    meter_point_switch_contexts: Vec<PointInput>,
    update_payment_amount: Option<bool>,
}

async fn switch_points(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Option<SwitchInput> = call.arg("input")?;
    let input = input.ok_or_else(|| FieldError::code("KT-GB-4116").at_input(&["input"]))?;
    let point = |point: PointInput| PointSwitch {
        mpxn: point.mpxn,
        product: row_id(&point.quoted_product_id),
        on: point.change_on,
        is_flat: point.flat_rate.unwrap_or(false),
    };
    let wanted = PointSwitches {
        account_number: input.account_number,
        points: input.meter_point_switch_contexts.into_iter().map(point).collect(),
        updates_payment: input.update_payment_amount.unwrap_or(false),
    };
    let subject = Some(wanted.account_number.as_str());
    let done = call.cx.write("Mutation.switchMeterPointProducts", subject, &wanted, |tx, viewer, wanted| {
        Box::pin(renewals::of_points(tx, viewer, wanted))
    });
    done.await.map_err(|error| match error {
        RenewalError::Unauthorized => FieldError::code("KT-CT-4623"),
        RenewalError::NoList | RenewalError::Invalid(_) => said("KT-GB-4116", &error),
        RenewalError::UnknownOffer => said("KT-GB-4617", &error),
        RenewalError::Cannot(_) => said("KT-GB-4117", &error),
        RenewalError::Elsewhere => said("KT-GB-4119", &error),
        RenewalError::NotAgreed => said("KT-GB-4120", &error),
        RenewalError::Database(error) => FieldError::internal(error),
    })?;
    changed(&call, &wanted.account_number).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReplaceInput {
    account_number: String,
    mpxn: String,
    replace_on_date: NaiveDate,
    new_product_code: String,
}

async fn replace(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: Option<ReplaceInput> = call.arg("input")?;
    let input = input.ok_or_else(|| FieldError::code(INVALID_INPUT).at_input(&["input"]))?;
    let subject = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.replaceAgreement", subject, &input, |tx, viewer, input| {
        let at = (input.account_number.as_str(), input.mpxn.as_str());
        Box::pin(agreement_edits::replace(tx, viewer, at, (&input.new_product_code, input.replace_on_date)))
    });
    done.await.map_err(edit_error)?;
    changed(&call, &input.account_number).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RevokeInput {
    account_number: String,
    agreement_id: String,
    reason: Option<String>,
}

async fn revoke(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RevokeInput = call.arg("input")?;
    let agreement = row_id(&input.agreement_id);
    let named = Named { account_number: input.account_number, agreement, reason: input.reason };
    let subject = Some(named.account_number.as_str());
    let done = call.cx.write("Mutation.revokeAgreement", subject, &named, |tx, viewer, named| {
        Box::pin(agreement_edits::revoke(tx, viewer, named))
    });
    done.await.map_err(|error| match error {
        EditError::Forbidden | EditError::UnknownAccount => FieldError::code("KT-CT-4123"),
        EditError::Billed => FieldError::code("KT-CT-1502"),
        other => edit_error(other),
    })?;
    changed(&call, &named.account_number).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeriodInput {
    agreement_id: String,
    account_number: String,
    valid_from: NaiveDate,
    valid_to: Option<NaiveDate>,
    reason: Option<String>,
}

async fn update_period(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: PeriodInput = call.arg("input")?;
    let agreement = row_id(&input.agreement_id);
    let named = Named { account_number: input.account_number, agreement, reason: input.reason };
    let work = (named, (input.valid_from, input.valid_to));
    let subject = Some(work.0.account_number.as_str());
    let done = call.cx.write("Mutation.updateAgreementPeriod", subject, &work, |tx, viewer, work| {
        Box::pin(agreement_edits::set_period(tx, viewer, &work.0, work.1))
    });
    done.await.map_err(|error| match error {
        EditError::NotSupplied => FieldError::code("KT-CT-1506"),
        EditError::NoPeriod => FieldError::code("KT-CT-1503").at_input(&["input", "validTo"]),
        EditError::OtherAccount => FieldError::code("KT-CT-1504").at_input(&["input", "accountNumber"]),
        other => edit_error(other),
    })?;
    changed(&call, &work.0.account_number).await
}

/// Codes that all that staff put right have in common.
fn edit_error(error: EditError) -> FieldError {
    match error {
        EditError::Forbidden => FieldError::code(FORBIDDEN),
        EditError::UnknownAccount => FieldError::code("KT-CT-4178").at_input(&["input", "accountNumber"]),
        EditError::NotThere | EditError::OtherAccount => FieldError::code("KT-CT-1501"),
        EditError::Reason => said(INVALID_INPUT, &error).at_input(&["input", "reason"]),
        EditError::Database(error) => FieldError::internal(error),
        other => said("KT-CT-1505", &other),
    }
}
