//! Why, or why not. A check whose answer comes with the way that leads to it, or with everything that was tried.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Serialize;
use serde_json::Map;

use super::check::Check;
use super::conditions::Judge;
use super::evaluation::{Evaluation, Node};
use super::known::{Found, View, Wanted};
use super::outcome::Answer;
use super::session::{Job, Session};
use super::{Limits, QueryError};
use crate::error::Error;
use crate::memory::Memory;
use crate::plan::{Plan, RelationId, Rewrite};
use crate::store::Tuples;
use crate::tuple::{User, type_of};

/// An answer and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explanation {
    /// Yes: the steps from the relation that was asked for down to tuples.
    Yes(Vec<Step>),
    /// No: what was tried and failed.
    No(Vec<Step>),
}

/// A step of a way, or of a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The relation of an object that it is about: `document:1#viewer`.
    pub node: String,
    /// What happens there.
    pub kind: StepKind,
    /// The user of the tuple, the relation that it is computed from, or the parent's relation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
    /// The condition of the tuple.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// What happens at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// A tuple names the user.
    Direct,
    /// A tuple names everybody of the user's type.
    Everybody,
    /// A tuple names a userset that the user is in.
    Userset,
    /// The user is the userset itself.
    Itself,
    /// Another relation of the object.
    Computed,
    /// A relation of a parent.
    Parent,
    /// All operands of an `and` hold; each follows.
    All,
    /// The right side of a `but not` does not hold.
    NotExcluded,
    /// No tuple names the user.
    NoTuple,
    /// A tuple does not count: its condition is not met, or lacks a parameter.
    ConditionNotMet,
    /// The right side of a `but not` holds.
    Excluded,
    /// The definition goes round in a circle.
    Circle,
    /// No user of this kind can ever have it.
    Unreachable,
    /// There is more; the list ends here.
    More,
}

/// The longest list of what was tried.
const MAX_TRIED: usize = 200;

/// Checks and explains.
///
/// # Errors
/// As [`super::check::check`].
pub async fn explain<T: Tuples>(
    plan: &Plan,
    tuples: &T,
    asked: Check<'_>,
    limits: Limits,
) -> Result<Explanation, QueryError<T::Error>> {
    let node = asked.node(plan)?;
    let (contextual, empty) = (Memory::new(asked.given.tuples), Map::new());
    let context = asked.given.context.unwrap_or(&empty);
    let evaluation = Evaluation::new(asked.user, context, &contextual, limits);
    let mut jobs = [Job::new(evaluation, vec![node.clone()])];
    let mut session = Session::new(plan, tuples, limits);
    session.settle(&mut jobs).await?;
    let [job] = jobs;
    let (answer, evaluation) = (job.answers.into_iter().next(), job.evaluation);
    let mut account = Account {
        view: View { plan, known: &session.known, contextual: &contextual },
        judge: Judge { plan, context, limits },
        evaluation,
        user: Rc::from(asked.user),
        open: BTreeSet::new(),
        steps: Vec::new(),
    };
    match answer {
        Some(Answer::Yes) => {
            account.yes(&node);
            Ok(Explanation::Yes(account.steps))
        }
        Some(Answer::Failed(error)) => Err(error.into()),
        Some(Answer::No | Answer::Pending) | None => {
            account.no(&node);
            Ok(Explanation::No(account.steps))
        }
    }
}

struct Account<'a> {
    view: View<'a>,
    judge: Judge<'a>,
    evaluation: Evaluation<'a>,
    user: Rc<str>,
    /// Nodes that are being explained, or were.
    open: BTreeSet<Node>,
    steps: Vec<Step>,
}

impl<'a> Account<'a> {
    /// Whether the user has a relation, by what was read for the answer.
    fn has(&mut self, node: &Node) -> bool {
        let nodes = std::slice::from_ref(node);
        let answers = self.evaluation.pass(self.view.plan, self.view.known, nodes, &mut Wanted::new());
        answers.first() == Some(&Answer::Yes)
    }

    fn name(&self, (relation, object): &Node) -> String {
        format!("{object}#{}", self.view.plan.get(*relation).map_or("", |found| &found.name))
    }

    fn step(&mut self, node: &Node, kind: StepKind, through: Option<String>, found: Option<&Found>) {
        let condition = found.and_then(|found| Some(found.as_ref()?.name.clone()));
        let step = Step { node: self.name(node), kind, through, condition };
        self.steps.push(step);
    }

    fn met(&self, node: &Node, user: &str, found: &Found) -> Result<bool, Error> {
        self.judge.met(found, || format!("{}@{user}", self.name(node)))
    }

