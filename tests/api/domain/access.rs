//! Who sees what, and in which pages.

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_may_not_see_does_not_exist() {
    let trial = Trial::start().await;
    let (mine, theirs) = (trial.home("OCTOPUS_ENERGY").await, trial.home("TG_OCTOPUS_ENERGY").await);
    trial.charge(&mine.number, 500, "ADMIN_FEE").await.expect("charged");
    trial.charge(&theirs.number, 500, "ADMIN_FEE").await.expect("charged");
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let (partner, _) = organisations::add(&mut tx, &trial.random, "Partner", &["view-accounts"])
        .await
        .expect("organisation");
    let me = Viewer::customer(mine.user);
    let other = Viewer::Organisation { id: partner, permissions: vec!["view-accounts".into()] };
    let numbers = [theirs.number.clone(), mine.number.clone()];
    let window = Window::forward(0, 10).counted();
    for (viewer, expected) in
        [(&me, [false, true]), (&other, [false; 2]), (&Viewer::Anonymous, [false; 2]), (&staff(), [true; 2])]
    {
        let found = accounts::by_numbers(&mut tx, viewer, &numbers).await.expect("accounts");
        assert_eq!(found.map_seen(), expected, "{viewer:?}");
        let ids = [theirs.account, mine.account];
        let ledgers =
            ledgers::of_accounts(&mut tx, viewer, &ids, &ledgers::Which::default()).await.expect("ledgers");
        assert_eq!(ledgers.iter().map(|l| !l.is_empty()).collect::<Vec<_>>(), expected);
        let pages = transaction_lists::pages::<Transaction>(
            &mut tx,
            viewer,
            Below::Accounts,
            &ids,
            &Filter::default(),
            &window,
        )
        .await
        .expect("pages");
        assert_eq!(
            pages.iter().map(|p| p.total == Some(1) && p.rows.len() == 1).collect::<Vec<_>>(),
            expected
        );
        let money = balances::of_accounts(&mut tx, viewer, &ids, true).await.expect("balances");
        assert_eq!(money.iter().map(|m| m.0 == -500).collect::<Vec<_>>(), expected);
        let people = users::of_accounts(&mut tx, viewer, &ids).await.expect("users");
        assert_eq!(people.iter().map(|p| p.len() == 1).collect::<Vec<_>>(), expected);
    }
    let held = accounts::of_users(&mut tx, &me, &[mine.user, theirs.user]).await.expect("accounts");
    assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    let around = portfolios::of_users(&mut tx, &me, &[mine.user], None, &window).await.expect("portfolios");
    assert_eq!(around[0].rows[0].id, mine.portfolio);
    let inside = accounts::of_portfolios(&mut tx, &me, &[mine.portfolio, theirs.portfolio], &window, false)
        .await
        .expect("accounts");
    assert_eq!(inside.iter().map(|p| p.total).collect::<Vec<_>>(), [Some(1), Some(0)]);
    organisations::grant(&mut tx, partner, theirs.account).await.expect("granted");
    let found = accounts::by_numbers(&mut tx, &other, &numbers).await.expect("accounts");
    assert_eq!(found.map_seen(), [true, false]);
    roles::give_on_portfolio(&mut tx, theirs.portfolio, mine.user, roles::PORTFOLIO_OWNER)
        .await
        .expect("role");
    let found = accounts::by_numbers(&mut tx, &me, &numbers).await.expect("accounts");
    assert_eq!(found.map_seen(), [true, true]);
}

trait Seen {
    fn map_seen(&self) -> [bool; 2];
}

impl<T> Seen for Vec<Option<T>> {
    fn map_seen(&self) -> [bool; 2] {
        [self[0].is_some(), self[1].is_some()]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_cover_the_list_from_both_ends() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    for gross in 1..=7 {
        trial.charge(&home.number, gross, "LATE_PAYMENT_FEE").await.expect("charged");
    }
    let stats = Stats::new();
    let mut tx = trial.db.snapshot(soon(), &stats).await.expect("tx");
    let ledger = ledgers::of_accounts(&mut tx, &staff(), &[home.account], &ledgers::Which::default())
        .await
        .expect("l")[0][0]
        .id;
    let asc = Filter { order: Order::PostedDateAsc, ..Filter::default() };
    let mut amounts = async |filter: &Filter, window: Window| {
        let page = transaction_lists::pages::<Transaction>(
            &mut tx,
            &staff(),
            Below::Ledgers,
            &[ledger],
            filter,
            &window,
        )
        .await
        .expect("page")
        .remove(0);
        (
            page.rows.iter().map(|t| t.amount.0).collect::<Vec<_>>(),
            page.offset,
            page.has_next,
            page.has_previous,
        )
    };
    assert_eq!(amounts(&Filter::default(), Window::forward(0, 3)).await, (vec![7, 6, 5], 0, true, false));
    assert_eq!(amounts(&asc, Window::forward(5, 3)).await, (vec![6, 7], 5, false, false));
    assert_eq!(amounts(&asc, Window::backward(None, 3)).await, (vec![5, 6, 7], 4, false, true));
    assert_eq!(amounts(&asc, Window::backward(Some(2), 3)).await, (vec![1, 2], 0, false, false));
    let energy = Filter { types: vec!["ENERGY_CHARGES".into()], ..Filter::default() };
    assert_eq!(amounts(&energy, Window::forward(0, 3)).await.0, Vec::<i64>::new());
    let unissued = Filter { types_excluded: vec!["UNISSUED_TRANSACTIONS".into()], ..Filter::default() };
    assert_eq!(amounts(&unissued, Window::forward(0, 3)).await.0, Vec::<i64>::new());
    assert_eq!(stats.statements(), 1 + 2 + 2 * 2 + 2);
}
