//! A program on one thread: its memory, and the calls into it.

use std::cell::RefCell;
use std::fmt;

use wasmtime::{Memory, Store, Trap, TypedFunc};

use super::abi::{Outcome, Why, tag};
use super::context::Context;
use super::decision::{Decision, Decisions, Fault, Numbers, Reason};
use super::engine::{self, Bounds};
use super::error::{DecideError, InstanceError};
use super::load::{Program, VariableId};
use super::metadata::{ScalarType, Slot};
use super::slots::{self, Written};

const PAGE_BYTES: usize = 64 << 10;

/// A program with a memory of its own, for one thread at a time.
///
/// Decisions borrow from it, and any number of them may be held at once. Where the module traps, its memory is thrown
/// away and the next call gets a new one.
pub struct Instance {
    program: Program,
    running: RefCell<Option<Running>>,
}

struct Running {
    store: Store<Bounds>,
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
    /// Never for a variable of this program; one of another program is a mistake of the caller's.
    pub fn decide_variable(&self, variable: VariableId, context: &Context<'_>) -> Decision<'_> {
        let feature = self.program.metadata().variables[variable.0 as usize].feature;
        let answer = self.run(context, |running| {
            running.decide.call(&mut running.store, feature.cast_signed())
        });
        self.name(variable, answer)
    }

    /// Decides all variables, evaluating each feature once.
    pub fn decide_all(&self, context: &Context<'_>) -> Decisions<'_> {
        let metadata = self.program.metadata();
        let answers = self.run(context, |running| {
            running.decide_all.call(&mut running.store, ())?;
            let memory = running.memory.data(&running.store);
            Ok(slots::answers(memory, metadata.results, metadata.features.len()))
        });
        Decisions::new(self, answers)
    }

    /// The attributes of the last context whose values broke their declaration, and so counted as missing. Of those that
    /// are read as timestamps or versions, only what a rule has asked for is known.
    pub fn mistyped(&self) -> Vec<&str> {
        if !self.is_mistyped() {
            return Vec::new();
        }
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

    /// Whether there is any such attribute: far cheaper to ask than which.
    pub fn is_mistyped(&self) -> bool {
        let running = self.running.borrow();
        let Some(running) = &*running else {
            return false;
        };
        let memory = running.memory.data(&running.store);
        let is_parsed = |slot: &&Slot| matches!(slot.ty, ScalarType::Timestamp | ScalarType::Semver);
        !running.written.mistyped.is_empty()
            || (self.program.metadata().slots.iter().filter(is_parsed))
                .any(|slot| slots::tag(memory, slot.at) == tag::BROKEN)
    }

    /// Puts names to an answer for the variable's feature.
    #[inline]
    pub(super) fn name(&self, variable: VariableId, answer: Result<i64, Fault>) -> Decision<'_> {
        let metadata = self.program.metadata();
        let variable = &metadata.variables[variable.0 as usize];
        let number = variable.feature as usize;
        let feature = &metadata.features[number];
        let exists = |outcome: &Outcome| {
            usize::from(outcome.variation) < feature.variations.len()
                && outcome
                    .rule
                    .is_none_or(|rule| usize::from(rule) < feature.rules.len())
        };
        let outcome = answer.and_then(|packed| Outcome::unpack(packed).filter(exists).ok_or(Fault::Nonsense));
        let (outcome, reason, fault) = match outcome {
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
            numbers: Numbers {
                feature: number,
                variation,
                rule: outcome.rule.map(usize::from),
            },
        }
    }

    /// Writes the context and calls the module. Where that fails, the next call begins with a new memory.
    #[inline]
    fn run<T>(
        &self,
        context: &Context<'_>,
        call: impl FnOnce(&mut Running) -> Result<T, wasmtime::Error>,
    ) -> Result<T, Fault> {
        let mut slot = self.running.borrow_mut();
        let running = match &mut *slot {
            Some(running) => running,
            empty => empty.insert(Running::new(&self.program).map_err(|_| Fault::NoInstance)?),
        };
        let result = running.run(&self.program, context, call);
        if result.is_err() {
            *slot = None;
        }
        result
    }
}

impl Running {
    fn new(program: &Program) -> Result<Self, InstanceError> {
        let shared = program.shared();
        let mut store = engine::store(shared.module.module().engine());
        let instance = shared.module.instantiate(&mut store)?;
        let memory = instance.get_memory(&mut store, "memory");
        let memory = memory.ok_or_else(|| wasmtime::Error::msg("the module exports no memory"))?;
        Ok(Self {
            decide: instance.get_typed_func(&mut store, "decide")?,
            decide_all: instance.get_typed_func(&mut store, "decide_all")?,
            memory,
            store,
            written: Written::new(shared.metadata.slots.len()),
        })
    }

    #[inline]
    fn run<T>(
        &mut self,
        program: &Program,
        context: &Context<'_>,
        call: impl FnOnce(&mut Self) -> Result<T, wasmtime::Error>,
    ) -> Result<T, Fault> {
        self.prepare(program, context)?;
        self.store.data_mut().calls += 1;
        call(self).map_err(|error| fault(&error))
    }

    #[inline]
    fn prepare(&mut self, program: &Program, context: &Context<'_>) -> Result<(), Fault> {
        loop {
            let memory = self.memory.data_mut(&mut self.store);
            let size = memory.len();
            let Err(needed) = self.written.write(memory, program.shared(), context) else {
                return Ok(());
            };
            let missing = needed.saturating_sub(size).div_ceil(PAGE_BYTES).max(1);
            self.memory
                .grow(&mut self.store, missing as u64)
                .map_err(|_| Fault::ContextTooLarge)?;
        }
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("program", &self.program)
            .finish_non_exhaustive()
    }
}

fn fault(error: &wasmtime::Error) -> Fault {
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Fault::OutOfTime,
        _ => Fault::Trap,
    }
}

fn reason(why: Why) -> Reason {
    match why {
        Why::Default => Reason::Default,
        Why::Matched => Reason::TargetingMatch,
        Why::Split => Reason::Split,
        Why::Disabled => Reason::Disabled,
    }
}
