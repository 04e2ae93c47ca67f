//! Somebody else's identifier, for each mutation that takes one and each kind of caller who has no business with it:
//! nothing of theirs changes, nothing is told.

mod agreements;
mod attempts;
mod communications;
mod contracts;
mod devices;
mod leads;
mod loyalty;
mod money_back;
mod on_site;
mod onboarding;
mod operations;
mod payments;
mod readings;
mod ways_to_pay;

use std::collections::BTreeSet;

use kraken_api::domain::auth::{Viewer, organisations};
use kraken_api::domain::ledgers::proceedings::{self, NewProceeding};
use kraken_api::domain::loyalty::points::{self, NewEntry, Side};
use kraken_api::domain::supply::identifiers::MarketName;
use kraken_api::domain::supply::properties::{self, NewProperty};
use kraken_api::domain::supply::{meters, supply_points};
use serde_json::{Value, json};
use sqlx::Row;

use self::attempts::{ABOUT_THE_CALLER, ATTEMPTS, Bobs};
use crate::readings::{GAS_MALO, MALO, MPAN, MPRN};
use crate::support::devices::car;
use crate::support::places;
use crate::support::server::beginning;
use crate::support::world::Customer;
use crate::support::{Others, Server, World};

impl Server {
    async fn bobs(&self, bob: &Customer) -> Bobs {
        let query =
            "mutation($k: String!) { obtainKrakenToken(input: { APIKey: $k }) { token refreshToken } }";
        let data = self.ask(None, query, json!({ "k": bob.api_key })).await;
        let given = &data["obtainKrakenToken"];
        let request = "mutation($e: String!) { requestPasswordReset(input: { email: $e }) { email } }";
        self.ask(None, request, json!({ "e": bob.email })).await;
        self.work_off().await;
        let numbers = "select u.number, p.id::text, p.number from account_users u, accounts a
            join portfolios p on p.id = a.portfolio_id where u.id = $1 and a.id = $2";
        let numbers = sqlx::query_as(numbers).bind(bob.user_id).bind(bob.account_id);
        let (user_number, portfolio, portfolio_number) =
            numbers.fetch_one(self.database.pool()).await.expect("his portfolio");
        let ledger = self.main_ledger(&bob.token, bob).await;
        let wallet_number = "select number from ledgers where id = $1::bigint";
        let wallet_number =
            sqlx::query_scalar(wallet_number).bind(self.wallet(bob).await.parse::<i64>().expect("an id"));
        let wallet_number: String = wallet_number.fetch_one(self.database.pool()).await.expect("a number");
        let give = "mutation($i: CreateContributionAgreementInput!) {
            createContributionAgreement(input: $i) { contributionAgreement { id } } }";
        let gift = json!({ "accountNumber": bob.account, "schemeCode": "WARM_HOMES", "interval": "MONTHLY",
            "amount": 100, "activeFrom": "2030-01-01T00:00:00Z" });
        let agreement = self.ask(Some(&bob.token), give, json!({ "i": gift })).await;
        let agreement = &agreement["createContributionAgreement"];
        let open = "mutation($i: CreateCustomerFeedbackInputType!) {
            createCustomerFeedback(input: $i) { customerFeedback { id } } }";
        let input =
            json!({ "accountNumber": bob.account, "feedbackSource": "FEEDBACK_SOURCE_CONSUMER_SITE" });
        let opened = self.ask(Some(&bob.token), open, json!({ "i": input })).await;
        let feedback = opened["createCustomerFeedback"]["customerFeedback"]["id"].as_str();
        let (repayment_request, repayment) = self.asks_for_money_back(bob).await;
        let form =
            "select min(id)::bigint from feedback_forms where market = 'gb' and source like '%CONSUMER_SITE'";
        let (form,) = sqlx::query_as(form).fetch_one(self.database.pool()).await.expect("a form");
        let bank = crate::support::payments::british("9911");
        let instruction = self.direct_debit(&bob.token, bob, bank.clone()).await;
        let store = "mutation($i: StoreDirectDebitPaymentMethodDetailsInput!) {
            storeDirectDebitPaymentMethodDetails(input: $i) { storedPaymentMethodDetailsReference } }";
        let details = json!({ "accountNumber": bob.account, "bankDetails": bank });
        let stored = self.ask(Some(&bob.token), store, json!({ "i": details })).await;
        let stored = &stored["storeDirectDebitPaymentMethodDetails"]["storedPaymentMethodDetailsReference"];
        let home = self.supplied_home(bob, MarketName::GbrElectricity, MPAN, "E1").await;
        self.work_at(bob, home).await;
        let prepay_meter = self.prepay_meter(home).await;
        let home = home.property;
        let wizard = self.sets_up(bob, home).await;
        self.supplied_home(bob, MarketName::GbrGas, MPRN, "G1").await;
        self.has_points(bob).await;
        Bobs {
            german_meter: self.german_meter(bob, MarketName::DeuElectricity, MALO).await,
            german_gas_meter: self.german_meter(bob, MarketName::DeuGas, GAS_MALO).await,
            prepay_meter,
            instruction: instruction["id"].as_str().expect("an id").to_owned(),
            stored: stored.as_str().expect("a reference").to_owned(),
            feedback: feedback.and_then(|id| id.parse().ok()).expect("a number"),
            form,
            repayment_request,
            repayment,
            user_number,
            portfolio,
            portfolio_number,
            account: bob.account.clone(),
            account_id: bob.account_id.to_string(),
            business: self.business_of(bob).await,
            user: bob.user_id.to_string(),
            email: bob.email,
            ledger: ledger["id"].as_str().expect("an id").to_owned(),
            ledger_number: ledger["number"].as_str().expect("a number").to_owned(),
            wallet_number,
            agreement: agreement["contributionAgreement"]["id"].as_str().expect("an id").to_owned(),
            session: given["token"].as_str().expect("a token").to_owned(),
            refresh: given["refreshToken"].as_str().expect("a token").to_owned(),
            collection: self.collected(bob).await,
            link: self.pre_signed_key(bob.email, "VIEW_ACCOUNT_NUMBER").await,
            payment: self.payment_of(bob).await,
            home,
            wizard,
            device: self.device(bob, car("5YJ3-PARKED")).await,
            heat_pump: self.heat_pump(bob).await,
            contract: self.contract(bob, "2026-03-02").await,
            lead: self.lead_of(bob).await,
            leaving: self.leaving_of(bob, MPRN).await,
            quote: self.quote_of(bob).await,
            call: self.called_by(bob).await,
            conversation: self.wrote(bob).await,
            exception: self.exception_of(bob).await,
            file: self.file_of(bob).await,
        }
    }

    /// Has a customer begin to set up a device. Answers the wizard and its step.
    async fn sets_up(&self, customer: &Customer, home: i64) -> (String, String) {
        let start = "mutation($i: StartSmartFlexOnboardingInput!) { startSmartFlexOnboarding(input: $i) {
            wizard { id currentStep { id } } } }";
        let input = json!({ "accountNumber": customer.account, "propertyId": home });
        let begun = self.ask(Some(&customer.token), start, json!({ "i": input })).await;
        let wizard = &begun["startSmartFlexOnboarding"]["wizard"];
        let text = |id: &Value| id.as_str().expect("an id").to_owned();
        (text(&wizard["id"]), text(&wizard["currentStep"]["id"]))
    }

    /// Puts a customer in Octoplus, with points.
    async fn has_points(&self, customer: &Customer) {
        let mut tx = self.tx().await;
        let member = "insert into loyalty_memberships (account_id, market, user_id, joined_at, joined_by_kind, joined_by_id)
            values ($1, 'gb', $2, now(), 'test', 1)";
        let member = sqlx::query(member).bind(customer.account_id).bind(customer.user_id);
        member.execute(&mut tx).await.expect("a member");
        let wallet =
            "with held as (insert into point_accounts (market, user_id, created_at) values ('gb', $1, now())
            returning id) insert into wallets (point_account_id) select id from held";
        sqlx::query(wallet).bind(customer.user_id).execute(&mut tx).await.expect("a wallet");
        let (from, to) = (Side::Book("awards"), Side::Wallet(customer.user_id));
        let new = NewEntry {
            market: "gb",
            kind: "award",
            reason: "TEST",
            note: None,
            account: customer.account_id,
            key: None,
            by: ("test", 1),
            points: 800,
            from,
            to,
        };
        points::post(&mut tx, &new).await.expect("points");
        tx.commit().await.expect("committed");
    }

    /// A meter in Germany at a point that is supplied on a customer's account.
    async fn german_meter(&self, customer: &Customer, market_name: MarketName, malo: &str) -> i64 {
        let mut tx = self.tx().await;
        let new =
            NewProperty { market: "de", label: None, address: places::address("de"), coordinates: None };
        let property = properties::add(&mut tx, &new).await.expect("a property");
        let new = places::point(property, market_name, malo);
        let point = supply_points::register(&mut tx, &new).await.expect("a point");
        let supply = "insert into supply_periods (supply_point_id, account_id, during, created_at)
            values ($1, $2, tstzrange('2026-01-01', null), now())";
        let supply = sqlx::query(supply).bind(point).bind(customer.account_id);
        supply.execute(&mut tx).await.expect("supplied");
        let registers = [places::register("1", "STANDARD", "STANDARD")];
        let new = places::meter(malo, &registers);
        let meter = meters::install(&mut tx, point, places::since(), &new).await.expect("a meter");
        tx.commit().await.expect("committed");
        meter
    }

    /// Has an agency collect what a customer owes. Answers the number of the collection.
    async fn collected(&self, customer: &Customer) -> String {
        self.owe(customer.account_id, 5000).await;
        let mut tx = self.tx().await;
        let (id,) =
            sqlx::query_as("select min(id) from support_users").fetch_one(&mut tx).await.expect("staff");
        let staff = Viewer::Staff { id, roles: Vec::new(), permissions: vec!["manage-debt".to_owned()] };
        let new = NewProceeding {
            account_number: &customer.account,
            ledger_number: None,
            agency: "HARBOUR",
            campaign: "LIVE_ARREARS",
            is_white_label: false,
            started_on: beginning().date_naive(),
            amount: Some(5000),
            notes: None,
        };
        proceedings::commence(&mut tx, &staff, &new).await.expect("given to an agency");
        let (number,) =
            sqlx::query_as("select number from collection_records").fetch_one(&mut tx).await.expect("one");
        tx.commit().await.expect("committed");
        number
    }

    /// A request of a customer's for money back, and the repayment that waits for its approval. He is also asked to leave a
    /// deposit.
    async fn asks_for_money_back(&self, customer: &Customer) -> (String, String) {
        let asked = "with asked as (insert into repayment_requests (account_id, ledger_id, kind, amount, method,
                requested_by_kind, requested_by_id, requested_at)
            select $1, id, 'repayment', 100, 'CHEQUE', 'account-user', $2, now() from ledgers
            where account_id = $1 and is_main returning *)
            insert into account_repayments (account_id, ledger_id, request_id, amount, method, draws_on_credit, status,
                payment_date, requested_by_kind, requested_by_id, created_at)
            select account_id, ledger_id, id, amount, method, true, 'REQUESTED', '2026-03-02', requested_by_kind,
                requested_by_id, requested_at from asked returning request_id::text, id::text";
        let asked = sqlx::query_as(asked).bind(customer.account_id).bind(customer.user_id);
        let asked = asked.fetch_one(self.database.pool()).await.expect("asked for");
        let offered =
            "insert into deposit_agreements (account_id, deposit_key, reason, amount, return_strategy,
                pays_within_days, held_months, parts, offered_at, offered_by_kind, offered_by_id)
            values ($1, 'supply', '', 100, 'IN_FULL_AFTER_GOOD_PAYMENT', 1, 1, 1, now(), 'support-user', 1)";
        let offered = sqlx::query(offered).bind(customer.account_id);
        offered.execute(self.database.pool()).await.expect("a deposit is asked for");
        asked
    }

    /// A payment of the customer's that is still to come.
    async fn payment_of(&self, customer: &Customer) -> i64 {
        let instruction = self.pays_by(customer, "DIRECT_DEBIT").await;
        let add = "insert into account_payments (account_id, ledger_id, instruction_id, method, amount, payment_date,
                announce_on, send_on, status, reference, requested_at)
            values ($1, $2, $3, 'DIRECT_DEBIT', 100, '2026-03-20', '2026-03-13', '2026-03-18', 'REQUESTED', 'x', now())
            returning id";
        let ledger = self.main_ledger_id(customer).await;
        let add = sqlx::query_as(add).bind(customer.account_id).bind(ledger).bind(instruction);
        let (id,): (i64,) = add.fetch_one(self.database.pool()).await.expect("a payment");
        id
    }

    /// A business that the customer's account belongs to.
    async fn business_of(&self, customer: &Customer) -> String {
        let made = "with made as (insert into businesses (name, number, number_type, displayable_number, business_type,
                created_at) values ('Kahn', '', 'MISSING', '', 'SOLE_TRADER', now()) returning id)
            insert into business_accounts (account_id, business_id, role, linked_at)
            select $1, id, 'OWNER', now() from made returning business_id::text";
        let (business,): (String,) = sqlx::query_as(made)
            .bind(customer.account_id)
            .fetch_one(self.database.pool())
            .await
            .expect("his business");
        business
    }

    /// Where a file of the customer's is kept, which nobody has looked at.
    async fn file_of(&self, customer: &Customer) -> String {
        let add = "insert into account_file_attachments (account_id, filename, category, key, uploaded_at, bytes, sha256,
                by_kind, by_id, created_at)
            values ($1, 'bob.pdf', 'FILE_ATTACHMENT_MCS_CERT', 'attachments/bob', now(), 1, 'x', 'test', 1, now())
            returning key";
        let add = sqlx::query_scalar(add).bind(customer.account_id).fetch_one(self.database.pool());
        add.await.expect("a file")
    }

    /// A journey of the customer's that failed.
    async fn exception_of(&self, customer: &Customer) -> i32 {
        let add = "insert into api_exceptions (external_identifier, channel, category, user_id, resolution_status,
                resolution_type, priority, tags, created_at)
            values ('BOBS-MOVE', 'APP', 'ACCOUNT', $1, 'UNASSIGNED', 'UNASSIGNED', 'LOW', '{}', now()) returning id";
        let add = sqlx::query_scalar(add).bind(customer.user_id).fetch_one(self.database.pool());
        add.await.expect("an exception")
    }

    /// A call about the customer's account that rings.
    async fn called_by(&self, customer: &Customer) -> String {
        let add = "insert into calls (direction, from_number, to_number, vendor, vendor_call_id, account_id, status,
                started_at, by_kind, by_id)
            values ('INBOUND', '+447700900100', '+442079460000', 'TWILIO', 'CA-BOB', $1, 'RINGING', now(), 'test', 1)
            returning id::text";
        let add = sqlx::query_as(add).bind(customer.account_id).fetch_one(self.database.pool());
        let (id,) = add.await.expect("a call");
        id
    }

    /// All that any table says of a customer.
    async fn all_about(&self, customer: &Customer) -> Vec<String> {
        let columns =
            "select quote_ident(table_name), quote_ident(column_name) from information_schema.columns
            where table_schema = 'public' and (column_name in ('account_user_id', 'account_id', 'user_id')
                or (table_name in ('account_users', 'accounts') and column_name = 'id')) order by 1, 2";
        let columns = sqlx::query(columns).fetch_all(self.database.pool()).await.expect("the columns");
        assert!(columns.len() > 8, "{}", columns.len());
        let mut all = Vec::new();
        for column in columns {
            let (table, column): (String, String) = (column.get(0), column.get(1));
            let id = if column == "account_id" || table == "accounts" {
                customer.account_id
            } else {
                customer.user_id
            };
            let rows = format!("select t::text from {table} t where {column} = $1 order by 1");
            let rows = sqlx::query(&rows).bind(id).fetch_all(self.database.pool()).await.expect("rows");
            all.extend(rows.iter().map(|row| format!("{table}: {}", row.get::<String, _>(0))));
        }
        all
    }
}

