//! A flag over HTTP beside a handler that does nothing, in one run.
//!
//! Crossfade answers OFREP's single evaluation by the story's rules, to whoever has the token; beside it stands a bare actix-web
//! handler that takes the same request and answers with a constant of the same size. Each has one worker thread, and the same client
//! ([`load`]) keeps both busy in turn. What is printed are medians over the rounds, and of the ratios within each round.
//! `ROUNDS` sets their number, `CONNECTIONS` the client's, `SECONDS` a turn's length.
//!
//! The last line is the figure; it fails below the goals of DESIGN section 8.

mod load;

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context as _, ensure};
use crossfade::config::{Config, Role, Token, Tokens};
use crossfade::flags::{Flags, RequestContext};
use crossfade::http::Server;
use crossfade::serve;
use load::{Load, Turn};
use serde_json::{Value, json};

/// Of the bare handler's throughput, at least.
const THROUGHPUT_GOAL: f64 = 0.85;
/// Of the bare handler's slowest hundredth, at most.
const P99_GOAL: f64 = 1.5;

const FLAG: &str = "read";
const TOKEN: &str = "0b9ad0c4e7f14e27";

fn main() -> anyhow::Result<ExitCode> {
    let rounds = setting("ROUNDS", 15)?.max(1);
    let turn = Duration::from_secs(setting("SECONDS", 1)?.max(1));
    let connections = usize::try_from(setting("CONNECTIONS", 16)?.max(1))?;

    let bodies: Vec<Value> = (0..1_000).map(context).collect();
    let servers = tokio::runtime::Runtime::new()?;
    let (bare, ours) = servers.block_on(start(&bodies))?;
    let load = |address| {
        let requests = bodies.iter().map(|body| request(address, body)).collect();
        Load::start(address, connections, requests)
    };
    let (mut bare, mut ours) = (load(bare)?, load(ours.address())?);
    bare.turn(turn)?;
    ours.turn(turn)?;
    let rounds = (0..rounds)
        .map(|_| Ok((bare.turn(turn)?, ours.turn(turn)?)))
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(report(&rounds))
}

fn setting(name: &str, default: u64) -> anyhow::Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is a number")),
        Err(_) => Ok(default),
    }
}

/// One user in ten is a tester, so that every rule is met.
fn context(nth: u32) -> Value {
    let user = if nth.is_multiple_of(10) {
        "123".to_owned()
    } else {
        format!("user-{nth:08}")
    };
    let country = ["IN", "US", "FR", "DE"][nth as usize % 4];
    let subscription = ["free", "pro", "enterprise"][nth as usize % 3];
    json!({ "context": { "targetingKey": user, "country": country, "subscription": subscription } })
}

fn request(address: SocketAddr, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let head = format!(
        "POST /ofrep/v1/evaluate/flags/{FLAG} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head + &body).into_bytes()
}

/// Starts both: where the bare handler listens, and ours.
async fn start(bodies: &[Value]) -> anyhow::Result<(SocketAddr, Server)> {
    let config = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        rules: Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules"),
        tokens: Tokens::new(vec![Token::of_text(Role::Evaluate, TOKEN)]),
        workers: Some(1),
        ..Config::default()
    };
    let ours = serve(config).await?;
    let response_bytes = agree(&ours, bodies).await?;
    Ok((start_bare(response_bytes)?, ours))
}

/// The handler that does nothing but read its request and answer.
fn start_bare(response_bytes: usize) -> anyhow::Result<SocketAddr> {
    let answer = Bytes::from("x".repeat(response_bytes));
    let server = HttpServer::new(move || {
        let answer = answer.clone();
        let handler = move |body: Bytes| {
            let answer = answer.clone();
            async move {
                if body.is_empty() {
                    return HttpResponse::BadRequest().finish();
                }
                HttpResponse::Ok()
                    .insert_header((CONTENT_TYPE, "application/json"))
                    .body(answer)
            }
        };
        let path = format!("/ofrep/v1/evaluate/flags/{FLAG}");
        App::new().route(&path, web::post().to(handler))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))?;
    let address = *server.addrs().first().context("a port")?;
    tokio::spawn(server.run());
    Ok(address)
}

/// Checks each answer against the rules, asked directly; how many bytes an answer has, on average.
async fn agree(server: &Server, bodies: &[Value]) -> anyhow::Result<usize> {
    let flags: &Flags = server.app().flags();
    let client = reqwest::Client::new();
    let url = format!("{}/ofrep/v1/evaluate/flags/{FLAG}", server.base_url());
    let mut bytes = 0;
    for body in bodies {
        let request = client.post(&url).bearer_auth(TOKEN).json(body);
        let answer = request.send().await?.error_for_status()?.bytes().await?;
        bytes += answer.len();
        let answer: Value = serde_json::from_slice(&answer)?;
        let context: RequestContext = serde_json::from_value(body["context"].clone())?;
        let expected = flags.decide(FLAG, &context, |decision| decision.value.clone())?;
        ensure!(answer["value"] == expected, "{answer} for {body}");
    }
    Ok(bytes / bodies.len())
}

fn report(rounds: &[(Turn, Turn)]) -> ExitCode {
    let of = |figure: fn(&Turn) -> f64| {
        let bare = median(rounds.iter().map(|(bare, _)| figure(bare)));
        let ours = median(rounds.iter().map(|(_, ours)| figure(ours)));
        let ratio = median(rounds.iter().map(|(bare, ours)| figure(ours) / figure(bare)));
        (bare, ours, ratio)
    };
    let (bare_rate, our_rate, throughput) = of(Turn::per_second);
    let (bare_p99, our_p99, p99) = of(Turn::p99_us);
    let (bare_us, our_us, cost) = of(Turn::server_us);
    println!(
        "| one worker thread | requests a second | p99 µs | µs of a core a request |\n|---|---|---|---|"
    );
    println!("| bare actix-web handler | {bare_rate:.0} | {bare_p99:.0} | {bare_us:.1} |");
    println!("| OFREP evaluation | {our_rate:.0} | {our_p99:.0} | {our_us:.1} ({cost:.2} ×) |");
    println!(
        "{throughput:.3} of a bare handler's throughput (goal: at least {THROUGHPUT_GOAL}), p99 {p99:.2} times its \
         (goal: at most {P99_GOAL})"
    );
    if throughput < THROUGHPUT_GOAL || p99 > P99_GOAL {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
