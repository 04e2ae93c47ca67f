//! The private cluster against a real Postgres.

mod collected;
mod common;
mod killed;

use std::{
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::Path,
    process::{Command, Stdio},
};

use common::{Home, Member, alive, chmod, is_root, kill_hard, pid_in, play_member, psql, sql, wait_until};
use kraken_api::platform::cluster::{Cluster, Settings};
use rustix::process::Signal;

/// Not a test by itself: the other processes of the tests below.
#[tokio::test]
async fn member() {
    play_member().await;
}

#[tokio::test]
async fn the_only_member_stops_it_when_leaving() {
    let home = Home::new();
    let cluster = home.join().await;
    let (pid, sockets) = (cluster.postmaster_pid(), cluster.socket_dir().to_owned());
    assert_eq!(sql(&cluster, "postgres", "SHOW timezone"), "UTC");
    assert_eq!(sql(&cluster, "postgres", "SHOW listen_addresses"), "");
    assert_eq!(fs::metadata(&sockets).unwrap().mode() & 0o777, 0o700);
    assert!(sockets.as_os_str().len() < 90);
    assert!(cluster.notes().is_empty(), "{:?}", cluster.notes());

    cluster.leave().await.unwrap();
    assert!(!alive(pid));
    assert!(!home.data().join("postmaster.pid").exists());
    assert!(!sockets.exists());
}

#[tokio::test]
async fn the_last_of_two_members_stops_it() {
    let home = Home::new();
    let first = home.join().await;
    let durable = Settings { durable: true, ..home.settings() };
    let second = Cluster::join(&durable).await.unwrap();
    let pid = first.postmaster_pid();
    assert_eq!(second.postmaster_pid(), pid);
    assert!(second.notes()[0].contains("keeps the settings"));

    first.leave().await.unwrap();
    assert_eq!(sql(&second, "postgres", "SELECT 1"), "1");
    second.leave().await.unwrap();
    assert!(!alive(pid));
}

