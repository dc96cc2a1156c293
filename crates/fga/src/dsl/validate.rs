//! The language's own rules for a model that can be read: every fault with its place, as an editor shows them. What the server accepts is decided
//! by [`crate::plan`]; this is what people see first.

use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};

use super::entry::{Entries, Entry, Types};
use super::fault::{FaultKind, Lines, ModelFault};
use super::rules;
use crate::model::{Model, RelationReference, TypeDefinition, Userset};

/// Every fault of a model. `text`: where it was written, for places.
pub(super) fn validate(model: &Model, text: Option<&str>) -> Vec<ModelFault> {
    let lines = text.map(Lines::of).unwrap_or_default();
    let types: Types<'_> = model.type_definitions.iter().map(|found| (found.name.as_str(), found)).collect();
    let mut check = Check { model, types, lines, faults: Vec::new(), modules: IndexMap::new() };
    check.names();
    match model.schema_version.as_str() {
        "" => {
            check.fault(
                FaultKind::SchemaVersionRequired,
                About::default(),
                Some(0),
                "",
                "schema version required".to_owned(),
            );
        }
        "1.1" | "1.2" if check.faults.is_empty() => check.definitions(),
        "1.1" | "1.2" => {}
        other => {
            let line = check.lines.schema_line(other);
            check.fault(
                FaultKind::InvalidSchema,
                About::default(),
                line,
                other,
                format!("invalid schema {other}"),
            );
        }
    }
    check.files();
    check.faults
}

/// What a fault is about.
#[derive(Debug, Clone, Copy, Default)]
struct About<'a> {
    file: &'a str,
    module: &'a str,
    type_name: Option<&'a str>,
    relation: Option<&'a str>,
}

struct Check<'a> {
    model: &'a Model,
    types: Types<'a>,
    lines: Lines<'a>,
    faults: Vec<ModelFault>,
    /// The modules that say they stand in a file.
    modules: IndexMap<&'a str, IndexSet<&'a str>>,
}

impl<'a> Check<'a> {
    fn fault(
        &mut self,
        kind: FaultKind,
        about: About<'_>,
        line: Option<usize>,
        symbol: &str,
        message: String,
    ) {
        self.faults.push(ModelFault {
            kind,
            message,
            place: self.lines.place(kind, line, symbol),
            symbol: symbol.to_owned(),
            file: about.file.to_owned(),
            module: about.module.to_owned(),
            type_name: about.type_name.map(str::to_owned),
            relation: about.relation.map(str::to_owned),
        });
    }

    /// A fault inside a relation's definition.
    fn in_relation(&mut self, kind: FaultKind, about: About<'_>, symbol: &str, message: String) {
        let line = self.line(about);
        self.fault(kind, about, line, symbol, message);
    }

    /// The line of the relation that is talked about.
    fn line(&self, about: About<'_>) -> Option<usize> {
        let type_line = self.lines.type_line(about.type_name?, false);
        self.lines.relation_line(about.relation?, type_line)
    }

    fn seen_in_file(&mut self, file: &'a str, module: &'a str) {
        if !file.is_empty() && !module.is_empty() {
            self.modules.entry(file).or_default().insert(module);
        }
    }

    fn names(&mut self) {
        for definition in &self.model.type_definitions {
            let about = About { type_name: None, relation: None, ..home(definition, None) };
            let name = definition.name.as_str();
            self.seen_in_file(about.file, about.module);
            if matches!(name, "self" | "this") {
                let line = self.lines.type_line(name, false);
                let message = "a type cannot be named 'self' or 'this'.".to_owned();
                self.fault(FaultKind::ReservedTypeKeywords, about, line, name, message);
            }
            if !rules::is_type(name) {
                let line = self.lines.type_line(name, false);
                let message = format!("type '{name}' does not match naming rule: '^{}$'.", rules::TYPE);
                self.fault(FaultKind::InvalidName, about, line, name, message);
            }
            for relation in definition.relations.keys() {
                let metadata =
                    definition.relation_metadata(relation).filter(|found| !found.module.is_empty());
                let about = match metadata {
                    Some(found) => About {
                        file: found.source_info.as_ref().map_or("", |info| &info.file),
                        module: &found.module,
                        ..About::default()
                    },
                    None => about,
                };
                let line = self.lines.relation_line(relation, self.lines.type_line(name, false));
                if matches!(relation.as_str(), "self" | "this") {
                    let message = "a relation cannot be named 'self' or 'this'.".to_owned();
                    self.fault(FaultKind::ReservedRelationKeywords, about, line, relation, message);
                }
                if !rules::is_relation(relation) {
                    let message = format!(
                        "relation '{relation}' of type '{name}' does not match naming rule: '^{}$'.",
                        rules::RELATION
                    );
                    self.fault(FaultKind::InvalidName, about, line, relation, message);
                }
            }
        }
    }

