//! From one major version to the next: what the transport is for.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crossfade::databases::Side::{New, Old};
use crossfade::migration::preflight::{PreflightOptions, Verdict, preflight};
use crossfade::migration::schema::compare;
use crossfade::sync::Transport;
use crossfade::sync::publish_subscribe::{Rows, drained, end, prepare, reserve, skip_to_now, subscribe};
use crossfade::verify::{VerifyOptions, verify};

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

/// PostgreSQL's own benchmark, whose table `pgbench_history` has no key until preflight's SQL gives it one.
#[tokio::test]
async fn a_shop_and_pgbench_move_to_a_newer_major_version_under_load() {
    let Some(newer) = second_major() else { return };
    let servers = Servers::start(replicating(), replicating().programs(newer)).await;
    let pgbench = servers.old.programs().path("pgbench");
    let url = servers.old.url(&servers.name);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&pgbench);
        command
            .args(arguments)
            .arg(&url)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().expect("pgbench, which comes with the server")
    };
    let mut filling = run(&["--initialize", "--scale", "1", "--quiet"]);
    assert!(filling.wait().expect("an end").success());
    let options = PreflightOptions {
        transport: Transport::PublishSubscribe,
        ..PreflightOptions::default()
    };
    let report = preflight(&servers.databases, options).await.expect("a preflight");
    let blocks: Vec<_> = report.blocks().collect();
    assert!(
        blocks
            .iter()
            .all(|(_, finding)| finding.evidence.contains("pgbench_history")),
        "{report}"
    );
    for mend in blocks.iter().filter_map(|(_, finding)| finding.mend.as_ref()) {
        for statement in &mend.statements {
            servers.run(mend.side, statement).await;
        }
    }
    servers.open_shop().await;

    let mut benchmark = run(&["--client", "4", "--time", "5", "--no-vacuum"]);
    let goes_on = AtomicBool::new(true);
    let writing = async {
        let old = servers.connect(Old).await;
        let mut orders = 0_u64;
        while goes_on.load(Ordering::Relaxed) {
            let order = "with o as (insert into orders (customer_id) select min(id) from customers returning id) \
                         insert into order_lines (order_id, line, sku, quantity, price) \
                         select o.id, 1, (select min(sku) from products), 1, 1 from o";
            old.batch_execute(order).await.expect("an order");
            orders += 1;
        }
        orders
    };
    let moving = async {
        servers.stream().await;
        let early = verify(&servers.databases, Old, &VerifyOptions::default(), |_| {}).await;
        let early = early.expect("a verification under load");
        assert_eq!(
            early.differences().count(),
            0,
            "what is on its way differs not: {early}"
        );
        let ended = tokio::task::spawn_blocking(move || benchmark.wait()).await;
        assert!(
            ended.expect("a task").expect("an end").success(),
            "pgbench met no error"
        );
        goes_on.store(false, Ordering::Relaxed);
    };
    let (orders, ()) = tokio::join!(writing, moving);
    drained(&servers.databases, FORTH, PATIENCE)
        .await
        .expect("all applied");
    let transactions = servers.count(Old, "select count(*) from pgbench_history").await;
    assert!(transactions > 0 && orders > 0);
    println!("{transactions} transactions of pgbench and {orders} orders while it was copied and streamed");
    let report = verify(&servers.databases, Old, &VerifyOptions::default(), |_| {}).await;
    let report = report.expect("a verification");
    assert!(report.clean && report.tables.len() == 8, "{report}");
}
