//! How wasmtime is set up, and what an instance may take.

use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use wasmtime::{Config, Engine, OptLevel, Store, StoreLimits, StoreLimitsBuilder, Trap, UpdateDeadline};

use super::limits::MAX_MEMORY_BYTES;

/// How often the engine's epoch goes on.
const TICK: Duration = Duration::from_millis(25);
/// What one call may take, in ticks, from when it is first seen to run; so it ends within two of these. Most calls take
/// some tens of nanoseconds.
const PATIENCE_TICKS: u64 = 10;

static ENGINE: LazyLock<Result<Engine, wasmtime::Error>> = LazyLock::new(start);

/// The engine of all programs. No feature of WebAssembly is on beyond what our compiler uses.
pub(super) fn engine() -> Result<&'static Engine, wasmtime::Error> {
    let engine = ENGINE.as_ref();
    engine.map_err(|error| wasmtime::Error::msg(format!("{error:#}")))
}

fn start() -> Result<Engine, wasmtime::Error> {
    let mut config = Config::new();
    config
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .wasm_simd(false)
        .wasm_relaxed_simd(false)
        .wasm_multi_value(true);
    let engine = Engine::new(&config)?;
    let ticking = engine.clone();
    thread::Builder::new()
        .name("crossfade-ticks".to_owned())
        .spawn(move || {
            loop {
                thread::sleep(TICK);
                ticking.increment_epoch();
            }
        })
        .map_err(|error| wasmtime::Error::msg(format!("no thread for an engine: {error}")))?;
    Ok(engine)
}

/// What a store keeps beside its instance.
pub(super) struct Bounds {
    limits: StoreLimits,
    /// Counts the calls.
    pub(super) calls: u64,
    /// The call that was seen to run when the patience with the one before had ended.
    seen: Option<u64>,
}

/// A store for one instance, bounded in memory and time.
///
/// No clock is asked when a call begins, which would cost as much as the call. Whichever call is running when patience ends has it
/// once more, and is stopped if it is still the same then.
pub(super) fn store(engine: &Engine) -> Store<Bounds> {
    let limits = StoreLimitsBuilder::new()
        .memory_size(MAX_MEMORY_BYTES as usize)
        .instances(1)
        .memories(1)
        .tables(0)
        .build();
    let bounds = Bounds {
        limits,
        calls: 0,
        seen: None,
    };
    let mut store = Store::new(engine, bounds);
    store.limiter(|bounds| &mut bounds.limits);
    store.set_epoch_deadline(PATIENCE_TICKS);
    store.epoch_deadline_callback(|mut store| {
        let bounds = store.data_mut();
        if bounds.seen.replace(bounds.calls) == Some(bounds.calls) {
            Err(Trap::Interrupt.into())
        } else {
            Ok(UpdateDeadline::Continue(PATIENCE_TICKS))
        }
    });
    store
}
