//! What was read so far, what is still wanted, and the contextual tuples over both.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::memory::Memory;
use crate::plan::{Plan, RelationId};
use crate::store::{Ask, Entry};
use crate::tuple::{TupleCondition, TupleKey, is_userset};

/// A condition of a tuple that was found, if it has one.
pub(super) type Found = Option<TupleCondition>;

/// Tuples by the name of their user or object.
pub(super) type Named = BTreeMap<Rc<str>, Found>;

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Want {
    /// One tuple. The order of the fields brings those together that make one question.
    Which {
        relation: RelationId,
        user: Rc<str>,
        object: Rc<str>,
    },
    Users {
        relation: RelationId,
        object: Rc<str>,
        usersets_only: bool,
    },
    Objects {
        relation: RelationId,
        user: Rc<str>,
    },
}

/// Everything that is wanted for the next round.
pub(super) type Wanted = BTreeSet<Want>;

/// What was read so far, tuples that the model ignores left out.
#[derive(Default)]
pub(super) struct Known {
    which: BTreeMap<(RelationId, Rc<str>, Rc<str>), Option<Found>>,
    users: BTreeMap<(RelationId, Rc<str>, bool), Rc<Named>>,
    objects: BTreeMap<(RelationId, Rc<str>), Rc<Named>>,
}

impl Known {
    /// Whether a tuple exists, if that is known, from whatever was read.
    fn which(&self, relation: RelationId, user: &Rc<str>, object: &Rc<str>) -> Option<Option<Found>> {
        if let Some(found) = self.which.get(&(relation, user.clone(), object.clone())) {
            return Some(found.clone());
        }
        if let Some(users) = self.users.get(&(relation, object.clone(), false)) {
            return Some(users.get(user).cloned());
        }
        self.objects.get(&(relation, user.clone())).map(|objects| objects.get(object).cloned())
    }

    fn users(&self, relation: RelationId, object: &Rc<str>, usersets_only: bool) -> Option<Rc<Named>> {
        let exact = self.users.get(&(relation, object.clone(), usersets_only));
        exact.or_else(|| self.users.get(&(relation, object.clone(), false))).cloned()
    }

    /// The questions for what is wanted.
    pub(super) fn asks(plan: &Plan, wanted: &Wanted) -> Vec<Ask> {
        let mut asks: Vec<Ask> = Vec::new();
        let mut last: Option<(RelationId, Rc<str>)> = None;
        for want in wanted {
            let relation = match want {
                Want::Which { relation, .. }
                | Want::Users { relation, .. }
                | Want::Objects { relation, .. } => plan.get(*relation),
            };
            let Some(relation) = relation else { continue };
            let name = relation.name.clone();
            match want {
                Want::Which { relation, user, object } => {
                    let group = Some((*relation, user.clone()));
                    if let (Some(Ask::Which { objects, .. }), true) = (asks.last_mut(), group == last) {
                        objects.push(object.to_string());
                        continue;
                    }
                    last = group;
                    let objects = vec![object.to_string()];
                    asks.push(Ask::Which { objects, relation: name, user: user.to_string() });
                }
                Want::Users { object, usersets_only, .. } => asks.push(Ask::Users {
                    object: object.to_string(),
                    relation: name,
                    usersets_only: *usersets_only,
                }),
                Want::Objects { user, .. } => asks.push(Ask::Objects {
                    type_name: relation.type_name.clone(),
                    relation: name,
                    user: user.to_string(),
                }),
            }
        }
        asks
    }

    /// Takes in the answers to [`Known::asks`], in the same order.
    pub(super) fn learn(&mut self, plan: &Plan, wanted: Wanted, answers: Vec<Vec<Entry>>) {
        let mut answers = answers.into_iter();
        let mut group: Option<((RelationId, Rc<str>), Named)> = None;
        for want in wanted {
            match want {
                Want::Which { relation, user, object } => {
                    let key = (relation, user.clone());
                    if group.as_ref().is_none_or(|(last, _)| *last != key) {
                        let found = answers.next().unwrap_or_default();
                        group = Some((key, admitted(plan, relation, Some(&user), found)));
                    }
                    let found = group.as_ref().and_then(|(_, found)| found.get(&object).cloned());
                    self.which.insert((relation, user, object), found);
                }
                Want::Users { relation, object, usersets_only } => {
                    let found = answers.next().unwrap_or_default();
                    let named = Rc::new(admitted(plan, relation, None, found));
                    self.users.insert((relation, object, usersets_only), named);
                }
                Want::Objects { relation, user } => {
                    let found = answers.next().unwrap_or_default();
                    let named = Rc::new(admitted(plan, relation, Some(&user), found));
                    self.objects.insert((relation, user), named);
                }
            }
        }
    }
}

