//! Assembles the helpers and takes the module apart: each exported helper becomes a Rust constant with its number, so that a
//! call of a helper that does not exist is an error of the Rust compiler, and nothing is parsed at run time.

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use wasmparser::{ExternalKind, KnownCustom, Name, Parser, Payload};

const FOLDER: &str = "src/compile/helpers";

/// The files of the helpers, in the order of their numbers.
const FILES: [&str; 10] = [
    "memory.wat",
    "strings.wat",
    "membership.wat",
    "rollouts.wat",
    "numbers.wat",
    "patterns.wat",
    "records.wat",
    "time.wat",
    "timestamp.wat",
    "semver.wat",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    println!("cargo::rerun-if-changed=build.rs");
    let mut source = String::from("(module\n");
    for file in FILES {
        source.push_str(&fs::read_to_string(PathBuf::from(FOLDER).join(file))?);
    }
    source.push(')');
    let module = wat::parse_str(source)?;
    wasmparser::validate(&module)?;

    let mut exports = Vec::new();
    let mut names = Vec::new();
    let mut types = String::new();
    let mut functions = Vec::new();
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(&module) {
        match payload? {
            Payload::TypeSection(section) => {
                for ty in section.into_iter_err_on_gc_types() {
                    let ty = ty?;
                    writeln!(types, "    (&{:?}, &{:?}),", ty.params(), ty.results())?;
                }
            }
            Payload::FunctionSection(section) => {
                for ty in section {
                    functions.push(ty?);
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        exports.push((export.index, export.name.to_owned()));
                    }
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(subsections) = section.as_known() {
                    for subsection in subsections {
                        let Name::Function(functions) = subsection? else {
                            continue;
                        };
                        for function in functions {
                            names.push(function?.name.to_owned());
                        }
                    }
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range()),
            _ => {}
        }
    }
    if names.len() != functions.len() {
        return Err("each helper has a name".into());
    }

    let mut rust = String::new();
    for (number, name) in exports {
        writeln!(rust, "/// `${name}`.")?;
        writeln!(
            rust,
            "pub(super) const {}: Helper = Helper({number});",
            name.to_uppercase()
        )?;
    }
    writeln!(rust, "static TYPES: &[(&[ValType], &[ValType])] = &[\n{types}];")?;
    writeln!(
        rust,
        "static FUNCTIONS: &[(&str, u32, std::ops::Range<usize>)] = &["
    )?;
    for ((name, ty), body) in names.iter().zip(&functions).zip(&bodies) {
        writeln!(rust, "    ({name:?}, {ty}, {body:?}),")?;
    }
    writeln!(rust, "];")?;

    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("helpers.wasm"), module)?;
    fs::write(out.join("helpers.rs"), rust)?;
    Ok(())
}
