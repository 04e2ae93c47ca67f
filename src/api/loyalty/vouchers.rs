//! Vouchers that accounts buy and redeem.

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::{self, Account};
use crate::domain::ledgers::by_hand::Posted;
use crate::domain::ledgers::transactions;
use crate::domain::ledgers::transfers::Transfer;
use crate::domain::loyalty::vouchers::buying::{self, Order};
use crate::domain::loyalty::vouchers::{self, Filter, Redemption, Voucher, VoucherError, Worth, redeeming};
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

/// A voucher that was bought just now, or given back.
struct Bought(Voucher);
/// A voucher that was redeemed just now.
struct Redeemed(Redemption);

/// No such account, as far as the viewer may know.
const NO_ACCOUNT: &str = "KT-CT-4178";
/// Nothing of this code is sold, or the account has no such voucher.
const NO_VOUCHER: &str = "KT-CT-12403";

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.vouchersForAccount", of_account);
    b.root("Query.vouchersBalanceDetail", worth);
    b.root("Mutation.purchaseVoucher", buy);
    b.root("Mutation.redeemVoucher", redeem);
    b.root("Mutation.refundVoucher", refund);
    b.batch("VoucherPurchaseType.charge", charges);
    b.batch("VoucherPurchaseType.chargeBalanceTransfer", transfers);
    b.batch("VoucherPurchaseType.redemptions", redemptions);
    b.batch("VoucherRedemptionType.credit", credits);
    for payload in ["PurchaseVoucher", "RefundVoucher"] {
        b.parts::<Bought>(payload, &[("voucherPurchase", |b| Resolved::node(b.0.clone()))]);
    }
    b.parts::<Redeemed>("RedeemVoucher", &[("voucherRedemption", |r| Resolved::node(r.0.clone()))]);
    b.leaves::<Voucher>(
        "VoucherPurchaseType",
        &[
            ("id", |v| v.id.into()),
            ("clientParams", |v| v.client_params.as_ref().into()),
            ("purchasedAt", |v| v.purchased_at.into()),
            ("voucherValue", |v| v.value.into()),
            ("availableFrom", |v| v.available_from.into()),
            ("balance", |v| v.balance.into()),
        ],
    );
    b.leaves::<Redemption>(
        "VoucherRedemptionType",
        &[("id", |r| r.id.into()), ("claimedAt", |r| r.claimed_at.into())],
    );
    b.leaves::<Worth>(
        "VouchersBalanceDetail",
        &[("redeemableToday", |w| w.today.into()), ("redeemableInFuture", |w| w.in_future.into())],
    );
}

