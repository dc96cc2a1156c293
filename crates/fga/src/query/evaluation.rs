//! One pass of a check over what is known.
//!
//! Circles: a relation of an object that is asked for while it is being found out is assumed to be had by nobody, which is the least fixed point for
//! everything that is positive. An answer that rests on such an assumption is kept only as long as the assumption; when the relation it was made
//! about turns out empty all answers that rest on it become final, when it does not they are forgotten. Where a circle goes through the right side of
//! a `but not` there is no sensible answer, and it is no.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::Limits;
use super::conditions::Judge;
use super::known::{Found, Known, View, Wanted};
use super::outcome::{Answer, FINAL, Outcome, Union, difference, intersection, too_complex};
use super::reach::{Reached, Sought, reach};
use crate::error::Error;
use crate::memory::Memory;
use crate::plan::{Plan, Relation, RelationId, Rewrite};
use crate::tuple::{User, type_of};

/// A relation of an object.
pub(super) type Node = (RelationId, Rc<str>);

/// More calls inside one another would need more stack than a component has.
const MAX_FRAMES: usize = 800;

/// A user and a request's context: the state of one question over its passes.
pub(super) struct Evaluation<'a> {
    user: Rc<str>,
    context: &'a Map<String, Value>,
    contextual: &'a Memory,
    limits: Limits,
    /// Final answers; they survive passes.
    settled: BTreeMap<Node, Outcome>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        user: &str,
        context: &'a Map<String, Value>,
        contextual: &'a Memory,
        limits: Limits,
    ) -> Self {
        Self { user: Rc::from(user), context, contextual, limits, settled: BTreeMap::new() }
    }

    /// Goes as far as it can for some relations of objects; what is lacking is added to `wanted`.
    pub(super) fn pass(
        &mut self,
        plan: &Plan,
        known: &Known,
        nodes: &[Node],
        wanted: &mut Wanted,
    ) -> Vec<Answer> {
        let user = self.user.clone();
        let Some(parsed) = User::parse(&user) else { return vec![Answer::No; nodes.len()] };
        let everybody = match parsed {
            User::Object { type_name } => Some(Rc::from(format!("{type_name}:*"))),
            User::Everybody { .. } | User::Userset { .. } => None,
        };
        let mut pass = Pass {
            view: View { plan, known, contextual: self.contextual },
            judge: Judge { plan, context: self.context, limits: self.limits },
            sought: Sought { user: self.user.clone(), parsed, everybody },
            wanted,
            settled: &mut self.settled,
            provisional: Provisional::default(),
            too_deep: BTreeMap::new(),
            pending: BTreeMap::new(),
            stack: Vec::new(),
            steps: 0,
            frames: 0,
            limits: self.limits,
        };
        nodes.iter().map(|(relation, object)| pass.node(*relation, object, 0).answer).collect()
    }
}

/// Answers that rest on assumptions, and the order in which they were found.
#[derive(Default)]
struct Provisional {
    order: Vec<Node>,
    outcomes: BTreeMap<Node, Outcome>,
}

impl Provisional {
    fn get(&self, node: &Node) -> Option<&Outcome> {
        self.outcomes.get(node)
    }

    fn add(&mut self, node: Node, outcome: Outcome) {
        self.order.push(node.clone());
        self.outcomes.insert(node, outcome);
    }

    /// Takes out what was found since.
    fn take_from(&mut self, before: usize) -> Vec<(Node, Outcome)> {
        let taken = self.order.split_off(before.min(self.order.len()));
        taken.into_iter().filter_map(|node| Some((node.clone(), self.outcomes.remove(&node)?))).collect()
    }
}

struct Pass<'p, 'u> {
    view: View<'p>,
    judge: Judge<'p>,
    sought: Sought<'u>,
    wanted: &'p mut Wanted,
    settled: &'p mut BTreeMap<Node, Outcome>,
    /// Answers that rest on assumptions.
    provisional: Provisional,
    /// Where the bound on depth was hit: at this depth and deeper it will be again.
    too_deep: BTreeMap<Node, usize>,
    /// What lacks something in this pass.
    pending: BTreeMap<Node, ()>,
    /// The relations that are being found out.
    stack: Vec<Node>,
    steps: usize,
    frames: usize,
    limits: Limits,
}