fn strangers<'a>(
    world: &'a World,
    others: &'a Others,
    organisation: &'a str,
) -> [(&'static str, Option<&'a str>); 8] {
    [
        ("nobody", None),
        ("customer", Some(&world.ada.token)),
        ("masquerade", Some(&others.masquerade)),
        ("third party", Some(&others.third_party)),
        ("link", Some(&others.link)),
        ("organisation", Some(organisation)),
        ("agent", Some(&others.agent)),
        ("reader", Some(&world.reader)),
    ]
}

/// What is not null only where something was done or told.
const GIVEN: &[&str] = &[
    "token",
    "refreshToken",
    "tokens",
    "id",
    "readingDate",
    "estimatedSsd",
    "accountCharge",
    "accountCredit",
    "account",
    "accountReference",
    "accountReminder",
    "reminder",
    "metadata",
    "viewer",
    "credit",
    "balanceTransfer",
    "scheduledTransactions",
    "contributionAgreement",
    "validFrom",
    "validTo",
    "portfolioUserRole",
    "business",
    "businessSegmentPeriod",
    "accountNumber",
    "consents",
    "accountUserConsents",
    "event",
    "customerFeedback",
    "dcaProceedingCommencementStatus",
    "dcaProceedingUpdateStatus",
    "dcaProceedingClosureStatus",
    "collectionProcessProcessed",
    "collectionProcessAssociatedItem",
    "collectionProcessActivated",
    "collectionProcessComplete",
    "repaymentRequest",
    "refundRequest",
    "repayment",
    "repaymentId",
    "depositAgreement",
    "krakenflexDevice",
    "heatPumpDevice",
    "registeredDeviceIds",
    "transactionId",
    "transactionIds",
    "message",
    "setDevicePreferences",
    "updateBoostCharge",
    "updateDeviceGridExport",
    "updateDeviceSmartControl",
    "joinedEventCodes",
    "newLoyaltyPointsUserId",
    "loyaltyCard",
    "contract",
    "pointsAwarded",
    "pointsDeducted",
    "pointsTransferred",
    "pointsRedeemed",
    "pan",
    "amount",
    "autoTopupConfig",
    "opportunityNumber",
    "updatedLeadData",
    "updatedOpportunityData",
    "extraDetails",
    "quoteRequest",
    "trigger",
    "consent",
    "createdEventsCount",
    "voucherPurchase",
    "voucherRedemption",
    "onSiteJobsRequest",
    "onSiteJobsAppointment",
    "appointmentBookingSessionId",
    "call",
    "complaint",
    "apiException",
    "apiExceptionEvent",
    "apiCall",
    "postRequest",
    "audioRecording",
    "verificationProcess",
];
/// What is true only where something was done.
const DONE: &[&str] = &[
    "passwordUpdated",
    "pauseCreated",
    "withdrawSuccessful",
    "campaignAdded",
    "campaignRemoved",
    "success",
    "isRecorded",
    "hasEnrolled",
    "cancelledContract",
    "contractRevoked",
    "hasUnenrolled",
    "verificationStatus",
    "operationsTriggered",
];

