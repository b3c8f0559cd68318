//! Databases that are as they should be.

use crossfade::migration::preflight::{PreflightError, PreflightOptions, Verdict, preflight};

use super::super::support::databases::Pair;
use super::super::support::migration::databases;
use super::Looked;

#[tokio::test]
async fn a_shop_and_an_empty_database_are_ready_for_either_transport() {
    let pair = Pair::empty().await;
    pair.open_shop().await;
    let looked = Looked::at(&pair).await;
    for looked in [looked, Looked::at(&pair).await.publishing()] {
        let report = looked.report().await;
        assert_eq!(report.blocks().count(), 0, "{report}");
        let warned: Vec<&str> = report
            .checks
            .iter()
            .filter(|check| check.verdict == Verdict::Warn)
            .map(|check| check.name)
            .collect();
        // What is about servers as a whole is about other tests, too.
        let about_servers = ["wal_headroom", "long_transactions"];
        assert!(warned.iter().all(|name| about_servers.contains(name)), "{report}");
        assert!(
            report.checks.iter().all(|check| !check.evidence.is_empty()),
            "{report}"
        );
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_an_error_and_no_verdict() {
    let pair = Pair::empty().await;
    let databases = databases(&pair.old_url().await, "postgres://postgres@127.0.0.1:1/nowhere");
    let error = preflight(&databases, PreflightOptions::default()).await;
    assert!(
        matches!(error, Err(PreflightError::Database(ref error)) if error.is_unreachable()),
        "{error:?}"
    );
}
