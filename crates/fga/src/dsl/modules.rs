//! One model from the files of several modules.

use indexmap::IndexMap;

use super::fault::{FaultKind, Lines, ModelFault, Place};
use super::{parse, validate};
use crate::model::{Model, SourceInfo, TypeDefinition};

/// Puts a model together. The files are named, in order.
///
/// # Errors
/// Every fault of every file, and of the model that they make together.
pub fn assemble(files: &[(&str, &str)], schema_version: &str) -> Result<Model, Vec<ModelFault>> {
    let mut assembly = Assembly { files, ..Assembly::default() };
    assembly.model.schema_version = schema_version.to_owned();
    for (name, text) in files {
        assembly.read(name, text);
    }
    for (file, extension) in std::mem::take(&mut assembly.extensions) {
        assembly.extend(file, extension);
    }
    for mut fault in validate::validate(&assembly.model, None) {
        fault.place = assembly.place(&fault);
        assembly.faults.push(fault);
    }
    if assembly.faults.is_empty() { Ok(assembly.model) } else { Err(assembly.faults) }
}

#[derive(Default)]
struct Assembly<'a> {
    files: &'a [(&'a str, &'a str)],
    model: Model,
    extensions: Vec<(&'a str, TypeDefinition)>,
    faults: Vec<ModelFault>,
}

impl<'a> Assembly<'a> {
    fn fault(&mut self, kind: FaultKind, file: &str, place: Option<Place>, symbol: &str, message: String) {
        self.faults.push(ModelFault {
            kind,
            message,
            place,
            symbol: symbol.to_owned(),
            file: file.to_owned(),
            module: String::new(),
            type_name: None,
            relation: None,
        });
    }

    fn lines(&self, file: &str) -> Lines<'a> {
        self.files
            .iter()
            .find(|(name, _)| *name == file)
            .map_or_else(Lines::default, |(_, text)| Lines::of(text))
    }

    fn read(&mut self, file: &'a str, text: &'a str) {
        let parsed = match parse(text) {
            Ok(parsed) => parsed,
            Err(errors) => {
                for error in errors {
                    let place = Place { line: error.line, column: error.column, end: error.end };
                    let symbol = error.symbol.unwrap_or_default();
                    self.fault(FaultKind::Syntax, file, Some(place), &symbol, error.message);
                }
                return;
            }
        };
        let source = Some(SourceInfo { file: file.to_owned() });
        for (at, mut definition) in parsed.model.type_definitions.into_iter().enumerate() {
            if parsed.extensions.contains(&at) {
                self.extensions.push((file, definition));
                continue;
            }
            let Some(metadata) = definition.metadata.as_mut().filter(|_| parsed.module.is_some()) else {
                let start = Place { line: 0, column: 0, end: 0 };
                self.fault(
                    FaultKind::Transformation,
                    file,
                    Some(start),
                    "",
                    "file is not a module".to_owned(),
                );
                continue;
            };
            metadata.source_info.clone_from(&source);
            self.model.type_definitions.push(definition);
        }
        for (name, mut condition) in parsed.model.conditions {
            if self.model.conditions.contains_key(&name) {
                let lines = Lines::of(text);
                let place = lines.place(FaultKind::Transformation, lines.condition_line(&name), &name);
                let message = format!("duplicate condition {name}");
                self.fault(FaultKind::Transformation, file, place, &name, message);
                continue;
            }
            if let Some(metadata) = &mut condition.metadata {
                metadata.source_info.clone_from(&source);
            }
            self.model.conditions.insert(name, condition);
        }
    }

    fn extend(&mut self, file: &str, extension: TypeDefinition) {
        let lines = self.lines(file);
        let name = extension.name.clone();
        let found = self.model.type_definitions.iter_mut().find(|known| known.name == name);
        let Some(original) = found else {
            let place = lines.place(FaultKind::Transformation, lines.type_line(&name, true), &name);
            let message = format!("extended type {name} does not exist");
            return self.fault(FaultKind::Transformation, file, place, &name, message);
        };
        let mut metadata: IndexMap<_, _> = extension.metadata.unwrap_or_default().relations;
        let mut twice = Vec::new();
        let known = original.metadata.get_or_insert_default();
        for (relation, rewrite) in extension.relations {
            if original.relations.contains_key(&relation) {
                twice.push(relation);
                continue;
            }
            let mut added = metadata.swap_remove(&relation).unwrap_or_default();
            added.source_info = Some(SourceInfo { file: file.to_owned() });
            known.relations.insert(relation.clone(), added);
            original.relations.insert(relation, rewrite);
        }
        for relation in twice {
            let place =
                lines.place(FaultKind::Transformation, lines.relation_line(&relation, None), &relation);
            let message = format!("relation {relation} already exists on type {name}");
            self.fault(FaultKind::Transformation, file, place, &relation, message);
        }
    }

    /// Where a fault of the whole stands in its file.
    fn place(&self, fault: &ModelFault) -> Option<Place> {
        if fault.file.is_empty() || fault.module.is_empty() || fault.symbol.is_empty() {
            return None;
        }
        let lines = self.lines(&fault.file);
        let symbol = fault.symbol.as_str();
        let type_line = |name: &str| lines.type_line(name, false).or_else(|| lines.type_line(name, true));
        let line = match fault.kind {
            FaultKind::ConditionNotUsed => lines.condition_line(symbol),
            FaultKind::ReservedTypeKeywords => lines.type_line(symbol, false),
            FaultKind::InvalidName if fault.message.starts_with("relation") => {
                lines.relation_line(symbol, None)
            }
            FaultKind::InvalidName => lines.type_line(symbol, false),
            FaultKind::ReservedRelationKeywords => lines.relation_line(symbol, None),
            _ => {
                let of = fault.type_name.as_deref().and_then(type_line);
                match &fault.relation {
                    Some(relation) => lines.relation_line(relation, of),
                    None => of,
                }
            }
        };
        lines.place(fault.kind, line, symbol)
    }
}
