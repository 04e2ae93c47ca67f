//! Any sequence of dealings neither makes nor loses a point, and no wallet ever holds less than nothing.

use std::collections::BTreeMap;

use kraken_api::domain::auth::Viewer;
use kraken_api::domain::loyalty::dealings::{self, ByHand, DealError};
use kraken_api::platform::db::Tx;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::support::Server;
use crate::support::world::Customer;

/// How many sequences are tried, and how long each is.
const SEQUENCES: usize = 12;
const STEPS: usize = 40;

/// Somebody does something with points. People are told by their place, the first has the account's points.
#[derive(Clone, Debug)]
enum Deal {
    Award(i64),
    Deduct(usize, i64),
    Transfer(usize, usize, i64),
    Redeem(i64),
    RedeemAll,
}

fn deal() -> impl Strategy<Value = Deal> {
    let points = prop_oneof![-3..400_i64, Just(0), Just(50_001), 1_i64..40];
    prop_oneof![
        3 => points.clone().prop_map(Deal::Award),
        2 => (0..3_usize, points.clone()).prop_map(|(of, points)| Deal::Deduct(of, points)),
        3 => (0..3_usize, 0..3_usize, points.clone()).prop_map(|(from, to, points)| Deal::Transfer(from, to, points)),
        2 => points.prop_map(Deal::Redeem),
        1 => Just(Deal::RedeemAll),
    ]
}

/// What should be in the wallets, and what they became.
#[derive(Default)]
struct Model {
    wallets: BTreeMap<usize, i64>,
    awarded: i64,
    redeemed: i64,
}

impl Model {
    fn held(&self, of: usize) -> i64 {
        self.wallets.get(&of).copied().unwrap_or_default()
    }

    /// Does it, if it can be done; ten points are one minor unit. Answers whether it could.
    fn does(&mut self, deal: &Deal) -> bool {
        match *deal {
            Deal::Award(points) if (1..=500_000).contains(&points) => {
                *self.wallets.entry(0).or_default() += points;
                self.awarded += points;
                true
            }
            Deal::Deduct(of, points) if points > 0 && points <= self.held(of) => {
                *self.wallets.entry(of).or_default() -= points;
                self.awarded -= points;
                true
            }
            Deal::Transfer(from, to, points) if from != to && points > 0 && points <= self.held(from) => {
                *self.wallets.entry(from).or_default() -= points;
                *self.wallets.entry(to).or_default() += points;
                true
            }
            Deal::Redeem(points) if points > 0 && points % 10 == 0 && points <= self.held(0) => {
                *self.wallets.entry(0).or_default() -= points;
                self.redeemed += points;
                true
            }
            Deal::RedeemAll if self.held(0) >= 10 => {
                let points = self.held(0) / 10 * 10;
                *self.wallets.entry(0).or_default() -= points;
                self.redeemed += points;
                true
            }
            _ => false,
        }
    }
}

struct Cast {
    people: Vec<Customer>,
    clerk: Viewer,
}

impl Cast {
    async fn does(&self, tx: &mut Tx, deal: &Deal) -> Result<(), DealError> {
        let number = self.people[0].account.as_str();
        let id = |place: usize| self.people[place].user_id.to_string();
        let first = Viewer::customer(self.people[0].user_id);
        match *deal {
            Deal::Award(points) => {
                let new = ByHand { account_number: number, points, ..ByHand::default() };
                dealings::award(tx, &self.clerk, &new).await.map(|_| ())
            }
            Deal::Deduct(of, points) => {
                let user = id(of);
                let new = ByHand { account_number: number, user: Some(&user), points, ..ByHand::default() };
                dealings::deduct(tx, &self.clerk, &new).await.map(|_| ())
            }
            Deal::Transfer(from, to, points) => {
                let viewer = Viewer::customer(self.people[from].user_id);
                dealings::transfer(tx, &viewer, number, &id(to), points).await
            }
            Deal::Redeem(points) => dealings::redeem(tx, &first, number, points).await,
            Deal::RedeemAll => dealings::redeem_all(tx, &first, number).await.map(|_| ()),
        }
    }
}

