//! Clusters of our own start, crash and recover on the same port, and never outlive the process that made them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crossfade::cluster::{Cluster, ClusterError, Options, Stop};

/// Tells this binary, when it starts itself, to be the process that gets killed.
const BE_THE_VICTIM: &str = "CROSSFADE_TEST_VICTIM";

fn options() -> Options {
    Options::fast().template(env!("CARGO_TARGET_TMPDIR"))
}

async fn number(cluster: &Cluster, sql: &str) -> i64 {
    let client = cluster.connect("postgres").await.expect("a connection");
    client.query_one(sql, &[]).await.expect(sql).get(0)
}

async fn data_folder(cluster: &Cluster) -> PathBuf {
    let client = cluster.connect("postgres").await.expect("a connection");
    let row = client
        .query_one("show data_directory", &[])
        .await
        .expect("a setting");
    row.get::<_, String>(0).into()
}

#[tokio::test]
async fn what_was_committed_survives_a_stop_a_crash_and_a_kill() {
    let mut cluster = Cluster::start(options()).await.expect("a cluster");
    let port = cluster.port();
    let client = cluster.connect("postgres").await.expect("a connection");
    client
        .batch_execute("create table seen (n bigint); insert into seen values (1)")
        .await
        .expect("a row");

    cluster.stop(Stop::Fast).await.expect("a tidy stop");
    assert!(!cluster.is_running());
    assert!(matches!(
        cluster.connect("postgres").await,
        Err(ClusterError::Query { .. })
    ));
    cluster.start_again().await.expect("a start");
    assert_eq!(
        number(&cluster, "insert into seen values (2) returning n").await,
        2
    );

    cluster.stop(Stop::Immediate).await.expect("a crash");
    cluster.start_again().await.expect("a recovery");
    assert_eq!(
        number(&cluster, "insert into seen values (3) returning n").await,
        3
    );

    cluster.kill9().await.expect("a kill");
    cluster.start_again().await.expect("a recovery");
    assert_eq!(number(&cluster, "select sum(n)::bigint from seen").await, 6);
    assert_eq!(cluster.port(), port);
}

#[tokio::test]
async fn a_dropped_cluster_leaves_no_server_and_no_folder() {
    let cluster = Cluster::start(options()).await.expect("a cluster");
    let (url, folder) = (cluster.url("postgres"), data_folder(&cluster).await);
    assert!(folder.is_dir());
    drop(cluster);
    assert!(!folder.parent().expect("a parent").exists());
    assert!(
        tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_folder_that_was_given_is_kept_and_started_again() {
    let folder = tempfile::tempdir().expect("a folder");
    // The server may run as another user, who must be able to get there.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("permissions");
    let options = options().folder(folder.path().join("old"));
    let cluster = Cluster::start(options.clone()).await.expect("a cluster");
    cluster.create_database("shop").await.expect("a database");
    drop(cluster);

    let cluster = Cluster::start(options).await.expect("the same cluster");
    assert_eq!(
        number(
            &cluster,
            "select count(*) from pg_database where datname = 'shop'"
        )
        .await,
        1
    );
}

#[tokio::test]
async fn a_password_is_asked_for() {
    let cluster = Cluster::start(Options::fast().password("p@ss/word"))
        .await
        .expect("a cluster");
    let without = cluster.url("postgres").replace(":p%40ss%2Fword", "");
    let refused = tokio_postgres::connect(&without, tokio_postgres::NoTls).await;
    assert!(refused.is_err(), "connected without a password");
    assert_eq!(number(&cluster, "select 1::bigint").await, 1);
}

#[tokio::test]
async fn settings_reach_the_server_and_wrong_ones_are_reported_with_its_log() {
    let cluster = Cluster::start(options().set("max_connections", "17"))
        .await
        .expect("a cluster");
    assert_eq!(
        number(&cluster, "select current_setting('max_connections')::bigint").await,
        17
    );

    let error = Cluster::start(options().set("no_such_setting", "1"))
        .await
        .expect_err("it must not start");
    assert!(
        matches!(&error, ClusterError::EndedEarly { log, .. } if log.contains("no_such_setting")),
        "{error}"
    );
}

#[tokio::test]
async fn a_cluster_ends_with_the_process_that_made_it_even_when_that_is_killed() {
    let mut victim = Command::new(std::env::current_exe().expect("our own path"))
        .args([
            "clusters::a_process_to_be_killed",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(BE_THE_VICTIM, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .expect("ourselves again");
    let mut lines =
        std::io::BufRead::lines(std::io::BufReader::new(victim.stdout.take().expect("its output")));
    let folder = lines
        .find_map(|line| {
            line.expect("text")
                .split_once("data folder: ")
                .map(|(_, path)| PathBuf::from(path))
        })
        .expect("the data folder of its cluster");
    assert!(folder.is_dir());

    victim.kill().expect("a SIGKILL");
    victim.wait().expect("its end");
    let deadline = Instant::now() + Duration::from_secs(30);
    while folder.exists() {
        assert!(Instant::now() < deadline, "{} is still there", folder.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Not a test by itself: the process that the test above kills.
#[tokio::test]
#[ignore = "started and killed by another test"]
async fn a_process_to_be_killed() {
    if std::env::var_os(BE_THE_VICTIM).is_none() {
        return;
    }
    let cluster = Cluster::start(options()).await.expect("a cluster");
    println!("data folder: {}", data_folder(&cluster).await.display());
    std::future::pending::<()>().await;
}
