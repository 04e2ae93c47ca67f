//! Logging in and being known again.

use super::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_what_they_say() {
    let trial = Trial::start().await;
    let home = trial.home("OCTOPUS_ENERGY").await;
    let owner = Subject::AccountUser(home.user);
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let hash = trial.auth.passwords().hash("a password").await.expect("hash");
    logins::add(&mut tx, owner, "Kim@Example.com", Some(&hash)).await.expect("login");
    let key = api_keys::regenerate(&mut tx, &trial.random, home.user).await.expect("key");
    let (_, secret) = organisations::add(&mut tx, &trial.random, "Partner", &["view-accounts"])
        .await
        .expect("organisation");
    tx.commit().await.expect("commit");

    let obtain = async |credentials| trial.auth.obtain(&trial.db, soon(), &Stats::new(), &credentials).await;
    let password = |text: &str| Credentials::Password {
        email: "kim@example.com".into(),
        password: text.into(),
        captcha: None,
    };
    let who = async |header: String| {
        let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        trial.auth.authenticate(&mut tx, &header).await.map(|(viewer, _)| viewer)
    };
    let me = Viewer::customer(home.user);
    let first = obtain(password("a password")).await.expect("logged in");
    assert_eq!(first.payload.sub, format!("kraken|account-user:{}", home.user));
    for header in [first.token.clone(), format!("JWT {}", first.token), format!("Bearer {}", first.token)] {
        assert_eq!(who(header).await.expect("known"), me);
    }
    assert!(matches!(obtain(password("another")).await, Err(LoginError::WrongPassword)));
    assert!(matches!(obtain(Credentials::ApiKey("sk_live_x".into())).await, Err(LoginError::WrongApiKey)));
    let by_key = obtain(Credentials::ApiKey(key)).await.expect("logged in");
    assert_eq!(by_key.payload.gty, "API-KEY");
    let partner = obtain(Credentials::OrganisationKey(secret)).await.expect("logged in");
    assert!(matches!(who(partner.token).await, Ok(Viewer::Organisation { .. })));

    for odd in ["", "x", "a.b.c", "JWT ", "eyJhbGciOiJub25lIn0.e30."] {
        assert!(matches!(who(odd.to_owned()).await, Err(TokenError::NotACredential)), "{odd}");
    }
    let mut forged = first.token.clone();
    let last = forged.pop().expect("a character");
    forged.pop();
    forged.push(if last == 'A' { 'B' } else { 'A' });
    forged.push('A');
    assert!(matches!(who(forged).await, Err(TokenError::BadSignature)));

    // A second key signs from now on, and the first still verifies until it is retired.
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    keys::rotate(&mut tx, &trial.random).await.expect("rotated");
    tx.commit().await.expect("commit");
    trial.wall.set(trial.wall.now() + TimeDelta::seconds(90));
    let second = obtain(Credentials::RefreshToken(first.refresh_token.clone().expect("one")))
        .await
        .expect("refreshed");
    assert_eq!(
        (&second.refresh_token, second.refresh_expires_at),
        (&first.refresh_token, first.refresh_expires_at)
    );
    assert_eq!(second.payload.orig_iat, first.payload.orig_iat);
    assert_eq!(who(first.token.clone()).await.expect("known"), me);
    let kid = |token: &str| {
        use base64::Engine;
        let head = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token.split('.').next().unwrap_or(""))
            .expect("base64");
        serde_json::from_slice::<serde_json::Value>(&head).expect("json")["kid"]
            .as_str()
            .unwrap_or("")
            .to_owned()
    };
    assert_ne!(kid(&first.token), kid(&second.token));
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    assert_eq!(
        trial.auth.keys().jwks(&mut tx).await.expect("jwks")["keys"].as_array().map(Vec::len),
        Some(2)
    );
    keys::retire(&mut tx, &kid(&first.token)).await.expect("retired");
    tx.commit().await.expect("commit");
    trial.wall.set(trial.wall.now() + TimeDelta::seconds(90));
    assert!(matches!(who(first.token.clone()).await, Err(TokenError::KeysRotated)));

    // Ending the sessions refuses what was issued so far, and nothing that is issued afterwards.
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    subjects::end_sessions(&mut tx, owner).await.expect("ended");
    tx.commit().await.expect("commit");
    assert!(matches!(who(second.token).await, Err(TokenError::Invalidated)));
    let refreshed = obtain(Credentials::RefreshToken(second.refresh_token.expect("one"))).await;
    assert!(matches!(refreshed, Err(LoginError::RefreshUnknown)));
    let third = obtain(password("a password")).await.expect("logged in at once");
    assert_eq!(who(third.token.clone()).await.expect("known"), me);
    trial.wall.set(trial.wall.now() + TimeDelta::seconds(3602));
    assert!(matches!(who(third.token).await, Err(TokenError::Expired)));
    trial.wall.set(trial.wall.now() + TimeDelta::days(7) - TimeDelta::minutes(50));
    let late = obtain(Credentials::RefreshToken(third.refresh_token.expect("one"))).await;
    assert!(matches!(late, Err(LoginError::RefreshExpired)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_or_email_ends_every_session() {
    let trial = Trial::start().await;
    let (home, other) = (trial.home("ORIGIN").await, trial.home("ORIGIN").await);
    let (owner, neighbour) = (Subject::AccountUser(home.user), Subject::AccountUser(other.user));
    let hash = trial.auth.passwords().hash("first").await.expect("hash");
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    logins::add(&mut tx, owner, "kim@example.com", Some(&hash)).await.expect("login");
    logins::add(&mut tx, neighbour, "lou@example.com", None).await.expect("login");
    tx.commit().await.expect("commit");
    let obtain = async |email: &str, password: &str| {
        let login = Credentials::Password { email: email.into(), password: password.into(), captcha: None };
        trial.auth.obtain(&trial.db, soon(), &Stats::new(), &login).await
    };
    let refused = async |token: &str| {
        let mut tx = trial.db.snapshot(soon(), &Stats::new()).await.expect("tx");
        matches!(trial.auth.authenticate(&mut tx, token).await, Err(TokenError::Invalidated))
    };
    // A log-in without a password cannot be entered.
    assert!(matches!(obtain("lou@example.com", "").await, Err(LoginError::WrongPassword)));
    let session = obtain("kim@example.com", "first").await.expect("logged in");

    let second = trial.auth.passwords().hash("second").await.expect("hash");
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    logins::set_password(&mut tx, owner, &second).await.expect("changed");
    tx.commit().await.expect("commit");
    assert!(refused(&session.token).await);
    assert!(matches!(obtain("kim@example.com", "first").await, Err(LoginError::WrongPassword)));
    let session = obtain("kim@example.com", "second").await.expect("logged in");

    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    let taken = logins::set_email(&mut tx, owner, "LOU@example.com").await;
    assert!(matches!(taken, Err(logins::ChangeError::EmailTaken)));
    drop(tx);
    trial.wall.set(trial.wall.now() + TimeDelta::seconds(5));
    let mut tx = trial.db.write(soon(), &Stats::new()).await.expect("tx");
    logins::set_email(&mut tx, owner, "kim@example.org").await.expect("changed");
    let me = users::myself(&mut tx, &Viewer::customer(home.user)).await.expect("me").expect("there");
    assert_eq!(me.email, "kim@example.org");
    tx.commit().await.expect("commit");
    assert!(refused(&session.token).await);
    assert!(obtain("kim@example.com", "second").await.is_err());
    assert!(obtain("kim@example.org", "second").await.is_ok());
}
