//! From a model to its text: types in order (by module, where there are modules), relations and conditions by name.

use std::fmt;

use crate::model::{Condition, Model, RelationMetadata, SourceInfo, TypeDefinition, Userset};

/// Why a model has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrintError {
    /// A definition that the language cannot say: direct assignment not in the first place, or twice.
    Nesting {
        /// The type.
        type_name: String,
        /// The relation.
        relation: String,
    },
    /// A condition under another name than its own.
    ConditionName {
        /// Its key.
        key: String,
        /// Its own name.
        name: String,
    },
}

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nesting { type_name, relation } => write!(
                f,
                "the '{relation}' relation definition under the '{type_name}' type is not supported by the OpenFGA DSL syntax yet"
            ),
            Self::ConditionName { key, name } => {
                write!(f, "the '{key}' condition has a different nested condition name ('{name}')")
            }
        }
    }
}

/// The text of a model. `sources`: say behind each definition which module and file it came from.
///
/// # Errors
/// [`PrintError`] for what the language cannot say.
pub fn print(model: &Model, sources: bool) -> Result<String, PrintError> {
    let mut types: Vec<&TypeDefinition> = model.type_definitions.iter().collect();
    let modular = types.iter().any(|definition| !home(definition).0.is_empty());
    if modular {
        types.sort_by_key(|definition| {
            let (module, file) = home(definition);
            order(module, file, &definition.name)
        });
    }
    let mut text = format!("model\n  schema {}\n", model.schema_version);
    for definition in types {
        text.push('\n');
        print_type(definition, modular, sources, &mut text)?;
    }
    let mut conditions: Vec<(&String, &Condition)> = model.conditions.iter().collect();
    conditions.sort_by_key(|(name, condition)| {
        let metadata = condition.metadata.as_ref();
        order(
            metadata.map_or("", |found| &found.module),
            file(metadata.and_then(|found| found.source_info.as_ref())),
            name,
        )
    });
    for (key, condition) in conditions {
        text.push('\n');
        print_condition(key, condition, sources, &mut text)?;
    }
    Ok(text)
}

/// The module and the file of a type.
fn home(definition: &TypeDefinition) -> (&str, &str) {
    let metadata = definition.metadata.as_ref();
    let file = file(metadata.and_then(|found| found.source_info.as_ref()));
    (metadata.map_or("", |found| &found.module), file)
}

fn file(info: Option<&SourceInfo>) -> &str {
    info.map_or("", |info| &info.file)
}

/// What belongs to no module comes first and by name; the rest by module, file and name.
fn order<'a>(module: &'a str, file: &'a str, name: &'a str) -> (&'a str, &'a str, &'a str) {
    if module.is_empty() { ("", "", name) } else { (module, file, name) }
}

fn source(lead: &str, module: &str, file: &str, sources: bool) -> String {
    if !sources || (module.is_empty() && file.is_empty()) {
        return String::new();
    }
    format!(" #{lead} module: {module}, file: {file}")
}

fn print_type(
    definition: &TypeDefinition,
    modular: bool,
    sources: bool,
    text: &mut String,
) -> Result<(), PrintError> {
    let (module, file_name) = home(definition);
    text.push_str(&format!("type {}{}\n", definition.name, source("", module, file_name, sources)));
    if definition.relations.is_empty() {
        return Ok(());
    }
    text.push_str("  relations\n");
    let none = RelationMetadata::default();
    let mut relations: Vec<(&String, &Userset, &RelationMetadata)> = definition
        .relations
        .iter()
        .map(|(name, rewrite)| (name, rewrite, definition.relation_metadata(name).unwrap_or(&none)))
        .collect();
    relations.sort_by_key(|(name, _, metadata)| {
        let (module, file) = (metadata.module.as_str(), file(metadata.source_info.as_ref()));
        if modular { order(module, file, name) } else { order("", "", name) }
    });
    for (name, rewrite, metadata) in relations {
        let refused = || PrintError::Nesting { type_name: definition.name.clone(), relation: name.clone() };
        let mut direct = 0;
        let rewritten = print_rewrite(rewrite, metadata, true, &mut direct).ok_or_else(refused)?;
        if direct > 1 || (direct == 1 && !direct_is_first(rewrite)) {
            return Err(refused());
        }
        let from = source(" extended by:", &metadata.module, file(metadata.source_info.as_ref()), sources);
        text.push_str(&format!("    define {name}: {rewritten}{from}\n"));
    }
    Ok(())
}

