//! `GET`, `HEAD`, `POST`, `PATCH` and `DELETE` of `/data/{table}`.

use std::sync::Arc;

use actix_web::web::{Path, Payload, ThinData};
use actix_web::{HttpRequest, HttpResponse};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::AsyncPgConnection;

use super::super::body;
use super::super::error::ApiError;
use super::super::state::App;
use super::answer::{Answer, read_answer, write_answer};
use super::body::Body;
use super::error::DataError;
use super::prefer::{Preferences, Representation};
use super::range;
use super::reading::Reading;
use super::request::DataRequest;
use super::sql::{self, Returning};
use crate::catalog::{CatalogError, Table};
use crate::databases::Statement;
use crate::routing::{Crossfade, RouteError, Written};

/// `GET` and `HEAD`: rows.
pub async fn read(
    app: ThinData<App>,
    table: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked = DataRequest::read(&request, &app.config().schemas)?;
    let max_rows = app.config().max_rows;
    let page = range::page(&asked.query, asked.range.as_deref(), max_rows)?;
    let make = |table: &Table| Reading::new(table, &asked, page, max_rows);
    let reading = with_table(&app, &asked.schema, &table, make)
        .await?
        .admitted(app.shapes());
    let work = async |connection: &mut AsyncPgConnection| reading.run(connection).await;
    let read = crossfade(&app)?.read(&asked.context, asked.earlier, work).await?;
    Ok(read_answer(&asked, page, read)?.finish())
}

/// `POST`: inserts an object or an array of objects; an upsert where `Prefer` says how duplicates are resolved.
pub async fn insert(
    app: ThinData<App>,
    table: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let asked = DataRequest::read(&request, &app.config().schemas)?;
    let bytes = body::read(payload, app.config().max_body_bytes).await?;
    let body = Body::parse(&bytes, asked.query.columns.as_deref(), asked.preferences.missing)?;
    if body.groups.is_empty() {
        return Ok(Answer::nothing_inserted(&asked).finish());
    }
    let on_conflict = asked
        .preferences
        .resolution
        .map(|resolution| (resolution, asked.query.on_conflict.as_deref()));
    let make = |table: &Table| sql::insert(keyed(table)?, &body, on_conflict, returning(&asked));
    let statement = with_table(&app, &asked.schema, &table, make).await?;
    let written = write(&app, &asked, statement).await?;
    Ok(write_answer(&asked, request.method(), written)?.finish())
}

/// `PATCH`: updates the rows that match.
pub async fn update(
    app: ThinData<App>,
    table: Path<String>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let asked = DataRequest::read(&request, &app.config().schemas)?;
    refuse_unbounded(&asked, "UPDATE")?;
    let bytes = body::read(payload, app.config().max_body_bytes).await?;
    let rows =
        Body::parse(&bytes, asked.query.columns.as_deref(), asked.preferences.missing)?.into_single()?;
    if rows.columns.is_empty() {
        return Ok(Answer::nothing_updated(&asked).finish());
    }
    let make = |table: &Table| sql::update(keyed(table)?, &asked.query, &rows, returning(&asked));
    let statement = with_table(&app, &asked.schema, &table, make).await?;
    let written = write(&app, &asked, statement).await?;
    Ok(write_answer(&asked, request.method(), written)?.finish())
}

/// `DELETE`: deletes the rows that match.
pub async fn delete(
    app: ThinData<App>,
    table: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked = DataRequest::read(&request, &app.config().schemas)?;
    refuse_unbounded(&asked, "DELETE")?;
    let make = |table: &Table| sql::delete(keyed(table)?, &asked.query, returning(&asked));
    let statement = with_table(&app, &asked.schema, &table, make).await?;
    let written = write(&app, &asked, statement).await?;
    Ok(write_answer(&asked, request.method(), written)?.finish())
}

/// What a statement of a change gives: the changed rows in JSON, where they are wanted, and how many they are.
pub(super) type Changed = (Option<String>, i64);

