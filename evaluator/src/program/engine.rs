//! How wasmtime is set up.

use wasmtime::{Config, Engine, OptLevel};

/// An engine for programs. No default feature of WebAssembly beyond what our compiler uses is on.
pub(super) fn engine() -> Result<Engine, wasmtime::Error> {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_multi_value(true);
    Engine::new(&config)
}
