//! The shop's handlers. Each says who asks; Crossfade hands it the connection that the rules allow, and the rest is
//! diesel as it would be without.

use actix_web::http::StatusCode;
use actix_web::web::{Json, Path, ServiceConfig, ThinData, get, patch, post};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use crossfade::flags::{ContextError, RequestContext};
use crossfade::routing::{Crossfade, OnceError, OnceKey, RouteError, Written};
use crossfade::sync::{InvalidPosition, Position};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};

diesel::table! {
    customers (id) {
        id -> BigInt,
        name -> Text,
        country -> Text,
        subscription -> Text,
    }
}

diesel::table! {
    orders (id) {
        id -> BigInt,
        customer_id -> BigInt,
        note -> Nullable<Text>,
    }
}

diesel::joinable!(orders -> customers (customer_id));
diesel::allow_tables_to_appear_in_same_query!(customers, orders);

/// A customer, as the shop shows one.
#[derive(Debug, Queryable, Serialize)]
struct Customer {
    id: i64,
    name: String,
    country: String,
    subscription: String,
}

/// An order.
#[derive(Debug, Queryable, Serialize, Deserialize)]
struct Order {
    id: i64,
    customer_id: i64,
    note: Option<String>,
}

/// What a customer sends to place or change an order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Wish {
    note: Option<String>,
}

/// What the shop answers to.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/customers/{id}", get().to(customer))
        .route("/customers/{id}/orders", get().to(orders_of))
        .route("/customers/{id}/orders", post().to(place))
        .route("/orders/{id}", patch().to(change))
        .route("/orders/{id}", actix_web::web::delete().to(cancel));
}

async fn customer(
    crossfade: ThinData<Crossfade>,
    asker: HttpRequest,
    id: Path<i64>,
) -> Result<HttpResponse, ShopError> {
    let Asker { context, earlier } = Asker::of(&asker)?;
    let read = crossfade.read(&context, earlier, async |connection| {
        customers::table
            .find(*id)
            .first::<Customer>(connection)
            .await
            .optional()
    });
    let read = read.await?;
    let found = read.value.as_ref().ok_or(ShopError::NotFound)?;
    Ok(answer(StatusCode::OK, read.position, found))
}

async fn orders_of(
    crossfade: ThinData<Crossfade>,
    asker: HttpRequest,
    customer: Path<i64>,
) -> Result<HttpResponse, ShopError> {
    let Asker { context, earlier } = Asker::of(&asker)?;
    let read = crossfade.read(&context, earlier, async |connection| {
        orders::table
            .filter(orders::customer_id.eq(*customer))
            .order(orders::id)
            .load::<Order>(connection)
            .await
    });
    let read = read.await?;
    Ok(answer(StatusCode::OK, read.position, &read.value))
}

/// Places an order: once, however often it is sent with the same `Idempotency-Key`.
async fn place(
    crossfade: ThinData<Crossfade>,
    asker: HttpRequest,
    customer: Path<i64>,
    wish: Json<Wish>,
) -> Result<HttpResponse, ShopError> {
    let Asker { context, earlier } = Asker::of(&asker)?;
    let row = (orders::customer_id.eq(*customer), orders::note.eq(&wish.note));
    let insert = async |connection: &mut AsyncPgConnection| {
        diesel::insert_into(orders::table)
            .values(row)
            .returning((orders::id, orders::customer_id, orders::note))
            .get_result::<Order>(connection)
            .await
    };
    let Written { value, position, .. } = match header(&asker, "idempotency-key") {
        Some(key) => {
            let request = serde_json::to_vec(&(*customer, &wish.0)).unwrap_or_default();
            let user = context.user_id().unwrap_or_default();
            let key = OnceKey::new(&[user.as_bytes()], key, &[&request]);
            crossfade
                .write_once(&context, earlier, &key, insert)
                .await?
                .written
        }
        None => crossfade.write(&context, earlier, insert).await?,
    };
    Ok(answer(StatusCode::CREATED, position, &value))
}

/// Changes an order and shows it: two statements of one transaction.
async fn change(
    crossfade: ThinData<Crossfade>,
    asker: HttpRequest,
    id: Path<i64>,
    wish: Json<Wish>,
) -> Result<HttpResponse, ShopError> {
    let Asker { context, earlier } = Asker::of(&asker)?;
    let written = crossfade.write(&context, earlier, async |connection| {
        diesel::update(orders::table.find(*id))
            .set(orders::note.eq(&wish.note))
            .execute(connection)
            .await?;
        orders::table
            .find(*id)
            .first::<Order>(connection)
            .await
            .optional()
    });
    let written = written.await?;
    let changed = written.value.as_ref().ok_or(ShopError::NotFound)?;
    Ok(answer(StatusCode::OK, written.position, changed))
}

async fn cancel(
    crossfade: ThinData<Crossfade>,
    asker: HttpRequest,
    id: Path<i64>,
) -> Result<HttpResponse, ShopError> {
    let Asker { context, earlier } = Asker::of(&asker)?;
    let written = crossfade.write(&context, earlier, async |connection| {
        diesel::delete(orders::table.find(*id)).execute(connection).await
    });
    let written = written.await?;
    Ok(answer(StatusCode::OK, written.position, &written.value))
}

/// Who asks, and what they have seen. A real shop knows its customers from their session; this one believes what
/// they say.
struct Asker {
    context: RequestContext,
    earlier: Option<Position>,
}

impl Asker {
    fn of(request: &HttpRequest) -> Result<Self, ShopError> {
        Ok(Self {
            context: RequestContext::from_baggage(header(request, "baggage").into_iter())?,
            earlier: header(request, "crossfade-position")
                .map(str::parse)
                .transpose()?,
        })
    }
}

fn header<'r>(request: &'r HttpRequest, name: &str) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}

/// The position goes back and forth, so that several servers of the shop can serve one customer.
fn answer(status: StatusCode, position: Option<Position>, body: &impl Serialize) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    if let Some(position) = position {
        answer.insert_header(("crossfade-position", position.to_string()));
    }
    answer.json(body)
}

/// Why the shop does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShopError {
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// The `Idempotency-Key` belongs to another request, or to one that is not done yet.
    #[error("the key is in use")]
    KeyInUse,
    /// The headers are not as they should be.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The position is none.
    #[error(transparent)]
    Position(#[from] InvalidPosition),
    /// The old database did not do it.
    #[error("the shop is closed for a moment")]
    Closed,
}

impl From<RouteError<diesel::result::Error>> for ShopError {
    fn from(error: RouteError<diesel::result::Error>) -> Self {
        log::error!("{error}");
        Self::Closed
    }
}

impl From<RouteError<OnceError<diesel::result::Error>>> for ShopError {
    fn from(error: RouteError<OnceError<diesel::result::Error>>) -> Self {
        match error {
            RouteError::Work(OnceError::UnderWay | OnceError::Reused) => Self::KeyInUse,
            error => {
                log::error!("{error}");
                Self::Closed
            }
        }
    }
}

impl ResponseError for ShopError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::KeyInUse => StatusCode::CONFLICT,
            Self::Context(_) | Self::Position(_) => StatusCode::BAD_REQUEST,
            Self::Closed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
