//! From tokens to a tree. Faults are reported and recovered from as ANTLR's default strategy does it: one token too many is skipped, one missing is
//! imagined, otherwise tokens are skipped up to something that may follow.

use super::atn::{Below, NETWORK, Role, StateId, Step};
use super::grammar::Rule;
use super::predict::Predictor;
use super::syntax::SyntaxError;
use super::token::{self as t, EOF, EPSILON, Kind, Set, Token, has, one, quoted, shown};

/// A rule with what it consists of.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) rule: Rule,
    pub(super) children: Vec<Child>,
}

/// A part of a node.
#[derive(Debug)]
pub(super) enum Child {
    Token(Token),
    Node(Node),
}

impl Node {
    /// The first child of a rule.
    pub(super) fn node(&self, rule: Rule) -> Option<&Node> {
        self.nodes(rule).next()
    }

    /// Every child of a rule.
    pub(super) fn nodes(&self, rule: Rule) -> impl Iterator<Item = &Node> {
        self.children.iter().filter_map(move |child| match child {
            Child::Node(node) if node.rule == rule => Some(node),
            _ => None,
        })
    }

    /// The first token of a kind.
    pub(super) fn token(&self, kind: Kind) -> Option<&Token> {
        self.children.iter().find_map(|child| match child {
            Child::Token(token) if token.kind == kind => Some(token),
            _ => None,
        })
    }

    /// The first token of all.
    pub(super) fn first(&self) -> Option<&Token> {
        self.children.iter().find_map(|child| match child {
            Child::Token(token) => Some(token),
            Child::Node(node) => node.first(),
        })
    }

    /// All its text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    fn write(&self, to: &mut String) {
        for child in &self.children {
            match child {
                Child::Token(token) if token.kind != EOF => to.push_str(&token.text),
                Child::Token(_) => {}
                Child::Node(node) => node.write(to),
            }
        }
    }
}

/// Nobody reads more.
const MAX_ERRORS: usize = 1_000;

/// Why a rule was given up.
enum Thrown {
    /// A token that was not expected, at this state.
    Mismatch(StateId),
    /// No alternative fits; the last hope died at this token.
    NoAlternative(usize),
}

/// The tree of a text and what is wrong with it.
pub(super) fn parse(tokens: Vec<Token>, errors: Vec<SyntaxError>) -> (Node, Vec<SyntaxError>) {
    let kinds = tokens.iter().map(|token| token.kind).collect();
    let mut parser = Parser {
        tokens,
        kinds,
        at: 0,
        state: 0,
        calls: Vec::new(),
        errors,
        recovering: false,
        predictor: Predictor::default(),
        last_error: None,
        error_states: Vec::new(),
    };
    let tree = parser.rule(Rule::Main);
    (tree, parser.errors)
}

struct Parser {
    tokens: Vec<Token>,
    kinds: Vec<Kind>,
    at: usize,
    state: StateId,
    /// The states that called the rules we are in, innermost last.
    calls: Vec<StateId>,
    errors: Vec<SyntaxError>,
    recovering: bool,
    predictor: Predictor,
    /// Where recovery last began, and the states it began in there: beginning twice at one place must make progress.
    last_error: Option<usize>,
    error_states: Vec<StateId>,
}

impl Parser {
    fn kind(&self, ahead: usize) -> Kind {
        self.kinds.get(self.at + ahead).copied().unwrap_or(EOF)
    }

    fn token(&self, at: usize) -> Token {
        self.tokens.get(at).or(self.tokens.last()).cloned().unwrap_or(Token {
            kind: EOF,
            text: "<EOF>".to_owned(),
            line: 0,
            column: 0,
        })
    }

    fn consume(&mut self, into: &mut Vec<Child>) {
        into.push(Child::Token(self.token(self.at)));
        if self.kind(0) != EOF {
            self.at += 1;
        }
    }

    fn rule(&mut self, rule: Rule) -> Node {
        let mut children = Vec::new();
        let called_at = self.state;
        self.state = NETWORK.start(rule);
        if let Some(steps) = NETWORK.steps(rule)
            && let Err(thrown) = self.step(steps, &mut children)
        {
            self.report(&thrown);
            self.recover(&mut children);
        }
        self.state = called_at;
        Node { rule, children }
    }