    /// The users of a relation, as far as they were read, beside those that name the user itself.
    fn users(&self, relation: RelationId, object: &Rc<str>, usersets_only: bool) -> Vec<(Rc<str>, Found)> {
        let found = self.view.users(relation, object, usersets_only, &mut Wanted::new());
        found.map_or_else(Vec::new, |found| {
            found.iter().map(|(user, condition)| (user.clone(), condition.clone())).collect()
        })
    }

    /// The tuples that name the user or everybody of its type.
    fn named(&self, (relation, object): &Node) -> Vec<(Rc<str>, StepKind, Found)> {
        let mut names = vec![(self.user.clone(), StepKind::Direct)];
        if let Some(User::Object { type_name }) = User::parse(&self.user) {
            names.push((Rc::from(format!("{type_name}:*")), StepKind::Everybody));
        }
        let found = names.into_iter().filter_map(|(user, kind)| {
            let found = self.view.which(*relation, &user, object, &mut Wanted::new())??;
            Some((user, kind, found))
        });
        found.collect()
    }

    /// The way to a yes. False if it would only lead round in a circle; then nothing was added.
    fn yes(&mut self, node: &Node) -> bool {
        if !self.open.insert(node.clone()) {
            return false;
        }
        if self.name(node) == *self.user {
            self.step(node, StepKind::Itself, None, None);
            self.open.remove(node);
            return true;
        }
        let before = self.steps.len();
        let found = self.view.plan.get(node.0).is_some_and(|found| self.yes_rewrite(node, &found.rewrite));
        if !found {
            self.steps.truncate(before);
        }
        self.open.remove(node);
        found
    }

    fn yes_rewrite(&mut self, node: &Node, rewrite: &'a Rewrite) -> bool {
        match rewrite {
            Rewrite::Direct => self.yes_direct(node),
            Rewrite::Computed(computed) => {
                let next = (*computed, node.1.clone());
                let through = Some(self.name(&next));
                self.yes_through(node, StepKind::Computed, through, None, &next)
            }
            Rewrite::From { tupleset, of } => {
                let behind = (*tupleset, node.1.clone());
                self.users(*tupleset, &node.1, false).into_iter().any(|(parent, found)| {
                    let Some(relation) = of.get(type_of(&parent)) else { return false };
                    let next = (*relation, parent.clone());
                    let through = Some(self.name(&next));
                    self.met(&behind, &parent, &found) == Ok(true)
                        && self.yes_through(node, StepKind::Parent, through, Some(&found), &next)
                })
            }
            Rewrite::Union(children) => children.iter().any(|child| self.yes_rewrite(node, child)),
            Rewrite::Intersection(children) => {
                let before = self.steps.len();
                self.step(node, StepKind::All, None, None);
                let all = children.iter().all(|child| self.yes_rewrite(node, child));
                if !all {
                    self.steps.truncate(before);
                }
                all
            }
            Rewrite::Difference(base, subtract) => {
                let before = self.steps.len();
                let holds = self.yes_rewrite(node, base) && !self.holds(node, subtract);
                if holds {
                    let through = self.spelled(node, subtract);
                    self.step(node, StepKind::NotExcluded, through, None);
                } else {
                    self.steps.truncate(before);
                }
                holds
            }
        }
    }

    fn yes_through(
        &mut self,
        node: &Node,
        kind: StepKind,
        through: Option<String>,
        found: Option<&Found>,
        next: &Node,
    ) -> bool {
        if self.open.contains(next) || !self.has(next) {
            return false;
        }
        let before = self.steps.len();
        self.step(node, kind, through, found);
        let holds = self.yes(next);
        if !holds {
            self.steps.truncate(before);
        }
        holds
    }

    fn yes_direct(&mut self, node: &Node) -> bool {
        for (user, kind, found) in self.named(node) {
            if self.met(node, &user, &found) == Ok(true) {
                self.step(node, kind, Some(user.to_string()), Some(&found));
                return true;
            }
        }
        self.users(node.0, &node.1, true).into_iter().any(|(userset, found)| {
            let Some(next) = self.behind(&userset) else { return false };
            self.met(node, &userset, &found) == Ok(true)
                && self.yes_through(node, StepKind::Userset, Some(userset.to_string()), Some(&found), &next)
        })
    }

    /// The node that a userset is.
    fn behind(&self, userset: &str) -> Option<Node> {
        match User::parse(userset)? {
            User::Userset { type_name, object, relation } => {
                Some((self.view.plan.find(type_name, relation)?, Rc::from(object)))
            }
            User::Object { .. } | User::Everybody { .. } => None,
        }
    }

