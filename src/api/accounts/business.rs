//! Businesses: `business`, `BusinessType`, and what hangs on accounts and people.

use serde::Deserialize;

use super::address::RichAddress;
use crate::api::paging::{connection, window};
use crate::api::session::{Bindings, Call};
use crate::domain::accounts::accounts::Account;
use crate::domain::accounts::address::{self, Address};
use crate::domain::accounts::businesses::create::{self, CreateError, NewBusiness};
use crate::domain::accounts::businesses::links::{self, LinkError};
use crate::domain::accounts::businesses::segments::{self, Period, SegmentError};
use crate::domain::accounts::businesses::{self, Business, Detail, KANA_NAME, KANJI_NAME};
use crate::domain::accounts::users::AccountUser;
use crate::graphql::error::INVALID_INPUT;
use crate::graphql::facts::FORBIDDEN;
use crate::graphql::{FieldError, Node, Resolved};

/// No business with this identifier that the viewer may see.
const NO_BUSINESS: &str = "KT-CT-11101";
/// No such business that the viewer may see, however it was asked for.
const NOT_YOURS: &str = "KT-CT-11107";

pub(super) fn bind(b: &mut Bindings) {
    b.root("Query.business", business);
    b.root("Mutation.createBusiness", create_business);
    b.root("Mutation.linkAccountToBusiness", link_account);
    b.root("Mutation.addBusinessToSegment", add_to_segment);
    b.batch("AccountType.business", business_of_accounts);
    b.batch("AccountType.businessType", business_types_of_accounts);
    b.batch("AccountUserType.businesses", businesses_of_users);
    b.batch("BusinessType.sectors", sectors);
    b.batch("BusinessType.details", details);
    b.batch("BusinessType.kanjiCompanyName", kanji_names);
    b.batch("BusinessType.kanaCompanyName", kana_names);
    b.batch("BusinessType.billingAddress", billing_addresses);
    b.batch("BusinessType.legalAddress", legal_addresses);
    b.batch("BusinessType.linkedAccountNumber", first_account_numbers);
    b.batch("BusinessType.linkedAccountNumbers", account_numbers);
    b.batch("BusinessType.segmentName", segment_names);
    b.leaves::<Business>(
        "BusinessType",
        &[
            ("id", |z| z.id.into()),
            ("name", |z| (&z.name).into()),
            ("number", |z| (&z.number).into()),
            ("numberType", |z| (&z.number_type).into()),
            ("displayableNumber", |z| {
                Some(z.displayable_number.as_str()).filter(|number| !number.is_empty()).into()
            }),
            ("businessType", |z| (&z.business_type).into()),
        ],
    );
    b.leaves::<Detail>(
        "BusinessDetailType",
        &[("key", |d| (&d.key).into()), ("value", |d| (&d.value).into())],
    );
    b.parts::<Changed>("CreateBusiness", &[("business", |c| Resolved::node(c.0.clone()))]);
    b.parts::<Changed>("LinkAccountToBusiness", &[("business", |c| Resolved::node(c.0.clone()))]);
    b.parts::<Placed>(
        "AddBusinessToSegmentMutation",
        &[("businessSegmentPeriod", |p| Resolved::node(p.0.clone()))],
    );
    b.leaves::<Period>(
        "BusinessSegmentPeriodType",
        &[("id", |p| p.id.into()), ("startAt", |p| p.start_at.into()), ("endAt", |p| p.end_at.into())],
    );
    b.parts::<Period>(
        "BusinessSegmentPeriodType",
        &[("segment", |p| Resolved::node(Segment(p.segment.clone())))],
    );
    b.leaves::<Segment>("SegmentType", &[("name", |s| (&s.0).into())]);
}

/// The business after a change.
struct Changed(Business);
/// The period that a business is now in.
struct Placed(Period);
struct Segment(String);

#[derive(Clone, Debug, Deserialize)]
struct DetailInput {
    key: String,
    value: String,
}

fn pairs(details: Option<Vec<Option<DetailInput>>>) -> Vec<(String, String)> {
    details.into_iter().flatten().flatten().map(|detail| (detail.key, detail.value)).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    id: Option<String>,
    displayable_number: Option<String>,
    details: Option<Vec<Option<DetailInput>>>,
}

