//! The functions of a module under construction, numbered after the helpers.

use wasm_encoder::{CodeSection, Function, FunctionSection, NameMap, TypeSection, ValType};

use super::helpers;

/// The type of a function of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `() -> i64`: a feature, or the rest of one.
    Answer,
    /// `(i32) -> i64`: by a feature's number.
    Dispatch,
    /// `()`: all features.
    All,
    /// `(i32, …) -> i32`: a part of a condition, given so many elements that enclosing `exists` and its kin have bound.
    Test(u32),
}

impl Shape {
    fn signature(self) -> (Vec<ValType>, Vec<ValType>) {
        match self {
            Self::Answer => (vec![], vec![ValType::I64]),
            Self::Dispatch => (vec![ValType::I32], vec![ValType::I64]),
            Self::All => (vec![], vec![]),
            Self::Test(bound) => (vec![ValType::I32; bound as usize], vec![ValType::I32]),
        }
    }
}

/// The helpers, and our own functions so far.
#[derive(Debug)]
pub(super) struct Functions {
    types: TypeSection,
    shapes: Vec<Shape>,
    declarations: FunctionSection,
    code: CodeSection,
    names: NameMap,
}

impl Functions {
    /// The helpers alone.
    pub(super) fn new() -> Self {
        let mut functions = Self {
            types: TypeSection::new(),
            shapes: Vec::new(),
            declarations: FunctionSection::new(),
            code: CodeSection::new(),
            names: NameMap::new(),
        };
        for (parameters, results) in helpers::types() {
            functions
                .types
                .ty()
                .function(parameters.iter().copied(), results.iter().copied());
        }
        for ((name, ty, body), number) in helpers::functions().zip(0..) {
            functions.declarations.function(ty);
            functions.code.raw(body);
            functions.names.append(number, name);
        }
        functions
    }

    /// Adds a function, and answers with its number.
    pub(super) fn add(&mut self, shape: Shape, function: &Function, name: &str) -> u32 {
        let known = self.shapes.iter().position(|&known| known == shape);
        let nth = known.unwrap_or_else(|| {
            let (parameters, results) = shape.signature();
            self.types.ty().function(parameters, results);
            self.shapes.push(shape);
            self.shapes.len() - 1
        });
        let number = self.declarations.len();
        self.declarations.function((helpers::types().len() + nth) as u32);
        self.code.function(function);
        self.names.append(number, name);
        number
    }

    /// Everything as sections: types, declarations, code, and names for people who look.
    pub(super) fn sections(&self) -> (&TypeSection, &FunctionSection, &CodeSection, &NameMap) {
        (&self.types, &self.declarations, &self.code, &self.names)
    }
}
