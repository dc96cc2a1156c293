//! From a model to a plan: limits, the server's rules, names resolved, conditions compiled, and whom each relation leads to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bits, Kind, Plan, Relation, RelationId, Restriction, Rewrite};
use crate::cel;
use crate::dsl::entry::Types;
use crate::dsl::rules;
use crate::error::{Code, Error};
use crate::model::{Model, TypeDefinition, Userset};

/// The most types of a model.
pub const MAX_TYPES: usize = 100;
/// The most relations of a model, of all types together: the cost of a plan grows with their square.
pub const MAX_RELATIONS: usize = 5_000;
/// The most conditions of a model, and parameters of a condition.
pub const MAX_CONDITIONS: usize = 25;
/// The longest expression of a condition, in bytes.
const MAX_EXPRESSION: usize = 512;
/// The most operators that stand inside one another.
const MAX_NESTING: usize = 32;
/// The largest model, in bytes of its wire form.
pub const MAX_MODEL: usize = 256 * 1024;

impl Plan {
    /// Validates a model and makes it ready.
    ///
    /// # Errors
    /// 2053 for too large a model, 2000 for names that the API does not take, 2056 for everything else.
    pub fn compile(model: &Model) -> Result<Self, Error> {
        limits(model)?;
        let validation = Validation::new(model)?;
        validation.run()?;
        let mut conditions = BTreeMap::new();
        for (key, condition) in sorted(model.conditions.iter()) {
            if *key != condition.name {
                return Err(invalid(format!(
                    "condition key '{key}' does not match condition name '{}'",
                    condition.name
                )));
            }
            let compiled = cel::Condition::compile(condition).map_err(|error| invalid(error.to_string()))?;
            conditions.insert(key.clone(), compiled);
        }
        let mut plan = validation.plan();
        plan.conditions = conditions;
        plan.close();
        Ok(plan)
    }

    /// Finds out whom each relation leads to.
    fn close(&mut self) {
        let next: Vec<Vec<RelationId>> = self.relations.iter().map(Relation::next).collect();
        let own: Vec<(Bits, bool)> =
            self.relations.iter().map(|relation| (relation.reaches.clone(), relation.plain)).collect();
        for (start, relation) in self.relations.iter_mut().enumerate() {
            relation.through.insert(start);
            let mut waiting = vec![start];
            while let Some(place) = waiting.pop() {
                if let Some((reaches, plain)) = own.get(place) {
                    relation.reaches.extend(reaches);
                    relation.plain &= plain;
                }
                for id in next.get(place).into_iter().flatten() {
                    if !relation.through.contains(id.place()) {
                        relation.through.insert(id.place());
                        waiting.push(id.place());
                    }
                }
            }
        }
    }
}

impl Relation {
    /// The relations that its definition leads to.
    pub(crate) fn next(&self) -> Vec<RelationId> {
        let usersets = self.direct.iter().filter_map(|restriction| match restriction.kind {
            Kind::Userset(relation) => Some(relation),
            Kind::Object | Kind::Everybody => None,
        });
        let mut next: Vec<RelationId> = usersets.collect();
        self.rewrite.named(&mut next);
        next
    }
}

impl Rewrite {
    /// The relations that it names, those of parents included.
    fn named(&self, into: &mut Vec<RelationId>) {
        match self {
            Self::Direct => {}
            Self::Computed(relation) => into.push(*relation),
            Self::From { of, .. } => into.extend(of.values()),
            Self::Union(children) | Self::Intersection(children) => {
                children.iter().for_each(|child| child.named(into));
            }
            Self::Difference(base, subtract) => {
                base.named(into);
                subtract.named(into);
            }
        }
    }

    /// Only unions.
    fn is_plain(&self) -> bool {
        match self {
            Self::Direct | Self::Computed(_) | Self::From { .. } => true,
            Self::Union(children) => children.iter().all(Self::is_plain),
            Self::Intersection(_) | Self::Difference(..) => false,
        }
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::InvalidAuthorizationModel, message)
}

