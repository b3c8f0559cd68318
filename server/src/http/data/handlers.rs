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
use super::once::once_key;
use super::prefer::{Preferences, Representation};
use super::range;
use super::reading::{PageQuestion, Reading};
use super::request::DataRequest;
use super::sql::{self, Returning};
use crate::catalog::{CatalogError, Table};
use crate::databases::Statement;
use crate::routing::{Crossfade, Once, OnceError, OnceKey, RouteError};

/// `GET` and `HEAD`: rows.
pub async fn read(
    app: ThinData<App>,
    table: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let asked = DataRequest::read(&request, &app.config().schemas)?;
    let max_rows = app.config().max_rows;
    let page = range::page(&asked.query, asked.range.as_deref(), max_rows)?;
    let make = |shape: &Table| Reading::new(shape, &asked, page, max_rows);
    let (reading, shape) = with_table(&app, &asked.schema, &table, make).await?;
    let reading = reading.admitted(app.shapes());
    let work = async |connection: &mut AsyncPgConnection| reading.run(connection).await;
    let crossfade = crossfade(&app)?;
    let read = crossfade.read(&asked.context, asked.earlier, work).await?;
    if read.compare
        && let Some(question) = PageQuestion::new(shape, reading, &asked, page)
    {
        let (body, rows, _) = read.value.clone();
        crossfade.compare(question, read.side, (body, rows));
    }
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
    let bytes = body::read(payload, app.config()).await?;
    let body = Body::parse(&bytes, asked.query.columns.as_deref(), asked.preferences.missing)?;
    if body.groups.is_empty() {
        return Ok(Answer::nothing_inserted(&asked).finish());
    }
    let on_conflict = asked
        .preferences
        .resolution
        .map(|resolution| (resolution, asked.query.on_conflict.as_deref()));
    let make = |table: &Table| sql::insert(keyed(table)?, &body, on_conflict, returning(&asked));
    let (statement, _) = with_table(&app, &asked.schema, &table, make).await?;
    let key = once_key(&request, &asked, &bytes)?;
    let once = write(&app, &asked, key, statement).await?;
    Ok(write_answer(&asked, request.method(), once)?.finish())
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
    let bytes = body::read(payload, app.config()).await?;
    let rows =
        Body::parse(&bytes, asked.query.columns.as_deref(), asked.preferences.missing)?.into_single()?;
    if rows.columns.is_empty() {
        return Ok(Answer::nothing_updated(&asked).finish());
    }
    let make = |table: &Table| sql::update(keyed(table)?, &asked.query, &rows, returning(&asked));
    let (statement, _) = with_table(&app, &asked.schema, &table, make).await?;
    let key = once_key(&request, &asked, &bytes)?;
    let once = write(&app, &asked, key, statement).await?;
    Ok(write_answer(&asked, request.method(), once)?.finish())
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
    let (statement, _) = with_table(&app, &asked.schema, &table, make).await?;
    let key = once_key(&request, &asked, &[])?;
    let once = write(&app, &asked, key, statement).await?;
    Ok(write_answer(&asked, request.method(), once)?.finish())
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

/// Runs a change, once for each key; what goes too far is undone, since the error rolls its transaction back.
async fn write(
    app: &App,
    asked: &DataRequest,
    key: Option<OnceKey>,
    statement: Statement,
) -> Result<Once<Changed>, ApiError> {
    let statement = app.shapes().admit(statement);
    let work = async |connection: &mut AsyncPgConnection| {
        let rows = statement
            .rows::<(Nullable<Text>, BigInt), Changed>(connection)
            .await?;
        let changed = rows.into_iter().next().ok_or(diesel::result::Error::NotFound)?;
        within_bounds(asked, changed.1)?;
        Ok::<_, WorkError>(changed)
    };
    let (crossfade, context) = (crossfade(app)?, &asked.context);
    match key {
        Some(key) => Ok(crossfade.write_once(context, asked.earlier, &key, work).await?),
        None => Ok(Once {
            written: crossfade.write(context, asked.earlier, work).await?,
            repeated: false,
        }),
    }
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

/// Makes what a table's columns are needed for, and says what they were. What is not known of it may be newer than what is remembered: then the
/// catalog is asked once more.
async fn with_table<T>(
    app: &App,
    schema: &str,
    name: &str,
    make: impl Fn(&Table) -> Result<T, DataError>,
) -> Result<(T, Arc<Table>), ApiError> {
    let crossfade = crossfade(app)?;
    let shape = table(crossfade, schema, name).await?;
    let first_try = make(&shape);
    if let Err(DataError::UnknownColumn { .. } | DataError::UnknownKey { .. } | DataError::NoKey(_)) =
        first_try
    {
        crossfade.catalog().forget(schema, name);
        let shape = table(crossfade, schema, name).await?;
        return Ok((make(&shape)?, shape));
    }
    Ok((first_try?, shape))
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

impl From<RouteError<OnceError<WorkError>>> for ApiError {
    fn from(error: RouteError<OnceError<WorkError>>) -> Self {
        match error {
            RouteError::Unavailable(error) => Self::Unreachable(error),
            RouteError::Uncertain(error) => Self::Uncertain(error),
            RouteError::Work(OnceError::Work(error)) => RouteError::Work(error).into(),
            RouteError::Work(OnceError::UnderWay) => DataError::KeyUnderWay.into(),
            RouteError::Work(OnceError::Reused) => DataError::KeyReused.into(),
            RouteError::Work(OnceError::TooLarge { bytes }) => DataError::KeyAnswer(bytes).into(),
            RouteError::Work(OnceError::Record(error)) => Self::Statement(error),
            RouteError::Work(OnceError::Form(_)) => Self::Unavailable,
        }
    }
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
