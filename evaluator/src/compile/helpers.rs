//! The assembled `helpers/*.wat`: the numbers of its functions, and their bytes as they go into each module.

use wasm_encoder::ValType;

use ValType::{F64, I32, I64};

/// A function of `helpers/*.wat`, by its number in every module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Helper(pub(super) u32);

// Written by build.rs: a constant for each helper, TYPES and FUNCTIONS.
include!(concat!(env!("OUT_DIR"), "/helpers.rs"));

static MODULE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/helpers.wasm"));

/// The types that helpers have, in the order of their numbers.
pub(super) fn types() -> impl ExactSizeIterator<Item = (&'static [ValType], &'static [ValType])> {
    TYPES.iter().copied()
}

/// Name, number of the type, and encoded body of each helper.
pub(super) fn functions() -> impl Iterator<Item = (&'static str, u32, &'static [u8])> {
    FUNCTIONS
        .iter()
        .map(|(name, ty, body)| (*name, *ty, &MODULE[body.clone()]))
}
