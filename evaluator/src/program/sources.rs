//! The rules' files inside a module: a custom section beside the code, so that a built program can be checked, tested
//! and explained wherever it goes. Running it needs none of this, and never looks.
//!
//! The section holds, in WebAssembly's own notation, a vector of pairs of names: each file's path and its text. Whether
//! the files are those that the code was compiled from is for whoever can read them to say: their hash is the
//! [version](super::Metadata::version).

use wasm_encoder::{CustomSection, Encode, Module, RawSection, Section};
use wasmparser::{BinaryReader, BinaryReaderError, Encoding, Parser, Payload};

use super::abi::SOURCES_SECTION;
use super::error::LoadError;

/// A dozen segments of millions of entries.
const MAX_SECTION_BYTES: usize = 256 << 20;
/// More than ten times the features that compile in seconds.
const MAX_FILES: u32 = 200_000;

/// Files as the rules are read from: each one's path, relative to the rules folder, and its bytes.
pub type SourceFiles = Vec<(String, Vec<u8>)>;

/// Adds the files that a module was compiled from.
pub fn add_sources<'f>(
    wasm: &mut Vec<u8>,
    files: impl ExactSizeIterator<Item = (&'f str, &'f str)>,
) -> Result<(), LoadError> {
    let count = u32::try_from(files.len()).unwrap_or(u32::MAX);
    at_most("so many sources", count as usize, MAX_FILES as usize)?;
    let mut data = Vec::new();
    count.encode(&mut data);
    for (path, text) in files {
        let bytes = data.len() + path.len() + text.len();
        at_most("so many bytes of sources", bytes, MAX_SECTION_BYTES)?;
        path.encode(&mut data);
        text.encode(&mut data);
    }
    at_most("so many bytes of sources", data.len(), MAX_SECTION_BYTES)?;
    let section = CustomSection {
        name: SOURCES_SECTION.into(),
        data: data.into(),
    };
    section.append_to(wasm);
    Ok(())
}

/// The files that a module carries, whoever wrote it; `None` if it carries none.
pub fn sources(wasm: &[u8]) -> Result<Option<SourceFiles>, LoadError> {
    let mut found = None;
    for payload in parts(wasm) {
        let Payload::CustomSection(section) = payload? else {
            continue;
        };
        if section.name() != SOURCES_SECTION {
            continue;
        }
        if found.is_some() {
            return Err(LoadError::NotAProgram {
                what: "it has sources twice",
            });
        }
        found = Some(read(section.data(), section.data_offset())?);
    }
    Ok(found)
}

/// The same module without the files that it carries.
pub fn without_sources(wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    let mut module = Module::new();
    for payload in parts(wasm) {
        let payload = payload?;
        if matches!(&payload, Payload::CustomSection(section) if section.name() == SOURCES_SECTION) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let data = wasm.get(range).unwrap_or_default();
            module.section(&RawSection { id, data });
        }
    }
    Ok(module.finish())
}

fn parts(wasm: &[u8]) -> impl Iterator<Item = Result<Payload<'_>, LoadError>> {
    Parser::new(0).parse_all(wasm).map(|payload| match payload {
        Ok(Payload::Version {
            encoding: Encoding::Component,
            ..
        }) => Err(LoadError::NotAProgram {
            what: "it is a component",
        }),
        payload => payload.map_err(LoadError::Invalid),
    })
}

fn read(data: &[u8], offset: usize) -> Result<SourceFiles, LoadError> {
    at_most("so many bytes of sources", data.len(), MAX_SECTION_BYTES)?;
    let mut reader = BinaryReader::new(data, offset);
    let count = reader.read_var_u32().map_err(LoadError::Sources)?;
    at_most("so many sources", count as usize, MAX_FILES as usize)?;
    let mut files = SourceFiles::new();
    for _ in 0..count {
        let (path, text) = pair(&mut reader).map_err(LoadError::Sources)?;
        // Paths are shown to people, whose terminals obey control characters.
        if path.is_empty() || path.chars().any(char::is_control) {
            return Err(LoadError::NotAProgram {
                what: "a source has a path that cannot be shown",
            });
        }
        files.push((path.to_owned(), text.as_bytes().to_vec()));
    }
    if !reader.eof() {
        return Err(LoadError::NotAProgram {
            what: "something follows its sources",
        });
    }
    Ok(files)
}

fn pair<'d>(reader: &mut BinaryReader<'d>) -> Result<(&'d str, &'d str), BinaryReaderError> {
    Ok((reader.read_string()?, reader.read_unlimited_string()?))
}

fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), LoadError> {
    if found <= limit {
        return Ok(());
    }
    Err(LoadError::Excessive {
        what,
        found: found as u64,
        limit: limit as u64,
    })
}
