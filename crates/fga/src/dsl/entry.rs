//! Whether anybody can ever have a relation: some path of its definition must end at a type.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::model::{TypeDefinition, Userset};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Somebody can.
    Found,
    /// Nobody can.
    None,
    /// Nobody can, because the definition goes round in a circle.
    Loop,
}

/// The types of a model by name.
pub(crate) type Types<'a> = IndexMap<&'a str, &'a TypeDefinition>;

type Name<'a> = (&'a str, &'a str);

/// The relations of a model that somebody can have.
pub(crate) struct Entries<'a> {
    types: &'a Types<'a>,
    found: BTreeSet<Name<'a>>,
}

/// How far a circle is looked for; beyond, the message says less.
const BUDGET: usize = 10_000;
const DEPTH: usize = 100;

impl<'a> Entries<'a> {
    /// Finds them all: from the relations that name a type directly to those that build on them.
    pub(crate) fn of(types: &'a Types<'a>) -> Self {
        let mut entries = Self { types, found: BTreeSet::new() };
        let mut dependents: BTreeMap<Name<'a>, Vec<Name<'a>>> = BTreeMap::new();
        let mut waiting = Vec::new();
        for (type_name, definition) in types {
            for (relation, rewrite) in &definition.relations {
                let name = (*type_name, relation.as_str());
                waiting.push(name);
                let mut needs = Vec::new();
                entries.needs(name, rewrite, &mut needs);
                needs.into_iter().for_each(|need| dependents.entry(need).or_default().push(name));
            }
        }
        while let Some(name) = waiting.pop() {
            let Some(rewrite) = entries.rewrite(name) else { continue };
            if !entries.found.contains(&name) && entries.holds(name, rewrite) {
                entries.found.insert(name);
                waiting.extend(dependents.get(&name).into_iter().flatten());
            }
        }
        entries
    }