    /// Whether a part of a definition holds.
    fn holds(&mut self, node: &Node, rewrite: &'a Rewrite) -> bool {
        match rewrite {
            Rewrite::Computed(computed) => self.has(&(*computed, node.1.clone())),
            Rewrite::Direct | Rewrite::From { .. } => {
                let before = self.steps.len();
                let holds = self.yes_rewrite(node, rewrite);
                self.steps.truncate(before);
                holds
            }
            Rewrite::Union(children) => children.iter().any(|child| self.holds(node, child)),
            Rewrite::Intersection(children) => children.iter().all(|child| self.holds(node, child)),
            Rewrite::Difference(base, subtract) => self.holds(node, base) && !self.holds(node, subtract),
        }
    }

    /// A part of a definition by name, where it has one.
    fn spelled(&self, node: &Node, rewrite: &Rewrite) -> Option<String> {
        match rewrite {
            Rewrite::Computed(computed) => Some(self.name(&(*computed, node.1.clone()))),
            Rewrite::From { tupleset, of } => {
                let relation = of.values().next().and_then(|id| self.view.plan.get(*id));
                let tupleset = self.view.plan.get(*tupleset);
                Some(format!("{} from {}", relation?.name, tupleset?.name))
            }
            _ => None,
        }
    }

    /// Everything that was tried for a no.
    fn no(&mut self, node: &Node) {
        if self.steps.len() >= MAX_TRIED {
            if self.steps.last().is_none_or(|last| last.kind != StepKind::More) {
                self.step(node, StepKind::More, None, None);
            }
            return;
        }
        if !self.open.insert(node.clone()) {
            return;
        }
        let Some(found) = self.view.plan.get(node.0) else { return };
        let reachable = User::parse(&self.user).is_some_and(|user| self.view.plan.can_reach(found, &user));
        if !reachable {
            return self.step(node, StepKind::Unreachable, None, None);
        }
        self.no_rewrite(node, &found.rewrite);
    }

    fn no_rewrite(&mut self, node: &Node, rewrite: &'a Rewrite) {
        match rewrite {
            Rewrite::Direct => self.no_direct(node),
            Rewrite::Computed(computed) => {
                let next = (*computed, node.1.clone());
                let through = Some(self.name(&next));
                self.step(node, StepKind::Computed, through, None);
                self.no(&next);
            }
            Rewrite::From { tupleset, of } => {
                let behind = (*tupleset, node.1.clone());
                let parents = self.users(*tupleset, &node.1, false);
                if parents.is_empty() {
                    self.step(&behind, StepKind::NoTuple, None, None);
                }
                for (parent, found) in parents {
                    if self.met(&behind, &parent, &found) != Ok(true) {
                        self.step(&behind, StepKind::ConditionNotMet, Some(parent.to_string()), Some(&found));
                    } else if let Some(relation) = of.get(type_of(&parent)) {
                        let next = (*relation, parent.clone());
                        let through = Some(self.name(&next));
                        self.step(node, StepKind::Parent, through, Some(&found));
                        self.no(&next);
                    }
                }
            }
            Rewrite::Union(children) => children.iter().for_each(|child| self.no_rewrite(node, child)),
            Rewrite::Intersection(children) => {
                // The operands that fail are the reason.
                for child in children {
                    if !self.holds(node, child) {
                        self.no_rewrite(node, child);
                    }
                }
            }
            Rewrite::Difference(base, subtract) => {
                if !self.holds(node, base) {
                    return self.no_rewrite(node, base);
                }
                let through = self.spelled(node, subtract);
                let kind = if self.holds(node, subtract) { StepKind::Excluded } else { StepKind::Circle };
                self.step(node, kind, through, None);
                let before = self.open.clone();
                if kind == StepKind::Excluded {
                    self.yes_rewrite(node, subtract);
                }
                self.open = before;
            }
        }
    }

    fn no_direct(&mut self, node: &Node) {
        let named = self.named(node);
        if named.is_empty() {
            self.step(node, StepKind::NoTuple, None, None);
        }
        for (user, _, found) in named {
            self.step(node, StepKind::ConditionNotMet, Some(user.to_string()), Some(&found));
        }
        for (userset, found) in self.users(node.0, &node.1, true) {
            let through = Some(userset.to_string());
            if self.met(node, &userset, &found) != Ok(true) {
                self.step(node, StepKind::ConditionNotMet, through, Some(&found));
            } else if let Some(next) = self.behind(&userset) {
                self.step(node, StepKind::Userset, through, Some(&found));
                self.no(&next);
            }
        }
    }
}
