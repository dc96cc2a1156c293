//! Which alternative to take where one token does not tell: adaptive LL(*) as ANTLR does it. First without looking at who called the rule; only where
//! that leaves several alternatives, again with the calls. Where it fails is part of the message, so the two stages are kept apart.

use std::collections::{BTreeMap, BTreeSet};

use super::atn::{Edge, NETWORK, Network, Role, StateId};
use super::token::{EOF, Kind, has};

/// A possibility that is still alive: the state, the alternative it belongs to, the states to return to (innermost last).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Config {
    state: StateId,
    alternative: usize,
    returns: Vec<StateId>,
    /// The rule of the decision was left.
    outside: bool,
}

/// What the first stage found out so far. It depends on nothing but the tokens, so each question is answered once.
#[derive(Default)]
pub(super) struct Predictor {
    places: Vec<Place>,
    numbers: BTreeMap<BTreeSet<Config>, usize>,
    starts: BTreeMap<StateId, usize>,
}

/// A set of possibilities and where each kind of token leads.
struct Place {
    configs: BTreeSet<Config>,
    next: BTreeMap<Kind, Step>,
}

/// Where a token leads.
#[derive(Clone, Copy)]
enum Step {
    On(usize),
    Alternative(usize),
    Ambiguous,
    Dead,
}

impl Predictor {
    /// Chooses an alternative (from 1) at a decision for the tokens to come, or says at which of them the last hope died.
    pub(super) fn predict(
        &mut self,
        decision: StateId,
        coming: &[Kind],
        calls: &[StateId],
    ) -> Result<usize, usize> {
        let quick = Prediction { network: &NETWORK, full: false };
        let mut place = match self.starts.get(&decision) {
            Some(place) => *place,
            None => {
                let place = self.place(quick.start(decision, &[]));
                self.starts.insert(decision, place);
                place
            }
        };
        let mut at = 0;
        loop {
            let kind = coming.get(at).copied().unwrap_or(EOF);
            match self.step(&quick, place, kind) {
                Step::On(next) => place = next,
                Step::Alternative(alternative) => return Ok(alternative),
                Step::Dead => return Err(at),
                Step::Ambiguous => break,
            }
            at += usize::from(kind != EOF);
        }
        let full = Prediction { network: &NETWORK, full: true };
        let returns: Vec<StateId> = calls.iter().filter_map(|call| NETWORK.follow(*call)).collect();
        full.run(full.start(decision, &returns), coming)
    }

    fn place(&mut self, configs: BTreeSet<Config>) -> usize {
        if let Some(place) = self.numbers.get(&configs) {
            return *place;
        }
        let place = self.places.len();
        self.numbers.insert(configs.clone(), place);
        self.places.push(Place { configs, next: BTreeMap::new() });
        place
    }

    fn step(&mut self, quick: &Prediction, place: usize, kind: Kind) -> Step {
        let Some(here) = self.places.get(place) else { return Step::Dead };
        if let Some(step) = here.next.get(&kind) {
            return *step;
        }
        let step = match quick.step(&here.configs, kind) {
            Reached::Alternative(alternative) => Step::Alternative(alternative),
            Reached::Ambiguous => Step::Ambiguous,
            Reached::Dead => Step::Dead,
            Reached::Configs(configs) => Step::On(self.place(configs)),
        };
        if let Some(here) = self.places.get_mut(place) {
            here.next.insert(kind, step);
        }
        step
    }
}

/// Where a token leads from a set of possibilities.
enum Reached {
    Configs(BTreeSet<Config>),
    Alternative(usize),
    Ambiguous,
    Dead,
}

struct Prediction {
    network: &'static Network,
    full: bool,
}

impl Prediction {
    fn start(&self, decision: StateId, returns: &[StateId]) -> BTreeSet<Config> {
        let mut configs = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for (place, edge) in self.network.edges(decision).iter().enumerate() {
            if let Edge::Free(to) = edge {
                let config =
                    Config { state: *to, alternative: place + 1, returns: returns.to_vec(), outside: false };
                self.close(config, &mut configs, &mut seen);
            }
        }
        configs
    }

    fn run(&self, start: BTreeSet<Config>, coming: &[Kind]) -> Result<usize, usize> {
        let mut configs = start;
        let mut at = 0;
        loop {
            let kind = coming.get(at).copied().unwrap_or(EOF);
            match self.step(&configs, kind) {
                Reached::Configs(reached) => configs = reached,
                Reached::Alternative(alternative) => return Ok(alternative),
                Reached::Ambiguous => return Ok(1),
                Reached::Dead => return Err(at),
            }
            at += usize::from(kind != EOF);
        }
    }

