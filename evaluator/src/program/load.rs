//! A program: from bytes to something that every thread can make instances of.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use wasmtime::{InstancePre, Linker, Module};

use super::engine::Bounds;
use super::error::{InstanceError, LoadError};
use super::instance::Instance;
use super::metadata::Metadata;
use super::names::Names;
use super::{engine, limits};

/// Compiled rules, ready to run. Cheap to clone, and shared by all threads.
#[derive(Clone)]
pub struct Program(Arc<Shared>);

pub(super) struct Shared {
    pub(super) module: InstancePre<Bounds>,
    pub(super) metadata: Metadata,
    pub(super) names: Names,
    variables: HashMap<String, VariableId>,
}

/// A variable of one program: [`Program::variable`] finds it once, so that no call has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariableId(pub(super) u32);

impl Program {
    /// Loads a module, whoever wrote it: it is validated, bounded, and compiled here; never code compiled elsewhere.
    pub fn load(wasm: &[u8]) -> Result<Self, LoadError> {
        let metadata = limits::check(wasm)?;
        let engine = engine::engine().map_err(LoadError::Engine)?;
        let module = Module::new(engine, wasm).map_err(LoadError::Engine)?;
        let module = Linker::new(engine)
            .instantiate_pre(&module)
            .map_err(LoadError::Engine)?;
        let variables = metadata.variables.iter().zip(0..);
        let variables = variables
            .map(|(variable, id)| (variable.key.clone(), VariableId(id)))
            .collect();
        let names = Names::new(&metadata.slots);
        Ok(Self(Arc::new(Shared {
            module,
            metadata,
            names,
            variables,
        })))
    }

    /// What a module says of itself, looked at without loading it.
    pub fn inspect(wasm: &[u8]) -> Result<Metadata, LoadError> {
        limits::check(wasm)
    }

    /// What the module says of itself.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The hash of the rules' sources.
    pub fn version(&self) -> &str {
        &self.0.metadata.version
    }

    /// A variable by its key.
    pub fn variable(&self, key: &str) -> Option<VariableId> {
        self.0.variables.get(key).copied()
    }

    /// An instance of its own for each thread that asks, to be kept by it.
    pub fn instance(&self) -> Result<Instance, InstanceError> {
        Instance::new(self.clone())
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.0
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("version", &self.version())
            .finish_non_exhaustive()
    }
}
