//! Writes the corpora that fuzzing begins with: the repository's own rules, the inputs of golden files, and the modules that these
//! compile to.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crossfade_evaluator::compile::compile;
use crossfade_evaluator::program::add_sources;
use crossfade_evaluator::rules::load;

use crate::folder::{Files, seed};

/// Writes them below `corpus`, a folder for each target; `root` is the repository.
pub fn write_seeds(root: &Path, corpus: &Path) -> Result<usize, Box<dyn Error>> {
    for target in ["rules", "conditions", "modules"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    let mut written = 0;
    for (folder, files) in folders(root)? {
        let name = folder.strip_prefix(root)?.to_string_lossy().replace('/', "-");
        let write = |target: &str, part: &str, bytes: &[u8]| {
            fs::write(corpus.join(target).join(format!("{name}-{part}")), bytes)
        };
        let is_shared = |path: &str| path.starts_with("context.") || path.starts_with("segments/");
        let (shared, features): (Files, Files) = files.into_iter().partition(|(path, _)| is_shared(path));
        for (path, text) in features {
            // With what it is checked against, and nothing else: small inputs are mutated to more purpose than large ones.
            let mut own = shared.clone();
            own.push((path.clone(), text.clone()));
            let part = path.replace('/', "-");
            write("rules", &part, &seed(&own))?;
            written += 1;
            for (nth, condition) in conditions(&String::from_utf8_lossy(&text)).enumerate() {
                write("conditions", &format!("{part}-{nth}"), format!("={condition}").as_bytes())?;
                written += 1;
            }
            // A module of ours takes long to compile; most of what is worth breaking is in any one of them.
            let Some(rules) = load(&own).rules.filter(|_| folder == root.join("rules")) else { continue };
            let mut wasm = compile(&rules)?;
            write("modules", &part, &wasm)?;
            add_sources(&mut wasm, rules.sources.iter().map(|source| (source.path(), source.text())).collect::<Vec<_>>().into_iter())?;
            write("modules", &format!("{part}-with-sources"), &wasm)?;
            written += 2;
        }
    }
    // What the grammar, and the generator of modules, make of bytes of every kind.
    for nth in 0..32_u32 {
        let bytes: Vec<u8> = (0..1024_u32).map(|at| (at.wrapping_mul(2_654_435_761).wrapping_add(nth * 97) >> (nth % 17)) as u8).collect();
        fs::write(corpus.join(format!("conditions/grammar-{nth}")), &bytes[..64 + 16 * nth as usize % 512])?;
        fs::write(corpus.join(format!("modules/generated-{nth}")), [b"g", &bytes[..]].concat())?;
        written += 2;
    }
    for (nth, functions) in SMALL.iter().enumerate() {
        let metadata = METADATA.replace('"', "\\\"").replace('\n', " ");
        let text = format!(r#"(module (@custom "crossfade" "{metadata}") (memory (export "memory") 1) {functions})"#);
        fs::write(corpus.join(format!("modules/small-{nth}")), wat::parse_str(text)?)?;
        written += 1;
    }
    Ok(written)
}

/// What a small module says of itself.
const METADATA: &str = r#"{"abi":1,"version":"small","slots":[{"name":"user_id","type":"string","at":64},
    {"name":"age","type":"int","at":128,"bucketed":true},{"name":"roles","type":"string","list":true,"at":192}],
    "results":256,"room":320,"features":[{"name":"f","variations":["off","on"],"default":0,"rules":[]}],
    "variables":[{"key":"v","type":"boolean","feature":0,"values":[false,true]}]}"#;

/// Programs by hand, which are compiled in no time: one that answers, one that reads its memory, one that loops and one that traps.
const SMALL: [&str; 4] = [
    r#"(func (export "decide") (param i32) (result i64) (i64.const 1)) (func (export "decide_all"))"#,
    r#"(func (export "decide") (param i32) (result i64) (i64.load (i32.add (local.get 0) (i32.const 72))))
       (func (export "decide_all") (i64.store (i32.const 256) (i64.load (i32.const 8))))"#,
    r#"(func (export "decide") (param i32) (result i64) (local i32)
         (loop (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 1000)))) (i64.const 0x200000001))
       (func (export "decide_all") (drop (memory.grow (i32.const 1))))"#,
    r#"(func (export "decide") (param i32) (result i64) (unreachable))
       (func (export "decide_all") (memory.fill (i32.const 65530) (i32.const 7) (i32.const 100)))"#,
];

/// Every folder of rules: those that have a context, with their files.
fn folders(root: &Path) -> Result<BTreeMap<PathBuf, Files>, Box<dyn Error>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.join("rules"), root.join("evaluator/tests"), root.join("server/tests")];
    while let Some(folder) = open.pop() {
        let mut files = Files::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "node_modules") {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
                files.push((path.strip_prefix(&folder)?.to_string_lossy().into_owned(), fs::read(&path)?));
            }
        }
        if !files.iter().any(|(path, _)| path == "context.yaml") {
            continue;
        }
        if let Ok(segments) = fs::read_dir(folder.join("segments")) {
            for segment in segments {
                let path = segment?.path();
                let name = path.strip_prefix(&folder)?.to_string_lossy().into_owned();
                files.push((name, fs::read(&path)?));
            }
        }
        files.sort();
        found.insert(folder, files);
    }
    Ok(found)
}

/// What stands behind `when:`, roughly: these are seeds.
fn conditions(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter_map(|line| line.split_once("when:"))
        .map(|(_, condition)| condition.trim().trim_matches(['"', '\'']))
        .filter(|condition| condition.len() > 2)
}
