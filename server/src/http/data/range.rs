//! Pages: `limit` and `offset`, the `Range` header, and the answer's `Content-Range`.

use actix_web::http::StatusCode;

use super::error::DataError;
use super::grammar::Query;
use super::sql::Page;

/// Which page a request asks for; `max_rows` is the most that any answer holds.
pub fn page(query: &Query, range: Option<&str>, max_rows: u64) -> Result<Page, DataError> {
    let (first, last) = range.and_then(parse).unwrap_or((0, None));
    if last.is_some_and(|last| last < first) {
        let details =
            "The lower boundary must be lower than or equal to the upper boundary in the Range header.";
        return Err(DataError::Range(details.to_owned()));
    }
    let offset = query.offset.unwrap_or(0).max(first);
    let in_range = last.map_or(u64::MAX, |last| last.saturating_add(1).saturating_sub(offset));
    Ok(Page {
        offset,
        limit: query.limit.unwrap_or(u64::MAX).min(in_range).min(max_rows),
    })
}

/// The status of a page of `rows` rows, of `total` in all where they were counted, and its `Content-Range`.
pub fn content_range(page: Page, rows: i64, total: Option<i64>) -> Result<(StatusCode, String), DataError> {
    let rows = u64::try_from(rows).unwrap_or(0);
    let total = total.map(|total| u64::try_from(total).unwrap_or(0));
    let status = match total {
        Some(total) if page.offset > total => {
            let offset = page.offset;
            let details = format!("An offset of {offset} was requested, but there are only {total} rows.");
            return Err(DataError::Range(details));
        }
        Some(total) if rows < total => StatusCode::PARTIAL_CONTENT,
        _ => StatusCode::OK,
    };
    let shown = if rows > 0 {
        format!("{}-{}", page.offset, page.offset + rows - 1)
    } else {
        "*".to_owned()
    };
    Ok((
        status,
        format!(
            "{shown}/{}",
            total.map_or_else(|| "*".to_owned(), |total| total.to_string())
        ),
    ))
}

/// `0-9` or `5-`, with or without `items=`; anything else says nothing, as an unknown range unit does.
fn parse(text: &str) -> Option<(u64, Option<u64>)> {
    let (first, last) = text.strip_prefix("items=").unwrap_or(text).split_once('-')?;
    let last = if last.is_empty() {
        None
    } else {
        Some(last.parse().ok()?)
    };
    Some((first.parse().ok()?, last))
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;

    use super::super::grammar::Query;
    use super::super::sql::Page;
    use super::{content_range, page};

    fn asked(query: &str, range: Option<&str>) -> (u64, u64) {
        let page = page(&Query::parse(query).unwrap(), range, 1000).unwrap();
        (page.offset, page.limit)
    }

    #[test]
    fn a_page_is_what_all_words_on_it_have_in_common() {
        assert_eq!(asked("", None), (0, 1000));
        assert_eq!(asked("limit=10&offset=20", None), (20, 10));
        assert_eq!(asked("limit=5000", None), (0, 1000));
        assert_eq!(asked("", Some("5-14")), (5, 10));
        assert_eq!(asked("", Some("items=5-")), (5, 1000));
        assert_eq!(asked("limit=3", Some("5-14")), (5, 3));
        assert_eq!(asked("", Some("bytes")), (0, 1000));
    }

    #[test]
    fn a_range_that_ends_before_it_begins_cannot_be_satisfied() {
        assert!(page(&Query::default(), Some("5-4"), 1000).is_err());
    }

    #[test]
    fn the_answer_says_which_rows_of_how_many() {
        let page = |offset| Page { offset, limit: 10 };
        let range = |offset, rows, total| content_range(page(offset), rows, total).unwrap();
        assert_eq!(range(0, 10, None), (StatusCode::OK, "0-9/*".to_owned()));
        assert_eq!(
            range(20, 10, Some(100)),
            (StatusCode::PARTIAL_CONTENT, "20-29/100".to_owned())
        );
        assert_eq!(range(0, 3, Some(3)), (StatusCode::OK, "0-2/3".to_owned()));
        assert_eq!(range(0, 0, Some(0)), (StatusCode::OK, "*/0".to_owned()));
        assert!(content_range(page(20), 0, Some(3)).is_err());
    }
}
