//! The server's rules for a model, in the server's order: types and relations by name, the first fault is the answer.

use super::compile::{Validation, invalid, sorted};
use crate::dsl::entry::{Entries, Entry, circular};
use crate::error::Error;
use crate::model::{TypeDefinition, Userset};

impl Validation<'_> {
    fn defined(&self, type_name: &str, relation: &str) -> bool {
        self.types.get(type_name).is_some_and(|found| found.relations.contains_key(relation))
    }

    pub(super) fn run(&self) -> Result<(), Error> {
        for (name, definition) in &self.types {
            if matches!(*name, "self" | "this") {
                return Err(invalid(format!("the definition of type '{name}' is invalid")));
            }
            for (relation, _) in sorted(definition.relations.iter()) {
                if matches!(relation.as_str(), "self" | "this") {
                    return Err(bad_relation(name, relation, "self and this are reserved keywords"));
                }
            }
        }
        let entries = Entries::of(&self.types);
        for (name, definition) in &self.types {
            let circular = circular(definition);
            for (relation, rewrite) in sorted(definition.relations.iter()) {
                self.rewrite(name, relation, rewrite, definition)?;
                self.restrictions(name, relation, rewrite, definition)?;
                match entries.entry(name, relation) {
                    Entry::Found => {}
                    Entry::None => return Err(bad_relation(name, relation, "no entrypoints defined")),
                    Entry::Loop => return Err(bad_relation(name, relation, "potential loop")),
                }
                if circular.contains(relation.as_str()) {
                    let cause = "an authorization model cannot contain a cycle";
                    return Err(bad_relation(name, relation, cause));
                }
            }
        }
        Ok(())
    }

    fn rewrite(
        &self,
        name: &str,
        relation: &str,
        rewrite: &Userset,
        definition: &TypeDefinition,
    ) -> Result<(), Error> {
        let undefined = |relation: &str| invalid(format!("'{name}#{relation}' relation is undefined"));
        match rewrite {
            Userset::Unset => Err(bad_relation(name, relation, "invalid userset rewrite definition")),
            Userset::This => Ok(()),
            Userset::Computed(computed) if computed.relation == relation => {
                Err(bad_relation(name, relation, "invalid userset rewrite definition"))
            }
            Userset::Computed(computed) if !self.defined(name, &computed.relation) => {
                Err(undefined(&computed.relation))
            }
            Userset::Computed(_) => Ok(()),
            Userset::TupleTo(tuple_to) => {
                let tupleset = tuple_to.tupleset.relation.as_str();
                match definition.relations.get(tupleset) {
                    None => return Err(undefined(tupleset)),
                    Some(Userset::This) => {}
                    Some(_) => {
                        return Err(invalid(format!(
                            "the '{name}#{tupleset}' relation is referenced in at least one tupleset and thus must be a direct relation"
                        )));
                    }
                }
                let computed = tuple_to.computed_userset.relation.as_str();
                let parents = definition.restrictions(tupleset);
                if parents.iter().any(|parent| self.defined(&parent.type_name, computed)) {
                    return Ok(());
                }
                let shown: Vec<String> =
                    parents.iter().map(|parent| format!("type:\"{}\"", parent.type_name)).collect();
                Err(invalid(format!(
                    "undefined relation: {computed} does not appear as a relation in any of the directly related user types [{}]",
                    shown.join(" ")
                )))
            }
            Userset::Union(children) | Userset::Intersection(children) => {
                if children.len() < 2 {
                    let kind = if matches!(rewrite, Userset::Union(_)) { "union" } else { "intersection" };
                    return Err(invalid(format!(
                        "invalid relation: '{name}#{relation}' as {kind} has less than 2 children"
                    )));
                }
                children.iter().try_for_each(|child| self.rewrite(name, relation, child, definition))
            }
            Userset::Difference(difference) => {
                self.rewrite(name, relation, &difference.base, definition)?;
                self.rewrite(name, relation, &difference.subtract, definition)
            }
        }
    }

    fn restrictions(
        &self,
        name: &str,
        relation: &str,
        rewrite: &Userset,
        definition: &TypeDefinition,
    ) -> Result<(), Error> {
        let restrictions = definition.restrictions(relation);
        let assignable = contains_this(rewrite);
        if assignable && restrictions.is_empty() {
            return Err(invalid(format!(
                "the assignable relation '{relation}' in object type '{name}' must contain at least one relation type"
            )));
        }
        if !assignable && !restrictions.is_empty() {
            return Err(invalid(format!(
                "the non-assignable relation '{relation}' in object type '{name}' should not contain a relation type"
            )));
        }
        for restriction in restrictions {
            let of = restriction.type_name.as_str();
            let userset = restriction.userset();
            let behind_from = self.tuplesets.contains(&(name, relation))
                && (restriction.relation.is_some() || restriction.wildcard.is_some());
            let undefined = !self.types.contains_key(of)
                || userset.is_some_and(|userset| !self.defined(of, userset))
                || (userset.is_some() && restriction.wildcard.is_some());
            if behind_from || undefined {
                let shown = userset.map_or(of.to_owned(), |userset| format!("{of}#{userset}"));
                return Err(invalid(format!(
                    "the relation type '{shown}' on '{relation}' in object type '{name}' is not valid"
                )));
            }
            let condition = &restriction.condition;
            if !condition.is_empty() && !self.model.conditions.contains_key(condition) {
                return Err(invalid(format!("condition {condition} is undefined for relation {relation}")));
            }
        }
        Ok(())
    }
}

fn bad_relation(type_name: &str, relation: &str, cause: &str) -> Error {
    invalid(format!(
        "the definition of relation '{relation}' in object type '{type_name}' is invalid: {cause}"
    ))
}

fn contains_this(rewrite: &Userset) -> bool {
    match rewrite {
        Userset::This => true,
        Userset::Unset | Userset::Computed(_) | Userset::TupleTo(_) => false,
        Userset::Union(children) | Userset::Intersection(children) => children.iter().any(contains_this),
        Userset::Difference(difference) => {
            contains_this(&difference.base) || contains_this(&difference.subtract)
        }
    }
}
