//! The grammar as a network of states, and what can come next in it. Recovery from an error and the list of what was expected need the network; the parser
//! itself walks [`Step`]s, which name their states.

use std::sync::LazyLock;

use super::grammar::{Part, RULES, Rule, body};
use super::token::{EPSILON, Kind, Set, has, one};

/// A state's number.
pub(super) type StateId = usize;

/// What a state is for: recovery treats them differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    /// Before a choice or a loop.
    Decision,
    /// After one turn of a loop.
    LoopBack,
    /// The end of a rule.
    Stop,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Edge {
    Free(StateId),
    On(Set, StateId),
    Call { rule: Rule, follow: StateId },
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) role: Role,
    pub(super) edges: Vec<Edge>,
}

/// A part of a rule with the states that belong to it.
#[derive(Debug)]
pub(super) enum Step {
    Token {
        state: StateId,
        kind: Kind,
    },
    OneOf {
        state: StateId,
        set: Set,
    },
    Call {
        state: StateId,
        rule: Rule,
    },
    Seq(Vec<Step>),
    /// `first`: what each alternative begins with, where one token decides; otherwise prediction does.
    Choice {
        state: StateId,
        alternatives: Vec<Step>,
        first: Option<Vec<Set>>,
        optional: bool,
    },
    Star {
        entry: StateId,
        back: StateId,
        first: Option<Set>,
        body: Box<Step>,
    },
    Plus {
        start: StateId,
        back: StateId,
        first: Option<Set>,
        body: Box<Step>,
    },
}

/// The network.
pub(super) struct Network {
    states: Vec<State>,
    /// Per rule, in the order of [`RULES`]: first state, last state, steps.
    rules: Vec<(StateId, StateId, Step)>,
    /// Per state what may come there while nobody knows who called.
    nexts: Vec<Set>,
}

/// The network of the language.
pub(super) static NETWORK: LazyLock<Network> = LazyLock::new(Network::new);

/// What stands below the innermost rule when looking ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Below<'a> {
    /// Nobody knows: the end of the rule is shown as [`EPSILON`].
    Unknown,
    /// Whatever may follow the rule anywhere.
    Anything,
    /// These calls, innermost last; below them the end of the text.
    Calls(&'a [StateId]),
}

impl Network {
    fn new() -> Self {
        let mut network = Self { states: Vec::new(), rules: Vec::new(), nexts: Vec::new() };
        let ends: Vec<(StateId, StateId)> =
            RULES.iter().map(|_| (network.state(Role::Plain), network.state(Role::Stop))).collect();
        let mut steps = Vec::new();
        for (rule, (start, stop)) in RULES.iter().zip(&ends) {
            let mut at = *start;
            steps.push(network.add(&body(*rule), &mut at));
            network.edge(at, Edge::Free(*stop));
        }
        network.rules =
            ends.into_iter().zip(steps).map(|((start, stop), step)| (start, stop, step)).collect();
        // Where a rule may end up, for predictions that know nothing of the caller.
        let calls: Vec<(Rule, StateId)> = network
            .states
            .iter()
            .flat_map(|state| &state.edges)
            .filter_map(|edge| match edge {
                Edge::Call { rule, follow } => Some((*rule, *follow)),
                _ => None,
            })
            .collect();
        for (rule, follow) in calls {
            let stop = network.stop(rule);
            network.edge(stop, Edge::Free(follow));
        }
        let mut rules = std::mem::take(&mut network.rules);
        network.rules = rules.iter().map(|(start, stop, _)| (*start, *stop, Step::Seq(Vec::new()))).collect();
        for (_, _, step) in &mut rules {
            network.decide(step);
        }
        network.rules = rules;
        network.nexts = (0..network.states.len()).map(|state| network.look(state, Below::Unknown)).collect();
        network
    }

    fn state(&mut self, role: Role) -> StateId {
        self.states.push(State { role, edges: Vec::new() });
        self.states.len() - 1
    }

    fn edge(&mut self, from: StateId, edge: Edge) {
        if let Some(state) = self.states.get_mut(from) {
            state.edges.push(edge);
        }
    }

