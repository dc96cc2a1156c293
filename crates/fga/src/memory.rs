//! Tuples in memory: for tests, and for small sets that fit into a request.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::future::{Future, ready};

use crate::store::{Ask, Entry, Tuples};
use crate::tuple::{TupleCondition, TupleKey, is_userset, type_of};

/// Object, relation, user.
type Key = (String, String, String);

/// Tuples in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    by_object: BTreeMap<Key, Option<TupleCondition>>,
    /// User, relation, object.
    by_user: BTreeSet<Key>,
    rounds: Cell<usize>,
    asked: Cell<usize>,
}

impl Memory {
    /// Some tuples; of two with the same key the first counts.
    pub fn new<'a>(tuples: impl IntoIterator<Item = &'a TupleKey>) -> Self {
        let mut memory = Self::default();
        for tuple in tuples {
            if memory.condition(tuple).is_none() {
                memory.insert(tuple);
            }
        }
        memory
    }

    /// Adds a tuple, in place of one with the same key.
    pub fn insert(&mut self, tuple: &TupleKey) {
        let (object, relation, user) = (&tuple.object, &tuple.relation, &tuple.user);
        self.by_user.insert((user.clone(), relation.clone(), object.clone()));
        let key = (object.clone(), relation.clone(), user.clone());
        self.by_object.insert(key, tuple.condition.clone());
    }

    /// Takes a tuple out.
    pub fn remove(&mut self, tuple: &TupleKey) {
        let (object, relation, user) = (&tuple.object, &tuple.relation, &tuple.user);
        self.by_user.remove(&(user.clone(), relation.clone(), object.clone()));
        self.by_object.remove(&(object.clone(), relation.clone(), user.clone()));
    }

    /// The condition of a tuple; `None` if there is no such tuple.
    pub fn condition(&self, tuple: &TupleKey) -> Option<&Option<TupleCondition>> {
        self.by_object.get(&(tuple.object.clone(), tuple.relation.clone(), tuple.user.clone()))
    }

    /// All tuples.
    pub fn tuples(&self) -> impl Iterator<Item = TupleKey> {
        self.by_object.iter().map(|((object, relation, user), condition)| TupleKey {
            object: object.clone(),
            relation: relation.clone(),
            user: user.clone(),
            condition: condition.clone(),
        })
    }

    /// How often it was asked, and how much, since it was made.
    pub fn cost(&self) -> (usize, usize) {
        (self.rounds.get(), self.asked.get())
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.by_object.is_empty()
    }

    /// Answers one question.
    pub fn answer(&self, ask: &Ask) -> Vec<Entry> {
        match ask {
            Ask::Which { objects, relation, user } => objects
                .iter()
                .filter_map(|object| {
                    let key = (object.clone(), relation.clone(), user.clone());
                    let condition = self.by_object.get(&key)?.clone();
                    Some(Entry { name: object.clone(), condition })
                })
                .collect(),
            Ask::Users { object, relation, usersets_only } => {
                let from = (object.clone(), relation.clone(), String::new());
                self.by_object
                    .range(from..)
                    .take_while(|((of, name, _), _)| of == object && name == relation)
                    .filter(|((_, _, user), _)| !usersets_only || is_userset(user))
                    .map(|((_, _, user), condition)| Entry {
                        name: user.clone(),
                        condition: condition.clone(),
                    })
                    .collect()
            }
            Ask::Objects { type_name, relation, user } => {
                let from = (user.clone(), relation.clone(), String::new());
                self.by_user
                    .range(from..)
                    .take_while(|(of, name, _)| of == user && name == relation)
                    .filter(|(_, _, object)| type_of(object) == type_name)
                    .filter_map(|(_, _, object)| {
                        let key = (object.clone(), relation.clone(), user.clone());
                        let condition = self.by_object.get(&key)?.clone();
                        Some(Entry { name: object.clone(), condition })
                    })
                    .collect()
            }
        }
    }
}

impl Tuples for Memory {
    type Error = Infallible;

    fn read(&self, asks: &[Ask]) -> impl Future<Output = Result<Vec<Vec<Entry>>, Infallible>> {
        self.rounds.set(self.rounds.get() + 1);
        self.asked.set(self.asked.get() + asks.len());
        ready(Ok(asks.iter().map(|ask| self.answer(ask)).collect()))
    }
}
