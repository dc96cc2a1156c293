//! Checks where only unions and unconditional tuples are on the way: whoever is reached has it, so circles, depth-first stacks and assumptions are of
//! no concern. Level by level, so that depth means the shortest way.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::evaluation::Node;
use super::known::{View, Wanted};
use crate::plan::{Kind, Plan, Relation, RelationId, Rewrite};
use crate::tuple::{User, type_of};

/// Who is looked for.
pub(super) struct Sought<'u> {
    pub(super) user: Rc<str>,
    pub(super) parsed: User<'u>,
    /// `user:*` for a user that is an object.
    pub(super) everybody: Option<Rc<str>>,
}

impl Sought<'_> {
    /// Whether the user is the very userset that is asked for.
    pub(super) fn is(&self, plan: &Plan, relation: RelationId, object: &str) -> bool {
        match self.parsed {
            User::Userset { type_name, object: of, relation: name } => {
                of == object && plan.find(type_name, name) == Some(relation)
            }
            User::Object { .. } | User::Everybody { .. } => false,
        }
    }

    /// The users whose tuples in a relation decide: the user itself, everybody of its type.
    pub(super) fn named(&self, plan: &Plan, relation: &Relation) -> Vec<Rc<str>> {
        let takes = |kind: Kind, of: &str| {
            relation.direct.iter().any(|known| known.kind == kind && known.type_name == of)
        };
        let exact = match self.parsed {
            User::Object { type_name } => takes(Kind::Object, type_name),
            User::Everybody { type_name } => takes(Kind::Everybody, type_name),
            User::Userset { type_name, relation: name, .. } => {
                plan.find(type_name, name).is_some_and(|userset| takes(Kind::Userset(userset), type_name))
            }
        };
        let everybody = self.everybody.clone();
        let everybody = everybody.filter(|_| takes(Kind::Everybody, self.parsed.type_name()));
        exact.then(|| self.user.clone()).into_iter().chain(everybody).collect()
    }

    /// Whether tuples of a relation may name usersets that the user can be in.
    pub(super) fn may_be_in(&self, plan: &Plan, relation: &Relation) -> bool {
        relation.direct.iter().any(|known| match known.kind {
            Kind::Userset(userset) => {
                plan.get(userset).is_some_and(|found| plan.can_reach(found, &self.parsed))
            }
            Kind::Object | Kind::Everybody => false,
        })
    }
}

/// What came of a search.
pub(super) enum Reached {
    Yes,
    /// Nowhere here.
    No(BTreeSet<Node>),
    Pending,
    TooDeep,
}

/// Looks for a user from a relation of an object on. `levels`: how many tuples may follow one another; `steps` counts what was looked at.
pub(super) fn reach(
    view: &View<'_>,
    sought: &Sought<'_>,
    start: Node,
    levels: usize,
    steps: &mut usize,
    wanted: &mut Wanted,
    settled: &dyn Fn(&Node) -> Option<bool>,
) -> Reached {
    let mut seen = BTreeSet::new();
    let mut current = vec![start];
    let mut pending = false;
    for _ in 0..=levels {
        let mut next = Vec::new();
        while let Some(node) = current.pop() {
            if !seen.insert(node.clone()) {
                continue;
            }
            match settled(&node) {
                Some(true) => return Reached::Yes,
                Some(false) => continue,
                None => {}
            }
            if sought.is(view.plan, node.0, &node.1) {
                return Reached::Yes;
            }
            let Some(relation) = view.plan.get(node.0) else { continue };
            if !view.plan.can_reach(relation, &sought.parsed) {
                continue;
            }
            *steps += 1;
            let mut step = Step { view, sought, node: &node, current: &mut current, next: &mut next, wanted };
            match step.rewrite(relation, &relation.rewrite) {
                Some(true) => return Reached::Yes,
                Some(false) => {}
                None => pending = true,
            }
        }
        next.retain(|node| !seen.contains(node));
        if next.is_empty() {
            return if pending { Reached::Pending } else { Reached::No(seen) };
        }
        current = next;
    }
    if pending { Reached::Pending } else { Reached::TooDeep }
}

struct Step<'s, 'v, 'u> {
    view: &'s View<'v>,
    sought: &'s Sought<'u>,
    node: &'s Node,
    current: &'s mut Vec<Node>,
    next: &'s mut Vec<Node>,
    wanted: &'s mut Wanted,
}

impl Step<'_, '_, '_> {
    /// Whether a tuple here names the user; `None` if that is not known. Where to go on is noted.
    fn rewrite(&mut self, relation: &Relation, rewrite: &Rewrite) -> Option<bool> {
        let (id, object) = self.node;
        match rewrite {
            Rewrite::Direct => self.direct(relation),
            Rewrite::Computed(computed) => {
                self.current.push((*computed, object.clone()));
                Some(false)
            }
            Rewrite::From { tupleset, of } => {
                let plan = self.view.plan;
                let leads = |id: &RelationId| {
                    plan.get(*id).is_some_and(|found| plan.can_reach(found, &self.sought.parsed))
                };
                if !of.values().any(leads) {
                    return Some(false);
                }
                let found = self.view.users(*tupleset, object, false, self.wanted)?;
                let parents = found
                    .keys()
                    .filter_map(|parent| of.get(type_of(parent)).map(|relation| (*relation, parent.clone())));
                self.next.extend(parents);
                Some(false)
            }
            Rewrite::Union(children) => {
                let mut known = true;
                for child in children {
                    match self.rewrite(relation, child) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => known = false,
                    }
                }
                known.then_some(false)
            }
            // No plain relation has one.
            Rewrite::Intersection(_) | Rewrite::Difference(..) => {
                debug_assert!(false, "{id:?} is not plain");
                None
            }
        }
    }

    fn direct(&mut self, relation: &Relation) -> Option<bool> {
        let (id, object) = self.node;
        let mut known = true;
        for user in self.sought.named(self.view.plan, relation) {
            match self.view.which(*id, &user, object, self.wanted) {
                Some(Some(_)) => return Some(true),
                Some(None) => {}
                None => known = false,
            }
        }
        if self.sought.may_be_in(self.view.plan, relation) {
            match self.view.users(*id, object, true, self.wanted) {
                Some(found) => self.next.extend(found.keys().filter_map(|userset| {
                    let User::Userset { type_name, object, relation } = User::parse(userset)? else {
                        return None;
                    };
                    Some((self.view.plan.find(type_name, relation)?, Rc::from(object)))
                })),
                None => known = false,
            }
        }
        known.then_some(false)
    }
}