    fn step(&mut self, step: &Step, into: &mut Vec<Child>) -> Result<(), Thrown> {
        match step {
            Step::Token { state, kind } => self.expect(*state, one(*kind), into),
            Step::OneOf { state, set } => self.expect(*state, *set, into),
            Step::Call { state, rule } => {
                self.state = *state;
                self.calls.push(*state);
                let node = self.rule(*rule);
                self.calls.pop();
                into.push(Child::Node(node));
                Ok(())
            }
            Step::Seq(steps) => steps.iter().try_for_each(|step| self.step(step, into)),
            Step::Choice { state, alternatives, first, optional } => {
                self.state = *state;
                self.sync(into)?;
                let chosen = match first {
                    Some(sets) => match sets.iter().position(|set| has(*set, self.kind(0))) {
                        Some(place) => place,
                        None if *optional => return Ok(()),
                        None => return Err(Thrown::NoAlternative(self.at)),
                    },
                    None => self.predict(*state)? - 1,
                };
                alternatives.get(chosen).map_or(Ok(()), |step| self.step(step, into))
            }
            Step::Star { entry, back, first, body } => {
                self.state = *entry;
                self.sync(into)?;
                while self.another(*entry, *first)? {
                    self.step(body, into)?;
                    self.state = *back;
                    self.sync(into)?;
                }
                Ok(())
            }
            Step::Plus { start, back, first, body } => {
                self.state = *start;
                self.sync(into)?;
                loop {
                    self.step(body, into)?;
                    self.state = *back;
                    self.sync(into)?;
                    if !self.another(*back, *first)? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Whether a loop goes on.
    fn another(&mut self, decision: StateId, first: Option<Set>) -> Result<bool, Thrown> {
        match first {
            Some(set) => Ok(has(set, self.kind(0))),
            None => Ok(self.predict(decision)? == 1),
        }
    }

    fn predict(&mut self, decision: StateId) -> Result<usize, Thrown> {
        let coming = self.kinds.get(self.at..).unwrap_or_default();
        self.predictor
            .predict(decision, coming, &self.calls)
            .map_err(|at| Thrown::NoAlternative(self.at + at))
    }

    fn expect(&mut self, state: StateId, set: Set, into: &mut Vec<Child>) -> Result<(), Thrown> {
        self.state = state;
        if has(set, self.kind(0)) {
            self.matched();
            self.consume(into);
            return Ok(());
        }
        if self.drop_one(into) {
            self.consume(into);
            return Ok(());
        }
        // One token missing: what comes fits behind it.
        let after = NETWORK.edges(state).iter().find_map(|edge| match edge {
            super::atn::Edge::On(_, to) => Some(*to),
            _ => None,
        });
        if let Some(after) = after
            && has(NETWORK.next(after, Below::Calls(&self.calls)), self.kind(0))
        {
            self.report_missing();
            return Ok(());
        }
        Err(Thrown::Mismatch(state))
    }

    fn matched(&mut self) {
        self.recovering = false;
        self.last_error = None;
        self.error_states.clear();
    }

    /// Skips one token if the one behind it fits.
    fn drop_one(&mut self, into: &mut Vec<Child>) -> bool {
        let expected = NETWORK.expected(self.state, &self.calls);
        if !has(expected, self.kind(1)) {
            return false;
        }
        self.report_unwanted();
        self.consume(into);
        self.matched();
        true
    }

    /// Before a decision: is the next token one that some alternative or what follows can begin with?
    fn sync(&mut self, into: &mut Vec<Child>) -> Result<(), Thrown> {
        if self.recovering {
            return Ok(());
        }
        let next = NETWORK.next(self.state, Below::Unknown);
        if has(next, EPSILON) || has(next, self.kind(0)) {
            return Ok(());
        }
        match NETWORK.role(self.state) {
            Role::Decision if self.drop_one(into) => Ok(()),
            Role::Decision => Err(Thrown::Mismatch(self.state)),
            Role::LoopBack => {
                self.report_unwanted();
                let until = NETWORK.expected(self.state, &self.calls) | NETWORK.recovery(&self.calls);
                self.skip(until, into);
                Ok(())
            }
            Role::Plain | Role::Stop => Ok(()),
        }
    }

    fn skip(&mut self, until: Set, into: &mut Vec<Child>) {
        while self.kind(0) != EOF && !has(until, self.kind(0)) {
            self.consume(into);
        }
    }

    fn recover(&mut self, into: &mut Vec<Child>) {
        if self.last_error == Some(self.at) && self.error_states.contains(&self.state) {
            self.consume(into);
        }
        self.last_error = Some(self.at);
        self.error_states.push(self.state);
        let until = NETWORK.recovery(&self.calls);
        self.skip(until, into);
    }

    fn error(&mut self, token: &Token, message: String) {
        if self.errors.len() >= MAX_ERRORS {
            return;
        }
        self.errors.push(SyntaxError::at(token.line, token.column, Some(&token.text), message));
    }

    fn report(&mut self, thrown: &Thrown) {
        if std::mem::replace(&mut self.recovering, true) {
            return;
        }
        match thrown {
            Thrown::Mismatch(state) => {
                let token = self.token(self.at);
                let expected = shown(NETWORK.expected(*state, &self.calls));
                self.error(&token, format!("mismatched input {} expecting {expected}", quoted(&token.text)));
            }
            Thrown::NoAlternative(died_at) => {
                let token = self.token(*died_at);
                let input = if self.kind(0) == EOF {
                    "<EOF>".to_owned()
                } else {
                    let until = (*died_at).min(self.tokens.len().saturating_sub(1));
                    let seen = self.tokens.get(self.at..=until).unwrap_or_default();
                    seen.iter()
                        .filter(|token| token.kind != t::EOF)
                        .map(|token| token.text.as_str())
                        .collect()
                };
                self.error(&token, format!("no viable alternative at input {}", quoted(&input)));
            }
        }
    }

    fn report_unwanted(&mut self) {
        if std::mem::replace(&mut self.recovering, true) {
            return;
        }
        let token = self.token(self.at);
        let expected = shown(NETWORK.expected(self.state, &self.calls));
        self.error(&token, format!("extraneous input {} expecting {expected}", quoted(&token.text)));
    }

    fn report_missing(&mut self) {
        if std::mem::replace(&mut self.recovering, true) {
            return;
        }
        let token = self.token(self.at);
        let expected = shown(NETWORK.expected(self.state, &self.calls));
        self.error(&token, format!("missing {expected} at {}", quoted(&token.text)));
    }
}
