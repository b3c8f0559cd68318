//! A program on one thread: its memory, and the calls into it.

use std::cell::RefCell;

use wasmtime::{Memory, Store, StoreLimits, StoreLimitsBuilder, TypedFunc};

use super::abi::{Outcome, Why, tag};
use super::context::Context;
use super::decision::{Decision, Fault, Reason};
use super::error::{DecideError, InstanceError};
use super::load::{Program, VariableId};
use super::metadata::Slot;
use super::slots::{self, Written};

/// The most memory that an instance may take.
const MAX_MEMORY_BYTES: usize = 1 << 30;

/// What an instance may take.
pub(super) type Limits = StoreLimits;

/// A program with a memory of its own, for one thread at a time.
///
/// Decisions borrow from it, and any number of them may be held at once. Where the module traps, its memory is thrown
/// away and the next call gets a new one.
pub struct Instance {
    program: Program,
    running: RefCell<Option<Running>>,
}

struct Running {
    store: Store<Limits>,
    memory: Memory,
    decide: TypedFunc<i32, i64>,
    decide_all: TypedFunc<(), ()>,
    written: Written,
}

impl Instance {
    pub(super) fn new(program: Program) -> Result<Self, InstanceError> {
        let running = Running::new(&program)?;
        Ok(Self {
            program,
            running: RefCell::new(Some(running)),
        })
    }

    /// The program that decides.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Decides one variable by its key.
    pub fn decide(&self, key: &str, context: &Context<'_>) -> Result<Decision<'_>, DecideError> {
        match self.program.variable(key) {
            Some(variable) => Ok(self.decide_variable(variable, context)),
            None => Err(DecideError::UnknownVariable { key: key.to_owned() }),
        }
    }

    /// Decides one variable of this instance's program.
    ///
    /// # Panics
    /// Never for a variable of this program; one of another program is a mistake in the caller.
    pub fn decide_variable(&self, variable: VariableId, context: &Context<'_>) -> Decision<'_> {
        let metadata = self.program.metadata();
        let feature = metadata.variables[variable.0 as usize].feature;
        let outcome = self.run(|running, program| {
            running.prepare(program, context)?;
            running
                .decide
                .call(&mut running.store, feature.cast_signed())
                .map_err(|error| fault(&error))
        });
        self.name(
            variable,
            outcome.and_then(|packed| Outcome::unpack(packed).ok_or(Fault::Nonsense)),
        )
    }

    /// The attributes of the last context whose values broke their declaration, and so counted as missing. Of those that
    /// are read as timestamps or versions, only what a rule has asked for is known.
    pub fn mistyped(&self) -> Vec<&str> {
        let slots = &self.program.metadata().slots;
        let running = self.running.borrow();
        let Some(running) = &*running else {
            return Vec::new();
        };
        let memory = running.memory.data(&running.store);
        let is_broken = |slot: &Slot| slots::tag(memory, slot.at) == tag::BROKEN;
        let is_mistyped = |(position, slot): &(usize, &Slot)| {
            running.written.mistyped.contains(position) || is_broken(slot)
        };
        slots
            .iter()
            .enumerate()
            .filter(is_mistyped)
            .map(|(_, slot)| slot.name.as_str())
            .collect()
    }

    fn run<T>(&self, call: impl FnOnce(&mut Running, &Program) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut slot = self.running.borrow_mut();
        let running = match &mut *slot {
            Some(running) => running,
            empty => empty.insert(Running::new(&self.program).map_err(|_| Fault::NoInstance)?),
        };
        let result = call(running, &self.program);
        if result.is_err() {
            *slot = None;
        }
        result
    }

    fn name(&self, variable: VariableId, outcome: Result<Outcome, Fault>) -> Decision<'_> {
        let metadata = self.program.metadata();
        let variable = &metadata.variables[variable.0 as usize];
        let feature = &metadata.features[variable.feature as usize];
        let known = |outcome: &Outcome| {
            usize::from(outcome.variation) < feature.variations.len()
                && outcome
                    .rule
                    .is_none_or(|rule| usize::from(rule) < feature.rules.len())
        };
        let (outcome, reason, fault) =
            match outcome.and_then(|outcome| known(&outcome).then_some(outcome).ok_or(Fault::Nonsense)) {
                Ok(outcome) => (outcome, reason(outcome.why), None),
                Err(fault) => {
                    let default = Outcome {
                        variation: feature.default,
                        rule: None,
                        why: Why::Default,
                    };
                    (default, Reason::Error, Some(fault))
                }
            };
        let variation = usize::from(outcome.variation);
        Decision {
            key: &variable.key,
            value: &variable.values[variation],
            variant: &feature.variations[variation],
            reason,
            feature: &feature.name,
            rule: outcome
                .rule
                .map(|rule| feature.rules[usize::from(rule)].name.as_str()),
            fault,
        }
    }
}

impl Running {
    fn new(program: &Program) -> Result<Self, InstanceError> {
        let shared = program.shared();
        let limits = StoreLimitsBuilder::new()
            .memory_size(MAX_MEMORY_BYTES)
            .instances(1)
            .memories(1)
            .tables(0)
            .build();
        let mut store = Store::new(&shared.engine, limits);
        store.limiter(|limits| limits);
        let instance = shared.module.instantiate(&mut store)?;
        let memory = instance.get_memory(&mut store, "memory");
        let memory = memory.ok_or_else(|| wasmtime::Error::msg("the module exports no memory"))?;
        Ok(Self {
            decide: instance.get_typed_func(&mut store, "decide")?,
            decide_all: instance.get_typed_func(&mut store, "decide_all")?,
            memory,
            store,
            written: Written::default(),
        })
    }

    fn prepare(&mut self, program: &Program, context: &Context<'_>) -> Result<(), Fault> {
        loop {
            let memory = self.memory.data_mut(&mut self.store);
            let Err(bytes) = self.written.write(memory, program.shared(), context) else {
                return Ok(());
            };
            let missing = bytes.saturating_sub(memory.len()).div_ceil(64 << 10).max(1);
            self.memory
                .grow(&mut self.store, missing as u64)
                .map_err(|_| Fault::ContextTooLarge)?;
        }
    }
}

fn fault(_error: &wasmtime::Error) -> Fault {
    Fault::Trap
}

fn reason(why: Why) -> Reason {
    match why {
        Why::Default => Reason::Default,
        Why::Matched => Reason::TargetingMatch,
        Why::Split => Reason::Split,
        Why::Disabled => Reason::Disabled,
    }
}
