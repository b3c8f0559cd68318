//! From one major version to the next: what the transport is for.

use crossfade::databases::Side::{New, Old};
use crossfade::migration::preflight::{PreflightOptions, Verdict, preflight};
use crossfade::migration::schema::compare;
use crossfade::sync::Transport;
use crossfade::sync::publish_subscribe::{Rows, drained, end, prepare, reserve, skip_to_now, subscribe};

use super::super::support::compare::assert_every_row_equal;
use super::super::support::migration::PATIENCE;
use super::{BACK, FORTH, Servers, replicating, second_major};

#[tokio::test]
async fn a_shop_moves_to_a_newer_major_version_and_back() {
    let Some(newer) = second_major() else { return };
    let servers = Servers::start(replicating(), replicating().programs(newer)).await;
    servers.run(Old, include_str!("../support/rich.sql")).await;
    servers.run(Old, "drop event trigger if exists ddl").await;
    servers.open_shop().await;
    let options = PreflightOptions {
        transport: Transport::PublishSubscribe,
        ..PreflightOptions::default()
    };
    let report = preflight(&servers.databases, options).await.expect("a preflight");
    assert_eq!(
        report.check("versions").map(|check| check.verdict),
        Some(Verdict::Pass),
        "{report}"
    );
    let comparison = compare(&servers.databases).await.expect("a comparison");
    assert!(comparison.is_equal(), "{comparison}");
    servers.stream().await;
    servers
        .run(
            Old,
            "update customers set name = name || '!'; delete from order_lines where line = 2",
        )
        .await;
    servers.ends_equal().await;

    prepare(&servers.databases, BACK)
        .await
        .expect("a publication on new");
    reserve(&servers.databases, BACK).await.expect("a slot on new");
    skip_to_now(&servers.databases, BACK)
        .await
        .expect("a slot that begins now");
    end(&servers.databases, FORTH)
        .await
        .expect("the end of the first direction");
    subscribe(&servers.databases, BACK, Rows::AreThere)
        .await
        .expect("a subscription on old");
    servers.run(New, "update customers set name = 'from new'").await;
    drained(&servers.databases, BACK, PATIENCE)
        .await
        .expect("all applied");
    assert_every_row_equal(&servers.connect(Old).await, &servers.connect(New).await).await;
    end(&servers.databases, BACK).await.expect("the end");
}
