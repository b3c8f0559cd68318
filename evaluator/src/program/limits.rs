//! What a module from outside may be, checked before the engine sees it: validation proves it well-formed and harmless,
//! this proves it a program, and small enough to compile.

use wasmparser::{Parser, Payload, Validator};

use super::abi;
use super::error::LoadError;
use super::metadata::Metadata;

/// Segments of millions of entries fit; larger ones are not compiled by us either.
const MAX_MODULE_BYTES: usize = 600 << 20;

/// Checks a module and takes its metadata out.
pub(super) fn check(wasm: &[u8]) -> Result<Metadata, LoadError> {
    if wasm.len() > MAX_MODULE_BYTES {
        return Err(LoadError::TooLarge {
            bytes: wasm.len(),
            limit_bytes: MAX_MODULE_BYTES,
        });
    }
    Validator::new_with_features(abi::FEATURES)
        .validate_all(wasm)
        .map_err(LoadError::Invalid)?;
    let mut metadata = None;
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::CustomSection(section) = payload.map_err(LoadError::Invalid)?
            && section.name() == abi::METADATA_SECTION
        {
            metadata = Some(serde_json::from_slice(section.data()).map_err(LoadError::Metadata)?);
        }
    }
    let metadata: Metadata = metadata.ok_or_else(|| LoadError::NotAProgram {
        what: "it has no metadata".to_owned(),
    })?;
    if metadata.abi != abi::VERSION {
        return Err(LoadError::Version {
            found: metadata.abi,
            expected: abi::VERSION,
        });
    }
    Ok(metadata)
}