    /// Adds a part behind a state; `at` becomes the state after it.
    fn add(&mut self, part: &Part, at: &mut StateId) -> Step {
        match part {
            Part::Token(kind) => {
                let state = self.on(one(*kind), at);
                Step::Token { state, kind: *kind }
            }
            Part::OneOf(set) => {
                let state = self.on(*set, at);
                Step::OneOf { state, set: *set }
            }
            Part::Rule(rule) => {
                let (state, follow) = (self.state(Role::Plain), self.state(Role::Plain));
                self.edge(*at, Edge::Free(state));
                self.edge(state, Edge::Call { rule: *rule, follow });
                *at = follow;
                Step::Call { state, rule: *rule }
            }
            Part::Seq(parts) => Step::Seq(parts.iter().map(|part| self.add(part, at)).collect()),
            Part::Alt(parts) => self.choice(parts, false, at),
            Part::Opt(part) => match part.as_ref() {
                Part::Alt(parts) => self.choice(parts, true, at),
                one => self.choice(std::slice::from_ref(one), true, at),
            },
            Part::Star(part) => {
                let entry = self.state(Role::Decision);
                let (back, end) = (self.state(Role::LoopBack), self.state(Role::Plain));
                self.edge(*at, Edge::Free(entry));
                let mut inside = self.state(Role::Plain);
                self.edge(entry, Edge::Free(inside));
                self.edge(entry, Edge::Free(end));
                let body = Box::new(self.add(part, &mut inside));
                self.edge(inside, Edge::Free(back));
                self.edge(back, Edge::Free(entry));
                *at = end;
                Step::Star { entry, back, first: None, body }
            }
            Part::Plus(part) => {
                let start = self.state(Role::Decision);
                let (back, end) = (self.state(Role::LoopBack), self.state(Role::Plain));
                self.edge(*at, Edge::Free(start));
                let mut inside = self.state(Role::Plain);
                self.edge(start, Edge::Free(inside));
                let body = Box::new(self.add(part, &mut inside));
                self.edge(inside, Edge::Free(back));
                self.edge(back, Edge::Free(start));
                self.edge(back, Edge::Free(end));
                *at = end;
                Step::Plus { start, back, first: None, body }
            }
        }
    }

    fn on(&mut self, set: Set, at: &mut StateId) -> StateId {
        let (state, after) = (self.state(Role::Plain), self.state(Role::Plain));
        self.edge(*at, Edge::Free(state));
        self.edge(state, Edge::On(set, after));
        *at = after;
        state
    }

    fn choice(&mut self, parts: &[Part], optional: bool, at: &mut StateId) -> Step {
        let (state, end) = (self.state(Role::Decision), self.state(Role::Plain));
        self.edge(*at, Edge::Free(state));
        let mut alternatives = Vec::new();
        for part in parts {
            let mut inside = self.state(Role::Plain);
            self.edge(state, Edge::Free(inside));
            alternatives.push(self.add(part, &mut inside));
            self.edge(inside, Edge::Free(end));
        }
        if optional {
            self.edge(state, Edge::Free(end));
        }
        *at = end;
        Step::Choice { state, alternatives, first: None, optional }
    }

    /// Finds the decisions that one token can make.
    fn decide(&self, step: &mut Step) {
        match step {
            Step::Token { .. } | Step::OneOf { .. } | Step::Call { .. } => {}
            Step::Seq(steps) => steps.iter_mut().for_each(|step| self.decide(step)),
            Step::Choice { state, alternatives, first, .. } => {
                *first = self.disjoint(*state);
                alternatives.iter_mut().for_each(|step| self.decide(step));
            }
            Step::Star { entry: decision, first, body, .. }
            | Step::Plus { back: decision, first, body, .. } => {
                *first = self.disjoint(*decision).and_then(|sets| sets.first().copied());
                self.decide(body);
            }
        }
    }

    /// What each way out of a decision begins with, if no token begins two.
    fn disjoint(&self, decision: StateId) -> Option<Vec<Set>> {
        let mut all = 0;
        let mut sets = Vec::new();
        for edge in self.edges(decision) {
            let Edge::Free(to) = edge else { return None };
            let set = self.next(*to, Below::Anything);
            if set == 0 || all & set != 0 {
                return None;
            }
            all |= set;
            sets.push(set);
        }
        Some(sets)
    }

