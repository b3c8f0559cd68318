//! The operators of filters and their names.

/// What must hold of a field. Values are texts; what they mean depends on the column's type.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// `eq.5`, `like(any).{a*,b*}`
    Compare {
        /// Which comparison.
        comparison: Comparison,
        /// Set: the value is an array's text, and any or all of its elements must compare so.
        quantifier: Option<Quantifier>,
        /// Compared with.
        value: String,
    },
    /// `in.(1,2,3)`
    In(Vec<String>),
    /// `is.null`
    Is(Truth),
    /// `isdistinct.5`
    IsDistinct(String),
    /// `fts(english).cat`
    Search {
        /// How the query's text is read.
        parser: SearchParser,
        /// A text search configuration; absent, the database's own.
        language: Option<String>,
        /// The query.
        value: String,
    },
    /// `cs.{1,2}`, `ov.[1,5)`
    Range {
        /// Which relation.
        relation: RangeRelation,
        /// An array, range or JSON value.
        value: String,
    },
}

/// A comparison of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `eq`
    Equal,
    /// `neq`
    NotEqual,
    /// `gt`
    Greater,
    /// `gte`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `lte`
    LessOrEqual,
    /// `like`, with `*` for `%`
    Like,
    /// `ilike`
    LikeAnyCase,
    /// `match`: a POSIX regular expression
    Match,
    /// `imatch`
    MatchAnyCase,
}

/// Which elements of an array must compare so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// At least one.
    Any,
    /// Every one.
    All,
}

/// What `is` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// `is.null`
    Null,
    /// `is.not_null`
    NotNull,
    /// `is.true`
    True,
    /// `is.false`
    False,
    /// `is.unknown`
    Unknown,
}

/// How a text search's query is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchParser {
    /// `fts`: `to_tsquery`
    Query,
    /// `plfts`: `plainto_tsquery`
    Plain,
    /// `phfts`: `phraseto_tsquery`
    Phrase,
    /// `wfts`: `websearch_to_tsquery`
    WebSearch,
}

/// Relations of arrays, ranges and JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeRelation {
    /// `cs`
    Contains,
    /// `cd`
    ContainedIn,
    /// `ov`
    Overlaps,
    /// `sl`
    StrictlyLeft,
    /// `sr`
    StrictlyRight,
    /// `nxr`
    NotExtendsRight,
    /// `nxl`
    NotExtendsLeft,
    /// `adj`
    Adjacent,
}

pub(super) const COMPARISONS: [(&str, Comparison); 10] = [
    ("eq", Comparison::Equal),
    ("neq", Comparison::NotEqual),
    ("gte", Comparison::GreaterOrEqual),
    ("gt", Comparison::Greater),
    ("lte", Comparison::LessOrEqual),
    ("lt", Comparison::Less),
    ("like", Comparison::Like),
    ("ilike", Comparison::LikeAnyCase),
    ("match", Comparison::Match),
    ("imatch", Comparison::MatchAnyCase),
];

pub(super) const TRUTHS: [(&str, Truth); 5] = [
    ("null", Truth::Null),
    ("not_null", Truth::NotNull),
    ("true", Truth::True),
    ("false", Truth::False),
    ("unknown", Truth::Unknown),
];

pub(super) const SEARCHES: [(&str, SearchParser); 4] = [
    ("fts", SearchParser::Query),
    ("plfts", SearchParser::Plain),
    ("phfts", SearchParser::Phrase),
    ("wfts", SearchParser::WebSearch),
];

pub(super) const RELATIONS: [(&str, RangeRelation); 8] = [
    ("cs", RangeRelation::Contains),
    ("cd", RangeRelation::ContainedIn),
    ("ov", RangeRelation::Overlaps),
    ("sl", RangeRelation::StrictlyLeft),
    ("sr", RangeRelation::StrictlyRight),
    ("nxr", RangeRelation::NotExtendsRight),
    ("nxl", RangeRelation::NotExtendsLeft),
    ("adj", RangeRelation::Adjacent),
];