    fn step(&self, configs: &BTreeSet<Config>, kind: Kind) -> Reached {
        let reached = self.reach(configs, kind);
        if reached.is_empty() {
            let finished = configs.iter().filter(|config| {
                config.outside || (self.network.role(config.state) == Role::Stop && config.returns.is_empty())
            });
            return match finished.map(|config| config.alternative).min() {
                Some(alternative) => Reached::Alternative(alternative),
                None => Reached::Dead,
            };
        }
        let alternatives: BTreeSet<usize> = reached.iter().map(|config| config.alternative).collect();
        if let (Some(alternative), 1) = (alternatives.first(), alternatives.len()) {
            return Reached::Alternative(*alternative);
        }
        let conflicts = conflicts(&reached);
        if self.full {
            let viable: BTreeSet<usize> =
                conflicts.values().filter_map(|alternatives| alternatives.first().copied()).collect();
            if let (Some(alternative), 1) = (viable.first(), viable.len()) {
                return Reached::Alternative(*alternative);
            }
        } else if self.hopeless(&reached, &conflicts) {
            return Reached::Ambiguous;
        }
        Reached::Configs(reached)
    }

    /// Whether more tokens will not help the quick stage.
    fn hopeless(&self, configs: &BTreeSet<Config>, conflicts: &Conflicts) -> bool {
        if configs.iter().all(|config| self.network.role(config.state) == Role::Stop) {
            return true;
        }
        let mut per_state: BTreeMap<StateId, BTreeSet<usize>> = BTreeMap::new();
        for config in configs {
            per_state.entry(config.state).or_default().insert(config.alternative);
        }
        conflicts.values().any(|alternatives| alternatives.len() > 1)
            && !per_state.values().any(|alternatives| alternatives.len() == 1)
    }

    fn reach(&self, configs: &BTreeSet<Config>, kind: Kind) -> BTreeSet<Config> {
        let (mut moved, mut stopped) = (Vec::new(), Vec::new());
        for config in configs {
            if self.network.role(config.state) == Role::Stop && (self.full || kind == EOF) {
                stopped.push(config.clone());
                continue;
            }
            for edge in self.network.edges(config.state) {
                if let Edge::On(set, to) = edge
                    && has(*set, kind)
                {
                    moved.push(Config { state: *to, ..config.clone() });
                }
            }
        }
        let mut reached = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for config in moved {
            self.close(config, &mut reached, &mut seen);
        }
        let is_stop = |config: &Config| self.network.role(config.state) == Role::Stop;
        if kind == EOF {
            reached.retain(is_stop);
        }
        if !self.full || !reached.iter().any(is_stop) {
            reached.extend(stopped);
        }
        reached
    }

    fn close(&self, config: Config, into: &mut BTreeSet<Config>, seen: &mut BTreeSet<Config>) {
        if !seen.insert(config.clone()) {
            return;
        }
        let edges = self.network.edges(config.state);
        let mut outside = config.outside;
        if self.network.role(config.state) == Role::Stop {
            if let Some((follow, under)) = config.returns.split_last() {
                let next = Config { state: *follow, returns: under.to_vec(), ..config };
                return self.close(next, into, seen);
            }
            if self.full {
                into.insert(config);
                return;
            }
            outside = true;
        }
        if edges.is_empty() || edges.iter().any(|edge| matches!(edge, Edge::On(..))) {
            into.insert(config.clone());
        }
        for edge in edges {
            match edge {
                Edge::Free(to) => {
                    self.close(Config { state: *to, outside, ..config.clone() }, into, seen);
                }
                Edge::Call { rule, follow } => {
                    let mut returns = config.returns.clone();
                    returns.push(*follow);
                    let state = self.network.start(*rule);
                    self.close(Config { state, returns, ..config.clone() }, into, seen);
                }
                Edge::On(..) => {}
            }
        }
    }
}

/// Alternatives that reached the same state with the same sets of returns.
type Conflicts = BTreeMap<(StateId, BTreeSet<Vec<StateId>>), BTreeSet<usize>>;

fn conflicts(configs: &BTreeSet<Config>) -> Conflicts {
    let mut merged: BTreeMap<(StateId, usize), BTreeSet<Vec<StateId>>> = BTreeMap::new();
    for config in configs {
        merged.entry((config.state, config.alternative)).or_default().insert(config.returns.clone());
    }
    let mut conflicts = Conflicts::new();
    for ((state, alternative), returns) in merged {
        conflicts.entry((state, returns)).or_default().insert(alternative);
    }
    conflicts
}
