//! How wasmtime is set up, and what an instance may take.

use wasmtime::{Config, Engine, OperatorCost, OptLevel, StoreLimits, StoreLimitsBuilder};

use super::limits::MAX_MEMORY_BYTES;

/// What one call may take, in wasmtime's units, about one an instruction: some tenths of a second. Most calls take some hundred.
pub(super) const FUEL: u64 = 1 << 28;

/// An engine for programs. No feature of WebAssembly is on beyond what our compiler uses.
pub(super) fn engine() -> Result<Engine, wasmtime::Error> {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .consume_fuel(true)
        .operator_cost(costs())
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_multi_value(true);
    Engine::new(&config)
}

/// One each, but for what asks the host: a loop of nothing but that would take minutes to burn its fuel.
fn costs() -> OperatorCost {
    OperatorCost {
        MemoryGrow: u8::MAX,
        ..OperatorCost::default()
    }
}

/// The bounds of a store.
pub(super) fn store_limits() -> StoreLimits {
    StoreLimitsBuilder::new()
        .memory_size(MAX_MEMORY_BYTES as usize)
        .instances(1)
        .memories(1)
        .tables(0)
        .build()
}
