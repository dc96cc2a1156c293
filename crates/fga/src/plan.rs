//! A model made ready: validated with the server's rules, names resolved, conditions compiled, and for every relation known whom it can lead to.
//! It is made once, when the model is written, stored beside it (serde; a few kilobytes) and read for each request.

mod compile;
mod tuples;
mod validate;

use std::collections::BTreeMap;

pub use compile::{MAX_CONDITIONS, MAX_MODEL, MAX_RELATIONS, MAX_TYPES};
use serde::{Deserialize, Serialize};

use crate::cel;
use crate::error::Error;
use crate::tuple::User;

/// A relation of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RelationId(u32);

/// A model made ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Types with their relations by name.
    types: BTreeMap<String, BTreeMap<String, RelationId>>,
    relations: Vec<Relation>,
    conditions: BTreeMap<String, cel::Condition>,
}

/// A relation made ready.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Relation {
    pub(crate) type_name: String,
    pub(crate) name: String,
    pub(crate) rewrite: Rewrite,
    /// Whom a tuple may name.
    pub(crate) direct: Vec<Restriction>,
    /// It stands behind a `from`.
    pub(crate) is_tupleset: bool,
    /// The types of which objects, or everybody, can have it, by their place in the plan; indirectly too.
    reaches: Bits,
    /// The relations whose holders can have it; itself included.
    through: Bits,
    /// Nothing but unions and unconditional tuples leads to it: whoever is reached has it.
    pub(crate) plain: bool,
}

/// A set of small numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Bits(Vec<u64>);

impl Bits {
    fn insert(&mut self, number: usize) {
        let (word, bit) = (number / 64, number % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}

impl RelationId {
    fn place(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// How a relation is derived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Rewrite {
    Direct,
    Computed(RelationId),
    /// The relation of the parents' types.
    From {
        tupleset: RelationId,
        of: BTreeMap<String, RelationId>,
    },
    Union(Vec<Rewrite>),
    Intersection(Vec<Rewrite>),
    Difference(Box<Rewrite>, Box<Rewrite>),
}

/// A type restriction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restriction {
    pub(crate) type_name: String,
    pub(crate) kind: Kind,
    pub(crate) condition: Option<String>,
}

/// What a type restriction lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Object,
    Everybody,
    Userset(RelationId),
}

impl Plan {
    /// Whether the model has a type.
    pub fn has_type(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    /// The relations of a type, by name.
    pub fn relations_of(&self, type_name: &str) -> impl Iterator<Item = &str> {
        self.types.get(type_name).into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// The types.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// The compiled conditions by name.
    pub fn condition(&self, name: &str) -> Option<&cel::Condition> {
        self.conditions.get(name)
    }

    /// Finds a relation.
    ///
    /// # Errors
    /// 2021 or 2022.
    pub fn relation(&self, type_name: &str, relation: &str) -> Result<RelationId, Error> {
        let of_type = self.types.get(type_name).ok_or_else(|| Error::type_not_found(type_name))?;
        of_type.get(relation).copied().ok_or_else(|| Error::relation_not_found(type_name, relation))
    }

    pub(crate) fn find(&self, type_name: &str, relation: &str) -> Option<RelationId> {
        self.types.get(type_name)?.get(relation).copied()
    }

    pub(crate) fn get(&self, id: RelationId) -> Option<&Relation> {
        self.relations.get(id.place())
    }

    /// Whether a user of this kind can have a relation at all.
    pub(crate) fn can_reach(&self, relation: &Relation, user: &User<'_>) -> bool {
        match user {
            User::Object { type_name } | User::Everybody { type_name } => {
                self.reaches_type(relation, type_name)
            }
            User::Userset { type_name, relation: of, .. } => {
                self.find(type_name, of).is_some_and(|id| Self::leads_through(relation, id))
            }
        }
    }

    /// Whether objects of a type, or everybody of it, can have a relation.
    pub(crate) fn reaches_type(&self, relation: &Relation, type_name: &str) -> bool {
        let place = self.types.keys().position(|name| name == type_name);
        place.is_some_and(|place| relation.reaches.contains(place))
    }

    /// Whether holders of another relation can have this one.
    pub(crate) fn leads_through(relation: &Relation, other: RelationId) -> bool {
        relation.through.contains(other.place())
    }
}