async fn account(call: &Call<'_>) -> Result<Option<Account>, FieldError> {
    let number: String = call.arg("accountNumber")?;
    let mut view = call.cx.read().await?;
    accounts::by_number(&mut view, call.cx.viewer(), &number).await.map_err(FieldError::internal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterArgs {
    redeemable_only: bool,
    purchased_from_date: Option<NaiveDate>,
    purchased_before_date: Option<NaiveDate>,
    available_from_date: Option<NaiveDate>,
    available_before_date: Option<NaiveDate>,
    exclude_refunded: Option<bool>,
    exclude_by_display_name: Option<Vec<Option<String>>>,
}

impl From<FilterArgs> for Filter {
    fn from(given: FilterArgs) -> Self {
        Self {
            redeemable_only: given.redeemable_only,
            purchased_from: given.purchased_from_date,
            purchased_before: given.purchased_before_date,
            available_from: given.available_from_date,
            available_before: given.available_before_date,
            without_refunded: given.exclude_refunded.unwrap_or(false),
            without_names: given.exclude_by_display_name.unwrap_or_default().into_iter().flatten().collect(),
        }
    }
}

async fn of_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let window = window(&call)?;
    let filter = Filter::from(call.args::<FilterArgs>()?);
    let account = account(&call).await?.ok_or_else(|| FieldError::code(NO_ACCOUNT))?;
    let mut view = call.cx.read().await?;
    let page = vouchers::of_account(&mut view, &account, &filter, &window).await;
    Ok(connection(page.map_err(FieldError::internal)?, Node::new))
}

async fn worth(call: Call<'_>) -> Result<Resolved, FieldError> {
    let account = account(&call).await?.ok_or_else(|| FieldError::code(NO_ACCOUNT))?;
    let mut view = call.cx.read().await?;
    let worth = vouchers::worth(&mut view, &account).await.map_err(FieldError::internal)?;
    Ok(Resolved::node(worth))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuyInput {
    account_number: String,
    voucher_code: String,
    client_params: Option<Value>,
    idempotency_key: Option<Uuid>,
}

async fn buy(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: BuyInput = call.arg("input")?;
    let number = input.account_number.clone();
    let given = (call.cx.app.auth().random().clone(), input);
    let bought =
        call.cx.write("Mutation.purchaseVoucher", Some(&number), &given, |tx, viewer, (random, input)| {
            Box::pin(async move {
                let order = Order {
                    account_number: &input.account_number,
                    code: &input.voucher_code,
                    client_params: input.client_params.as_ref(),
                    key: input.idempotency_key,
                };
                buying::buy(tx, random, viewer, &order).await
            })
        });
    bought.await.map(|voucher| Resolved::node(Bought(voucher))).map_err(refusal)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedeemInput {
    account_number: String,
    voucher_id: String,
    amount: Option<i64>,
}

impl RedeemInput {
    /// What is no number was never bought.
    fn voucher(&self) -> i64 {
        self.voucher_id.parse().unwrap_or_default()
    }
}

async fn redeem(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RedeemInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.redeemVoucher", number, &input, |tx, viewer, input| {
        Box::pin(redeeming::redeem(tx, viewer, &input.account_number, input.voucher(), input.amount))
    });
    done.await.map(|redemption| Resolved::node(Redeemed(redemption))).map_err(refusal)
}

async fn refund(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: RedeemInput = call.arg("input")?;
    let number = Some(input.account_number.as_str());
    let done = call.cx.write("Mutation.refundVoucher", number, &input, |tx, viewer, input| {
        Box::pin(buying::give_back(tx, viewer, &input.account_number, input.voucher()))
    });
    done.await.map(|voucher| Resolved::node(Bought(voucher))).map_err(refusal)
}

fn refusal(error: VoucherError) -> FieldError {
    match error {
        VoucherError::Forbidden => FieldError::code(FORBIDDEN),
        VoucherError::NoAccount => FieldError::code(NO_ACCOUNT).at_input(&["input", "accountNumber"]),
        VoucherError::NotSold => FieldError::code(NO_VOUCHER).at_input(&["input", "voucherCode"]),
        VoucherError::Unknown => FieldError::code(NO_VOUCHER).at_input(&["input", "voucherId"]),
        VoucherError::NotCovered => FieldError::code("KT-CT-9703")
            .describe("The account's credit does not cover the price of the voucher."),
        VoucherError::Refused(why) => FieldError::code("KT-CT-5313").describe(why),
        VoucherError::Amount(error) => FieldError::code("KT-CT-5313")
            .describe(format!("The voucher was not redeemed: {error}."))
            .at_input(&["input", "amount"]),
        other => FieldError::internal(other),
    }
}

async fn charges(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Voucher>()?.iter().map(|voucher| voucher.charge_id).collect();
    posted(&call, &ids).await
}

async fn credits(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Redemption>()?.iter().map(|each| each.transaction_id).collect();
    posted(&call, &ids).await
}

async fn posted(call: &Call<'_>, ids: &[i64]) -> Result<Vec<Resolved>, FieldError> {
    let mut view = call.cx.read().await?;
    let found = transactions::by_ids(&mut view, call.cx.viewer(), ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(|shown| Resolved::maybe(shown.map(Posted::from))).collect())
}

async fn transfers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let vouchers = call.parents::<Voucher>()?;
    let sides = vouchers.iter().flat_map(|voucher| [voucher.transfer_charge_id, voucher.transfer_credit_id]);
    let ids: Vec<i64> = sides.collect();
    let mut view = call.cx.read().await?;
    let found =
        transactions::by_ids(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)?;
    let mut found = found.into_iter();
    let mut transfers = Vec::with_capacity(vouchers.len());
    for voucher in vouchers {
        let sides = found.next().flatten().zip(found.next().flatten());
        transfers.push(Resolved::maybe(sides.map(|(charge, credit)| Transfer {
            id: voucher.transfer_id,
            charge: charge.into(),
            credit: credit.into(),
        })));
    }
    Ok(transfers)
}

async fn redemptions(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids: Vec<i64> = call.parents::<Voucher>()?.iter().map(|voucher| voucher.id).collect();
    let mut view = call.cx.read().await?;
    let found = vouchers::redemptions(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::nodes).collect())
}