impl<'p> Pass<'p, '_> {
    fn node(&mut self, relation: RelationId, object: &Rc<str>, depth: usize) -> Outcome {
        let node = (relation, object.clone());
        if let Some(place) = self.stack.iter().position(|open| *open == node) {
            return Outcome::no(place, false);
        }
        if let Some(outcome) = self.settled.get(&node) {
            return outcome.clone();
        }
        if self.pending.contains_key(&node) {
            return Outcome::of(Answer::Pending);
        }
        if let Some(outcome) = self.provisional.get(&node) {
            return outcome.clone();
        }
        if self.sought.is(self.view.plan, relation, object) {
            return Outcome::of(Answer::Yes);
        }
        let plan = self.view.plan;
        let Some(found) = plan.get(relation) else { return Outcome::no(FINAL, false) };
        if !plan.can_reach(found, &self.sought.parsed) {
            return Outcome::no(FINAL, false);
        }
        let too_deep =
            depth > self.limits.depth || self.too_deep.get(&node).is_some_and(|earlier| depth >= *earlier);
        self.steps += 1;
        if too_deep || self.steps > self.limits.steps || self.frames > MAX_FRAMES {
            self.too_deep.insert(node, depth);
            return too_complex();
        }
        if found.plain {
            return self.plain(node, depth);
        }
        let place = self.stack.len();
        let before = self.provisional.order.len();
        self.stack.push(node.clone());
        self.frames += 1;
        let outcome = self.rewrite(found, relation, &found.rewrite, object, depth);
        self.frames -= 1;
        self.stack.pop();
        self.finish(node, place, before, depth, outcome)
    }

    /// Where nothing but unions is on the way.
    fn plain(&mut self, node: Node, depth: usize) -> Outcome {
        let settled = &*self.settled;
        let known = |node: &Node| match settled.get(node).map(|outcome| &outcome.answer) {
            Some(Answer::Yes) => Some(true),
            Some(Answer::No) => Some(false),
            Some(Answer::Failed(_) | Answer::Pending) | None => None,
        };
        let levels = self.limits.depth - depth.min(self.limits.depth);
        let (view, sought, steps) = (&self.view, &self.sought, &mut self.steps);
        let reached = reach(view, sought, node.clone(), levels, steps, self.wanted, &known);
        if self.steps > self.limits.steps {
            return too_complex();
        }
        match reached {
            Reached::Yes => {
                self.settled.insert(node, Outcome::of(Answer::Yes));
                Outcome::of(Answer::Yes)
            }
            Reached::No(nodes) => {
                self.settled.extend(nodes.into_iter().map(|node| (node, Outcome::no(FINAL, false))));
                Outcome::no(FINAL, false)
            }
            Reached::Pending => {
                self.pending.insert(node, ());
                Outcome::of(Answer::Pending)
            }
            Reached::TooDeep => {
                self.too_deep.insert(node, depth);
                too_complex()
            }
        }
    }

    /// Decides what becomes of an answer and of those that were found on the way.
    fn finish(&mut self, node: Node, place: usize, before: usize, depth: usize, outcome: Outcome) -> Outcome {
        let mut outcome = outcome;
        match &outcome.answer {
            Answer::Yes => {
                // Whoever assumed that this is empty was wrong.
                self.provisional.take_from(before);
                outcome.rests_on = FINAL;
                self.settled.insert(node, outcome.clone());
            }
            Answer::No if outcome.rests_on >= place => {
                outcome.rests_on = FINAL;
                for (inner, mut resting) in self.provisional.take_from(before) {
                    if resting.undefined != outcome.undefined {
                        // What had no sensible answer may have one, now that this is known; and the other way round.
                        continue;
                    }
                    if resting.rests_on < place {
                        // This is known, but it rests on something further up too.
                        self.provisional.add(inner, resting);
                    } else {
                        resting.rests_on = FINAL;
                        self.settled.insert(inner, resting);
                    }
                }
                self.settled.insert(node, outcome.clone());
            }
            Answer::No => {
                if outcome.undefined {
                    // What took this for empty was too sure.
                    for (inner, resting) in self.provisional.take_from(before) {
                        if resting.undefined {
                            self.provisional.add(inner, resting);
                        }
                    }
                }
                self.provisional.add(node, outcome.clone());
            }
            Answer::Pending => {
                self.provisional.take_from(before);
                self.pending.insert(node, ());
            }
            Answer::Failed(error) if *error == Error::too_complex() => {
                self.provisional.take_from(before);
                self.too_deep.insert(node, depth);
            }
            Answer::Failed(_) if outcome.rests_on >= place => {
                self.provisional.take_from(before);
                outcome.rests_on = FINAL;
                self.settled.insert(node, outcome.clone());
            }
            Answer::Failed(_) => self.provisional.add(node, outcome.clone()),
        }
        outcome
    }

    fn rewrite(
        &mut self,
        relation: &'p Relation,
        id: RelationId,
        rewrite: &'p Rewrite,
        object: &Rc<str>,
        depth: usize,
    ) -> Outcome {
        self.frames += 1;
        let outcome = match rewrite {
            Rewrite::Direct => self.direct(relation, id, object, depth),
            Rewrite::Computed(computed) => self.node(*computed, object, depth),
            Rewrite::From { tupleset, of } => self.from(*tupleset, of, object, depth),
            Rewrite::Union(children) => {
                let mut union = Union::default();
                for child in children {
                    if union.add(self.rewrite(relation, id, child, object, depth)) {
                        break;
                    }
                }
                union.outcome()
            }
            Rewrite::Intersection(children) => {
                let mut outcomes = Vec::new();
                for child in children {
                    let outcome = self.rewrite(relation, id, child, object, depth);
                    let decided = outcome.is_clean_no();
                    outcomes.push(outcome);
                    if decided {
                        break;
                    }
                }
                intersection(outcomes)
            }
            Rewrite::Difference(base, subtract) => {
                let base = self.rewrite(relation, id, base, object, depth);
                if base.is_clean_no() {
                    base
                } else {
                    let subtract = self.rewrite(relation, id, subtract, object, depth);
                    difference(base, subtract)
                }
            }
        };
        self.frames -= 1;
        outcome
    }

    fn direct(&mut self, relation: &Relation, id: RelationId, object: &Rc<str>, depth: usize) -> Outcome {
        let mut union = Union::default();
        let plan = self.view.plan;
        for user in self.sought.named(plan, relation) {
            if union.add(self.tuple(id, &user, object)) {
                return union.outcome();
            }
        }
        if self.sought.may_be_in(plan, relation) {
            let Some(found) = self.view.users(id, object, true, self.wanted) else {
                union.add(Outcome::of(Answer::Pending));
                return union.outcome();
            };
            for (userset, condition) in found.iter() {
                let Some(User::Userset { type_name, object: group, relation: name }) = User::parse(userset)
                else {
                    continue;
                };
                let Some(next) = plan.find(type_name, name) else { continue };
                let group = Rc::from(group);
                if union.add(self.onward(id, object, userset, condition, next, &group, depth)) {
                    break;
                }
            }
        }
        union.outcome()
    }

    fn from(
        &mut self,
        tupleset: RelationId,
        of: &BTreeMap<String, RelationId>,
        object: &Rc<str>,
        depth: usize,
    ) -> Outcome {
        let plan = self.view.plan;
        let reachable = of
            .values()
            .any(|id| plan.get(*id).is_some_and(|found| plan.can_reach(found, &self.sought.parsed)));
        if !reachable {
            return Outcome::no(FINAL, false);
        }
        let Some(found) = self.view.users(tupleset, object, false, self.wanted) else {
            return Outcome::of(Answer::Pending);
        };
        let mut union = Union::default();
        for (parent, condition) in found.iter() {
            let Some(next) = of.get(type_of(parent)) else { continue };
            if union.add(self.onward(tupleset, object, parent, condition, *next, parent, depth)) {
                break;
            }
        }
        union.outcome()
    }

    /// Through a tuple to a relation of another object.
    #[allow(clippy::too_many_arguments, reason = "the tuple that was found and the node behind it")]
    fn onward(
        &mut self,
        relation: RelationId,
        object: &Rc<str>,
        user: &Rc<str>,
        condition: &Found,
        next: RelationId,
        next_object: &Rc<str>,
        depth: usize,
    ) -> Outcome {
        match self.met(relation, object, user, condition) {
            Ok(true) => self.node(next, next_object, depth + 1),
            Ok(false) => Outcome::no(FINAL, false),
            Err(error) => Outcome::of(Answer::Failed(error)),
        }
    }

    /// Whether a tuple exists and counts.
    fn tuple(&mut self, relation: RelationId, user: &Rc<str>, object: &Rc<str>) -> Outcome {
        match self.view.which(relation, user, object, self.wanted) {
            None => Outcome::of(Answer::Pending),
            Some(None) => Outcome::no(FINAL, false),
            Some(Some(condition)) => match self.met(relation, object, user, &condition) {
                Ok(true) => Outcome::of(Answer::Yes),
                Ok(false) => Outcome::no(FINAL, false),
                Err(error) => Outcome::of(Answer::Failed(error)),
            },
        }
    }

    fn met(&self, relation: RelationId, object: &str, user: &str, condition: &Found) -> Result<bool, Error> {
        let name = || self.view.plan.get(relation).map_or("", |found| found.name.as_str());
        self.judge.met(condition, || format!("{object}#{}@{user}", name()))
    }
}
