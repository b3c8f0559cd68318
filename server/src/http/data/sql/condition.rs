//! Filters as SQL. A value is compared as the column's own type has it, so that the column's indexes serve.

use super::super::error::DataError;
use super::super::grammar::{
    Comparison, Condition, Field, Filter, Junction, Operator, PathOperand, Quantifier, RangeRelation,
    SearchParser, Truth,
};
use super::column_of;
use super::writer::Writer;
use crate::catalog::Table;

/// ` where …`, or nothing.
pub(super) fn where_all(
    writer: &mut Writer,
    table: &Table,
    conditions: &[Condition],
) -> Result<(), DataError> {
    if !conditions.is_empty() {
        writer
            .sql(" where ")
            .list(conditions, " and ", |writer, member| {
                condition(writer, table, member)
            })?;
    }
    Ok(())
}

/// A column of the row called `t`, or a step into its JSON.
pub(super) fn field(writer: &mut Writer, table: &Table, field: &Field) -> Result<(), DataError> {
    let column = column_of(table, &field.column)?;
    let wraps = !field.path.is_empty() && !matches!(column.bare_type_name.as_str(), "json" | "jsonb");
    writer
        .sql(if wraps { "to_jsonb(t." } else { "t." })
        .name(&field.column)
        .sql(if wraps { ")" } else { "" });
    for step in &field.path {
        writer.sql(if step.as_text { "->>" } else { "->" });
        match &step.operand {
            PathOperand::Key(key) => writer.text(key),
            PathOperand::Index(index) => writer.text(index.to_string()).sql("::int4"),
        };
    }
    Ok(())
}

/// The type whose text a value for this field is.
fn type_of(table: &Table, field: &Field) -> Result<String, DataError> {
    let column = column_of(table, &field.column)?;
    Ok(match field.path.last() {
        None => column.bare_type_name.clone(),
        Some(step) if step.as_text => "text".to_owned(),
        Some(_) => "jsonb".to_owned(),
    })
}

fn condition(writer: &mut Writer, table: &Table, condition: &Condition) -> Result<(), DataError> {
    match condition {
        Condition::Filter(filter) => self::filter(writer, table, filter),
        Condition::Junction {
            negated,
            junction,
            members,
        } => {
            let separator = match junction {
                Junction::And => " and ",
                Junction::Or => " or ",
            };
            writer.sql(if *negated { "not (" } else { "(" });
            writer
                .list(members, separator, |writer, member| {
                    self::condition(writer, table, member)
                })?
                .sql(")");
            Ok(())
        }
    }
}

fn filter(writer: &mut Writer, table: &Table, filter: &Filter) -> Result<(), DataError> {
    if filter.negated {
        writer.sql("not (");
    }
    match &filter.operator {
        Operator::Compare {
            comparison,
            quantifier,
            value,
        } => {
            compare(writer, table, &filter.field, *comparison, *quantifier, value)?;
        }
        Operator::In(values) => {
            field(writer, table, &filter.field)?;
            let array = format!("::{}[])", type_of(table, &filter.field)?);
            writer.sql(" = any (").texts(values.clone()).sql(&array);
        }
        Operator::Is(truth) => {
            field(writer, table, &filter.field)?;
            writer.sql(match truth {
                Truth::Null => " is null",
                Truth::NotNull => " is not null",
                Truth::True => " is true",
                Truth::False => " is false",
                Truth::Unknown => " is unknown",
            });
        }
        Operator::IsDistinct(value) => {
            field(writer, table, &filter.field)?;
            let cast = format!("::{}", type_of(table, &filter.field)?);
            writer.sql(" is distinct from ").text(value).sql(&cast);
        }
        Operator::Search {
            parser,
            language,
            value,
        } => {
            search(writer, table, &filter.field, *parser, language.as_deref(), value)?;
        }
        Operator::Range { relation, value } => {
            field(writer, table, &filter.field)?;
            let cast = format!("::{}", type_of(table, &filter.field)?);
            writer.sql(relation_sql(*relation)).text(value).sql(&cast);
        }
    }
    if filter.negated {
        writer.sql(")");
    }
    Ok(())
}

fn compare(
    writer: &mut Writer,
    table: &Table,
    compared: &Field,
    comparison: Comparison,
    quantifier: Option<Quantifier>,
    value: &str,
) -> Result<(), DataError> {
    use Comparison::{
        Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Like, LikeAnyCase, Match, MatchAnyCase, NotEqual,
    };
    let (operator, is_pattern) = match comparison {
        Equal => (" = ", false),
        NotEqual => (" <> ", false),
        Greater => (" > ", false),
        GreaterOrEqual => (" >= ", false),
        Less => (" < ", false),
        LessOrEqual => (" <= ", false),
        Like => (" like ", true),
        LikeAnyCase => (" ilike ", true),
        Match => (" ~ ", true),
        MatchAnyCase => (" ~* ", true),
    };
    let value = match comparison {
        // A URL's `%` would have to be written %25.
        Like | LikeAnyCase => value.replace('*', "%"),
        _ => value.to_owned(),
    };
    let type_name = if is_pattern {
        "text".to_owned()
    } else {
        type_of(table, compared)?
    };
    field(writer, table, compared)?;
    writer.sql(operator);
    match quantifier {
        None => writer.text(value).sql(&format!("::{type_name}")),
        Some(Quantifier::Any) => writer.sql("any (").text(value).sql(&format!("::{type_name}[])")),
        Some(Quantifier::All) => writer.sql("all (").text(value).sql(&format!("::{type_name}[])")),
    };
    Ok(())
}

fn search(
    writer: &mut Writer,
    table: &Table,
    searched: &Field,
    parser: SearchParser,
    language: Option<&str>,
    value: &str,
) -> Result<(), DataError> {
    let is_vector = type_of(table, searched)? == "tsvector";
    let configuration = |writer: &mut Writer| {
        if let Some(language) = language {
            writer.text(language).sql("::regconfig, ");
        }
    };
    if !is_vector {
        writer.sql("to_tsvector(");
        configuration(writer);
    }
    field(writer, table, searched)?;
    writer.sql(if is_vector { " @@ " } else { ") @@ " });
    writer.sql(match parser {
        SearchParser::Query => "to_tsquery(",
        SearchParser::Plain => "plainto_tsquery(",
        SearchParser::Phrase => "phraseto_tsquery(",
        SearchParser::WebSearch => "websearch_to_tsquery(",
    });
    configuration(writer);
    writer.text(value).sql(")");
    Ok(())
}

fn relation_sql(relation: RangeRelation) -> &'static str {
    match relation {
        RangeRelation::Contains => " @> ",
        RangeRelation::ContainedIn => " <@ ",
        RangeRelation::Overlaps => " && ",
        RangeRelation::StrictlyLeft => " << ",
        RangeRelation::StrictlyRight => " >> ",
        RangeRelation::NotExtendsRight => " &< ",
        RangeRelation::NotExtendsLeft => " &> ",
        RangeRelation::Adjacent => " -|- ",
    }
}