fn limits(model: &Model) -> Result<(), Error> {
    if model.type_definitions.len() > MAX_TYPES {
        return Err(Error::exceeded("type definitions in an authorization model", MAX_TYPES));
    }
    let relations: usize = model.type_definitions.iter().map(|found| found.relations.len()).sum();
    if relations > MAX_RELATIONS {
        return Err(Error::exceeded("relations in an authorization model", MAX_RELATIONS));
    }
    if model.conditions.len() > MAX_CONDITIONS {
        return Err(Error::validation(format!(
            "invalid WriteAuthorizationModelRequest.Conditions: value must contain no more than {MAX_CONDITIONS} pair(s)"
        )));
    }
    let size = model.wire_size();
    if size > MAX_MODEL {
        return Err(Error::new(
            Code::ExceededEntityLimit,
            format!("model exceeds size limit: {size} bytes vs {MAX_MODEL} bytes"),
        ));
    }
    if model.type_definitions.is_empty() {
        return Err(Error::validation(
            "invalid WriteAuthorizationModelRequest.TypeDefinitions: value must contain at least 1 item(s)",
        ));
    }
    for definition in &model.type_definitions {
        let name = &definition.name;
        if !is_api_name(name, 254) {
            return Err(Error::validation(format!(
                "invalid TypeDefinition.Type: value does not match regex pattern \"^[^:#@\\\\s]{{1,254}}$\", found {name:?}"
            )));
        }
        if let Some((relation, _)) =
            definition.relations.iter().find(|(_, rewrite)| nesting(rewrite) > MAX_NESTING)
        {
            return Err(invalid(format!(
                "the definition of relation '{relation}' in object type '{name}' is invalid: more than {MAX_NESTING} operators stand inside one another"
            )));
        }
        if let Some(relation) = definition.relations.keys().find(|relation| !is_api_name(relation, 50)) {
            return Err(Error::validation(format!(
                "invalid TypeDefinition.Relations[{relation}]: value does not match regex pattern \"^[^:#@\\\\s]{{1,50}}$\""
            )));
        }
    }
    for (name, condition) in &model.conditions {
        let parameters = condition.parameters.len();
        if !rules::is_condition(name)
            || condition.expression.is_empty()
            || condition.expression.len() > MAX_EXPRESSION
            || parameters > MAX_CONDITIONS
        {
            return Err(Error::validation(format!(
                "invalid Condition '{name}': a name has 1 to 50 characters, an expression 1 to {MAX_EXPRESSION} bytes, and there are at most {MAX_CONDITIONS} parameters"
            )));
        }
    }
    Ok(())
}

/// How many operators stand inside one another.
fn nesting(rewrite: &Userset) -> usize {
    match rewrite {
        Userset::Unset | Userset::This | Userset::Computed(_) | Userset::TupleTo(_) => 0,
        Userset::Union(children) | Userset::Intersection(children) => {
            1 + children.iter().map(nesting).max().unwrap_or_default()
        }
        Userset::Difference(difference) => 1 + nesting(&difference.base).max(nesting(&difference.subtract)),
    }
}

fn is_api_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.chars().count())
        && !name.chars().any(|c| matches!(c, ':' | '#' | '@') || c.is_whitespace() || c.is_control())
}

pub(super) fn sorted<'a, T: 'a>(
    entries: impl Iterator<Item = (&'a String, &'a T)>,
) -> Vec<(&'a String, &'a T)> {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|(name, _)| *name);
    entries
}

/// A model with its types by name.
pub(super) struct Validation<'a> {
    pub(super) model: &'a Model,
    pub(super) types: Types<'a>,
    /// `type#relation` that stand behind a `from`.
    pub(super) tuplesets: BTreeSet<(&'a str, &'a str)>,
}

impl<'a> Validation<'a> {
    fn new(model: &'a Model) -> Result<Self, Error> {
        if !matches!(model.schema_version.as_str(), "" | "1.1" | "1.2") {
            return Err(invalid("invalid schema version"));
        }
        let mut types = Types::new();
        for definition in &model.type_definitions {
            if types.insert(&definition.name, definition).is_some() {
                return Err(invalid("an authorization model cannot contain duplicate types"));
            }
        }
        types.sort_keys();
        let mut tuplesets = BTreeSet::new();
        for (name, definition) in &types {
            for rewrite in definition.relations.values() {
                collect_tuplesets(name, rewrite, &mut tuplesets);
            }
        }
        Ok(Self { model, types, tuplesets })
    }

    /// The plan of a model that was found valid.
    fn plan(&self) -> Plan {
        let mut types: BTreeMap<String, BTreeMap<String, RelationId>> = BTreeMap::new();
        let mut next = 0;
        for (name, definition) in &self.types {
            let of_type = types.entry((*name).to_owned()).or_default();
            for (relation, _) in sorted(definition.relations.iter()) {
                of_type.insert(relation.clone(), RelationId(next));
                next += 1;
            }
        }
        let mut plan = Plan { types, relations: Vec::new(), conditions: BTreeMap::new() };
        for (name, definition) in &self.types {
            for (relation, rewrite) in sorted(definition.relations.iter()) {
                let made = self.relation(&plan, name, relation, rewrite, definition);
                plan.relations.push(made);
            }
        }
        plan
    }

