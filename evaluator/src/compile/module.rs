//! The module as a whole: sections, the functions that dispatch, and the last look before it leaves.

use wasm_encoder::{
    ConstExpr, CustomSection, DataSection, ExportKind, ExportSection, Function, MemorySection, MemoryType,
    Module, NameSection,
};
use wasmparser::Validator;

use super::CompileError;
use super::code::{Code, long};
use super::describe::describe;
use super::feature;
use super::functions::{Functions, Shape};
use super::layout::Layout;
use crate::program::abi;
use crate::rules::{Reads, Rules};

/// Functions that call others, one call for each, call at most so many.
const FAN_OUT: usize = 256;
/// Room for a context's strings and lists from the start; a host makes more by growing the memory.
const ROOM_BYTES: u32 = 64 << 10;
/// How far that room may grow.
const MAX_ROOM_BYTES: u32 = 64 << 20;
const PAGE_BYTES: u32 = 64 << 10;

/// Compiles checked rules to a module. The bytes depend on the rules alone, and are valid.
pub fn compile(rules: &Rules) -> Result<Vec<u8>, CompileError> {
    let reads = Reads::of(rules);
    let attributes: Vec<_> = reads.attributes.iter().copied().collect();
    let mut layout = Layout::new(&attributes, rules.features.len())?;
    let mut functions = Functions::new();
    let mut features = Vec::with_capacity(rules.features.len());
    for feature in &rules.features {
        features.push(feature::lower(rules, feature, &mut layout, &mut functions)?);
    }
    let decide = dispatcher(&mut functions, &features);
    let decide_all = caller(&mut functions, &features, layout.results);
    let metadata = describe(rules, &reads, &layout)?;
    let metadata = serde_json::to_vec(&metadata).map_err(CompileError::Metadata)?;

    let module = assemble(&functions, decide, decide_all, &layout, &metadata);
    Validator::new_with_features(abi::FEATURES)
        .validate_all(&module)
        .map_err(CompileError::Invalid)?;
    Ok(module)
}

/// `(i32) -> i64`, the answer of the feature with that number, -1 where there is none. Beyond [`FAN_OUT`] features it is
/// a tree.
fn dispatcher(functions: &mut Functions, features: &[u32]) -> u32 {
    if features.is_empty() {
        return functions.add(Shape::Dispatch, &dispatch_among(&[], 1, false), "decide");
    }
    let mut level = features.to_vec();
    let mut leaves = 1;
    while leaves == 1 || level.len() > 1 {
        let mut above = Vec::new();
        for group in level.chunks(FAN_OUT) {
            above.push(functions.add(
                Shape::Dispatch,
                &dispatch_among(group, leaves, leaves > 1),
                "decide",
            ));
        }
        level = above;
        leaves *= FAN_OUT;
    }
    level[0]
}

/// Calls the one that the parameter's range of `leaves` features belongs to, with its number there if it wants one.
fn dispatch_among(callees: &[u32], leaves: usize, arguments: bool) -> Function {
    let mut code = Code::new(1);
    let count = callees.len() as u32;
    for _ in 0..=count {
        code.block();
    }
    code.put().local_get(0);
    if leaves > 1 {
        code.put().i32_const(leaves as i32).i32_div_u();
    }
    let targets: Vec<u32> = (0..count).collect();
    code.put().br_table(targets, count);
    for callee in callees {
        code.end();
        if arguments {
            code.put().local_get(0).i32_const(leaves as i32).i32_rem_u();
        }
        code.put().call(*callee).return_();
    }
    code.end();
    code.put().i64_const(-1);
    code.finish()
}

/// `()`, which writes the answers of all features to the array at `results`.
fn caller(functions: &mut Functions, features: &[u32], results: u32) -> u32 {
    let mut groups = Vec::new();
    let mut at = results;
    for group in features.chunks(FAN_OUT) {
        let mut code = Code::new(0);
        for feature in group {
            code.put().i32_const(0).call(*feature).i64_store(long(at));
            at += 8;
        }
        groups.push(functions.add(Shape::All, &code.finish(), "decide_some"));
    }
    let mut code = Code::new(0);
    for group in groups {
        code.put().call(group);
    }
    functions.add(Shape::All, &code.finish(), "decide_all")
}

fn assemble(
    functions: &Functions,
    decide: u32,
    decide_all: u32,
    layout: &Layout,
    metadata: &[u8],
) -> Vec<u8> {
    let pages = |bytes: u32| u64::from(bytes.div_ceil(PAGE_BYTES));
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: pages(layout.end() + ROOM_BYTES),
        maximum: Some(pages(layout.end() + MAX_ROOM_BYTES)),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });

    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("decide", ExportKind::Func, decide);
    exports.export("decide_all", ExportKind::Func, decide_all);

    let mut data = DataSection::new();
    data.active(
        0,
        &ConstExpr::i32_const(abi::SLOTS.cast_signed()),
        layout.empty_slots(),
    );
    let (start, bytes) = layout.data();
    data.active(
        0,
        &ConstExpr::i32_const(start.cast_signed()),
        bytes.iter().copied(),
    );

    let (types, declarations, code, function_names) = functions.sections();
    let mut names = NameSection::new();
    names.functions(function_names);

    let mut module = Module::new();
    module
        .section(types)
        .section(declarations)
        .section(&memories)
        .section(&exports)
        .section(code)
        .section(&data)
        .section(&names)
        .section(&CustomSection {
            name: abi::METADATA_SECTION.into(),
            data: metadata.into(),
        });
    module.finish()
}