    /// The edges of a state.
    pub(super) fn edges(&self, state: StateId) -> &[Edge] {
        self.states.get(state).map_or(&[], |state| state.edges.as_slice())
    }

    /// What a state is for.
    pub(super) fn role(&self, state: StateId) -> Role {
        self.states.get(state).map_or(Role::Plain, |state| state.role)
    }

    fn rule(&self, rule: Rule) -> Option<&(StateId, StateId, Step)> {
        RULES.iter().position(|known| *known == rule).and_then(|place| self.rules.get(place))
    }

    /// The first state of a rule.
    pub(super) fn start(&self, rule: Rule) -> StateId {
        self.rule(rule).map_or(0, |(start, _, _)| *start)
    }

    /// The last state of a rule.
    fn stop(&self, rule: Rule) -> StateId {
        self.rule(rule).map_or(0, |(_, stop, _)| *stop)
    }

    /// The steps of a rule.
    pub(super) fn steps(&self, rule: Rule) -> Option<&Step> {
        self.rule(rule).map(|(_, _, step)| step)
    }

    /// Where a calling state goes on after its rule.
    pub(super) fn follow(&self, call: StateId) -> Option<StateId> {
        self.edges(call).iter().find_map(|edge| match edge {
            Edge::Call { follow, .. } => Some(*follow),
            _ => None,
        })
    }

    /// The kinds that may come at a state.
    pub(super) fn next(&self, state: StateId, below: Below<'_>) -> Set {
        match (below, self.nexts.get(state)) {
            (Below::Unknown, Some(set)) => *set,
            _ => self.look(state, below),
        }
    }

    fn look(&self, state: StateId, below: Below<'_>) -> Set {
        let mut look = Look { network: self, below, seen: Vec::new(), set: 0 };
        let stack = match below {
            Below::Calls(calls) => calls.iter().filter_map(|call| self.follow(*call)).collect(),
            _ => Vec::new(),
        };
        look.at(state, &stack);
        look.set
    }

    /// What was expected at a state, the calling rules taken into account as far as their ends can be reached.
    pub(super) fn expected(&self, state: StateId, calls: &[StateId]) -> Set {
        let mut following = self.next(state, Below::Unknown);
        let mut expected = following;
        let mut calls = calls.iter().rev();
        while has(following, EPSILON) {
            let Some(follow) = calls.next().and_then(|call| self.follow(*call)) else {
                return (expected & !one(EPSILON)) | one(super::token::EOF);
            };
            following = self.next(follow, Below::Unknown);
            expected |= following;
        }
        expected & !one(EPSILON)
    }

    /// Everything that may follow any of the calling rules: where recovery stops skipping.
    pub(super) fn recovery(&self, calls: &[StateId]) -> Set {
        let sets = calls.iter().filter_map(|call| self.follow(*call));
        sets.map(|follow| self.next(follow, Below::Unknown)).fold(0, |all, set| all | set) & !one(EPSILON)
    }
}

struct Look<'a> {
    network: &'a Network,
    below: Below<'a>,
    seen: Vec<(StateId, Vec<StateId>)>,
    set: Set,
}

impl Look<'_> {
    fn at(&mut self, state: StateId, stack: &Vec<StateId>) {
        // No rule of the grammar can begin with itself, so stacks stay short; the list of what was seen ends the loops.
        if self.seen.iter().any(|(seen, under)| *seen == state && under == stack) {
            return;
        }
        self.seen.push((state, stack.clone()));
        if self.network.role(state) == Role::Stop {
            if let Some((follow, under)) = stack.split_last() {
                return self.at(*follow, &under.to_vec());
            }
            match self.below {
                Below::Unknown => return self.set |= one(EPSILON),
                Below::Calls(_) => return self.set |= one(super::token::EOF),
                Below::Anything => {}
            }
        }
        for edge in self.network.edges(state) {
            match edge {
                Edge::Free(to) => self.at(*to, stack),
                Edge::On(set, _) => self.set |= set,
                Edge::Call { rule, follow } => {
                    let mut deeper = stack.clone();
                    deeper.push(*follow);
                    self.at(self.network.start(*rule), &deeper);
                }
            }
        }
    }
}
