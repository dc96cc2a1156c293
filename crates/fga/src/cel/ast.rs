//! The tree of an expression.

use serde::{Deserialize, Serialize};

/// A node and the byte of the text where it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ast {
    pub(super) at: u32,
    pub(super) expr: Expr,
}

/// What a node says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Expr {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
    List(Vec<Ast>),
    Map(Vec<(Ast, Ast)>),
    Ident(String),
    Select {
        of: Box<Ast>,
        field: String,
    },
    /// `has(of.field)`
    Has {
        of: Box<Ast>,
        field: String,
    },
    Index {
        of: Box<Ast>,
        at: Box<Ast>,
    },
    Not(Box<Ast>),
    Negate(Box<Ast>),
    And(Box<Ast>, Box<Ast>),
    Or(Box<Ast>, Box<Ast>),
    If {
        when: Box<Ast>,
        then: Box<Ast>,
        otherwise: Box<Ast>,
    },
    Binary {
        op: Op,
        left: Box<Ast>,
        right: Box<Ast>,
    },
    Call {
        name: String,
        on: Option<Box<Ast>>,
        args: Vec<Ast>,
    },
    /// `over.kind(var, filter?, body)`
    Fold {
        kind: Fold,
        over: Box<Ast>,
        var: String,
        filter: Option<Box<Ast>>,
        body: Box<Ast>,
    },
}

/// An operator between two operands that are both evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl Op {
    /// As messages show it.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Equal => "_==_",
            Self::NotEqual => "_!=_",
            Self::Less => "_<_",
            Self::LessEqual => "_<=_",
            Self::Greater => "_>_",
            Self::GreaterEqual => "_>=_",
            Self::In => "@in",
            Self::Add => "_+_",
            Self::Subtract => "_-_",
            Self::Multiply => "_*_",
            Self::Divide => "_/_",
            Self::Modulo => "_%_",
        }
    }
}

/// The macros over lists and maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fold {
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
}

/// A fault of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: u32,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(at: u32, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// With line, column (from 1) and a pointer to the place.
    pub(super) fn shown(&self, name: &str, text: &str) -> String {
        let at = usize::try_from(self.at).unwrap_or(usize::MAX).min(text.len());
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
        let source = text.lines().nth(line - 1).unwrap_or_default();
        let pointer = ".".repeat(column);
        format!("ERROR: {name}:{line}:{}: {}\n | {source}\n | {pointer}^", column + 1, self.message)
    }
}