    fn definitions(&mut self) {
        for (type_name, relation, definition) in self.relations() {
            // The last definition of a name is the one that counts.
            let definition = self.types.get(type_name).copied().unwrap_or(definition);
            let Some(rewrite) = definition.relations.get(relation) else { continue };
            let about = About {
                type_name: Some(type_name),
                relation: Some(relation),
                ..home(definition, Some(relation))
            };
            for leaf in leaves(rewrite) {
                self.leaf(definition, about, leaf);
            }
        }
        if self.faults.is_empty() {
            self.duplicates();
        }
        if self.faults.is_empty() {
            self.entries();
        }
        self.conditions();
    }

    fn relations(&self) -> Vec<(&'a str, &'a str, &'a TypeDefinition)> {
        let definitions = self.model.type_definitions.iter();
        definitions
            .flat_map(|definition| {
                let names = definition.relations.keys();
                names.map(move |name| (definition.name.as_str(), name.as_str(), definition))
            })
            .collect()
    }

    fn defines(&self, type_name: &str, relation: &str) -> bool {
        self.types.get(type_name).is_some_and(|found| found.relations.contains_key(relation))
    }

    /// One operand of a definition.
    fn leaf(&mut self, definition: &'a TypeDefinition, about: About<'a>, leaf: &'a Userset) {
        match leaf {
            Userset::Computed(computed) => {
                let target = computed.relation.as_str();
                if !target.is_empty() && !definition.relations.contains_key(target) {
                    let message = format!("the relation `{target}` does not exist.");
                    self.in_relation(FaultKind::MissingDefinition, about, target, message);
                }
            }
            Userset::TupleTo(tuple_to) => {
                let (target, from) =
                    (tuple_to.computed_userset.relation.as_str(), tuple_to.tupleset.relation.as_str());
                self.tuple_to(definition, about, target, from);
            }
            _ => self.direct(definition, about),
        }
    }

    fn direct(&mut self, definition: &'a TypeDefinition, about: About<'a>) {
        let restrictions = definition.restrictions(about.relation.unwrap_or_default());
        if restrictions.is_empty() {
            let line = self.line(about);
            let written = line.and_then(|line| self.lines.line(line)).map(|text| {
                let ends = text.find('[').zip(text.rfind(']'));
                ends.and_then(|(start, end)| text.get(start..end)).unwrap_or("self")
            });
            let symbol = written.unwrap_or_default();
            let message = format!("assignable relation '{symbol}' must have types");
            self.fault(FaultKind::AssignableRelationMustHaveTypes, About::default(), line, symbol, message);
        }
        for restriction in restrictions {
            self.restriction(about, restriction);
        }
    }

    fn restriction(&mut self, about: About<'a>, restriction: &'a RelationReference) {
        let of = restriction.type_name.as_str();
        if !self.types.contains_key(of) {
            self.in_relation(FaultKind::InvalidType, about, of, format!("`{of}` is not a valid type."));
        }
        let condition = restriction.condition.as_str();
        if !condition.is_empty() && !self.model.conditions.contains_key(condition) {
            let message = format!("`{condition}` is not a defined condition in the model.");
            self.in_relation(FaultKind::ConditionNotDefined, about, condition, message);
        }
        let Some(relation) = restriction.userset() else { return };
        if restriction.wildcard.is_some() {
            let symbol = restriction.to_string();
            let message = format!("type restriction `{symbol}` cannot contain both wildcard and relation");
            self.in_relation(FaultKind::WildcardAndRelation, about, &symbol, message);
        } else if !self.defines(of, relation) {
            let message = format!("`{relation}` is not a valid relation for `{of}`.");
            self.in_relation(FaultKind::InvalidRelationType, about, &format!("{of}#{relation}"), message);
        }
    }