    fn relation(
        &self,
        plan: &Plan,
        name: &str,
        relation: &str,
        rewrite: &Userset,
        definition: &TypeDefinition,
    ) -> Relation {
        let restrictions = definition.restrictions(relation).iter();
        let direct: Vec<Restriction> = restrictions
            .filter_map(|restriction| {
                let kind = match restriction.userset() {
                    Some(userset) => Kind::Userset(plan.find(&restriction.type_name, userset)?),
                    None if restriction.wildcard.is_some() => Kind::Everybody,
                    None => Kind::Object,
                };
                let condition = Some(restriction.condition.clone()).filter(|name| !name.is_empty());
                Some(Restriction { type_name: restriction.type_name.clone(), kind, condition })
            })
            .collect();
        let mut reaches = Bits::default();
        for restriction in direct.iter().filter(|found| !matches!(found.kind, Kind::Userset(_))) {
            let place = plan.types.keys().position(|name| *name == restriction.type_name);
            place.into_iter().for_each(|place| reaches.insert(place));
        }
        let made = compile_rewrite(plan, name, rewrite, definition);
        let unconditional = direct.iter().all(|restriction| restriction.condition.is_none());
        let tuplesets_unconditional = tuplesets_of(rewrite)
            .iter()
            .all(|tupleset| definition.restrictions(tupleset).iter().all(|of| of.condition.is_empty()));
        let plain = made.is_plain() && unconditional && tuplesets_unconditional;
        Relation {
            type_name: name.to_owned(),
            name: relation.to_owned(),
            rewrite: made,
            direct,
            is_tupleset: self.tuplesets.contains(&(name, relation)),
            reaches,
            through: Bits::default(),
            plain,
        }
    }
}

fn compile_rewrite(plan: &Plan, name: &str, rewrite: &Userset, definition: &TypeDefinition) -> Rewrite {
    let all = |children: &[Userset]| {
        children.iter().map(|child| compile_rewrite(plan, name, child, definition)).collect()
    };
    match rewrite {
        Userset::Unset | Userset::This => Rewrite::Direct,
        Userset::Computed(computed) => {
            // Validation found it; were it not there, nobody would have it.
            let found = plan.find(name, &computed.relation);
            found.map_or(Rewrite::Union(Vec::new()), Rewrite::Computed)
        }
        Userset::TupleTo(tuple_to) => {
            let computed = &tuple_to.computed_userset.relation;
            let parents = definition.restrictions(&tuple_to.tupleset.relation).iter();
            let of = parents
                .filter_map(|parent| {
                    Some((parent.type_name.clone(), plan.find(&parent.type_name, computed)?))
                })
                .collect();
            let tupleset = plan.find(name, &tuple_to.tupleset.relation);
            tupleset.map_or(Rewrite::Union(Vec::new()), |tupleset| Rewrite::From { tupleset, of })
        }
        Userset::Union(children) => Rewrite::Union(all(children)),
        Userset::Intersection(children) => Rewrite::Intersection(all(children)),
        Userset::Difference(difference) => Rewrite::Difference(
            Box::new(compile_rewrite(plan, name, &difference.base, definition)),
            Box::new(compile_rewrite(plan, name, &difference.subtract, definition)),
        ),
    }
}

fn tuplesets_of(rewrite: &Userset) -> Vec<&str> {
    match rewrite {
        Userset::TupleTo(tuple_to) => vec![&tuple_to.tupleset.relation],
        Userset::Unset | Userset::This | Userset::Computed(_) => Vec::new(),
        Userset::Union(children) | Userset::Intersection(children) => {
            children.iter().flat_map(tuplesets_of).collect()
        }
        Userset::Difference(difference) => {
            [tuplesets_of(&difference.base), tuplesets_of(&difference.subtract)].concat()
        }
    }
}

fn collect_tuplesets<'a>(name: &'a str, rewrite: &'a Userset, into: &mut BTreeSet<(&'a str, &'a str)>) {
    into.extend(tuplesets_of(rewrite).into_iter().map(|tupleset| (name, tupleset)));
}
