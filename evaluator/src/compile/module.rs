//! The module as a whole: sections, the functions that dispatch, and the last look before it leaves.

use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    MemorySection, MemoryType, Module, NameMap, NameSection, TypeSection, ValType,
};
use wasmparser::Validator;

use super::CompileError;
use super::attributes::Reads;
use super::code::{Code, long};
use super::describe::describe;
use super::helpers;
use super::layout::Layout;
use super::lower::Lowering;
use crate::program::abi;
use crate::rules::{Feature, Rules};

/// Functions that call others, one call for each, call at most so many.
const FAN_OUT: usize = 256;
/// A function's code beyond this is refused, since engines take more than linear time for large ones.
const MAX_FUNCTION_BYTES: usize = 256 << 10;
/// Room for a context's strings and lists from the start; a host makes more by growing the memory.
const ROOM_BYTES: u32 = 64 << 10;
/// How far a host may grow that room.
const MAX_ROOM_BYTES: u32 = 64 << 20;
const PAGE_BYTES: u32 = 64 << 10;

/// Compiles checked rules to a module. The bytes depend on the rules alone, and are valid.
pub fn compile(rules: &Rules) -> Result<Vec<u8>, CompileError> {
    let reads = Reads::of(rules);
    let attributes: Vec<_> = reads.attributes.iter().copied().collect();
    let mut layout = Layout::new(&attributes, rules.features.len())?;

    let mut functions = Functions::default();
    let features: Vec<u32> = rules
        .features
        .iter()
        .map(|feature| Ok(functions.add(Shape::Answer, lower(rules, &mut layout, feature)?, &feature.name)))
        .collect::<Result<_, CompileError>>()?;
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

fn lower(rules: &Rules, layout: &mut Layout, feature: &Feature) -> Result<Function, CompileError> {
    let mut lowering = Lowering {
        rules,
        layout,
        code: Code::new(0),
        bound: Vec::new(),
    };
    lowering.feature(feature)?;
    if lowering.code.size() > MAX_FUNCTION_BYTES {
        let feature = feature.name.clone();
        return Err(CompileError::ConditionTooLarge {
            feature,
            limit_bytes: MAX_FUNCTION_BYTES,
        });
    }
    Ok(lowering.code.finish())
}

/// The types of our own functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// `() -> i64`: a feature.
    Answer,
    /// `(i32) -> i64`: by a feature's number.
    Dispatch,
    /// `()`: all features.
    All,
}

impl Shape {
    const EACH: [(Self, &'static [ValType], &'static [ValType]); 3] = [
        (Self::Answer, &[], &[ValType::I64]),
        (Self::Dispatch, &[ValType::I32], &[ValType::I64]),
        (Self::All, &[], &[]),
    ];

    fn type_index(self) -> u32 {
        helpers::types().count() as u32 + self as u32
    }
}

/// Our own functions, which are numbered after the helpers.
#[derive(Debug, Default)]
struct Functions(Vec<(Shape, Function, String)>);

impl Functions {
    fn add(&mut self, shape: Shape, function: Function, name: &str) -> u32 {
        self.0.push((shape, function, name.to_owned()));
        helpers::count() + self.0.len() as u32 - 1
    }
}

/// `(i32) -> i64`, the answer of the feature with that number, -1 where there is none. Beyond [`FAN_OUT`] features it is a tree.
fn dispatcher(functions: &mut Functions, features: &[u32]) -> u32 {
    let mut callees = features.to_vec();
    let mut leaves = 1;
    let mut arguments = false;
    loop {
        let mut callers = Vec::new();
        for group in callees.chunks(FAN_OUT) {
            let body = dispatch_among(group, leaves, arguments);
            callers.push(functions.add(Shape::Dispatch, body, "dispatch"));
        }
        match callers[..] {
            [] => {
                let mut code = Code::new(1);
                code.put().i64_const(-1);
                return functions.add(Shape::Dispatch, code.finish(), "dispatch");
            }
            [one] => return one,
            _ => {}
        }
        callees = callers;
        leaves *= FAN_OUT;
        arguments = true;
    }
}

/// Calls the callee that the parameter's range of `leaves` features belongs to, with its number there if it wants one.
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
    for (group, position) in features.chunks(FAN_OUT).zip(0..) {
        let mut code = Code::new(0);
        for (feature, index) in group.iter().zip(0..) {
            code.put().i32_const(0).call(*feature);
            code.put()
                .i64_store(long(results + (position * FAN_OUT as u32 + index) * 8));
        }
        groups.push(functions.add(Shape::All, code.finish(), "decide_some"));
    }
    let mut code = Code::new(0);
    for group in groups {
        code.put().call(group);
    }
    functions.add(Shape::All, code.finish(), "decide_all")
}

fn assemble(
    functions: &Functions,
    decide: u32,
    decide_all: u32,
    layout: &Layout,
    metadata: &[u8],
) -> Vec<u8> {
    let mut types = TypeSection::new();
    for (parameters, results) in helpers::types() {
        types
            .ty()
            .function(parameters.iter().copied(), results.iter().copied());
    }
    for (_, parameters, results) in Shape::EACH {
        types
            .ty()
            .function(parameters.iter().copied(), results.iter().copied());
    }

    let mut declarations = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut names = NameMap::new();
    for ((name, ty, body), index) in helpers::functions().zip(0..) {
        declarations.function(ty);
        code.raw(body);
        names.append(index, name);
    }
    for ((shape, function, name), index) in functions.0.iter().zip(helpers::count()..) {
        declarations.function(shape.type_index());
        code.function(function);
        names.append(index, name);
    }

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

    let mut name_section = NameSection::new();
    name_section.functions(&names);

    let mut module = Module::new();
    module
        .section(&types)
        .section(&declarations)
        .section(&memories)
        .section(&exports)
        .section(&code)
        .section(&data)
        .section(&name_section)
        .section(&CustomSection {
            name: abi::METADATA_SECTION.into(),
            data: metadata.into(),
        });
    module.finish()
}
