//! A shop's web backend that embeds Crossfade: its own handlers, its own diesel code, two databases.
//!
//! ```text
//! OLD_DATABASE_URL=postgres://… NEW_DATABASE_URL=postgres://… cargo run --example shop -- --rules rules
//! curl -H 'baggage: user_id=123,country=US' http://127.0.0.1:8081/customers/123/orders
//! ```
//!
//! `make demo` prints the addresses of two databases that it can be tried on. What is of interest is in `backend`.

mod backend;

use std::net::SocketAddr;
use std::path::PathBuf;

use actix_web::web::ThinData;
use actix_web::{App, HttpServer};
use anyhow::Context as _;
use clap::Parser;
use crossfade::config::BothDatabases;
use crossfade::databases::{Databases, PoolOptions};
use crossfade::flags::Flags;
use crossfade::routing::{Crossfade, CrossfadeOptions};

/// A shop that is moving to a new database
#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    databases: BothDatabases,

    /// The rules: a folder, a file, or a built .wasm
    #[arg(long, default_value = "rules")]
    rules: PathBuf,

    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    env_logger::init();
    let arguments = Arguments::parse();
    let flags = Flags::load(&arguments.rules).context("the rules cannot be used")?;
    let _watch = flags.watch();
    let databases = Databases::new(
        &arguments.databases.old_database_url,
        &arguments.databases.new_database_url,
        PoolOptions::default(),
    );
    let crossfade = Crossfade::start(databases, flags, CrossfadeOptions::default()).await;
    let shared = crossfade.clone();
    HttpServer::new(move || {
        App::new()
            .app_data(ThinData(shared.clone()))
            .configure(backend::routes)
    })
    .bind(arguments.listen)?
    .run()
    .await?;
    crossfade.stop().await;
    Ok(())
}
