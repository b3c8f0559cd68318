//! The body of one function while it is written: instructions, locals that are used again, and labels that know
//! their distance.

use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

use super::helpers::Helper;

/// A block that can be left by a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label(u32);

/// A local variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Local(pub(super) u32);

/// A function's body under construction.
#[derive(Debug, Default)]
pub(super) struct Code {
    bytes: Vec<u8>,
    parameters: u32,
    locals: Vec<ValType>,
    free: Vec<Local>,
    depth: u32,
}

impl Code {
    /// A body whose first locals are its parameters.
    pub(super) fn new(parameters: u32) -> Self {
        Self {
            parameters,
            ..Self::default()
        }
    }

    /// The instructions, to append to.
    pub(super) fn put(&mut self) -> InstructionSink<'_> {
        InstructionSink::new(&mut self.bytes)
    }

    /// Size of the instructions so far, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// A local whose value is undefined until it is set.
    pub(super) fn local(&mut self, ty: ValType) -> Local {
        let wanted = |local: &Local| self.locals[(local.0 - self.parameters) as usize] == ty;
        if let Some(position) = self.free.iter().rposition(wanted) {
            return self.free.swap_remove(position);
        }
        self.locals.push(ty);
        Local(self.parameters + self.locals.len() as u32 - 1)
    }

    /// Gives a local back; its value is no longer needed.
    pub(super) fn release(&mut self, local: Local) {
        self.free.push(local);
    }

    /// `block`, to be left by a branch to its label.
    pub(super) fn block(&mut self) -> Label {
        self.block_of(BlockType::Empty)
    }

    /// A block that yields what `ty` says.
    pub(super) fn block_of(&mut self, ty: BlockType) -> Label {
        self.put().block(ty);
        self.entered()
    }

    /// `loop`: a branch to its label begins it again.
    pub(super) fn loop_(&mut self) -> Label {
        self.put().loop_(BlockType::Empty);
        self.entered()
    }

    /// `if`, taking an `i32` from the stack.
    pub(super) fn if_(&mut self, ty: BlockType) -> Label {
        self.put().if_(ty);
        self.entered()
    }

    /// The other arm of the innermost `if`.
    pub(super) fn else_(&mut self) {
        self.put().else_();
    }

    /// Ends the innermost block.
    pub(super) fn end(&mut self) {
        self.depth -= 1;
        self.put().end();
    }

    /// Branches.
    pub(super) fn br(&mut self, label: Label) {
        let distance = self.depth - label.0;
        self.put().br(distance);
    }

    /// Branches if the `i32` on the stack is not zero.
    pub(super) fn br_if(&mut self, label: Label) {
        let distance = self.depth - label.0;
        self.put().br_if(distance);
    }

    /// Branches if the bool on the stack is `wanted`.
    pub(super) fn branch_on(&mut self, wanted: bool, label: Label) {
        if !wanted {
            self.put().i32_eqz();
        }
        self.br_if(label);
    }

    /// Inverts the bool on the stack unless told to keep it.
    pub(super) fn invert_unless(&mut self, keep: bool) {
        if !keep {
            self.put().i32_eqz();
        }
    }

    /// Calls a helper.
    pub(super) fn call(&mut self, helper: Helper) {
        self.put().call(helper.0);
    }

    /// Pushes an `i32`, which is an address or a size.
    pub(super) fn address(&mut self, address: u32) {
        self.put().i32_const(address.cast_signed());
    }

    /// Pushes a local's value.
    pub(super) fn get(&mut self, local: Local) {
        self.put().local_get(local.0);
    }

    /// Takes a local's value from the stack.
    pub(super) fn set(&mut self, local: Local) {
        self.put().local_set(local.0);
    }

    /// Takes a local's value from the stack and leaves it there.
    pub(super) fn tee(&mut self, local: Local) {
        self.put().local_tee(local.0);
    }

    /// The finished body.
    pub(super) fn finish(mut self) -> Function {
        self.put().end();
        let mut function = Function::new_with_locals_types(self.locals);
        function.raw(self.bytes);
        function
    }

    fn entered(&mut self) -> Label {
        self.depth += 1;
        Label(self.depth)
    }
}

/// A 32-bit word at `offset` from the address on the stack.
pub(super) fn word(offset: u32) -> MemArg {
    MemArg {
        offset: u64::from(offset),
        align: 2,
        memory_index: 0,
    }
}

/// 64 bits at `offset` from the address on the stack.
pub(super) fn long(offset: u32) -> MemArg {
    MemArg {
        offset: u64::from(offset),
        align: 3,
        memory_index: 0,
    }
}