/// By exactly one of the three. A number or details that several businesses have tell nothing.
async fn business(call: Call<'_>) -> Result<Resolved, FieldError> {
    let wanted: Wanted = call.args()?;
    let viewer = call.cx.viewer();
    let mut view = call.cx.read().await?;
    let (found, missing) = match (wanted.id, wanted.displayable_number, pairs(wanted.details)) {
        (Some(id), None, details) if details.is_empty() => {
            // No row has the id zero.
            let found = businesses::by_ids(&mut view, viewer, &[id.parse().unwrap_or(0)]).await;
            (found.map(|rows| rows.into_iter().flatten().collect()), NO_BUSINESS)
        }
        (None, Some(number), details) if details.is_empty() => {
            (businesses::by_number(&mut view, viewer, &number).await, NOT_YOURS)
        }
        (None, None, details) if !details.is_empty() => {
            (businesses::by_details(&mut view, viewer, &details).await, NOT_YOURS)
        }
        _ => return Err(invalid("Ask by exactly one of id, displayableNumber and details.", &[])),
    };
    let mut found: Vec<Business> = found.map_err(FieldError::internal)?;
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(Resolved::node(only)),
        (None, _) => Err(FieldError::code(missing)),
        _ => Err(invalid("Several businesses are like this.", &[])),
    }
}

fn invalid(why: &str, path: &[&str]) -> FieldError {
    FieldError::code(INVALID_INPUT).describe(why).at_input(path)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    business_name: String,
    business_number: String,
    business_type: String,
    business_details: Option<Vec<Option<DetailInput>>>,
    business_billing_address: Option<RichAddress>,
    business_legal_address: Option<RichAddress>,
    business_sectors: Option<Vec<String>>,
}

impl From<CreateInput> for NewBusiness {
    fn from(input: CreateInput) -> Self {
        Self {
            name: input.business_name,
            number: input.business_number,
            form: input.business_type,
            details: pairs(input.business_details),
            billing_address: input.business_billing_address.map(Address::from),
            legal_address: input.business_legal_address.map(Address::from),
            sectors: input.business_sectors.unwrap_or_default(),
        }
    }
}