fn print_rewrite(
    rewrite: &Userset,
    metadata: &RelationMetadata,
    outermost: bool,
    direct: &mut usize,
) -> Option<String> {
    let joined = match rewrite {
        Userset::Unset => return None,
        Userset::This => {
            *direct += 1;
            let types = metadata.directly_related_user_types.iter().map(ToString::to_string);
            return Some(format!("[{}]", types.collect::<Vec<_>>().join(", ")));
        }
        Userset::Computed(computed) => return Some(computed.relation.clone()),
        Userset::TupleTo(tuple_to) => {
            let (computed, from) = (&tuple_to.computed_userset.relation, &tuple_to.tupleset.relation);
            return Some(format!("{computed} from {from}"));
        }
        Userset::Union(children) => print_all(children, " or ", metadata, direct)?,
        Userset::Intersection(children) => print_all(children, " and ", metadata, direct)?,
        Userset::Difference(difference) => {
            let base = print_rewrite(&difference.base, metadata, false, direct)?;
            let subtract = print_rewrite(&difference.subtract, metadata, false, direct)?;
            format!("{base} but not {subtract}")
        }
    };
    Some(if outermost { joined } else { format!("({joined})") })
}

fn print_all(
    children: &[Userset],
    between: &str,
    metadata: &RelationMetadata,
    direct: &mut usize,
) -> Option<String> {
    // Direct assignment is written first, wherever it stands.
    let mut ordered: Vec<&Userset> = children.iter().collect();
    if let Some(place) = children.iter().position(|child| *child == Userset::This) {
        let this = ordered.remove(place);
        ordered.insert(0, this);
    }
    let printed: Option<Vec<String>> =
        ordered.into_iter().map(|child| print_rewrite(child, metadata, false, direct)).collect();
    printed.map(|printed| printed.join(between))
}

/// Whether direct assignment stands where the language wants it.
fn direct_is_first(rewrite: &Userset) -> bool {
    match rewrite {
        Userset::This => true,
        Userset::Difference(difference) => direct_is_first(&difference.base),
        Userset::Union(children) | Userset::Intersection(children) => {
            children.contains(&Userset::This) || children.first().is_some_and(direct_is_first)
        }
        Userset::Unset | Userset::Computed(_) | Userset::TupleTo(_) => false,
    }
}

fn print_condition(
    key: &str,
    condition: &Condition,
    sources: bool,
    text: &mut String,
) -> Result<(), PrintError> {
    if key != condition.name {
        return Err(PrintError::ConditionName { key: key.to_owned(), name: condition.name.clone() });
    }
    let mut parameters: Vec<String> = condition
        .parameters
        .iter()
        .map(|(name, of)| match of.generic_types.first() {
            Some(held) => format!("{name}: {}<{}>", of.type_name.word(), held.type_name.word()),
            None => format!("{name}: {}", of.type_name.word()),
        })
        .collect();
    parameters.sort();
    let metadata = condition.metadata.as_ref();
    let from = source(
        "",
        metadata.map_or("", |found| &found.module),
        file(metadata.and_then(|found| found.source_info.as_ref())),
        sources,
    );
    let (parameters, expression) = (parameters.join(", "), &condition.expression);
    text.push_str(&format!("condition {key}({parameters}) {{\n  {expression}\n}}{from}\n"));
    Ok(())
}