/// Why the work on a connection failed.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The database refused the statement, or was lost.
    #[error("the statement failed")]
    Database(#[from] diesel::result::Error),
    /// The statement did what the request does not allow.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Runs a change; what goes too far is undone, since the error rolls its transaction back.
async fn write(app: &App, asked: &DataRequest, statement: Statement) -> Result<Written<Changed>, ApiError> {
    let statement = app.shapes().admit(statement);
    let written = crossfade(app)?.write(&asked.context, asked.earlier, async |connection| {
        let rows = statement
            .rows::<(Nullable<Text>, BigInt), Changed>(connection)
            .await?;
        let changed = rows.into_iter().next().ok_or(diesel::result::Error::NotFound)?;
        within_bounds(asked, changed.1)?;
        Ok::<_, WorkError>(changed)
    });
    Ok(written.await?)
}

fn within_bounds(asked: &DataRequest, rows: i64) -> Result<(), DataError> {
    if asked.preferences.max_affected.is_some_and(|most| rows > most) {
        return Err(DataError::MaxAffected(rows));
    }
    if asked.singular && wants_rows(&asked.preferences) && rows != 1 {
        return Err(DataError::NotSingular(rows));
    }
    Ok(())
}

fn wants_rows(preferences: &Preferences) -> bool {
    preferences.representation == Representation::Full
}

fn returning(asked: &DataRequest) -> Returning<'_> {
    if wants_rows(&asked.preferences) {
        Returning::Rows(&asked.query.select, &asked.query.order)
    } else {
        Returning::Count
    }
}

/// A whole table changes only where the request says how many rows that may be.
fn refuse_unbounded(asked: &DataRequest, verb: &'static str) -> Result<(), DataError> {
    if asked.query.limit.is_some() || asked.query.offset.is_some() {
        return Err(DataError::Limited(verb));
    }
    if asked.query.conditions.is_empty() && asked.preferences.max_affected.is_none() {
        return Err(DataError::Unfiltered(verb));
    }
    Ok(())
}

fn keyed(table: &Table) -> Result<&Table, DataError> {
    if table.key.is_empty() {
        Err(DataError::NoKey(table.name.clone()))
    } else {
        Ok(table)
    }
}

fn crossfade(app: &App) -> Result<&Crossfade, ApiError> {
    app.crossfade().ok_or(ApiError::NoDatabases)
}

/// Makes what a table's columns are needed for. What is not known of it may be newer than what is remembered: then the
/// catalog is asked once more.
async fn with_table<T>(
    app: &App,
    schema: &str,
    name: &str,
    make: impl Fn(&Table) -> Result<T, DataError>,
) -> Result<T, ApiError> {
    let crossfade = crossfade(app)?;
    let first_try = make(&*table(crossfade, schema, name).await?);
    if let Err(DataError::UnknownColumn { .. } | DataError::UnknownKey { .. } | DataError::NoKey(_)) =
        first_try
    {
        crossfade.catalog().forget(schema, name);
        return Ok(make(&*table(crossfade, schema, name).await?)?);
    }
    Ok(first_try?)
}

/// The table as the primary has it; as the other database has it, while the primary is down.
async fn table(crossfade: &Crossfade, schema: &str, name: &str) -> Result<Arc<Table>, ApiError> {
    let primary = crossfade.primary();
    let (catalog, databases) = (crossfade.catalog(), crossfade.databases());
    let found = match catalog.table(databases, primary, schema, name).await {
        Err(CatalogError::Database(error)) if error.is_unreachable() => catalog
            .table(databases, primary.other(), schema, name)
            .await
            .map_err(|_| CatalogError::Database(error)),
        found => found,
    };
    found.map_err(ApiError::from)
}

impl From<RouteError<WorkError>> for ApiError {
    fn from(error: RouteError<WorkError>) -> Self {
        match error {
            RouteError::Unavailable(error) => Self::Unreachable(error),
            RouteError::Uncertain(error) => Self::Uncertain(error),
            RouteError::Work(WorkError::Data(error)) => Self::Data(error),
            RouteError::Work(WorkError::Database(error)) => Self::Statement(error),
        }
    }
}
