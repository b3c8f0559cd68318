//! All routes, on one screen: each as it is asked for, who may, what it takes and gives, and who answers.

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig, delete, get, head, patch, post, put};
use actix_web::{HttpRequest, Responder};
use serde_json::Value;

use super::data::handlers as data;
use super::error::ApiError;
use super::management::{features, revisions, rules, segments};
use super::migration::commands;
use super::migration::handlers as migration;
use super::migration::jobs::Job;
use super::migration::order::Order;
use super::migration::plan::Plan;
use super::operation::{Area, Operation};
use super::overview::{handlers as overview, model::Overview};
use super::{auth, dashboard, health, metrics, ofrep, openapi, tokens};
use crate::config::{KnownToken, NewToken, Role};
use crate::flags::{Audited, Recorded};

/// A document's precondition.
const MATCHED: &[&str] = &["If-Match", "If-None-Match"];

/// What a request to `/data` says beside its URL.
const DATA: &[&str] = &[
    "baggage",
    "Prefer",
    "Range",
    "Accept-Profile",
    "Content-Profile",
    "Crossfade-Position",
    "Idempotency-Key",
];

/// Everything that the server answers to.
pub(super) fn operations() -> Vec<Operation> {
    let begun = |o: Operation| o.gives::<Job>(202).fails(&[404, 409]);
    let ordered = |o: Operation| {
        o.takes::<Order>()
            .gives::<Plan>(200)
            .gives::<Job>(202)
            .fails(&[404, 409, 503])
    };
    let post_migration = Method::POST;
    let (post_token, delete_token) = (Method::POST, Method::DELETE);
    let (get_, post_, put_, patch_, delete_) = (
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    );
    let flag = |o: Operation| o.takes::<ofrep::Body>().gives::<Value>(200).fails(&[404, 500]);
    let flags = |o: Operation| {
        o.takes::<ofrep::Body>()
            .reads(&["If-None-Match"])
            .gives::<Value>(200)
            .gives_nothing(304)
            .fails(&[500])
    };
    let rows = |o: Operation| {
        o.reads(DATA)
            .gives::<Value>(200)
            .gives::<Value>(206)
            .fails(&[400, 404, 406, 416, 500, 503])
    };
    let no_rows = |o: Operation| {
        o.reads(DATA)
            .gives_nothing(200)
            .gives_nothing(206)
            .fails(&[400, 404, 406, 416, 500, 503])
    };
    let written = |o: Operation| {
        o.reads(DATA)
            .gives::<Value>(200)
            .gives::<Value>(201)
            .gives_nothing(204)
            .fails(&[400, 404, 406, 408, 409, 413, 422, 500, 503])
    };
    let sent = move |o: Operation| written(o.takes::<Value>());
    let changed = |o: Operation| {
        o.asks::<features::By>()
            .reads(MATCHED)
            .gives::<features::Changed>(200)
            .fails(&[404, 409, 412, 422, 428, 503])
    };
    let listed = |o: Operation| o.asks::<revisions::Limit>();
    let found = |o: Operation| o.fails(&[404, 409, 503]);

    let evaluate = Area::of(Role::Evaluate)
        .with(
            post_.clone(),
            "/ofrep/v1/evaluate/flags/{key}",
            "Decides one flag",
            || post().to(ofrep::evaluate_one),
            flag,
        )
        .with(
            post_.clone(),
            "/ofrep/v1/evaluate/flags",
            "Decides all flags",
            || post().to(ofrep::evaluate_all),
            flags,
        )
        .with(
            get_.clone(),
            "/ofrep/v1/events",
            "Tells of changes",
            || get().to(ofrep::events),
            |o| o.gives_text("text/event-stream"),
        );
    let data = Area::of(Role::Data)
        .with(
            get_.clone(),
            "/data/{table}",
            "Reads rows",
            || get().to(data::read),
            rows,
        )
        .with(
            Method::HEAD,
            "/data/{table}",
            "Counts rows",
            || head().to(data::read),
            no_rows,
        )
        .with(
            post_.clone(),
            "/data/{table}",
            "Inserts rows",
            || post().to(data::insert),
            sent,
        )
        .with(
            patch_.clone(),
            "/data/{table}",
            "Updates rows",
            || patch().to(data::update),
            sent,
        )
        .with(
            delete_.clone(),
            "/data/{table}",
            "Deletes rows",
            || delete().to(data::delete),
            written,
        );
    let admin = Area::of(Role::Admin)
        .with(
            get_.clone(),
            "/api/v1/features",
            "Lists features",
            || get().to(features::list),
            |o| found(o.gives::<Vec<features::Summary>>(200)),
        )
        .with(
            get_.clone(),
            "/api/v1/features/{name}",
            "Reads a feature",
            || get().to(features::read),
            |o| found(o.gives::<features::Whole>(200)),
        )
        .with(
            put_.clone(),
            "/api/v1/features/{name}",
            "Makes or replaces a feature",
            || put().to(features::replace),
            |o| changed(o.takes::<features::Replacement>()),
        )
        .with(
            patch_.clone(),
            "/api/v1/features/{name}",
            "Changes parts of a feature",
            || patch().to(features::edit),
            |o| changed(o.takes::<features::Parts>()),
        )
        .with(
            delete_.clone(),
            "/api/v1/features/{name}",
            "Deletes a feature",
            || delete().to(features::delete),
            changed,
        )
        .with(
            get_.clone(),
            "/api/v1/segments",
            "Lists segments",
            || get().to(segments::list),
            |o| found(o.gives::<Vec<segments::Summary>>(200)),
        )
        .with(
            get_.clone(),
            "/api/v1/segments/{name}",
            "Reads a segment",
            || get().to(segments::read),
            |o| found(o.gives::<segments::Document>(200)),
        )
        .with(
            put_,
            "/api/v1/segments/{name}",
            "Makes or replaces a segment",
            || put().to(segments::replace),
            |o| changed(o.takes::<segments::Document>()),
        )
        .with(
            patch_,
            "/api/v1/segments/{name}",
            "Changes values of a segment",
            || patch().to(segments::edit),
            |o| changed(o.takes::<segments::Values>()),
        )
        .with(
            delete_,
            "/api/v1/segments/{name}",
            "Deletes a segment",
            || delete().to(segments::delete),
            changed,
        )
        .with(
            post_.clone(),
            "/api/v1/check",
            "Checks, tests and previews a change",
            || post().to(rules::check),
            |o| {
                o.takes::<rules::Proposal>()
                    .gives::<rules::Checked>(200)
                    .fails(&[409, 422, 503])
            },
        )
        .with(
            post_.clone(),
            "/api/v1/explain",
            "Explains decisions",
            || post().to(rules::explain),
            |o| o.takes::<rules::Question>().gives::<Value>(200).fails(&[409]),
        )
        .with(
            get_.clone(),
            "/api/v1/revisions",
            "Lists revisions",
            || get().to(revisions::list),
            |o| found(listed(o).gives::<Vec<Recorded>>(200)),
        )
        .with(
            get_.clone(),
            "/api/v1/revisions/{id}",
            "Reads a revision",
            || get().to(revisions::read),
            |o| found(o.gives::<revisions::Whole>(200)),
        )
        .with(
            post_,
            "/api/v1/revisions/{id}/restore",
            "Restores a revision",
            || post().to(revisions::restore),
            changed,
        )
        .with(
            get_.clone(),
            "/api/v1/audit",
            "Lists what was done",
            || get().to(revisions::audit),
            |o| found(listed(o).gives::<Vec<Audited>>(200)),
        )
        .with(
            get_.clone(),
            "/api/v1/migration",
            "Where the migration stands",
            || get().to(migration::status),
            |o| o.gives::<migration::Status>(200).fails(&[404]),
        )
        .with(
            get_.clone(),
            "/api/v1/migration/job",
            "How far long work is",
            || get().to(migration::job),
            |o| o.gives::<Value>(200),
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/preflight",
            "What stands in the way",
            || post().to(migration::preflight),
            |o| o.gives::<Value>(200).fails(&[404, 503]),
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/verify",
            "Begins to compare every row",
            || post().to(migration::verify),
            begun,
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/repair",
            "Begins to mend what differs",
            || post().to(migration::repair),
            begun,
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/start",
            "Captures changes of old and copies its rows",
            || post().to(commands::start),
            ordered,
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/pause",
            "Holds the mirrors that nobody waits for",
            || post().to(commands::pause),
            ordered,
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/resume",
            "Lets the mirrors go on",
            || post().to(commands::resume),
            ordered,
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/switch",
            "Makes new the primary, if every gate is open",
            || post().to(commands::switch),
            ordered,
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/rollback",
            "Makes old the primary again",
            || post().to(commands::rollback),
            ordered,
        )
        .with(
            post_migration.clone(),
            "/api/v1/migration/complete",
            "Retires old, if nothing is in the way",
            || post().to(commands::complete),
            ordered,
        )
        .with(
            post_migration,
            "/api/v1/migration/abort",
            "Ends the migration before the switch",
            || post().to(commands::abort),
            ordered,
        )
        .with(
            get_.clone(),
            "/api/v1/tokens",
            "Lists tokens",
            || get().to(tokens::list),
            |o| o.gives::<Vec<KnownToken>>(200).fails(&[409, 503]),
        )
        .with(
            post_token,
            "/api/v1/tokens",
            "Makes a token",
            || post().to(tokens::create),
            |o| {
                o.takes::<tokens::Wanted>()
                    .gives::<NewToken>(201)
                    .fails(&[409, 503])
            },
        )
        .with(
            delete_token,
            "/api/v1/tokens/{token}",
            "Revokes a token",
            || delete().to(tokens::revoke),
            |o| o.gives::<KnownToken>(200).fails(&[404, 409, 503]),
        )
        .with(
            get_.clone(),
            "/api/v1/overview",
            "Everything that the dashboard shows first",
            || get().to(overview::overview),
            |o| o.gives::<Overview>(200),
        )
        .with(
            get_.clone(),
            "/api/v1/overview/events",
            "The same, as it changes",
            || get().to(overview::events),
            |o| o.gives_text("text/event-stream"),
        )
        .with(
            get_.clone(),
            "/metrics",
            "Numbers for Prometheus",
            || get().to(metrics::metrics),
            |o| o.gives_text("text/plain"),
        );
    let page = |o: Operation| o.reads(&["If-None-Match"]).gives_nothing(304);
    let open = Area::open()
        .with(
            get_.clone(),
            "/",
            "The dashboard",
            || get().to(dashboard::page),
            |o| page(o.gives_text("text/html")),
        )
        .with(
            get_.clone(),
            "/dashboard/{file}",
            "A file of it",
            || get().to(dashboard::part),
            |o| page(o.gives_text("text/javascript")).fails(&[404]),
        )
        .with(
            get_.clone(),
            "/health/live",
            "Whether it lives",
            || get().to(health::live),
            |o| o.gives::<Value>(200),
        )
        .with(
            get_.clone(),
            "/health/ready",
            "What it can do",
            || get().to(health::ready),
            |o| o.gives::<Value>(200).fails(&[503]),
        )
        .with(
            get_,
            "/openapi.json",
            "This description",
            || get().to(openapi::openapi),
            |o| o.gives::<Value>(200),
        );
    let areas = [evaluate, data, admin, open];
    areas.into_iter().flat_map(Area::into_operations).collect()
}

/// Makes the router.
pub fn routes(config: &mut ServiceConfig) {
    let operations = operations();
    for of_path in operations.chunk_by(|one, other| one.path == other.path) {
        let Some(first) = of_path.first() else { continue };
        let resource = of_path.iter().fold(resource(first.path), |resource, operation| {
            resource.route((operation.route)())
        });
        match first.role {
            None => config.service(resource),
            Some(Role::Evaluate) => config.service(resource.wrap(from_fn(auth::evaluate))),
            Some(Role::Data) => config.service(resource.wrap(from_fn(auth::data))),
            Some(Role::Admin) => config.service(resource.wrap(from_fn(auth::admin))),
        };
    }
    config.default_service(web::to(no_route));
}

/// A path that has methods, and answers others with what it has to say of that.
fn resource(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(no_method))
}

async fn no_route(request: HttpRequest) -> impl Responder {
    Err::<&str, _>(ApiError::NoRoute(request.path().to_owned()))
}

async fn no_method(request: HttpRequest) -> impl Responder {
    Err::<&str, _>(ApiError::NoMethod(request.method().to_string()))
}
