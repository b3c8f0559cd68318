//! Answers of `/data`, with the headers that clients go by.

use actix_web::http::header::{CONTENT_RANGE, CONTENT_TYPE};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, HttpResponseBuilder};

use super::error::DataError;
use super::handlers::Changed;
use super::prefer::Representation;
use super::range;
use super::reading::Found;
use super::request::{DataRequest, SINGULAR};
use super::sql::Page;
use crate::routing::{Mirror, Once, Read};

/// An answer in the making.
pub(super) struct Answer {
    head: HttpResponseBuilder,
    body: Option<String>,
}

/// Rows that were found.
pub(super) fn read_answer(asked: &DataRequest, page: Page, read: Read<Found>) -> Result<Answer, DataError> {
    let (body, rows, total) = read.value;
    let (status, content_range) = range::content_range(page, rows, total)?;
    let body = form(asked, body.unwrap_or_default(), rows)?;
    let mut answer = Answer::new(asked, if asked.singular { StatusCode::OK } else { status });
    answer.head.insert_header((CONTENT_RANGE, content_range));
    answer.head.insert_header((SIDE, read.side.name()));
    if let Some(position) = read.position {
        answer.head.insert_header((POSITION, position.to_string()));
    }
    Ok(answer.with_rows(asked, body))
}

/// Rows that were changed.
pub(super) fn write_answer(
    asked: &DataRequest,
    method: &Method,
    Once { written, repeated }: Once<Changed>,
) -> Result<Answer, DataError> {
    let (body, rows) = written.value;
    let counted = asked
        .preferences
        .count
        .map_or_else(|| "*".to_owned(), |_| rows.to_string());
    let shown = if *method == Method::PATCH && rows > 0 {
        format!("0-{}", rows - 1)
    } else {
        "*".to_owned()
    };
    let wants_rows = asked.preferences.representation == Representation::Full;
    let status = match *method {
        Method::POST => StatusCode::CREATED,
        _ if wants_rows => StatusCode::OK,
        _ => StatusCode::NO_CONTENT,
    };
    let mut answer = Answer::new(asked, status);
    answer
        .head
        .insert_header((CONTENT_RANGE, format!("{shown}/{counted}")));
    if repeated {
        answer.head.insert_header((REPLAYED, "true"));
    }
    match written.mirror {
        Mirror::Applied => answer.head.insert_header((MIRROR, "applied")),
        Mirror::Pending => answer.head.insert_header((MIRROR, "pending")),
        Mirror::NotAsked => &mut answer.head,
    };
    if let Some(position) = written.position {
        answer.head.insert_header((POSITION, position.to_string()));
    }
    match body {
        Some(body) if wants_rows => {
            let body = form(asked, body, rows)?;
            Ok(answer.with_rows(asked, body))
        }
        _ => Ok(answer),
    }
}

const SIDE: &str = "crossfade-side";
const MIRROR: &str = "crossfade-mirror";
const REPLAYED: &str = "idempotency-replayed";
const POSITION: &str = "crossfade-position";

impl Answer {
    /// To an insert of an empty array.
    pub(super) fn nothing_inserted(asked: &DataRequest) -> Self {
        Self::nothing(asked, StatusCode::CREATED)
    }

    /// To an update by an empty object.
    pub(super) fn nothing_updated(asked: &DataRequest) -> Self {
        let wants_rows = asked.preferences.representation == Representation::Full;
        Self::nothing(
            asked,
            if wants_rows {
                StatusCode::OK
            } else {
                StatusCode::NO_CONTENT
            },
        )
    }

    pub(super) fn finish(mut self) -> HttpResponse {
        match self.body {
            Some(body) => self.head.body(body),
            None => self.head.finish(),
        }
    }

    fn new(asked: &DataRequest, status: StatusCode) -> Self {
        let mut head = HttpResponse::build(status);
        if let Some(applied) = asked.preferences.applied() {
            head.insert_header(("preference-applied", applied));
        }
        head.insert_header(("content-profile", asked.schema.as_str()));
        Self { head, body: None }
    }

    fn nothing(asked: &DataRequest, status: StatusCode) -> Self {
        let mut answer = Self::new(asked, status);
        answer.head.insert_header((CONTENT_RANGE, "*/*"));
        if asked.preferences.representation == Representation::Full {
            return answer.with_rows(asked, "[]".to_owned());
        }
        answer
    }

    fn with_rows(mut self, asked: &DataRequest, body: String) -> Self {
        let form = if asked.singular {
            SINGULAR
        } else {
            "application/json"
        };
        self.head
            .insert_header((CONTENT_TYPE, format!("{form}; charset=utf-8")));
        self.body = Some(body);
        self
    }
}

/// The array, or its one element where one object is asked for.
fn form(asked: &DataRequest, array: String, rows: i64) -> Result<String, DataError> {
    if !asked.singular {
        return Ok(array);
    }
    let element = array.strip_prefix('[').and_then(|array| array.strip_suffix(']'));
    match element {
        Some(element) if rows == 1 => Ok(element.to_owned()),
        _ => Err(DataError::NotSingular(rows)),
    }
}
