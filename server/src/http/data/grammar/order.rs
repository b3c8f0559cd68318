//! `order=age.desc.nullslast,name`

use super::cursor::Cursor;
use super::{Field, GrammarError};

/// One term of `order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerm {
    /// By what.
    pub field: Field,
    /// From the greatest down.
    pub descending: bool,
    /// Where nulls go; absent, where PostgreSQL puts them: last, or first when descending.
    pub nulls: Option<Nulls>,
}

/// Where nulls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// Before all values.
    First,
    /// After all values.
    Last,
}

/// Reads the whole parameter.
pub(super) fn parse(text: &str) -> Result<Vec<OrderTerm>, GrammarError> {
    let mut cursor = Cursor::new("order", text);
    let mut terms = Vec::new();
    loop {
        cursor.skip_spaces();
        terms.push(term(&mut cursor)?);
        cursor.skip_spaces();
        if !cursor.take(",") {
            cursor.end("\".\", \",\" or end of input")?;
            return Ok(terms);
        }
    }
}

fn term(cursor: &mut Cursor<'_>) -> Result<OrderTerm, GrammarError> {
    let field = cursor.field()?;
    if cursor.peek() == Some('(') {
        return Err(GrammarError::NotImplemented(
            "Ordering by another table's column".to_owned(),
        ));
    }
    let mut term = OrderTerm {
        field,
        descending: false,
        nulls: None,
    };
    if !cursor.take(".") {
        return Ok(term);
    }
    let has_direction = if cursor.take("asc") {
        true
    } else {
        term.descending = cursor.take("desc");
        term.descending
    };
    if has_direction && !cursor.take(".") {
        return Ok(term);
    }
    term.nulls = Some(if cursor.take("nullsfirst") {
        Nulls::First
    } else if cursor.take("nullslast") {
        Nulls::Last
    } else if has_direction {
        return Err(cursor.error("\"nullsfirst\" or \"nullslast\""));
    } else {
        return Err(cursor.error("\"asc\", \"desc\", \"nullsfirst\" or \"nullslast\""));
    });
    Ok(term)
}

#[cfg(test)]
mod tests {
    use super::super::{GrammarError, Query};
    use super::{Nulls, OrderTerm};

    fn order(text: &str) -> Result<Vec<(String, bool, Option<Nulls>)>, GrammarError> {
        let query = Query::parse(&format!("order={text}"))?;
        let shown = |term: OrderTerm| (term.field.column, term.descending, term.nulls);
        Ok(query.order.into_iter().map(shown).collect())
    }

    #[test]
    fn directions_and_nulls_are_read() {
        let terms = order("a,b.asc, c.desc.nullslast ,d.nullsfirst").unwrap();
        let expected = [
            ("a".to_owned(), false, None),
            ("b".to_owned(), false, None),
            ("c".to_owned(), true, Some(Nulls::Last)),
            ("d".to_owned(), false, Some(Nulls::First)),
        ];
        assert_eq!(terms, expected);
    }

    #[test]
    fn other_words_are_refused() {
        for text in [
            "",
            "a.",
            "a.up",
            "a.asc.",
            "a.desc.nulls",
            "a.nullsfirst.desc",
            "a,,b",
            "a;b",
        ] {
            assert!(matches!(order(text), Err(GrammarError::Syntax { .. })), "{text}");
        }
        assert!(matches!(
            order("clients(name).asc"),
            Err(GrammarError::NotImplemented(_))
        ));
    }
}