    fn tuple_to(&mut self, definition: &'a TypeDefinition, about: About<'a>, target: &str, from: &'a str) {
        if target.is_empty() || from.is_empty() {
            return;
        }
        let symbol = format!("{target} from {from}");
        let type_name = definition.name.as_str();
        let Some(tupleset) = definition.relations.get(from) else {
            let message = format!("`{from}` is not a valid relation for `{type_name}`.");
            self.in_relation(FaultKind::InvalidRelationType, about, &symbol, message);
            return;
        };
        let not_direct = format!("`{from}` relation used inside from allows only direct relation.");
        let direct = matches!(tupleset, Userset::This | Userset::Unset);
        let restrictions = if direct { definition.restrictions(from) } else { &[] };
        if restrictions.is_empty() {
            self.in_relation(FaultKind::TuplesetNotDirect, about, from, not_direct);
            return;
        }
        let mut without = Vec::new();
        for restriction in restrictions {
            if restriction.wildcard.is_some() || restriction.userset().is_some() {
                self.in_relation(FaultKind::TuplesetNotDirect, about, from, not_direct.clone());
            } else if !self.defines(&restriction.type_name, target) {
                without.push(restriction.type_name.as_str());
            }
        }
        // It is enough that one of the types has it.
        if without.len() == restrictions.len() {
            for of in without {
                let message = format!(
                    "the `{target}` relation definition on type `{type_name}` is not valid: `{target}` does not exist on `{from}`, which is of type `{of}`."
                );
                self.in_relation(FaultKind::InvalidRelationOnTupleset, about, &symbol, message);
            }
        }
    }

    fn duplicates(&mut self) {
        let mut seen = BTreeSet::new();
        for definition in &self.model.type_definitions {
            let name = definition.name.as_str();
            if !seen.insert(name) {
                let line = self.lines.type_line(name, false);
                let about = About { type_name: Some(name), ..home(definition, None) };
                self.fault(
                    FaultKind::Duplicated,
                    about,
                    line,
                    name,
                    format!("the type `{name}` is a duplicate."),
                );
            }
            let relations = definition.metadata.iter().flat_map(|metadata| metadata.relations.keys());
            for relation in relations {
                self.duplicates_in(definition, relation);
            }
        }
    }

    fn duplicates_in(&mut self, definition: &'a TypeDefinition, relation: &'a str) {
        let of = Some(definition.name.as_str());
        let about = About { type_name: of, relation: Some(relation), ..home(definition, Some(relation)) };
        let mut seen = BTreeSet::new();
        for restriction in definition.restrictions(relation) {
            let symbol = restriction.to_string();
            if seen.contains(&symbol) {
                let message =
                    format!("the type restriction `{symbol}` is a duplicate in the relation `{relation}`.");
                let line =
                    self.lines.relation_line(relation, self.lines.type_line(&restriction.type_name, false));
                self.fault(FaultKind::Duplicated, about, line, &symbol, message);
            }
            seen.insert(symbol);
        }
        let about = About { type_name: of, relation: Some(relation), ..home(definition, None) };
        let mut twice = Vec::new();
        match definition.relations.get(relation) {
            Some(Userset::Union(children) | Userset::Intersection(children)) => {
                let mut seen = BTreeSet::new();
                twice.extend(children.iter().filter_map(spelled).filter(|name| !seen.insert(name.clone())));
            }
            Some(Userset::Difference(difference)) => {
                let base = spelled(&difference.base);
                twice.extend(base.filter(|base| Some(base) == spelled(&difference.subtract).as_ref()));
            }
            _ => {}
        }
        for symbol in twice {
            let message = format!(
                "the partial relation definition `{symbol}` is a duplicate in the relation `{relation}`."
            );
            self.in_relation(FaultKind::Duplicated, about, &symbol, message);
        }
    }