async fn create_business(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: CreateInput = call.arg("input")?;
    let new = NewBusiness::from(input);
    let made = call.cx.write("Mutation.createBusiness", Some(&new.number), &new, |tx, viewer, new| {
        Box::pin(create::create(tx, viewer, new))
    });
    made.await.map(|business| Resolved::node(Changed(business))).map_err(|error| match error {
        CreateError::Forbidden => FieldError::code(FORBIDDEN),
        CreateError::Details(why) => FieldError::code("KT-CT-11108").describe(why).at_input(&["input"]),
        CreateError::Number(why) => {
            FieldError::code("KT-CT-11109").describe(why).at_input(&["input", "businessNumber"])
        }
        CreateError::Address(field, why) => {
            FieldError::code("KT-CT-11110").describe(why).at_input(&["input", field])
        }
        CreateError::Database(error) => FieldError::internal(error),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinkInput {
    account_id: String,
    business_id: String,
    should_overwrite: Option<bool>,
    role_code: Option<String>,
}

async fn link_account(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: LinkInput = call.arg("input")?;
    let subject = Some(input.account_id.as_str());
    let linked = call.cx.write("Mutation.linkAccountToBusiness", subject, &input, |tx, viewer, input| {
        // No row has the id zero: what is no number is refused as what is not there, and after the permission.
        let ids = [&input.account_id, &input.business_id].map(|id| id.parse().unwrap_or(0));
        let role = input.role_code.as_deref().unwrap_or(links::OWNER);
        let overwrite = input.should_overwrite.unwrap_or(false);
        Box::pin(links::link_account(tx, viewer, ids[0], ids[1], role, overwrite))
    });
    linked.await.map(|business| Resolved::node(Changed(business))).map_err(|error| match error {
        LinkError::Forbidden => FieldError::code(FORBIDDEN),
        LinkError::Linked => FieldError::code("KT-CT-11104").at_input(&["input", "accountId"]),
        LinkError::LinkedByPortfolio => FieldError::code("KT-CT-11105").at_input(&["input", "accountId"]),
        LinkError::UnknownAccount => FieldError::code("KT-CT-11106").at_input(&["input", "accountId"]),
        LinkError::UnknownBusiness => FieldError::code(NOT_YOURS).at_input(&["input", "businessId"]),
        LinkError::UnknownRole => invalid("There is no such role.", &["input", "roleCode"]),
        LinkError::Database(error) => FieldError::internal(error),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SegmentInput {
    business_id: String,
    segment_name: String,
}

async fn add_to_segment(call: Call<'_>) -> Result<Resolved, FieldError> {
    let input: SegmentInput = call.arg("input")?;
    let subject = Some(input.business_id.as_str());
    let placed = call.cx.write("Mutation.addBusinessToSegment", subject, &input, |tx, viewer, input| {
        let business = input.business_id.parse().unwrap_or(0);
        Box::pin(segments::put(tx, viewer, business, &input.segment_name))
    });
    placed.await.map(|period| Resolved::node(Placed(period))).map_err(|error| match error {
        SegmentError::Forbidden => FieldError::code(FORBIDDEN),
        SegmentError::UnknownBusiness => FieldError::code(NOT_YOURS).at_input(&["input", "businessId"]),
        SegmentError::UnknownSegment => FieldError::code("KT-CT-11111").at_input(&["input", "segmentName"]),
        SegmentError::Database(error) => FieldError::internal(error),
    })
}

async fn of_accounts(call: &Call<'_>) -> Result<Vec<Option<Business>>, FieldError> {
    let ids: Vec<i64> = call.parents::<Account>()?.iter().map(|account| account.id).collect();
    let mut view = call.cx.read().await?;
    businesses::of_accounts(&mut view, call.cx.viewer(), &ids).await.map_err(FieldError::internal)
}

async fn business_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(of_accounts(&call).await?.into_iter().map(Resolved::maybe).collect())
}

async fn business_types_of_accounts(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let found = of_accounts(&call).await?;
    Ok(found.iter().map(|z| Resolved::leaf(z.as_ref().map(|z| z.business_type.as_str()))).collect())
}

async fn businesses_of_users(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let window = window(&call)?;
    let ids: Vec<i64> = call.parents::<AccountUser>()?.iter().map(|user| user.id).collect();
    let mut view = call.cx.read().await?;
    let pages = businesses::of_users(&mut view, call.cx.viewer(), &ids, &window).await;
    let pages = pages.map_err(FieldError::internal)?;
    Ok(pages.into_iter().map(|page| connection(page, Node::new)).collect())
}

fn ids(call: &Call<'_>) -> Result<Vec<i64>, FieldError> {
    Ok(call.parents::<Business>()?.iter().map(|business| business.id).collect())
}

async fn sectors(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = businesses::sectors(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.into_iter().map(Resolved::leaf).collect())
}

async fn details_of(call: &Call<'_>) -> Result<Vec<Vec<Detail>>, FieldError> {
    let ids = ids(call)?;
    let mut view = call.cx.read().await?;
    businesses::details(&mut view, &ids).await.map_err(FieldError::internal)
}

async fn details(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(details_of(&call).await?.into_iter().map(Resolved::nodes).collect())
}

async fn kanji_names(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    named(&call, KANJI_NAME).await
}

async fn kana_names(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    named(&call, KANA_NAME).await
}

async fn named(call: &Call<'_>, key: &str) -> Result<Vec<Resolved>, FieldError> {
    let all = details_of(call).await?;
    let value = |details: &Vec<Detail>| {
        let detail = details.iter().find(|detail| detail.key == key);
        Resolved::leaf(detail.map(|detail| detail.value.as_str()))
    };
    Ok(all.iter().map(value).collect())
}

async fn billing_addresses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    addresses(&call, |business| business.billing_address_id).await
}

async fn legal_addresses(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    addresses(&call, |business| business.legal_address_id).await
}

async fn addresses(
    call: &Call<'_>,
    which: fn(&Business) -> Option<i64>,
) -> Result<Vec<Resolved>, FieldError> {
    let wanted: Vec<Option<i64>> = call.parents::<Business>()?.into_iter().map(which).collect();
    let ids: Vec<i64> = wanted.iter().flatten().copied().collect();
    let mut view = call.cx.read().await?;
    let mut found = address::by_ids(&mut view, &ids).await.map_err(FieldError::internal)?.into_iter();
    let one = |id: &Option<i64>| Resolved::maybe(id.and_then(|_| found.next().flatten()));
    Ok(wanted.iter().map(one).collect())
}

async fn numbers_of(call: &Call<'_>) -> Result<Vec<Vec<String>>, FieldError> {
    let ids = ids(call)?;
    let mut view = call.cx.read().await?;
    let found = businesses::account_numbers(&mut view, call.cx.viewer(), &ids).await;
    found.map_err(FieldError::internal)
}

async fn account_numbers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    Ok(numbers_of(&call).await?.into_iter().map(Resolved::leaf).collect())
}

async fn first_account_numbers(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let all = numbers_of(&call).await?;
    Ok(all.iter().map(|numbers| Resolved::leaf(numbers.first().map(String::as_str))).collect())
}

async fn segment_names(call: Call<'_>) -> Result<Vec<Resolved>, FieldError> {
    let ids = ids(&call)?;
    let mut view = call.cx.read().await?;
    let found = segments::names(&mut view, &ids).await.map_err(FieldError::internal)?;
    Ok(found.iter().map(|name| Resolved::leaf(name.as_deref())).collect())
}
