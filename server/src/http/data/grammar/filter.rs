//! `age=gte.18`, `id=in.(1,2)`, `name=not.like.A*`, `or=(age.lt.14,and(age.gt.80,tier.is.null))`

use super::cursor::Cursor;
use super::operator::{COMPARISONS, Comparison, Operator, Quantifier, RELATIONS, SEARCHES, TRUTHS, Truth};
use super::{Field, GrammarError, MAX_DEPTH};

/// A condition on a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// On one field.
    Filter(Filter),
    /// On other conditions.
    Junction {
        /// True: the opposite.
        negated: bool,
        /// How the members go together.
        junction: Junction,
        /// At least one.
        members: Vec<Condition>,
    },
}

/// How conditions go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Junction {
    /// All hold.
    And,
    /// One holds.
    Or,
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// On what.
    pub field: Field,
    /// True: the opposite.
    pub negated: bool,
    /// What must hold.
    pub operator: Operator,
}

impl Condition {
    /// How many filters it holds.
    pub fn size(&self) -> usize {
        match self {
            Self::Filter(_) => 1,
            Self::Junction { members, .. } => members.iter().map(Self::size).sum(),
        }
    }
}

/// Where a value ends: at the end of the parameter, or at a comma or parenthesis of the list it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Alone,
    Listed,
}

/// A parameter `field=operator.value`.
pub(super) fn parse(key: &str, value: &str) -> Result<Condition, GrammarError> {
    let mut name = Cursor::new("tree path", key);
    let field = name.field()?;
    if name.peek() == Some('.') {
        return Err(GrammarError::NotEmbedded(field.column));
    }
    name.end("\"->>\", \"->\", \".\" or end of input")?;
    let mut cursor = Cursor::new("filter", value);
    let (negated, operator) = operation(&mut cursor, Place::Alone)?;
    cursor.end("end of input")?;
    Ok(Condition::Filter(Filter {
        field,
        negated,
        operator,
    }))
}

/// A parameter `and=(…)`, `or=(…)`, `not.and=(…)` or `not.or=(…)`.
pub(super) fn parse_junction(key: &str, value: &str) -> Result<Condition, GrammarError> {
    let (negated, word) = key.strip_prefix("not.").map_or((false, key), |word| (true, word));
    let junction = if word == "or" { Junction::Or } else { Junction::And };
    let mut cursor = Cursor::new("logic tree", value);
    let members = members(&mut cursor, 1)?;
    cursor.end("end of input")?;
    Ok(Condition::Junction {
        negated,
        junction,
        members,
    })
}

