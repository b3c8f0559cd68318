//! `select=id,name,born:birthday::text,address->>city`

use super::cursor::Cursor;
use super::{Field, GrammarError};

/// One item of `select`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// `*`
    All,
    /// `alias:field::cast`
    Field {
        /// What to show.
        field: Field,
        /// As which type; a name, not yet known to be a type's.
        cast: Option<String>,
        /// Under which name; absent, the column's or the last key's.
        alias: Option<String>,
    },
}

/// Reads the whole parameter. Nothing between the commas is nothing asked for, which is everything.
pub(super) fn parse(text: &str) -> Result<Vec<Selected>, GrammarError> {
    let mut cursor = Cursor::new("select parameter", text);
    let mut items = Vec::new();
    cursor.skip_spaces();
    if cursor.rest().is_empty() {
        return Ok(items);
    }
    loop {
        items.push(item(&mut cursor)?);
        cursor.skip_spaces();
        if !cursor.take(",") {
            cursor.end("\"->>\", \"->\", \"::\", \",\" or end of input")?;
            return Ok(items);
        }
    }
}

fn item(cursor: &mut Cursor<'_>) -> Result<Selected, GrammarError> {
    cursor.skip_spaces();
    if cursor.take("*") {
        return Ok(Selected::All);
    }
    if cursor.rest().starts_with("...") {
        return Err(GrammarError::NotImplemented(
            "Spreading another table into a row".to_owned(),
        ));
    }
    let alias = alias(cursor);
    let field = cursor.field()?;
    match cursor.peek() {
        Some('(' | '!') if alias.is_none() && field.column == "count" => return Err(no_aggregates()),
        Some('(' | '!') => {
            let message = format!(
                "Embedding another table ('{}') in a row; ask for it by itself",
                field.column
            );
            return Err(GrammarError::NotImplemented(message));
        }
        Some('.') => return Err(no_aggregates()),
        _ => {}
    }
    let cast = if cursor.take("::") {
        Some(type_name(cursor)?)
    } else {
        None
    };
    if cursor.peek() == Some('.') {
        return Err(no_aggregates());
    }
    Ok(Selected::Field { field, cast, alias })
}

/// `alias:`, but not the first half of `::`.
fn alias(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ahead = cursor.clone();
    let name = ahead.name().ok()?;
    if ahead.rest().starts_with("::") || !ahead.take(":") {
        return None;
    }
    *cursor = ahead;
    Some(name)
}

/// Letters, digits, `_` and spaces, with `[]` after them for an array.
fn type_name(cursor: &mut Cursor<'_>) -> Result<String, GrammarError> {
    let name = cursor
        .take_while(|c| c.is_ascii_alphanumeric() || c == '_' || c == ' ')
        .trim()
        .to_owned();
    if name.is_empty() {
        return Err(cursor.error("letter or digit"));
    }
    Ok(if cursor.take("[]") { name + "[]" } else { name })
}

fn no_aggregates() -> GrammarError {
    GrammarError::NotImplemented("Aggregate functions in select".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{Field, GrammarError, PathOperand, PathStep, Query};
    use super::Selected;

    fn select(text: &str) -> Result<Vec<Selected>, GrammarError> {
        Query::parse(&format!("select={text}")).map(|query| query.select)
    }

    fn column(name: &str) -> Field {
        Field {
            column: name.to_owned(),
            path: Vec::new(),
        }
    }

    fn plain(name: &str) -> Selected {
        Selected::Field {
            field: column(name),
            cast: None,
            alias: None,
        }
    }

    #[test]
    fn columns_aliases_and_casts_are_read() {
        let items = select("id,*, first-name ,born:birthday::text,tags::text[],%22a,b%22").unwrap();
        let cast = |alias: Option<&str>, name: &str, cast: &str| Selected::Field {
            field: column(name),
            cast: Some(cast.to_owned()),
            alias: alias.map(str::to_owned),
        };
        let expected = [
            plain("id"),
            Selected::All,
            plain("first-name"),
            cast(Some("born"), "birthday", "text"),
            cast(None, "tags", "text[]"),
            plain("a,b"),
        ];
        assert_eq!(items, expected);
    }

    #[test]
    fn paths_into_json_are_read() {
        let items = select("address->lines->0->>street-name").unwrap();
        let step = |operand, as_text| PathStep { operand, as_text };
        let path = vec![
            step(PathOperand::Key("lines".into()), false),
            step(PathOperand::Index(0), false),
            step(PathOperand::Key("street-name".into()), true),
        ];
        let field = Field {
            column: "address".into(),
            path,
        };
        assert_eq!(
            items,
            [Selected::Field {
                field,
                cast: None,
                alias: None
            }]
        );
    }

    #[test]
    fn an_empty_select_asks_for_all() {
        assert_eq!(select("").unwrap(), []);
    }

    #[test]
    fn what_is_not_offered_is_refused_by_name() {
        for text in [
            "orders(id)",
            "o:orders!inner(id)",
            "...orders(id)",
            "count()",
            "id.sum()",
            "id::text.max()",
        ] {
            assert!(
                matches!(select(text), Err(GrammarError::NotImplemented(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn errors_point_at_the_character() {
        let error = select("id,name[0]").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"failed to parse select parameter (id,name[0])\" (line 1, column 8)"
        );
        for text in ["id,,name", "id,", ",", "id::", "a->", "%22id"] {
            assert!(matches!(select(text), Err(GrammarError::Syntax { .. })), "{text}");
        }
    }
}
