//! From tokens to the tree, macros already expanded into folds.

use super::ast::{Ast, Expr, Fault, Fold, Op};
use super::lexer::{Tok, tokens};

/// Deeper trees are refused: evaluation recurses.
const MAX_DEPTH: usize = 64;

/// Parses an expression.
pub(super) fn parse(text: &str) -> Result<Ast, Fault> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let ast = parser.expression()?;
    match parser.peek() {
        Tok::End => Ok(ast),
        other => {
            Err(parser.fault(format!("Syntax error: extraneous input '{}' expecting <EOF>", other.shown())))
        }
    }
}

const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

struct Parser {
    tokens: Vec<(u32, Tok)>,
    next: usize,
    depth: usize,
}

fn boxed(at: u32, expr: Expr) -> Ast {
    Ast { at, expr }
}

impl Parser {
    fn peek(&self) -> &Tok {
        self.tokens.get(self.next).map_or(&Tok::End, |(_, token)| token)
    }

    fn at(&self) -> u32 {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |(at, _)| *at)
    }

    fn fault(&self, message: String) -> Fault {
        Fault::new(self.at(), message)
    }

    fn eat(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Tok::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Fault> {
        if self.eat(sign) {
            return Ok(());
        }
        let found = self.peek().shown();
        Err(self.fault(format!("Syntax error: mismatched input '{found}' expecting '{sign}'")))
    }

    fn expression(&mut self) -> Result<Ast, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault("expression recursion limit exceeded".to_owned()));
        }
        let when = self.or()?;
        let at = self.at();
        let ast = if self.eat("?") {
            let then = Box::new(self.or()?);
            self.expect(":")?;
            let otherwise = Box::new(self.expression()?);
            boxed(at, Expr::If { when: Box::new(when), then, otherwise })
        } else {
            when
        };
        self.depth -= 1;
        Ok(ast)
    }

    fn or(&mut self) -> Result<Ast, Fault> {
        let mut terms = vec![self.and()?];
        let mut at = self.at();
        while self.eat("||") {
            terms.push(self.and()?);
        }
        at = at.min(self.at());
        Ok(balanced(terms, &|left, right| boxed(at, Expr::Or(Box::new(left), Box::new(right)))))
    }

    fn and(&mut self) -> Result<Ast, Fault> {
        let mut terms = vec![self.relation()?];
        let at = self.at();
        while self.eat("&&") {
            terms.push(self.relation()?);
        }
        Ok(balanced(terms, &|left, right| boxed(at, Expr::And(Box::new(left), Box::new(right)))))
    }

    /// Operators of one precedence, from the left. Long chains are deep trees and count as such.
    fn chain(
        &mut self,
        operators: &[(&str, Op)],
        operand: fn(&mut Self) -> Result<Ast, Fault>,
    ) -> Result<Ast, Fault> {
        let mut left = operand(self)?;
        let depth = self.depth;
        loop {
            let at = self.at();
            let op = match self.peek() {
                Tok::Ident(name) if name == "in" => operators.iter().find(|(sign, _)| *sign == "in"),
                Tok::Sign(found) => operators.iter().find(|(sign, _)| sign == found),
                _ => None,
            };
            let Some((_, op)) = op.copied() else {
                self.depth = depth;
                return Ok(left);
            };
            self.next += 1;
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(self.fault("expression recursion limit exceeded".to_owned()));
            }
            let right = operand(self)?;
            left = boxed(at, Expr::Binary { op, left: Box::new(left), right: Box::new(right) });
        }
    }

    fn relation(&mut self) -> Result<Ast, Fault> {
        let operators = [
            ("==", Op::Equal),
            ("!=", Op::NotEqual),
            ("<", Op::Less),
            ("<=", Op::LessEqual),
            (">", Op::Greater),
            (">=", Op::GreaterEqual),
            ("in", Op::In),
        ];
        self.chain(&operators, Self::sum)
    }

    fn sum(&mut self) -> Result<Ast, Fault> {
        self.chain(&[("+", Op::Add), ("-", Op::Subtract)], Self::product)
    }

    fn product(&mut self) -> Result<Ast, Fault> {
        self.chain(&[("*", Op::Multiply), ("/", Op::Divide), ("%", Op::Modulo)], Self::unary)
    }

    fn unary(&mut self) -> Result<Ast, Fault> {
        let at = self.at();
        let mut nots = 0_usize;
        while self.eat("!") {
            nots += 1;
        }
        let mut minuses = 0_usize;
        while nots == 0 && self.eat("-") {
            minuses += 1;
        }
        // The smallest int has no positive counterpart.
        if minuses == 1
            && let Tok::Int(number) = *self.peek()
        {
            self.next += 1;
            let value =
                0_i64.checked_sub_unsigned(number).ok_or_else(|| Fault::new(at, "invalid int literal"))?;
            return self.members(boxed(at, Expr::Int(value)));
        }
        let mut ast = self.member()?;
        // Two of a kind cancel out.
        if nots % 2 == 1 {
            ast = boxed(at, Expr::Not(Box::new(ast)));
        }
        if minuses % 2 == 1 {
            ast = boxed(at, Expr::Negate(Box::new(ast)));
        }
        Ok(ast)
    }

    fn member(&mut self) -> Result<Ast, Fault> {
        let first = self.primary()?;
        self.members(first)
    }

    fn members(&mut self, first: Ast) -> Result<Ast, Fault> {
        let mut ast = first;
        let depth = self.depth;
        loop {
            let at = self.at();
            if self.eat("[") {
                let index = self.expression()?;
                self.expect("]")?;
                ast = boxed(at, Expr::Index { of: Box::new(ast), at: Box::new(index) });
            } else if self.eat(".") {
                let name = self.identifier()?;
                let called_at = self.at();
                if self.eat("(") {
                    let args = self.list(")")?;
                    ast = call(called_at, name, Some(ast), args)?;
                } else {
                    ast = boxed(at, Expr::Select { of: Box::new(ast), field: name });
                }
            } else {
                self.depth = depth;
                return Ok(ast);
            }
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(self.fault("expression recursion limit exceeded".to_owned()));
            }
        }
    }

    fn identifier(&mut self) -> Result<String, Fault> {
        match self.peek().clone() {
            Tok::Ident(name) if !matches!(name.as_str(), "in" | "true" | "false" | "null") => {
                self.next += 1;
                Ok(name)
            }
            other => {
                Err(self.fault(format!("Syntax error: no viable alternative at input '.{}'", other.shown())))
            }
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Ast>, Fault> {
        let mut items = Vec::new();
        while !self.eat(end) {
            items.push(self.expression()?);
            if !self.eat(",") {
                self.expect(end)?;
                break;
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Result<Ast, Fault> {
        let at = self.at();
        let token = self.peek().clone();
        let unexpected = |parser: &Self| {
            parser.fault(format!(
                "Syntax error: mismatched input '{}' expecting {{'[', '{{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}}",
                parser.peek().shown()
            ))
        };
        let expr = match token {
            Tok::Int(number) => {
                Expr::Int(i64::try_from(number).map_err(|_| Fault::new(at, "invalid int literal"))?)
            }
            Tok::Uint(number) => Expr::Uint(number),
            Tok::Double(number) => Expr::Double(number),
            Tok::String(text) => Expr::String(text),
            Tok::Bytes(bytes) => Expr::Bytes(bytes),
            Tok::Ident(name) => match name.as_str() {
                "true" => Expr::Bool(true),
                "false" => Expr::Bool(false),
                "null" => Expr::Null,
                "in" => return Err(unexpected(self)),
                _ => return self.named(at, name),
            },
            Tok::Sign("(") => {
                self.next += 1;
                let inside = self.expression()?;
                self.expect(")")?;
                return Ok(inside);
            }
            Tok::Sign("[") => {
                self.next += 1;
                return Ok(boxed(at, Expr::List(self.list("]")?)));
            }
            Tok::Sign("{") => {
                self.next += 1;
                return Ok(boxed(at, Expr::Map(self.entries()?)));
            }
            Tok::Sign(".") => {
                self.next += 1;
                let name = self.identifier()?;
                self.next -= 1;
                return self.named(at, name);
            }
            Tok::Sign(_) | Tok::End => return Err(unexpected(self)),
        };
        self.next += 1;
        Ok(boxed(at, expr))
    }

    fn named(&mut self, at: u32, name: String) -> Result<Ast, Fault> {
        if RESERVED.contains(&name.as_str()) {
            return Err(Fault::new(at, format!("reserved identifier: {name}")));
        }
        self.next += 1;
        let called_at = self.at();
        if self.eat("(") {
            let args = self.list(")")?;
            return call(called_at, name, None, args);
        }
        Ok(boxed(at, Expr::Ident(name)))
    }

    fn entries(&mut self) -> Result<Vec<(Ast, Ast)>, Fault> {
        let mut entries = Vec::new();
        while !self.eat("}") {
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(entries)
    }
}

/// Terms of `&&` or `||` as a tree that is as flat as can be.
fn balanced(mut terms: Vec<Ast>, join: &dyn Fn(Ast, Ast) -> Ast) -> Ast {
    while terms.len() > 1 {
        let mut joined = Vec::with_capacity(terms.len().div_ceil(2));
        let mut rest = terms.into_iter();
        while let Some(left) = rest.next() {
            joined.push(match rest.next() {
                Some(right) => join(left, right),
                None => left,
            });
        }
        terms = joined;
    }
    // A chain has at least one term.
    terms.pop().unwrap_or(Ast { at: 0, expr: Expr::Null })
}

/// A call, or the macro that it is.
fn call(at: u32, name: String, on: Option<Ast>, args: Vec<Ast>) -> Result<Ast, Fault> {
    let kind = match name.as_str() {
        "all" => Some(Fold::All),
        "exists" => Some(Fold::Exists),
        "exists_one" | "existsOne" => Some(Fold::ExistsOne),
        "map" => Some(Fold::Map),
        "filter" => Some(Fold::Filter),
        _ => None,
    };
    let filtered = kind == Some(Fold::Map) && args.len() == 3;
    match (kind, on) {
        (Some(kind), Some(over)) if args.len() == 2 || filtered => {
            let mut args = args.into_iter();
            let var = match args.next() {
                Some(Ast { expr: Expr::Ident(var), .. }) => var,
                _ => return Err(Fault::new(at, "argument must be a simple name")),
            };
            let filter = if filtered { args.next().map(Box::new) } else { None };
            let body = Box::new(args.next().unwrap_or(Ast { at, expr: Expr::Null }));
            Ok(Ast { at, expr: Expr::Fold { kind, over: Box::new(over), var, filter, body } })
        }
        (_, None) if name == "has" && args.len() == 1 => match args.into_iter().next() {
            Some(Ast { expr: Expr::Select { of, field }, .. }) => {
                Ok(Ast { at, expr: Expr::Has { of, field } })
            }
            _ => Err(Fault::new(at, "invalid argument to has() macro")),
        },
        (_, on) => Ok(Ast { at, expr: Expr::Call { name, on: on.map(Box::new), args } }),
    }
}
