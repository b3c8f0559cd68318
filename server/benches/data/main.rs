//! A row read by its key over HTTP beside a handler written by hand, in one run.
//!
//! Crossfade routes the read by the story's rules, to whoever has the token; beside it stands a handler of actix-web and
//! diesel-async that runs the same SQL (asked of PostgreSQL, after Crossfade has run it) on a pool of the same size. Each
//! has one worker thread, and the same client keeps both busy in turn. What is printed are medians over the rounds, and of
//! the ratios within each round. `ROUNDS` sets their number, `CONNECTIONS` the client's, `SECONDS` a turn's length.
//!
//! The last line is the figure; it fails below the goal of DESIGN section 8.

#[path = "../http/load.rs"]
mod load;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Data, Query};
use actix_web::{App, HttpResponse, HttpServer, error};
use anyhow::{Context as _, ensure};
use crossfade::cluster::{Cluster, Options};
use crossfade::config::{Config, Role, Token, Tokens};
use crossfade::databases::{Databases, PoolOptions, Side, Statement};
use crossfade::http::Server;
use crossfade::serve;
use diesel::sql_types::{BigInt, Nullable, Text};
use load::{Load, Turn};
use serde::Deserialize;

/// Of the handler's throughput, at least.
const GOAL: f64 = 0.9;

const TOKEN: &str = "0b9ad0c4e7f14e27";

/// More than fit into one page of anything.
const ROWS: u32 = 10_000;

/// What the client asks for in turn.
const ASKED: u32 = 1_000;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let rounds = setting("ROUNDS", 15)?.max(1);
    let turn = Duration::from_secs(setting("SECONDS", 1)?.max(1));
    let connections = usize::try_from(setting("CONNECTIONS", 16)?.max(1))?;

    let cluster = Cluster::start(Options::fast()).await?;
    for name in ["old", "new"] {
        cluster.create_database(name).await?;
        fill(&cluster, name).await?;
    }
    let ours = start(&cluster).await?;
    let sql = sql_of(&cluster, &ours).await?;
    let by_hand = start_by_hand(&cluster, &sql)?;
    agree(ours.address(), by_hand).await?;
    let load = |address: SocketAddr| {
        let requests = (0..ASKED).map(|nth| request(address, key(nth))).collect();
        Load::start(address, connections, requests)
    };
    let (mut by_hand, mut ours) = (load(by_hand)?, load(ours.address())?);
    by_hand.turn(turn)?;
    ours.turn(turn)?;
    let rounds = (0..rounds)
        .map(|_| Ok((by_hand.turn(turn)?, ours.turn(turn)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(report(&rounds))
}

fn setting(name: &str, default: u64) -> anyhow::Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is a number")),
        Err(_) => Ok(default),
    }
}

/// A prime step, so that rows are asked for in no order.
fn key(nth: u32) -> u32 {
    1 + nth * 7_919 % ROWS
}

fn request(address: SocketAddr, key: u32) -> Vec<u8> {
    format!(
        "GET /data/orders?id=eq.{key} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         baggage: user_id=user-{key},country=FR\r\n\r\n"
    )
    .into_bytes()
}

async fn fill(cluster: &Cluster, name: &str) -> anyhow::Result<()> {
    let sql = format!(
        "create table orders (id bigint primary key, customer_id bigint not null, status text not null, note text not null); \
         insert into orders select n, n % 97, 'paid', repeat('x', 60) from generate_series(1, {ROWS}) n; analyze orders;"
    );
    cluster.connect(name).await?.batch_execute(&sql).await?;
    Ok(())
}

async fn start(cluster: &Cluster) -> anyhow::Result<Server> {
    let config = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        rules: Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules"),
        old_database_url: Some(cluster.url("old").parse()?),
        new_database_url: Some(cluster.url("new").parse()?),
        tokens: Tokens::new(vec![Token::of_text(Role::Data, TOKEN)]),
        workers: Some(1),
        ..Config::default()
    };
    Ok(serve(config).await?)
}

