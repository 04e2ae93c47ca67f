//! Two customers who must not see each other, staff of two kinds, a partner.

use kraken_api::domain::accounts::open::{self, NewAccount, NewUser};
use kraken_api::domain::accounts::roles;
use kraken_api::domain::auth::pre_signed::{self, NewKey};
use kraken_api::domain::auth::subjects::Subject;
use kraken_api::domain::auth::{Viewer, api_keys, logins, organisations, partners, staff};
use kraken_api::platform::clock::Deadline;
use kraken_api::platform::db::{Stats, Tx};
use serde_json::json;
use tokio::sync::OnceCell;

use super::Server;

pub const PASSWORD: &str = "correct horse battery staple";

pub struct Customer {
    pub user_id: i64,
    pub email: &'static str,
    pub account: String,
    pub account_id: i64,
    pub api_key: String,
    pub token: String,
}

pub struct World {
    pub ada: Customer,
    pub bob: Customer,
    /// May post transactions.
    pub staff: String,
    /// May only look.
    pub reader: String,
    /// Sees nothing but what is granted.
    pub partner: String,
    pub partner_id: i64,
}

const LOG_IN: &str =
    "mutation($input: ObtainJSONWebTokenInput!) { obtainKrakenToken(input: $input) { token } }";

impl Server {
    pub async fn tx(&self) -> Tx {
        let deadline = Deadline::after(std::time::Duration::from_secs(30));
        self.database.write(deadline, &Stats::new()).await.expect("a transaction")
    }

    /// The hash of [`PASSWORD`], made once for all tests.
    pub async fn password_hash(&self) -> String {
        static HASH: OnceCell<String> = OnceCell::const_new();
        let hash = async || self.auth.passwords().hash(PASSWORD).await.expect("a hash");
        HASH.get_or_init(hash).await.clone()
    }

    /// The token that these credentials give.
    pub async fn log_in(&self, input: serde_json::Value) -> String {
        let data = self.ask(None, LOG_IN, json!({ "input": input })).await;
        data["obtainKrakenToken"]["token"].as_str().expect("a token").to_owned()
    }

    /// Opens an account for a new customer of `brand`.
    pub async fn customer(&self, email: &'static str, name: &str, brand: &str) -> Customer {
        let hash = self.password_hash().await;
        let mut tx = self.tx().await;
        let portfolio = open::portfolio(&mut tx, &self.random, brand, name).await.expect("a portfolio");
        let new = NewAccount {
            brand,
            account_type: "DOMESTIC",
            billing_name: name,
            billing_email: email,
            address: &["1 High Street", "Middletown"],
            postcode: "AB1 2CD",
            ..NewAccount::default()
        };
        let account = open::account(&mut tx, &self.random, portfolio, &new).await.expect("an account");
        let (given_name, family_name) = name.split_once(' ').unwrap_or((name, ""));
        let user = NewUser { given_name, family_name, email, ..NewUser::default() };
        let user_id = open::user(&mut tx, &self.random, &user).await.expect("a user");
        roles::give_on_portfolio(&mut tx, portfolio, user_id, roles::PORTFOLIO_OWNER).await.expect("a role");
        logins::add(&mut tx, Subject::AccountUser(user_id), email, Some(&hash)).await.expect("a log-in");
        let api_key = api_keys::regenerate(&mut tx, &self.random, user_id).await.expect("a key");
        tx.commit().await.expect("committed");
        let token = self.log_in(json!({ "APIKey": api_key })).await;
        Customer { user_id, email, account: account.number, account_id: account.id, api_key, token }
    }

    pub async fn member_of_staff(&self, email: &str, role: &str) -> String {
        let hash = self.password_hash().await;
        let mut tx = self.tx().await;
        staff::add(&mut tx, email, "Somebody", &hash, &[role]).await.expect("staff");
        tx.commit().await.expect("committed");
        self.log_in(json!({ "email": email, "password": PASSWORD })).await
    }