#[tokio::test]
async fn databases_are_created_once() {
    let home = Home::new();
    let cluster = home.join().await;
    for name in ["app", "app", "od'd \"näme\" %/?&=#"] {
        cluster.create_database_if_missing(name).await.unwrap();
        assert_eq!(sql(&cluster, name, "SELECT current_database()"), name);
    }
    let (one, other) =
        tokio::join!(cluster.create_database_if_missing("both"), cluster.create_database_if_missing("both"),);
    one.and(other).unwrap();
    let count = "SELECT count(*) FROM pg_database WHERE NOT datistemplate";
    assert_eq!(sql(&cluster, "postgres", count), "4");
    for name in ["", &"x".repeat(64), "a\0b"] {
        let error = cluster.create_database_if_missing(name).await.unwrap_err();
        assert!(error.to_string().contains("is no database name"), "{error}");
    }
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn a_killed_postmaster_recovers_though_a_backend_is_busy() {
    let home = Home::new();
    // Without it the last commits before a crash may be lost.
    let settings = Settings { durable: true, ..home.settings() };
    let cluster = Cluster::join(&settings).await.unwrap();
    sql(&cluster, "postgres", "CREATE TABLE t AS SELECT 42 AS n");
    let mut busy = psql(&cluster.url("postgres"), "DO $$ BEGIN LOOP END LOOP; END $$")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%' AND state = 'active'";
    wait_until("the backend is busy", || sql(&cluster, "postgres", active) == "1");
    let pid = cluster.postmaster_pid();
    kill_hard(pid);

    let again = Cluster::join(&settings).await.unwrap();
    assert_ne!(again.postmaster_pid(), pid);
    assert_eq!(sql(&again, "postgres", "SELECT n FROM t"), "42");
    assert!(again.notes()[0].contains("recovered"));
    busy.wait().unwrap();
    cluster.leave().await.unwrap();
    assert!(alive(again.postmaster_pid()));
    again.leave().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_leaves_a_postmaster_to_adopt() {
    let home = Home::new();
    let mut server = Member::start(&home, &[]);
    let pid = server.joined();
    server.kill();

    let cluster = home.join().await;
    assert_eq!(cluster.postmaster_pid(), pid);
    // The dead server is no member any more.
    cluster.leave().await.unwrap();
    assert!(!alive(pid));
}

#[tokio::test]
async fn stale_pid_files_are_cleared() {
    let home = Home::new();
    home.join().await.leave().await.unwrap();
    let owner = fs::metadata(home.data()).unwrap();
    let file = home.data().join("postmaster.pid");

    // Another program of the same user has got the pid.
    let mut sleeper = Command::new("sleep");
    sleeper.arg("600").current_dir("/");
    if is_root() {
        use std::os::unix::process::CommandExt;
        sleeper.uid(owner.uid()).gid(owner.gid());
    }
    let mut other = sleeper.spawn().unwrap();
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    for pid in [other.id(), dead.id()] {
        let text = format!("{pid}\n{}\n1700000000\n5432\n", home.data().display());
        fs::write(&file, text).unwrap();
        chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();

        let cluster = home.join().await;
        assert_eq!(pid_in(&file), Some(cluster.postmaster_pid()));
        assert_ne!(cluster.postmaster_pid(), pid);
        cluster.leave().await.unwrap();
    }
    assert!(other.try_wait().unwrap().is_none(), "the other program was killed");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[tokio::test]
async fn data_of_another_version_is_refused() {
    let home = Home::new();
    home.join().await.leave().await.unwrap();
    let version = home.data().join("PG_VERSION");
    fs::write(&version, "9.6\n").unwrap();
    let refusal = home.refusal().await;
    assert!(refusal.contains("was written by Postgres 9.6"), "{refusal}");
    assert!(refusal.contains("install Postgres 9.6"), "{refusal}");
    assert_eq!(fs::read_to_string(version).unwrap(), "9.6\n");
}

#[tokio::test]
async fn foreign_files_in_place_of_the_data_are_kept() {
    let home = Home::new();
    fs::create_dir_all(home.data()).unwrap();
    fs::write(home.data().join("mine.txt"), "x").unwrap();
    let refusal = home.refusal().await;
    assert!(refusal.contains("is not a Postgres data folder"), "{refusal}");
    assert!(home.data().join("mine.txt").exists());
}

#[tokio::test]
async fn an_unreachable_home_keeps_its_data_elsewhere() {
    if !is_root() {
        return;
    }
    let home = Home::below("closed/clone/.kraken");
    chmod(&home.base().join("closed"), 0o700);
    let cluster = home.join().await;
    let data = cluster.data_dir().to_owned();
    assert!(data.starts_with("/var/lib/kraken-api"), "{data:?}");
    assert!(cluster.notes()[0].contains(data.parent().unwrap().to_str().unwrap()));
    assert!(!home.path().join("postgres").exists());
    sql(&cluster, "postgres", "CREATE TABLE t AS SELECT 7 AS n");
    cluster.leave().await.unwrap();

    // The data stays where it is even when the home can be reached later.
    chmod(&home.base().join("closed"), 0o755);
    let cluster = home.join().await;
    assert_eq!(cluster.data_dir(), data);
    assert_eq!(sql(&cluster, "postgres", "SELECT n FROM t"), "7");
    cluster.leave().await.unwrap();
    fs::remove_dir_all(data.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn data_that_became_unreachable_is_not_replaced() {
    if !is_root() {
        return;
    }
    let home = Home::below("closed/.kraken");
    home.join().await.leave().await.unwrap();
    chmod(&home.base().join("closed"), 0o700);
    let refusal = home.refusal().await;
    assert!(refusal.contains("cannot reach"), "{refusal}");
}

#[tokio::test]
async fn long_and_odd_home_paths_work() {
    let odd = Path::new("it's $HOME `x` \"y\" ä").join("d".repeat(140));
    let home = Home::below(odd.join(".kraken"));
    let cluster = home.join().await;
    assert_eq!(cluster.data_dir(), fs::canonicalize(home.data()).unwrap());
    assert_eq!(sql(&cluster, "postgres", "SELECT 1"), "1");
    cluster.leave().await.unwrap();
}

#[test]
fn a_hostile_environment_does_not_matter() {
    let home = Home::new();
    let mut server = Member::start(
        &home,
        &[
            ("LC_ALL", "xx_XX.UTF-8"),
            ("LANG", "yy_YY.UTF-8"),
            ("LANGUAGE", "zz"),
            ("PGDATA", "/nonexistent"),
            ("PGHOST", "192.0.2.1"),
            ("PGPORT", "1"),
            ("PGOPTIONS", "-c nonsense=1"),
        ],
    );
    let pid = server.joined();
    server.leave();
    assert!(!alive(pid));
}

#[test]
fn simultaneous_servers_share_one_postmaster() {
    let home = Home::new();
    let mut servers: Vec<Member> = (0..4).map(|_| Member::start(&home, &[])).collect();
    let pids: Vec<u32> = servers.iter_mut().map(Member::joined).collect();
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    let last = servers.pop().unwrap();
    servers.into_iter().for_each(Member::leave);
    assert!(alive(pids[0]));
    last.leave();
    assert!(!alive(pids[0]));
}

#[tokio::test]
async fn an_interrupted_initdb_is_started_over() {
    let home = Home::new();
    let server = Member::start(&home, &[]);
    let root = home.path().join("postgres");
    wait_until("initdb is half-way", || {
        let entries = fs::read_dir(&root).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| {
            let half_way = entry.path().join("PG_VERSION").exists();
            half_way && entry.file_name().to_string_lossy().starts_with("init-")
        })
    });
    server.kill();
    assert!(!home.data().exists());

    let cluster = home.join().await;
    assert_eq!(sql(&cluster, "postgres", "SELECT 1"), "1");
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn a_home_deleted_under_a_live_postmaster_starts_over() {
    let home = Home::new();
    let lost = home.join().await;
    let pid = lost.postmaster_pid();
    fs::remove_dir_all(home.path()).unwrap();

    let cluster = home.join().await;
    assert_ne!(cluster.postmaster_pid(), pid);
    assert!(!alive(pid));
    assert_eq!(sql(&cluster, "postgres", "SELECT 1"), "1");
    lost.leave().await.unwrap();
    assert_eq!(sql(&cluster, "postgres", "SELECT 1"), "1");
    cluster.leave().await.unwrap();
}

#[tokio::test]
async fn a_lost_socket_is_made_again() {
    let home = Home::new();
    let cluster = home.join().await;
    fs::remove_dir_all(cluster.socket_dir()).unwrap();
    let again = home.join().await;
    assert_ne!(again.postmaster_pid(), cluster.postmaster_pid());
    assert_eq!(sql(&again, "postgres", "SELECT 1"), "1");
    drop(cluster);
    again.leave().await.unwrap();
}

#[tokio::test]
async fn a_socket_folder_that_is_not_ours_alone_is_refused() {
    let home = Home::new();
    let cluster = home.join().await;
    let sockets = cluster.socket_dir().to_owned();
    cluster.leave().await.unwrap();

    fs::create_dir(&sockets).unwrap();
    let owner = fs::metadata(home.data()).unwrap();
    chown(&sockets, Some(owner.uid()), Some(owner.gid())).unwrap();
    chmod(&sockets, 0o755);
    let refusal = home.refusal().await;
    assert!(refusal.contains("run `chmod 700"), "{refusal}");
    if is_root() {
        chmod(&sockets, 0o700);
        chown(&sockets, Some(54321), Some(54321)).unwrap();
        let refusal = home.refusal().await;
        assert!(refusal.contains("belongs to uid 54321"), "{refusal}");
    }
    fs::remove_dir(&sockets).unwrap();
}

#[tokio::test]
async fn ctrl_c_does_not_reach_the_postmaster() {
    let home = Home::new();
    let cluster = home.join().await;
    let group_of = |pid: u32| {
        let output = Command::new("ps").args(["-o", "pgid=", "-p", &pid.to_string()]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let pid = cluster.postmaster_pid();
    assert_eq!(group_of(pid), pid.to_string());
    assert_ne!(group_of(pid), group_of(std::process::id()));
    common::kill(pid, Signal::HUP);
    assert_eq!(sql(&cluster, "postgres", "SELECT 1"), "1");
    cluster.leave().await.unwrap();
}