    fn entries(&mut self) {
        let types = self.types.clone();
        let entries = Entries::of(&types);
        for (type_name, relation, definition) in self.relations() {
            let about = About {
                type_name: Some(type_name),
                relation: Some(relation),
                ..home(definition, Some(relation))
            };
            self.seen_in_file(about.file, about.module);
            let why = match entries.entry(type_name, relation) {
                Entry::Found => continue,
                Entry::None => "no entrypoint",
                Entry::Loop => "potential loop",
            };
            let message = format!("`{relation}` is an impossible relation for `{type_name}` ({why}).");
            self.in_relation(FaultKind::RelationNoEntrypoint, about, relation, message);
        }
    }

    fn conditions(&mut self) {
        let definitions = self.model.type_definitions.iter();
        let used: BTreeSet<&str> = definitions
            .flat_map(|definition| &definition.metadata)
            .flat_map(|metadata| metadata.relations.values())
            .flat_map(|relation| &relation.directly_related_user_types)
            .map(|restriction| restriction.condition.as_str())
            .collect();
        for (name, condition) in &self.model.conditions {
            let metadata = condition.metadata.as_ref();
            let file = metadata.and_then(|found| found.source_info.as_ref()).map_or("", |info| &info.file);
            let about =
                About { file, module: metadata.map_or("", |found| &found.module), ..About::default() };
            self.seen_in_file(about.file, about.module);
            if *name != condition.name {
                let message =
                    format!("condition key is `{name}` but nested name property is {}", condition.name);
                self.fault(
                    FaultKind::DifferentNestedConditionName,
                    About::default(),
                    None,
                    &condition.name,
                    message,
                );
            }
            if !used.contains(name.as_str()) {
                let line = self.lines.condition_line(name);
                let message = format!("`{name}` condition is not used in the model.");
                self.fault(FaultKind::ConditionNotUsed, about, line, name, message);
            }
        }
    }

    fn files(&mut self) {
        for (file, modules) in std::mem::take(&mut self.modules) {
            if modules.len() > 1 {
                let modules = modules.into_iter().collect::<Vec<_>>().join(", ");
                let message = format!(
                    "file {file} would contain multiple module definitions ({modules}) when transforming to DSL. Only one module can be defined per file."
                );
                self.fault(FaultKind::MultipleModulesInFile, About::default(), None, file, message);
            }
        }
    }
}

/// The file and module of a type, or of a relation that another module added.
fn home<'a>(definition: &'a TypeDefinition, relation: Option<&str>) -> About<'a> {
    let metadata = definition.metadata.as_ref();
    let added = relation.and_then(|relation| definition.relation_metadata(relation));
    let file = added
        .and_then(|found| found.source_info.as_ref())
        .or_else(|| metadata.and_then(|found| found.source_info.as_ref()))
        .map_or("", |info| info.file.as_str());
    let module = added
        .map(|found| found.module.as_str())
        .filter(|module| !module.is_empty())
        .or_else(|| metadata.map(|found| found.module.as_str()))
        .unwrap_or_default();
    About { file, module, type_name: None, relation: None }
}

/// The operands of a definition, level by level.
fn leaves(rewrite: &Userset) -> Vec<&Userset> {
    let mut found = Vec::new();
    let mut level = vec![rewrite];
    while !level.is_empty() {
        let mut next = Vec::new();
        for userset in level {
            match userset {
                Userset::Union(children) | Userset::Intersection(children) if !children.is_empty() => {
                    next.extend(children);
                }
                Userset::Difference(difference) => next.extend([&difference.base, &difference.subtract]),
                leaf => found.push(leaf),
            }
        }
        level = next;
    }
    found
}

/// A computed operand as it is written.
fn spelled(userset: &Userset) -> Option<String> {
    match userset {
        Userset::Computed(computed) => Some(computed.relation.clone()),
        Userset::TupleTo(tuple_to) => {
            Some(format!("{} from {}", tuple_to.computed_userset.relation, tuple_to.tupleset.relation))
        }
        _ => None,
    }
}
