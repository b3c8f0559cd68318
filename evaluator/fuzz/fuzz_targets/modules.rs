//! Whatever bytes come as a module: it is refused, or decides within its bounds. The first byte says whether the rest is the module,
//! or what a valid module with the right exports is made of.
#![no_main]

use std::sync::LazyLock;

use crossfade_evaluator::program::{Context, Program, Reason, Value, add_sources, sources, without_sources};
use libfuzzer_sys::arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use wasm_encoder::{CustomSection, Encode, Section};
use wasm_smith::{Config, Module};

/// What a program exports, and with which types.
static EXPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = r#"(module (memory (export "memory") 1) (func (export "decide") (param i32) (result i64) (i64.const 0))
        (func (export "decide_all")))"#;
    wat::parse_str(text).expect("a module's text")
});

/// Steps after which a generated module ends by itself, nearly always before it has burnt all its fuel.
const STEPS: u32 = 100_000;

const ATTRIBUTES: [(&str, Value<'_>); 6] = [
    ("user_id", Value::String("123")),
    ("country", Value::Text("US")),
    ("roles", Value::List(&[Value::String("a long string of an element"), Value::Int(-1)])),
    ("age", Value::Double(42.0)),
    ("app_version", Value::String("1.2.3-rc.1")),
    ("since", Value::String("2026-12-01T09:00:00Z")),
];

fuzz_target!(|bytes: &[u8]| {
    match bytes {
        [b'g', choices @ ..] => generated(choices).into_iter().for_each(|wasm| run(&wasm)),
        _ => {
            run(bytes);
            files(bytes);
        }
    }
});

fn run(wasm: &[u8]) {
    let Ok(program) = Program::load(wasm) else { return };
    let Ok(instance) = program.instance() else { return };
    for now_ms in [0, i64::MAX] {
        let context = Context::new(&ATTRIBUTES, now_ms);
        assert_eq!(instance.decide_all(&context).iter().count(), program.metadata().variables.len());
        if let Some(variable) = program.metadata().variables.first() {
            let decision = instance.decide(&variable.key, &Context::new(&[], now_ms)).expect("its own variable");
            assert_eq!(decision.fault.is_some(), decision.reason == Reason::Error);
        }
        instance.mistyped();
    }
}

/// What files it carries can be read, and taken out, and put in again.
fn files(wasm: &[u8]) {
    let Ok(Some(carried)) = sources(wasm) else { return };
    let mut bare = without_sources(wasm).expect("a module whose parts could be read");
    assert!(matches!(sources(&bare), Ok(None)));
    let texts = carried.iter().map(|(path, text)| (path.as_str(), std::str::from_utf8(text).expect("texts")));
    add_sources(&mut bare, texts.collect::<Vec<_>>().into_iter()).expect("files that were carried before");
    assert_eq!(sources(&bare).expect("files that were just put in"), Some(carried));
}

/// A valid module with a program's exports, that says of itself what the choices make of it.
fn generated(choices: &[u8]) -> Option<Vec<u8>> {
    let mut choices = Unstructured::new(choices);
    let mut config = Config::arbitrary(&mut choices).ok()?;
    config.exports = Some(EXPORTS.clone());
    config.max_imports = 0;
    config.min_imports = 0;
    config.allow_start_export = false;
    config.max_tables = 0;
    config.min_tables = 0;
    config.max_memories = 1;
    config.memory64_enabled = false;
    config.multi_value_enabled = true;
    config.simd_enabled = false;
    config.relaxed_simd_enabled = false;
    config.reference_types_enabled = false;
    config.gc_enabled = false;
    config.threads_enabled = false;
    config.tail_call_enabled = false;
    config.exceptions_enabled = false;
    config.sign_extension_ops_enabled = false;
    config.saturating_float_to_int_enabled = false;
    config.extended_const_enabled = false;
    config.wide_arithmetic_enabled = false;
    config.custom_page_sizes_enabled = false;
    let endless = choices.arbitrary::<u8>().ok()? == 0;
    let numbers = [choices.arbitrary::<u16>().ok()?; 3].map(u32::from);
    let mut module = Module::new(config, &mut choices).ok()?;
    if !endless {
        module.ensure_termination(STEPS).ok()?;
    }
    let mut wasm = module.to_bytes();
    let metadata = format!(
        r#"{{"abi":1,"version":"generated","results":{},"room":{},
            "slots":[{{"name":"user_id","type":"string","at":{}}},{{"name":"age","type":"int","at":192,"bucketed":true}},
                     {{"name":"roles","type":"string","list":true,"at":256}}],
            "features":[{{"name":"f","variations":["off","on"],"default":0,"rules":[]}}],
            "variables":[{{"key":"v","type":"boolean","feature":0,"values":[false,true]}}]}}"#,
        numbers[0], numbers[1], numbers[2],
    );
    let section = CustomSection { name: "crossfade".into(), data: metadata.as_bytes().into() };
    wasm.push(section.id());
    section.encode(&mut wasm);
    Some(wasm)
}