/// What of an answer counts under the model. The user is the one asked for, or else each entry names one.
fn admitted(plan: &Plan, relation: RelationId, user: Option<&str>, entries: Vec<Entry>) -> Named {
    let Some(relation) = plan.get(relation) else { return Named::new() };
    entries
        .into_iter()
        .filter(|entry| plan.admits(relation, user.unwrap_or(&entry.name), entry.condition.as_ref()).is_ok())
        .map(|entry| (Rc::from(entry.name), entry.condition))
        .collect()
}

/// What one question sees: its contextual tuples over what was read.
pub(super) struct View<'a> {
    pub(super) plan: &'a Plan,
    pub(super) known: &'a Known,
    pub(super) contextual: &'a Memory,
}

impl View<'_> {
    fn names(&self, relation: RelationId) -> (&str, &str) {
        self.plan.get(relation).map_or(("", ""), |found| (&found.type_name, &found.name))
    }

    /// Whether a tuple exists; `None` if that is not known and now wanted.
    pub(super) fn which(
        &self,
        relation: RelationId,
        user: &Rc<str>,
        object: &Rc<str>,
        wanted: &mut Wanted,
    ) -> Option<Option<Found>> {
        if !self.contextual.is_empty() {
            let tuple = TupleKey::new(&**object, self.names(relation).1, &**user);
            if let Some(found) = self.contextual.condition(&tuple) {
                return Some(Some(found.clone()));
            }
        }
        let found = self.known.which(relation, user, object);
        if found.is_none() {
            wanted.insert(Want::Which { relation, user: user.clone(), object: object.clone() });
        }
        found
    }

    /// The users of a relation of an object.
    pub(super) fn users(
        &self,
        relation: RelationId,
        object: &Rc<str>,
        usersets_only: bool,
        wanted: &mut Wanted,
    ) -> Option<Rc<Named>> {
        let Some(found) = self.known.users(relation, object, usersets_only) else {
            wanted.insert(Want::Users { relation, object: object.clone(), usersets_only });
            return None;
        };
        let ask = || Ask::Users {
            object: object.to_string(),
            relation: self.names(relation).1.to_owned(),
            usersets_only,
        };
        let mut merged = self.merged(found, ask);
        if usersets_only && merged.keys().any(|user| !is_userset(user)) {
            let usersets = merged.iter().filter(|(user, _)| is_userset(user));
            merged = Rc::new(usersets.map(|(user, found)| (user.clone(), found.clone())).collect());
        }
        Some(merged)
    }

    /// The objects on which a user has a relation directly.
    pub(super) fn objects(
        &self,
        relation: RelationId,
        user: &Rc<str>,
        wanted: &mut Wanted,
    ) -> Option<Rc<Named>> {
        let Some(found) = self.known.objects.get(&(relation, user.clone())) else {
            wanted.insert(Want::Objects { relation, user: user.clone() });
            return None;
        };
        let (type_name, name) = self.names(relation);
        let ask = || Ask::Objects {
            type_name: type_name.to_owned(),
            relation: name.to_owned(),
            user: user.to_string(),
        };
        Some(self.merged(found.clone(), ask))
    }

    fn merged(&self, found: Rc<Named>, ask: impl FnOnce() -> Ask) -> Rc<Named> {
        if self.contextual.is_empty() {
            return found;
        }
        let own = self.contextual.answer(&ask());
        if own.is_empty() {
            return found;
        }
        let mut merged = (*found).clone();
        merged.extend(own.into_iter().map(|entry| (Rc::from(entry.name), entry.condition)));
        Rc::new(merged)
    }
}