fn members(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Condition>, GrammarError> {
    if depth > MAX_DEPTH {
        return Err(GrammarError::NotImplemented(format!(
            "More than {MAX_DEPTH} levels of and() and or()"
        )));
    }
    cursor.skip_spaces();
    cursor.expect("(", "\"(\"")?;
    let mut members = Vec::new();
    loop {
        cursor.skip_spaces();
        members.push(member(cursor, depth)?);
        cursor.skip_spaces();
        if !cursor.take(",") {
            cursor.expect(")", "\",\" or \")\"")?;
            return Ok(members);
        }
    }
}

fn member(cursor: &mut Cursor<'_>, depth: usize) -> Result<Condition, GrammarError> {
    for (word, negated, junction) in [
        ("and", false, Junction::And),
        ("or", false, Junction::Or),
        ("not.and", true, Junction::And),
        ("not.or", true, Junction::Or),
    ] {
        let mut ahead = cursor.clone();
        if ahead.take(word) && ahead.rest().trim_start().starts_with('(') {
            *cursor = ahead;
            let members = members(cursor, depth + 1)?;
            return Ok(Condition::Junction {
                negated,
                junction,
                members,
            });
        }
    }
    let field = cursor.field()?;
    cursor.expect(".", "\"->>\", \"->\" or delimiter (.)")?;
    let (negated, operator) = operation(cursor, Place::Listed)?;
    Ok(Condition::Filter(Filter {
        field,
        negated,
        operator,
    }))
}

fn operation(cursor: &mut Cursor<'_>, place: Place) -> Result<(bool, Operator), GrammarError> {
    let negated = cursor.take("not.");
    let start = cursor.clone();
    let word = cursor.take_while(|c| c.is_ascii_alphabetic());
    let operator = match word {
        "in" => {
            cursor.expect(".", "delimiter (.)")?;
            Operator::In(list(cursor)?)
        }
        "is" => {
            cursor.expect(".", "delimiter (.)")?;
            Operator::Is(truth(cursor)?)
        }
        "isdistinct" => {
            cursor.expect(".", "delimiter (.)")?;
            Operator::IsDistinct(value(cursor, place))
        }
        _ => {
            if let Some(&(_, comparison)) = COMPARISONS.iter().find(|(name, _)| *name == word) {
                let quantifier = quantifier(cursor, comparison)?;
                cursor.expect(".", "delimiter (.)")?;
                Operator::Compare {
                    comparison,
                    quantifier,
                    value: value(cursor, place),
                }
            } else if let Some(&(_, relation)) = RELATIONS.iter().find(|(name, _)| *name == word) {
                cursor.expect(".", "delimiter (.)")?;
                Operator::Range {
                    relation,
                    value: value(cursor, place),
                }
            } else if let Some(&(_, parser)) = SEARCHES.iter().find(|(name, _)| *name == word) {
                let language = language(cursor)?;
                cursor.expect(".", "delimiter (.)")?;
                Operator::Search {
                    parser,
                    language,
                    value: value(cursor, place),
                }
            } else {
                let expected = if negated {
                    "operator (eq, gt, ...)"
                } else {
                    "\"not\" or operator (eq, gt, ...)"
                };
                return Err(start.error(expected));
            }
        }
    };
    Ok((negated, operator))
}

fn value(cursor: &mut Cursor<'_>, place: Place) -> String {
    if place == Place::Alone {
        return cursor.take_rest().to_owned();
    }
    // An array's text may hold commas: `tags.cs.{a,b}`.
    if cursor.peek() == Some('{') {
        let mut ahead = cursor.clone();
        let array = ahead.rest();
        ahead.take("{");
        ahead.take_while(|c| c != '{' && c != '}');
        if ahead.take("}") && ahead.peek().is_none_or(|c| c == ',' || c == ')') {
            let length = array.len() - ahead.rest().len();
            *cursor = ahead;
            return array[..length].to_owned();
        }
    }
    cursor.listed_value()
}

/// `(a,"b,c",d)`; `()` holds nothing.
fn list(cursor: &mut Cursor<'_>) -> Result<Vec<String>, GrammarError> {
    cursor.skip_spaces();
    cursor.expect("(", "\"(\"")?;
    let mut values = Vec::new();
    if cursor.take(")") {
        return Ok(values);
    }
    loop {
        values.push(cursor.listed_value());
        if !cursor.take(",") {
            cursor.expect(")", "\",\" or \")\"")?;
            return Ok(values);
        }
    }
}

fn truth(cursor: &mut Cursor<'_>) -> Result<Truth, GrammarError> {
    let start = cursor.clone();
    let word = cursor.take_while(|c| c.is_ascii_alphabetic() || c == '_');
    let truth = TRUTHS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    truth
        .map(|&(_, truth)| truth)
        .ok_or_else(|| start.error("isVal: (null, not_null, true, false, unknown)"))
}

fn quantifier(cursor: &mut Cursor<'_>, comparison: Comparison) -> Result<Option<Quantifier>, GrammarError> {
    if comparison == Comparison::NotEqual || cursor.peek() != Some('(') {
        return Ok(None);
    }
    if cursor.take("(any)") {
        Ok(Some(Quantifier::Any))
    } else if cursor.take("(all)") {
        Ok(Some(Quantifier::All))
    } else {
        Err(cursor.error("\"(any)\" or \"(all)\""))
    }
}

fn language(cursor: &mut Cursor<'_>) -> Result<Option<String>, GrammarError> {
    if !cursor.take("(") {
        return Ok(None);
    }
    let name = cursor.take_while(|c| c.is_alphanumeric() || c == '_').to_owned();
    cursor.expect(")", "\")\"")?;
    Ok(Some(name))
}

#[cfg(test)]
mod tests {
    use super::super::operator::{Comparison, Operator, Quantifier, RangeRelation, SearchParser, Truth};
    use super::super::{GrammarError, MAX_DEPTH, PathOperand, Query};
    use super::{Condition, Filter, Junction};

    fn condition(text: &str) -> Result<Condition, GrammarError> {
        let query = Query::parse(text)?;
        assert_eq!(query.conditions.len(), 1, "{text}");
        Ok(query.conditions.into_iter().next().unwrap())
    }

    fn filter(text: &str) -> Filter {
        match condition(text).unwrap() {
            Condition::Filter(filter) => filter,
            junction @ Condition::Junction { .. } => panic!("{junction:?}"),
        }
    }

    fn operator(text: &str) -> Operator {
        filter(&format!("a={text}")).operator
    }

    fn compare(comparison: Comparison, value: &str) -> Operator {
        Operator::Compare {
            comparison,
            quantifier: None,
            value: value.to_owned(),
        }
    }

    #[test]
    fn every_comparison_takes_the_whole_rest_as_its_value() {
        for (text, comparison) in [
            ("eq", Comparison::Equal),
            ("neq", Comparison::NotEqual),
            ("gt", Comparison::Greater),
            ("gte", Comparison::GreaterOrEqual),
            ("lt", Comparison::Less),
            ("lte", Comparison::LessOrEqual),
            ("like", Comparison::Like),
            ("ilike", Comparison::LikeAnyCase),
            ("match", Comparison::Match),
            ("imatch", Comparison::MatchAnyCase),
        ] {
            assert_eq!(
                operator(&format!("{text}.x,(y).z")),
                compare(comparison, "x,(y).z")
            );
        }
    }

    #[test]
    fn values_are_decoded_as_forms_are() {
        assert_eq!(
            operator("eq.a+b%2Bc%26d%3D%C3%A9"),
            compare(Comparison::Equal, "a b+c&d=é")
        );
        assert_eq!(operator("eq."), compare(Comparison::Equal, ""));
    }

    #[test]
    fn not_makes_the_opposite() {
        assert!(filter("a=not.eq.1").negated);
        assert!(!filter("a=eq.not.1").negated);
    }

    #[test]
    fn lists_may_quote_their_values() {
        let list = |values: &[&str]| Operator::In(values.iter().map(|&value| value.to_owned()).collect());
        assert_eq!(operator("in.(1,2,3)"), list(&["1", "2", "3"]));
        assert_eq!(
            operator(r#"in.("a,b","c\"d","e\\",f"g, h)"#),
            list(&["a,b", "c\"d", "e\\", "f\"g", " h"])
        );
        assert_eq!(operator("in.()"), list(&[]));
        assert_eq!(operator(r#"in.("")"#), list(&[""]));
        assert!(condition("a=in.(1,2").is_err());
        assert!(condition("a=in.1").is_err());
        assert!(condition("a=in.(1)x").is_err());
    }

    #[test]
    fn is_knows_five_words() {
        assert_eq!(operator("is.null"), Operator::Is(Truth::Null));
        assert_eq!(operator("is.NOT_NULL"), Operator::Is(Truth::NotNull));
        assert_eq!(operator("is.True"), Operator::Is(Truth::True));
        assert_eq!(operator("is.false"), Operator::Is(Truth::False));
        assert_eq!(operator("is.unknown"), Operator::Is(Truth::Unknown));
        assert!(condition("a=is.nul").is_err());
        assert!(condition("a=is.null.").is_err());
    }

    #[test]
    fn quantifiers_searches_and_ranges_are_read() {
        let any = Operator::Compare {
            comparison: Comparison::Like,
            quantifier: Some(Quantifier::Any),
            value: "{a*,b*}".to_owned(),
        };
        assert_eq!(operator("like(any).{a*,b*}"), any);
        let search = Operator::Search {
            parser: SearchParser::WebSearch,
            language: Some("english".to_owned()),
            value: "fat or rat".to_owned(),
        };
        assert_eq!(operator("wfts(english).fat or rat"), search);
        let contains = |relation, value: &str| Operator::Range {
            relation,
            value: value.to_owned(),
        };
        assert_eq!(operator("cs.{a,b}"), contains(RangeRelation::Contains, "{a,b}"));
        assert_eq!(operator("adj.[1,5)"), contains(RangeRelation::Adjacent, "[1,5)"));
        assert_eq!(operator("isdistinct.5"), Operator::IsDistinct("5".to_owned()));
    }

    #[test]
    fn a_field_may_lead_into_json() {
        let path = filter("data->geo->>0=eq.1").field.path;
        assert_eq!(path[0].operand, PathOperand::Key("geo".into()));
        assert_eq!(
            (path[1].operand.clone(), path[1].as_text),
            (PathOperand::Index(0), true)
        );
        assert_eq!(filter("%22a.b%22=eq.1").field.column, "a.b");
    }

    #[test]
    fn junctions_nest() {
        let text = r#"or=(age.lt.14, and(age.gt.80,not.or(tier.is.null,name.eq."a,(b)")),tags.cs.{x,y},id.in.(1,2))"#;
        let Condition::Junction {
            negated,
            junction,
            members,
        } = condition(text).unwrap()
        else {
            panic!("{text}")
        };
        assert_eq!((negated, junction, members.len()), (false, Junction::Or, 4));
        let Condition::Junction { members: inner, .. } = &members[1] else {
            panic!("{members:?}")
        };
        let Condition::Junction {
            negated,
            junction,
            members: innermost,
        } = &inner[1]
        else {
            panic!("{inner:?}")
        };
        assert_eq!((*negated, *junction), (true, Junction::Or));
        let Condition::Filter(name) = &innermost[1] else {
            panic!("{innermost:?}")
        };
        assert_eq!(name.operator, compare(Comparison::Equal, "a,(b)"));
        let Condition::Filter(tags) = &members[2] else {
            panic!("{members:?}")
        };
        assert_eq!(
            tags.operator,
            Operator::Range {
                relation: RangeRelation::Contains,
                value: "{x,y}".to_owned()
            }
        );
    }

    #[test]
    fn columns_may_be_called_and_or_or() {
        let Condition::Junction { members, .. } = condition("and=(or.eq.1,order.eq.2,android.eq.3)").unwrap()
        else {
            panic!()
        };
        let names = members.iter().map(|member| match member {
            Condition::Filter(filter) => filter.field.column.as_str(),
            Condition::Junction { .. } => panic!("{member:?}"),
        });
        assert_eq!(names.collect::<Vec<_>>(), ["or", "order", "android"]);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| {
            format!(
                "and={}a.eq.1{}",
                "(and".repeat(depth - 1) + "(",
                ")".repeat(depth)
            )
        };
        assert!(condition(&nested(MAX_DEPTH)).is_ok());
        assert!(matches!(
            condition(&nested(MAX_DEPTH + 1)),
            Err(GrammarError::NotImplemented(_))
        ));
        assert!(condition(&nested(100_000)).is_err());
    }

    #[test]
    fn errors_say_what_was_expected_and_where() {
        let error = condition("a=noop.0").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"failed to parse filter (noop.0)\" (line 1, column 1)"
        );
        let GrammarError::Syntax { details, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(
            details,
            "unexpected \"n\" expecting \"not\" or operator (eq, gt, ...)"
        );
        for text in [
            "a=",
            "a=eq",
            "a=5",
            "=eq.1",
            "a=not.not.eq.1",
            "or=a.eq.1",
            "or=()",
            "or=(a.eq.1",
            "a=eq(some).1",
        ] {
            assert!(
                matches!(condition(text), Err(GrammarError::Syntax { .. })),
                "{text}"
            );
        }
        assert_eq!(
            condition("orders.id=eq.1").unwrap_err(),
            GrammarError::NotEmbedded("orders".into())
        );
    }
}
