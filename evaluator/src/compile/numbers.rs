//! Numbers of different types in one comparison, as CEL has them: by value, and an int beside a double as the double nearest
//! to it.

use crate::condition::{Literal, Type};

/// 2⁵³: below it every int is a double.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
/// Above it a double equals no int and no uint.
const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// Whether a comparison of these types, left and right, is one that the compiler writes as it stands: of one type, or of
/// numbers in the order int, uint, double. The others are turned round.
pub(super) fn is_canonical(left: &Type, right: &Type) -> bool {
    rank(left) <= rank(right)
}

fn rank(ty: &Type) -> u8 {
    match ty {
        Type::Uint => 1,
        Type::Double => 2,
        _ => 0,
    }
}

/// Whether at most one value of type `ty` equals the literal. Ints from 2⁵³ on share the doubles nearest to them.
pub(super) fn has_one_equal(literal: &Literal, ty: &Type) -> bool {
    match (ty, literal) {
        (Type::Int | Type::Uint, Literal::Double(value)) => !(EXACT_BELOW..=TWO_TO_64).contains(&value.abs()),
        _ => true,
    }
}

/// The 64 bits that a value of type `ty` has where it equals the literal, which [has one equal](has_one_equal); `None`
/// where none does.
pub(super) fn bits_as(literal: &Literal, ty: &Type) -> Option<u64> {
    match (ty, literal) {
        (Type::Int, Literal::Int(value)) => Some(value.cast_unsigned()),
        (Type::Int, Literal::Uint(value)) => i64::try_from(*value).ok().map(i64::cast_unsigned),
        (Type::Int, Literal::Double(value)) => exact_int(*value)
            .and_then(|value| i64::try_from(value).ok())
            .map(i64::cast_unsigned),
        (Type::Uint, Literal::Int(value)) => u64::try_from(*value).ok(),
        (Type::Uint, Literal::Uint(value)) => Some(*value),
        (Type::Uint, Literal::Double(value)) => exact_int(*value).and_then(|value| u64::try_from(value).ok()),
        (Type::Double, Literal::Int(value)) => Some((*value as f64).to_bits()),
        (Type::Double, Literal::Uint(value)) => Some((*value as f64).to_bits()),
        // The sum makes -0.0 the 0.0 that it equals; a NaN equals nothing.
        (Type::Double, Literal::Double(value)) => (!value.is_nan()).then(|| (value + 0.0).to_bits()),
        (Type::Duration, Literal::Duration(value)) => Some(value.cast_unsigned()),
        _ => None,
    }
}

#[expect(clippy::float_cmp, reason = "equal is meant")]
fn exact_int(value: f64) -> Option<i128> {
    (value.abs() <= TWO_TO_64 && value.trunc() == value).then_some(value as i128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_of_another_type_has_the_bits_of_its_equal_or_none() {
        let as_int = |literal| bits_as(&literal, &Type::Int).map(u64::cast_signed);
        assert_eq!(as_int(Literal::Double(3.0)), Some(3));
        assert_eq!(as_int(Literal::Double(3.5)), None);
        assert_eq!(as_int(Literal::Double(1e300)), None);
        assert_eq!(as_int(Literal::Uint(u64::MAX)), None);
        let as_double = |literal| bits_as(&literal, &Type::Double).map(f64::from_bits);
        assert_eq!(
            as_double(Literal::Int(9_007_199_254_740_993)),
            Some(9_007_199_254_740_992.0)
        );
        assert_eq!(as_double(Literal::Int(-2)), Some(-2.0));
        assert_eq!(bits_as(&Literal::Double(-0.0), &Type::Double), Some(0));
        assert_eq!(bits_as(&Literal::Double(f64::NAN), &Type::Double), None);
        assert_eq!(bits_as(&Literal::Int(-1), &Type::Uint), None);
    }

    #[test]
    fn large_doubles_equal_several_ints() {
        let one = |value: f64| has_one_equal(&Literal::Double(value), &Type::Int);
        assert!(one(9_007_199_254_740_991.0));
        assert!(!one(9_007_199_254_740_992.0));
        assert!(!one(-9_223_372_036_854_775_808.0));
        assert!(one(1e300) && one(f64::NAN) && one(f64::NEG_INFINITY));
    }
}