impl Server {
    /// An Australian account in its programme, with two people who look after it.
    async fn household(&self) -> Cast {
        let mut people = Vec::new();
        for (email, name) in
            [("a@example.org", "Anna A"), ("b@example.org", "Bert B"), ("c@example.org", "Cara C")]
        {
            people.push(self.customer(email, name, "ORIGIN").await);
        }
        for helper in [1, 2] {
            self.helps(&people[helper], &people[0]).await;
        }
        let mut tx = self.tx().await;
        let viewer = Viewer::customer(people[0].user_id);
        kraken_api::domain::loyalty::memberships::join(&mut tx, &viewer, &people[0].account, None)
            .await
            .expect("joined");
        tx.commit().await.expect("committed");
        let permissions = vec!["post-transactions".to_owned()];
        Cast { people, clerk: Viewer::Staff { id: 1, roles: Vec::new(), permissions } }
    }

    async fn sums(&self) -> (i64, i64, i64, i64) {
        let sums = "select coalesce(sum(p.points), 0)::bigint,
                coalesce(-sum(p.points) filter (where a.book = 'awards'), 0)::bigint,
                coalesce(sum(p.points) filter (where a.book = 'redemptions'), 0)::bigint,
                (select coalesce(sum(amount), 0)::bigint from transactions where reason_code = 'LOYALTY_POINTS')
            from point_postings p join point_accounts a on a.id = p.point_account_id";
        sqlx::query_as(sums).fetch_one(self.database.pool()).await.expect("sums")
    }
}

#[tokio::test]
async fn no_sequence_of_dealings_makes_or_loses_a_point() {
    let server = Server::start().await;
    let cast = server.household().await;
    let mut model = Model::default();
    let mut runner = TestRunner::deterministic();
    for _ in 0..SEQUENCES {
        let sequence =
            proptest::collection::vec(deal(), STEPS).new_tree(&mut runner).expect("deals").current();
        for deal in &sequence {
            let mut tx = server.tx().await;
            let done = cast.does(&mut tx, deal).await;
            assert_eq!(done.is_ok(), model.does(deal), "{deal:?}: {done:?}");
            if done.is_ok() {
                tx.commit().await.expect("committed");
            }
        }
        let wallets =
            "select a.user_id, w.balance from wallets w join point_accounts a on a.id = w.point_account_id";
        let wallets: Vec<(i64, i64)> =
            sqlx::query_as(wallets).fetch_all(server.database.pool()).await.expect("wallets");
        for (user, balance) in wallets {
            let place = cast.people.iter().position(|person| person.user_id == user).expect("one of them");
            assert_eq!(balance, model.held(place));
            assert!(balance >= 0);
        }
        let held: i64 = model.wallets.values().sum();
        assert_eq!(held, model.awarded - model.redeemed);
        assert_eq!(server.sums().await, (0, model.awarded, model.redeemed, model.redeemed / 10));
    }
    assert!(model.redeemed > 0 && model.wallets.values().any(|held| *held > 0));
    server.books_are_right().await;
}

#[tokio::test]
async fn what_would_break_the_books_is_refused_by_the_database() {
    let server = Server::start().await;
    let cast = server.household().await;
    let mut tx = server.tx().await;
    cast.does(&mut tx, &Deal::Award(100)).await.expect("given");
    tx.commit().await.expect("committed");
    let pool = server.database.pool();
    for (wrong, constraint) in [
        ("update wallets set balance = -1", "wallets_never_overdrawn"),
        ("update wallets set balance = 2147483648", "wallets_never_too_full"),
        ("update point_postings set points = points + 1", "point_postings_append_only"),
        ("delete from point_entries", "point_entries_append_only"),
        (
            "insert into point_postings (entry_id, market, point_account_id, points)
                select entry_id, market, point_account_id, 5 from point_postings where sequence is null",
            "point_postings_sum_to_zero",
        ),
    ] {
        let refused = sqlx::raw_sql(wrong).execute(pool).await.expect_err(wrong);
        assert_eq!(
            refused.as_database_error().and_then(|error| error.constraint()),
            Some(constraint),
            "{refused}"
        );
    }
    server.books_are_right().await;
}