/// The statement that a read by key becomes, as PostgreSQL got it.
async fn sql_of(cluster: &Cluster, server: &Server) -> anyhow::Result<String> {
    get(server.address(), 1).await?;
    let client = cluster.connect("old").await?;
    let sql = "select query from pg_stat_activity where pid <> pg_backend_pid() and query like '%\"orders\"%' limit 1";
    Ok(client.query_one(sql, &[]).await?.get(0))
}

#[derive(Clone)]
struct ByHand {
    databases: Databases,
    sql: String,
}

#[derive(Deserialize)]
struct Asked {
    id: String,
}

/// The handler that somebody would write who knew the table.
async fn read(by_hand: Data<ByHand>, asked: Query<Asked>) -> actix_web::Result<HttpResponse> {
    let key = asked.id.strip_prefix("eq.").unwrap_or(&asked.id).to_owned();
    let connection = by_hand.databases.connection(Side::Old).await;
    let mut connection = connection.map_err(error::ErrorServiceUnavailable)?;
    let parameters = by_hand.sql.matches('$').count();
    let statement = Statement::new(by_hand.sql.clone()).text(Some(key));
    // What else the statement takes are the page's bounds.
    let statement = (1..parameters).fold(statement, |statement, _| statement.integer(10_000));
    let rows = statement
        .rows::<(Nullable<Text>, BigInt), (Option<String>, i64)>(&mut connection)
        .await
        .map_err(error::ErrorServiceUnavailable)?;
    let body = rows
        .into_iter()
        .next()
        .and_then(|(body, _)| body)
        .unwrap_or_default();
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(body))
}

fn start_by_hand(cluster: &Cluster, sql: &str) -> anyhow::Result<SocketAddr> {
    let options = PoolOptions {
        connections: Config::default().pool_size,
        ..PoolOptions::default()
    };
    let url = cluster.url("old").parse()?;
    let by_hand = ByHand {
        databases: Databases::new(&url, &url, options),
        sql: sql.to_owned(),
    };
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(by_hand.clone()))
            .route("/data/orders", web::get().to(read))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))?;
    let address = *server.addrs().first().context("a port")?;
    tokio::spawn(server.run());
    Ok(address)
}

async fn get(address: SocketAddr, key: u32) -> anyhow::Result<String> {
    let url = format!("http://{address}/data/orders?id=eq.{key}");
    let request = reqwest::Client::new().get(url).bearer_auth(TOKEN);
    Ok(request.send().await?.error_for_status()?.text().await?)
}

/// Both give the same row.
async fn agree(ours: SocketAddr, by_hand: SocketAddr) -> anyhow::Result<()> {
    for nth in 0..10 {
        let (one, other) = (get(ours, key(nth)).await?, get(by_hand, key(nth)).await?);
        ensure!(one == other && one.contains("\"paid\""), "{one} is not {other}");
    }
    Ok(())
}

fn report(rounds: &[(Turn, Turn)]) -> ExitCode {
    let of = |figure: fn(&Turn) -> f64| {
        let by_hand = median(rounds.iter().map(|(by_hand, _)| figure(by_hand)));
        let ours = median(rounds.iter().map(|(_, ours)| figure(ours)));
        let ratio = median(
            rounds
                .iter()
                .map(|(by_hand, ours)| figure(ours) / figure(by_hand)),
        );
        (by_hand, ours, ratio)
    };
    let (hand_rate, our_rate, throughput) = of(Turn::per_second);
    let (hand_p99, our_p99, _) = of(Turn::p99_us);
    let (hand_us, our_us, _) = of(Turn::server_us);
    println!(
        "| one worker thread | requests a second | p99 µs | µs of a core a request |\n|---|---|---|---|"
    );
    println!("| actix-web and diesel-async by hand | {hand_rate:.0} | {hand_p99:.0} | {hand_us:.1} |");
    println!("| /data | {our_rate:.0} | {our_p99:.0} | {our_us:.1} |");
    println!(
        "{throughput:.3} of a hand-written handler's throughput for a read by key (goal: at least {GOAL})"
    );
    if throughput < GOAL {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