    pub async fn world(&self) -> World {
        let ada = self.customer("ada@example.org", "Ada Lovelace", "OCTOPUS_ENERGY").await;
        let bob = self.customer("bob@example.org", "Bob Kahn", "OCTOPUS_ENERGY").await;
        let staff = self.member_of_staff("staff@example.org", "billing").await;
        let reader = self.member_of_staff("reader@example.org", "reader").await;
        let mut tx = self.tx().await;
        let (partner_id, partner_key) =
            organisations::add(&mut tx, &self.random, "Partner Ltd", &["view-accounts"])
                .await
                .expect("an organisation");
        tx.commit().await.expect("committed");
        let partner = self.log_in(json!({ "organizationSecretKey": partner_key })).await;
        World { ada, bob, staff, reader, partner, partner_id }
    }
}

/// Those who hold a session of Ada's without being her, a partner user, and staff that may do everything.
pub struct Others {
    /// Whoever has a link of Ada's with the scope `VIEW_ACCOUNT_NUMBER`.
    pub link: String,
    /// Staff that look at the service as Ada does.
    pub masquerade: String,
    /// An organisation that Ada lets act for her.
    pub third_party: String,
    /// A partner user.
    pub agent: String,
    /// Staff with every permission.
    pub admin: String,
}

impl Server {
    /// A key for a link of a customer's, made by staff.
    pub async fn pre_signed_key(&self, email: &str, scope: &str) -> String {
        let permissions = vec!["pre-sign-tokens".to_owned()];
        let mut tx = self.tx().await;
        let (id,): (i64,) =
            sqlx::query_as("select min(id) from support_users").fetch_one(&mut tx).await.expect("staff");
        let viewer = Viewer::Staff { id, roles: Vec::new(), permissions };
        let new = NewKey { email, scope, days: 3 };
        let made = pre_signed::generate(&mut tx, &self.random, &viewer, &new).await.expect("a key");
        tx.commit().await.expect("committed");
        made.key
    }

    /// An organisation with these permissions: its id and its session token.
    pub async fn organisation(&self, name: &str, permissions: &[&str]) -> (i64, String) {
        let mut tx = self.tx().await;
        let (id, key) =
            organisations::add(&mut tx, &self.random, name, permissions).await.expect("an organisation");
        tx.commit().await.expect("committed");
        (id, self.log_in(json!({ "organizationSecretKey": key })).await)
    }

    /// A session of a customer's, opened by staff that may masquerade.
    pub async fn masquerade(&self, staff: &str, customer: &Customer) -> String {
        let query = "query($n: String!) { account(accountNumber: $n) { users { masqueradeToken } } }";
        let data = self.ask(Some(staff), query, json!({ "n": customer.account })).await;
        let token = &data["account"]["users"][0]["masqueradeToken"];
        let query = "mutation($t: String!, $u: String!) {
            masqueradeAuthentication(masqueradeToken: $t, userId: $u) { token errors { field messages } } }";
        let variables = json!({ "t": token, "u": customer.user_id.to_string() });
        let data = self.ask(None, query, variables).await;
        data["masqueradeAuthentication"]["token"].as_str().expect("a token").to_owned()
    }

    pub async fn others(&self, world: &World) -> Others {
        let admin = self.member_of_staff("admin@example.org", "admin").await;
        let key = self.pre_signed_key(world.ada.email, "VIEW_ACCOUNT_NUMBER").await;
        let link = self.log_in(json!({ "preSignedKey": key })).await;
        let masquerade = self.masquerade(&admin, &world.ada).await;
        let (_, app) = self.organisation("Charging App", &["act-for-customers"]).await;
        let query = "mutation($t: String!) { obtainLongLivedRefreshToken(input: { krakenToken: $t }) { refreshToken } }";
        let data = self.ask(Some(&app), query, json!({ "t": world.ada.token })).await;
        let refresh = &data["obtainLongLivedRefreshToken"]["refreshToken"];
        let third_party = self.log_in(json!({ "refreshToken": refresh })).await;
        let hash = self.password_hash().await;
        let mut tx = self.tx().await;
        let may = ["create-leads"];
        partners::add(&mut tx, &self.random, "agent@example.org", "Ann Agent", &hash, &may)
            .await
            .expect("a partner user");
        tx.commit().await.expect("committed");
        let agent = self.log_in(json!({ "email": "agent@example.org", "password": PASSWORD })).await;
        Others { link, masquerade, third_party, agent, admin }
    }
}