/// Whether an answer gives anything away or says that something was done.
fn gave_in(data: &Value) -> bool {
    match data {
        Value::Object(map) => map.iter().any(|(name, value)| match (name.as_str(), value) {
            (name, value) if GIVEN.contains(&name) => !value.is_null(),
            (name, value) if DONE.contains(&name) => value == &json!(true),
            (_, value) => gave_in(value),
        }),
        _ => false,
    }
}

#[tokio::test]
async fn nobody_reaches_what_is_somebody_elses() {
    let server = Server::start().await;
    let world = server.world().await;
    let others = server.others(&world).await;
    let everything = [
        "view-accounts",
        "act-for-customers",
        "pre-sign-tokens",
        "manage-sessions",
        "edit-customers",
        "post-transactions",
        "manage-businesses",
        "open-accounts",
        "record-contacts",
        "manage-debt",
        "manage-payments",
        "manage-contracts",
        "manage-leads",
        "send-messages",
    ];
    let (id, organisation) = server.organisation("Everything Ltd", &everything).await;
    let mut tx = server.tx().await;
    organisations::grant(&mut tx, id, world.ada.account_id).await.expect("granted");
    tx.commit().await.expect("committed");
    let bobs = server.bobs(&world.bob).await;
    let before = server.all_about(&world.bob).await;
    assert!(before.iter().any(|row| row.starts_with("password_reset_tokens")), "{before:?}");
    for attempt in ATTEMPTS
        .iter()
        .chain(agreements::ATTEMPTS)
        .chain(money_back::ATTEMPTS)
        .chain(payments::ATTEMPTS)
        .chain(readings::ATTEMPTS)
        .chain(ways_to_pay::ATTEMPTS)
        .chain(devices::ATTEMPTS)
        .chain(loyalty::ATTEMPTS)
        .chain(onboarding::ATTEMPTS)
        .chain(contracts::ATTEMPTS)
        .chain(leads::ATTEMPTS)
        .chain(communications::ATTEMPTS)
        .chain(operations::ATTEMPTS)
        .chain(on_site::ATTEMPTS)
    {
        let variables = (attempt.variables)(&bobs);
        for (who, token) in strangers(&world, &others, &organisation) {
            let reply = server.send(token, attempt.document, variables.clone()).await;
            assert_eq!(reply.status, 200, "{}: {}", attempt.mutation, reply.json);
            let what = format!("{} by {who}: {}", attempt.mutation, reply.json);
            assert!(!gave_in(&reply.json["data"]), "{what}");
            assert!(!reply.codes().contains(&"KT-CT-7899"), "{what}");
            // Rates are for another test.
            sqlx::query("delete from rate_field_counts")
                .execute(server.database.pool())
                .await
                .expect("forgotten");
        }
        assert_eq!(server.all_about(&world.bob).await, before, "{}", attempt.mutation);
    }
}

#[tokio::test]
async fn no_mutation_is_left_out() {
    let server = Server::start().await;
    let tried: BTreeSet<&str> = ATTEMPTS
        .iter()
        .chain(agreements::ATTEMPTS)
        .chain(money_back::ATTEMPTS)
        .chain(payments::ATTEMPTS)
        .chain(readings::ATTEMPTS)
        .chain(ways_to_pay::ATTEMPTS)
        .chain(devices::ATTEMPTS)
        .chain(loyalty::ATTEMPTS)
        .chain(onboarding::ATTEMPTS)
        .chain(contracts::ATTEMPTS)
        .chain(leads::ATTEMPTS)
        .chain(communications::ATTEMPTS)
        .chain(operations::ATTEMPTS)
        .chain(on_site::ATTEMPTS)
        .map(|attempt| attempt.mutation)
        .chain(ABOUT_THE_CALLER.iter().copied())
        .chain(communications::ABOUT_THE_CALLER.iter().copied())
        .collect();
    let facts = server.app.engine().model().all_facts();
    let served: BTreeSet<&str> =
        facts.filter(|f| f.is_mutation).filter_map(|f| f.coordinate.strip_prefix("Mutation.")).collect();
    assert_eq!(tried, served);
}
