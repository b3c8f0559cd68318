//! A checked condition: every name resolved, every type known, every pattern and time constant parsed.
//!
//! This is all that the compiler sees of CEL. What can be an error at run time (a missing attribute,
//! an overflow, an index past the end) is *unknown* there; nothing else is.

use crate::source::Span;

/// An attribute of the environment, by its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttributeId(pub u32);

/// A segment of the environment, by its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(pub u32);

/// A variable bound by `exists`, `all` or `exists_one`: its depth, counted from the outermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u32);

/// The types a condition can speak of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`
    Bool,
    /// `int`: 64-bit signed.
    Int,
    /// `uint`: 64-bit unsigned.
    Uint,
    /// `double`: IEEE 754 binary64.
    Double,
    /// `string`: UTF-8; `size` counts code points.
    String,
    /// `google.protobuf.Timestamp`: seconds and nanoseconds, see [`Literal::Timestamp`].
    Timestamp,
    /// `google.protobuf.Duration`
    Duration,
    /// A version in the order of semver.org 2.0.0; ours, not CEL's.
    Semver,
    /// A homogeneous list of scalars.
    List(Box<Type>),
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `true`, `false`
    Bool(bool),
    /// `12`, `-0x1F`
    Int(i64),
    /// `12u`
    Uint(u64),
    /// `1.5`, `1e3`
    Double(f64),
    /// `"text"`
    String(String),
    /// `timestamp("2026-12-01T09:00:00Z")`: seconds since the Unix epoch (proleptic Gregorian, UTC) and nanoseconds 0..1e9 after it.
    Timestamp {
        /// Whole seconds, negative before 1970.
        seconds: i64,
        /// Nanoseconds after `seconds`.
        nanos: u32,
    },
    /// `duration("1h30m")`: nanoseconds; CEL's range of ±10,000 years fits 128 bits, ours is what fits `i64` (±292 years).
    Duration(i64),
    /// `semver("1.2.3-rc.1")`, as written, already validated.
    Semver(String),
}

/// A checked expression with its place in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// What it is.
    pub kind: Kind,
    /// What it yields.
    pub ty: Type,
    /// Where it stands.
    pub span: Span,
}

/// The forms of a checked expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A constant.
    Literal(Literal),
    /// An attribute of the context; unknown where it is missing.
    Attribute(AttributeId),
    /// A variable bound by an enclosing [`Kind::Comprehension`].
    Local(LocalId),
    /// `now`: the context's moment; never unknown.
    Now,
    /// `has(attribute)`: never unknown.
    Has(AttributeId),
    /// `!x`
    Not(Box<Expression>),
    /// `a && b && …`, flattened; Kleene's, as CEL has it.
    And(Vec<Expression>),
    /// `a || b || …`, flattened; Kleene's, as CEL has it.
    Or(Vec<Expression>),
    /// `condition ? then : otherwise`; unknown where the condition is; the branch not taken is not evaluated.
    Conditional {
        /// A bool.
        condition: Box<Expression>,
        /// Taken when true.
        then: Box<Expression>,
        /// Taken when false; of the same type.
        otherwise: Box<Expression>,
    },
    /// `left operator right`. Both sides have one type, or are numbers of different types, compared by value; beside a double,
    /// an int is the double nearest to it, as CEL has it. Lists may differ so in their elements.
    Compare {
        /// Which comparison. Ordering is defined for all types but lists.
        operator: Comparison,
        /// The left operand.
        left: Box<Expression>,
        /// The right operand.
        right: Box<Expression>,
    },
    /// `needle in list`, for any list expression.
    In {
        /// The value looked for; its type equals the element's, or both are numbers.
        needle: Box<Expression>,
        /// A list.
        list: Box<Expression>,
    },
    /// `needle in segment("name")`
    InSegment {
        /// A string.
        needle: Box<Expression>,
        /// The list looked in.
        segment: SegmentId,
    },
    /// `left + right` and so on, over two operands that CEL defines the operator for; overflow and division by zero are unknown.
    Arithmetic {
        /// Which operation.
        operator: Arithmetic,
        /// The left operand.
        left: Box<Expression>,
        /// The right operand.
        right: Box<Expression>,
    },
    /// `-x` of an int or double.
    Negate(Box<Expression>),
    /// A list display of scalars.
    List(Vec<Expression>),
    /// `list[index]`; unknown out of range.
    Index {
        /// A list.
        list: Box<Expression>,
        /// An int.
        index: Box<Expression>,
    },
    /// `list.exists(x, predicate)` and its kin.
    Comprehension {
        /// Which one.
        macro_: Macro,
        /// What `predicate` calls the element.
        variable: LocalId,
        /// The list.
        list: Box<Expression>,
        /// A bool that may use the variable.
        predicate: Box<Expression>,
    },
    /// A function of strings, lists, numbers or times.
    Call {
        /// Which function.
        function: Function,
        /// Its arguments, the receiver first.
        arguments: Vec<Expression>,
    },
    /// `text.matches(pattern)` with a constant pattern in RE2's syntax, unanchored.
    Matches {
        /// A string.
        text: Box<Expression>,
        /// The pattern, already parsed once without error.
        pattern: String,
    },
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

/// The macros over lists, with CEL's treatment of errors: `exists` is an `||`, `all` an `&&`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Macro {
    /// `exists`
    Exists,
    /// `all`
    All,
    /// `exists_one`: unknown where the predicate is unknown for any element.
    ExistsOne,
}

/// The functions that are code at run time; those of constants are folded by the checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `text.startsWith(prefix)`
    StartsWith,
    /// `text.endsWith(suffix)`
    EndsWith,
    /// `text.contains(part)`
    Contains,
    /// `size(text)`: code points.
    SizeOfString,
    /// `size(list)`
    SizeOfList,
    /// `int(x)` of an int, uint, double (truncating; out of range is unknown) or timestamp (seconds).
    ToInt,
    /// `uint(x)` of a uint, int or double.
    ToUint,
    /// `double(x)` of a double, int or uint.
    ToDouble,
    /// `t.getFullYear()` in UTC, and so on, as CEL numbers them.
    TimestampField(TimestampField),
    /// `d.getHours()` and so on: the whole duration in that unit.
    DurationField(DurationField),
}

/// A part of a timestamp in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as CEL's getters are")]
pub enum TimestampField {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

/// A duration in a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as CEL's getters are")]
pub enum DurationField {
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}
