//! How large a model is in protobuf's wire form: the form in which the limit on its size is meant.

use super::{
    Condition, ConditionMetadata, Metadata, Model, ObjectRelation, ParamType, RelationMetadata,
    RelationReference, SourceInfo, TypeDefinition, Userset,
};

/// A ULID as a string field.
const ID: usize = 28;

/// A field with a length: tag, length, content.
fn field(length: usize) -> usize {
    let mut bytes = 1;
    let mut rest = length >> 7;
    while rest > 0 {
        bytes += 1;
        rest >>= 7;
    }
    1 + bytes + length
}

/// A string field; empty ones are not written.
fn text(text: &str) -> usize {
    if text.is_empty() { 0 } else { field(text.len()) }
}

/// An entry of a map.
fn entry(key: &str, value: usize) -> usize {
    field(field(key.len()) + field(value))
}

fn source(info: Option<&SourceInfo>) -> usize {
    info.map_or(0, |info| field(text(&info.file)))
}

impl Model {
    /// The size in bytes, with an id.
    pub fn wire_size(&self) -> usize {
        let types: usize = self.type_definitions.iter().map(|found| field(definition(found))).sum();
        let conditions: usize =
            self.conditions.iter().map(|(name, found)| entry(name, condition(found))).sum();
        ID + text(&self.schema_version) + types + conditions
    }
}

fn definition(definition: &TypeDefinition) -> usize {
    let relations: usize = definition.relations.iter().map(|(name, found)| entry(name, userset(found))).sum();
    text(&definition.name)
        + relations
        + definition.metadata.as_ref().map_or(0, |found| field(metadata(found)))
}

fn metadata(metadata: &Metadata) -> usize {
    let relations: usize =
        metadata.relations.iter().map(|(name, found)| entry(name, relation_metadata(found))).sum();
    relations + text(&metadata.module) + source(metadata.source_info.as_ref())
}

fn relation_metadata(metadata: &RelationMetadata) -> usize {
    let types: usize = metadata.directly_related_user_types.iter().map(|found| field(reference(found))).sum();
    types + text(&metadata.module) + source(metadata.source_info.as_ref())
}

fn reference(reference: &RelationReference) -> usize {
    let relation = reference.relation.as_ref().map_or(0, |relation| field(relation.len()));
    let wildcard = reference.wildcard.map_or(0, |_| field(0));
    text(&reference.type_name) + relation + wildcard + text(&reference.condition)
}

fn relation(relation: &ObjectRelation) -> usize {
    text(&relation.object) + text(&relation.relation)
}

fn userset(of: &Userset) -> usize {
    let all = |children: &[Userset]| field(children.iter().map(|child| field(userset(child))).sum());
    match of {
        Userset::Unset => 0,
        Userset::This => field(0),
        Userset::Computed(computed) => field(relation(computed)),
        Userset::TupleTo(tuple_to) => {
            field(field(relation(&tuple_to.tupleset)) + field(relation(&tuple_to.computed_userset)))
        }
        Userset::Union(children) | Userset::Intersection(children) => all(children),
        Userset::Difference(difference) => {
            field(field(userset(&difference.base)) + field(userset(&difference.subtract)))
        }
    }
}

fn condition(condition: &Condition) -> usize {
    let parameters: usize =
        condition.parameters.iter().map(|(name, found)| entry(name, parameter(found))).sum();
    let written = |found: &ConditionMetadata| field(text(&found.module) + source(found.source_info.as_ref()));
    text(&condition.name)
        + text(&condition.expression)
        + parameters
        + condition.metadata.as_ref().map_or(0, written)
}

fn parameter(parameter: &ParamType) -> usize {
    // An enumeration: tag and one byte.
    2 + parameter.generic_types.iter().map(|held| field(self::parameter(held))).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_grow_with_their_content() {
        assert_eq!((field(0), field(127), field(128), field(16_384)), (2, 129, 131, 16_388));
    }

    #[test]
    fn a_small_model() {
        let parsed = crate::dsl::parse("model\n  schema 1.1\ntype user\n").unwrap().model;
        // id 28, schema version 5, the type `user` 2 + 6.
        assert_eq!(parsed.wire_size(), 28 + 5 + 8);
    }
}