    fn rewrite(&self, (type_name, relation): Name<'_>) -> Option<&'a Userset> {
        self.types.get(type_name)?.relations.get(relation)
    }

    /// Looks up a relation.
    pub(crate) fn entry(&self, type_name: &'a str, relation: &'a str) -> Entry {
        let name = (type_name, relation);
        if self.found.contains(&name) {
            return Entry::Found;
        }
        let mut budget = BUDGET;
        self.rewrite(name).map_or(Entry::None, |rewrite| self.circle(name, rewrite, &[], &mut budget))
    }

    /// The relations that a definition names.
    fn needs(&self, (type_name, relation): Name<'a>, rewrite: &'a Userset, into: &mut Vec<Name<'a>>) {
        let Some(definition) = self.types.get(type_name) else { return };
        match rewrite {
            Userset::Unset => {}
            Userset::This => {
                let usersets = definition.restrictions(relation).iter();
                into.extend(usersets.filter_map(|of| Some((of.type_name.as_str(), of.userset()?))));
            }
            Userset::Computed(computed) => into.push((type_name, &computed.relation)),
            Userset::TupleTo(tuple_to) => {
                let parents = definition.restrictions(&tuple_to.tupleset.relation).iter();
                let computed = tuple_to.computed_userset.relation.as_str();
                into.extend(parents.map(|of| (of.type_name.as_str(), computed)));
            }
            Userset::Union(children) | Userset::Intersection(children) => {
                children.iter().for_each(|child| self.needs((type_name, relation), child, into));
            }
            Userset::Difference(difference) => {
                self.needs((type_name, relation), &difference.base, into);
                self.needs((type_name, relation), &difference.subtract, into);
            }
        }
    }

    /// Whether a definition has an entry point, by what was found so far.
    fn holds(&self, name: Name<'a>, rewrite: &'a Userset) -> bool {
        match rewrite {
            Userset::Unset => false,
            Userset::This => {
                let restrictions = self.types.get(name.0).map_or(&[][..], |found| found.restrictions(name.1));
                restrictions.iter().any(|of| match of.userset() {
                    Some(userset) if of.wildcard.is_none() => {
                        self.found.contains(&(of.type_name.as_str(), userset))
                    }
                    _ => true,
                })
            }
            Userset::Computed(_) | Userset::TupleTo(_) => {
                let mut needs = Vec::new();
                self.needs(name, rewrite, &mut needs);
                needs.iter().any(|need| self.found.contains(need))
            }
            Userset::Union(children) => children.iter().any(|child| self.holds(name, child)),
            Userset::Intersection(children) => children.iter().all(|child| self.holds(name, child)),
            Userset::Difference(difference) => {
                self.holds(name, &difference.base) && self.holds(name, &difference.subtract)
            }
        }
    }

    /// Why there is none: a circle of computed relations, or simply nothing.
    fn circle(&self, name: Name<'a>, rewrite: &'a Userset, before: &[Name<'a>], budget: &mut usize) -> Entry {
        if *budget == 0 || before.len() > DEPTH {
            return Entry::None;
        }
        *budget -= 1;
        let mut visited = before.to_vec();
        visited.push(name);
        match rewrite {
            Userset::Unset | Userset::This | Userset::TupleTo(_) => {
                if self.holds(name, rewrite) {
                    Entry::Found
                } else {
                    Entry::None
                }
            }
            Userset::Computed(computed) => {
                let next = (name.0, computed.relation.as_str());
                if visited.contains(&next) {
                    return Entry::Loop;
                }
                if self.found.contains(&next) {
                    return Entry::Found;
                }
                let rewrite = self.rewrite(next);
                rewrite.map_or(Entry::None, |rewrite| self.circle(next, rewrite, &visited, budget))
            }
            Userset::Union(children) => {
                let mut answer = Entry::None;
                for child in children {
                    match self.circle(name, child, &visited, budget) {
                        Entry::Found => return Entry::Found,
                        Entry::Loop => answer = Entry::Loop,
                        Entry::None => {}
                    }
                }
                answer
            }
            Userset::Intersection(children) => self.all(name, children.iter(), &visited, budget),
            Userset::Difference(difference) => {
                self.all(name, [&difference.base, &difference.subtract].into_iter(), &visited, budget)
            }
        }
    }

    fn all(
        &self,
        name: Name<'a>,
        children: impl Iterator<Item = &'a Userset>,
        visited: &[Name<'a>],
        budget: &mut usize,
    ) -> Entry {
        for child in children {
            let entry = self.circle(name, child, visited, budget);
            if entry != Entry::Found {
                return entry;
            }
        }
        Entry::Found
    }
}

/// The relations of a type that are computed in a circle, or from one that is.
pub(crate) fn circular(definition: &TypeDefinition) -> BTreeSet<&str> {
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut dependents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut free = Vec::new();
    for (relation, rewrite) in &definition.relations {
        let mut needs = computed(rewrite);
        needs.retain(|need| definition.relations.contains_key(*need));
        needs.iter().for_each(|need| dependents.entry(need).or_default().push(relation));
        if needs.is_empty() {
            free.push(relation.as_str());
        } else {
            open.insert(relation, needs.len());
        }
    }
    // What is computed from nothing is in no circle; nor is what is computed only from such.
    while let Some(relation) = free.pop() {
        for dependent in dependents.get(relation).into_iter().flatten() {
            if let Some(left) = open.get_mut(dependent) {
                *left -= 1;
                if *left == 0 {
                    open.remove(dependent);
                    free.push(dependent);
                }
            }
        }
    }
    open.into_keys().collect()
}

/// The relations of the same object that a definition names.
fn computed(rewrite: &Userset) -> Vec<&str> {
    match rewrite {
        Userset::Unset | Userset::This | Userset::TupleTo(_) => Vec::new(),
        Userset::Computed(computed) => vec![&computed.relation],
        Userset::Union(children) | Userset::Intersection(children) => {
            children.iter().flat_map(self::computed).collect()
        }
        Userset::Difference(difference) => {
            [self::computed(&difference.base), self::computed(&difference.subtract)].concat()
        }
    }
}
