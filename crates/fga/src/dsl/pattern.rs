//! Patterns of the lexer and the machine that runs all of them at once: the longest match wins, among equals the first, and where none fits the machine
//! knows how far it came, which is what an error shows.

use std::collections::BTreeMap;

/// What one character may be.
#[derive(Clone, Copy)]
pub(super) enum Class {
    One(char),
    Of(fn(char) -> bool),
}

impl Class {
    fn holds(self, character: char) -> bool {
        match self {
            Self::One(one) => one == character,
            Self::Of(test) => test(character),
        }
    }
}

/// A regular expression.
#[derive(Clone)]
pub(super) enum Pattern {
    Char(Class),
    Seq(Vec<Pattern>),
    Any(Vec<Pattern>),
    Star(Box<Pattern>),
}

/// A text, letter by letter.
pub(super) fn lit(text: &str) -> Pattern {
    Pattern::Seq(text.chars().map(|letter| Pattern::Char(Class::One(letter))).collect())
}

/// A character that passes a test.
pub(super) fn of(test: fn(char) -> bool) -> Pattern {
    Pattern::Char(Class::Of(test))
}

/// One after the other.
pub(super) fn seq<const N: usize>(parts: [Pattern; N]) -> Pattern {
    Pattern::Seq(parts.into())
}

/// One of them.
pub(super) fn any<const N: usize>(parts: [Pattern; N]) -> Pattern {
    Pattern::Any(parts.into())
}

/// None, one or several.
pub(super) fn star(part: Pattern) -> Pattern {
    Pattern::Star(Box::new(part))
}

/// At least one.
pub(super) fn plus(part: Pattern) -> Pattern {
    seq([part.clone(), star(part)])
}

/// One or none.
pub(super) fn opt(part: Pattern) -> Pattern {
    any([part, seq([])])
}

#[derive(Default)]
struct State {
    on: Vec<(Class, usize)>,
    free: Vec<usize>,
    accepts: Option<usize>,
}

/// Several patterns as one machine.
pub(super) struct Machine {
    states: Vec<State>,
}

/// What the machine found at a place.
pub(super) enum Found {
    /// This pattern fits that many characters.
    Match { pattern: usize, length: usize },
    /// None fits; the machine died at this character (counted from the place).
    Nothing { died_at: usize },
}

impl Machine {
    /// A machine for patterns, named by their place in the list.
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let mut machine = Self { states: vec![State::default()] };
        for (number, pattern) in patterns.iter().enumerate() {
            let start = machine.state();
            machine.free(0, start);
            let end = machine.add(pattern, start);
            if let Some(state) = machine.states.get_mut(end) {
                state.accepts = Some(number);
            }
        }
        machine
    }

    fn state(&mut self) -> usize {
        self.states.push(State::default());
        self.states.len() - 1
    }

    fn free(&mut self, from: usize, to: usize) {
        if let Some(state) = self.states.get_mut(from) {
            state.free.push(to);
        }
    }

    fn add(&mut self, pattern: &Pattern, from: usize) -> usize {
        match pattern {
            Pattern::Char(class) => {
                let to = self.state();
                if let Some(state) = self.states.get_mut(from) {
                    state.on.push((*class, to));
                }
                to
            }
            Pattern::Seq(parts) => parts.iter().fold(from, |at, part| self.add(part, at)),
            Pattern::Any(parts) => {
                let end = self.state();
                for part in parts {
                    let start = self.state();
                    self.free(from, start);
                    let last = self.add(part, start);
                    self.free(last, end);
                }
                end
            }
            Pattern::Star(part) => {
                let (start, end) = (self.state(), self.state());
                self.free(from, start);
                let last = self.add(part, start);
                self.free(last, start);
                self.free(start, end);
                end
            }
        }
    }

    /// Adds a state and all that are reached from it for free.
    fn reach(&self, to: usize, into: &mut Vec<usize>) {
        if into.contains(&to) {
            return;
        }
        into.push(to);
        for next in self.states.get(to).map_or(&[][..], |state| state.free.as_slice()) {
            self.reach(*next, into);
        }
    }

    /// The states after a character, and the first pattern that is complete there.
    fn after(&self, now: &[usize], character: char) -> Vec<usize> {
        let mut next = Vec::new();
        for state in now.iter().filter_map(|state| self.states.get(*state)) {
            for (class, to) in &state.on {
                if class.holds(character) {
                    self.reach(*to, &mut next);
                }
            }
        }
        next.sort_unstable();
        next
    }
}

/// A machine at work. It remembers where each character led, so that a text costs little after its first lines.
pub(super) struct Runner<'a> {
    machine: &'a Machine,
    places: Vec<Place>,
    numbers: BTreeMap<Vec<usize>, usize>,
}

/// States that the machine can be in at once.
struct Place {
    states: Vec<usize>,
    accepts: Option<usize>,
    next: BTreeMap<char, usize>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(machine: &'a Machine) -> Self {
        let mut runner = Self { machine, places: Vec::new(), numbers: BTreeMap::new() };
        let mut start = Vec::new();
        machine.reach(0, &mut start);
        start.sort_unstable();
        runner.place(start);
        runner
    }

    fn place(&mut self, states: Vec<usize>) -> usize {
        if let Some(place) = self.numbers.get(&states) {
            return *place;
        }
        let accepts = states.iter().filter_map(|state| self.machine.states.get(*state)?.accepts).min();
        let place = self.places.len();
        self.numbers.insert(states.clone(), place);
        self.places.push(Place { states, accepts, next: BTreeMap::new() });
        place
    }

    /// The longest match at the beginning of the characters.
    pub(super) fn run(&mut self, characters: &[char]) -> Found {
        let mut best = None;
        let mut now = 0;
        for (at, character) in characters.iter().enumerate() {
            let Some(here) = self.places.get(now) else { break };
            let next = match here.next.get(character) {
                Some(next) => *next,
                None => {
                    let next = self.place(self.machine.after(&here.states, *character));
                    if let Some(here) = self.places.get_mut(now) {
                        here.next.insert(*character, next);
                    }
                    next
                }
            };
            match self.places.get(next) {
                Some(place) if !place.states.is_empty() => {
                    if let Some(pattern) = place.accepts {
                        best = Some(Found::Match { pattern, length: at + 1 });
                    }
                }
                _ => return best.unwrap_or(Found::Nothing { died_at: at }),
            }
            now = next;
        }
        best.unwrap_or(Found::Nothing { died_at: characters.len() })
    }
}
