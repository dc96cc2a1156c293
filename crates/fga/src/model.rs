//! An authorization model as it goes over the wire: OpenFGA's protobuf messages in their JSON form. Reading is as lenient as protobuf's JSON (both
//! spellings of a name, `null` for a default, unknown fields ignored); writing is what OpenFGA's gateway writes, empty values included.

mod size;

use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap as _};

/// A whole model without its id. Maps keep the order in which they were written: messages name the first fault of a text first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// `1.1` or `1.2`; empty counts as `1.1` when a model is written.
    #[serde(default, alias = "schemaVersion", deserialize_with = "lenient")]
    pub schema_version: String,
    /// The types, in order.
    #[serde(default, alias = "typeDefinitions", deserialize_with = "lenient")]
    pub type_definitions: Vec<TypeDefinition>,
    /// The conditions by name.
    #[serde(default, deserialize_with = "lenient")]
    pub conditions: IndexMap<String, Condition>,
}

/// One type with its relations.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TypeDefinition {
    /// Its name.
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub name: String,
    /// How each relation is derived.
    #[serde(default, deserialize_with = "lenient")]
    pub relations: IndexMap<String, Userset>,
    /// Which users may be written directly, and where the text of this type stands.
    #[serde(default)]
    pub metadata: Option<Metadata>,
}

impl TypeDefinition {
    /// What the metadata says of a relation.
    pub fn relation_metadata(&self, relation: &str) -> Option<&RelationMetadata> {
        self.metadata.as_ref()?.relations.get(relation)
    }

    /// The direct type restrictions of a relation; none for one that is only computed.
    pub fn restrictions(&self, relation: &str) -> &[RelationReference] {
        self.relation_metadata(relation)
            .map_or(&[], |metadata| metadata.directly_related_user_types.as_slice())
    }
}

/// What a type says besides its rewrites.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// By relation.
    #[serde(default, deserialize_with = "lenient")]
    pub relations: IndexMap<String, RelationMetadata>,
    /// The module that defines the type.
    #[serde(default, deserialize_with = "lenient")]
    pub module: String,
    /// The file of that module.
    #[serde(default, alias = "sourceInfo")]
    pub source_info: Option<SourceInfo>,
}

/// What a relation says besides its rewrite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RelationMetadata {
    /// Whom a tuple of this relation may name.
    #[serde(default, alias = "directlyRelatedUserTypes", deserialize_with = "lenient")]
    pub directly_related_user_types: Vec<RelationReference>,
    /// The module that added the relation to a type of another one.
    #[serde(default, deserialize_with = "lenient")]
    pub module: String,
    /// The file of that module.
    #[serde(default, alias = "sourceInfo")]
    pub source_info: Option<SourceInfo>,
}

/// Where a definition was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceInfo {
    /// The file's name.
    #[serde(default, deserialize_with = "lenient")]
    pub file: String,
}

/// A type restriction: `user`, `user:*`, `group#member`, each with or without a condition.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RelationReference {
    /// The type.
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub type_name: String,
    /// The relation of a userset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
    /// Present: everybody of that type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wildcard: Option<Empty>,
    /// The condition that such a tuple must carry.
    #[serde(default, deserialize_with = "lenient")]
    pub condition: String,
}

impl RelationReference {
    /// The relation of a userset, unless there is none (protobuf cannot tell an empty one from an absent one).
    pub fn userset(&self) -> Option<&str> {
        self.relation.as_deref().filter(|relation| !relation.is_empty())
    }
}

impl std::fmt::Display for RelationReference {
    /// As the language spells it: `user`, `user:*`, `group#member`, `user with condition`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.type_name)?;
        if self.wildcard.is_some() {
            f.write_str(":*")?;
        }
        if let Some(relation) = self.userset() {
            write!(f, "#{relation}")?;
        }
        if !self.condition.is_empty() {
            write!(f, " with {}", self.condition)?;
        }
        Ok(())
    }
}

/// A message without fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// How a relation is derived.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Userset {
    /// Nothing was said. No valid model has it.
    #[default]
    Unset,
    /// Whom tuples name directly.
    This,
    /// Another relation of the same object.
    Computed(ObjectRelation),
    /// A relation of the objects that a relation of this one names: `viewer from parent`.
    TupleTo(TupleToUserset),
    /// `or`.
    Union(Vec<Userset>),
    /// `and`.
    Intersection(Vec<Userset>),
    /// `but not`.
    Difference(Box<Difference>),
}

/// Two operands of `but not`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Who has it …
    #[serde(default, deserialize_with = "lenient")]
    pub base: Userset,
    /// … unless they have this.
    #[serde(default, deserialize_with = "lenient")]
    pub subtract: Userset,
}

/// The two relations of `computed from tupleset`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TupleToUserset {
    /// The relation of this object that names the others.
    #[serde(default, deserialize_with = "lenient")]
    pub tupleset: ObjectRelation,
    /// The relation looked up there.
    #[serde(default, rename = "computedUserset", alias = "computed_userset", deserialize_with = "lenient")]
    pub computed_userset: ObjectRelation,
}

/// A relation, in models always without an object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ObjectRelation {
    /// Unused in models.
    #[serde(default, deserialize_with = "lenient")]
    pub object: String,
    /// The relation's name.
    #[serde(default, deserialize_with = "lenient")]
    pub relation: String,
}

impl ObjectRelation {
    /// A relation of the same object.
    pub fn of(relation: impl Into<String>) -> Self {
        Self { object: String::new(), relation: relation.into() }
    }
}

/// A condition: an expression in CEL over declared parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// Equal to its key.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// In CEL; its result is a bool.
    #[serde(default, deserialize_with = "lenient")]
    pub expression: String,
    /// The parameters by name.
    #[serde(default, deserialize_with = "lenient")]
    pub parameters: IndexMap<String, ParamType>,
    /// Where it was written.
    #[serde(default)]
    pub metadata: Option<ConditionMetadata>,
}

/// Where a condition was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConditionMetadata {
    /// The module.
    #[serde(default, deserialize_with = "lenient")]
    pub module: String,
    /// Its file.
    #[serde(default, alias = "sourceInfo")]
    pub source_info: Option<SourceInfo>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamType {
    /// The type, or the kind of container.
    #[serde(default, alias = "typeName", deserialize_with = "lenient")]
    pub type_name: TypeName,
    /// What a `map` or `list` holds.
    #[serde(default, alias = "genericTypes", deserialize_with = "lenient")]
    pub generic_types: Vec<ParamType>,
}

/// The names of parameter types.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TypeName {
    /// No type. No valid model has it.
    #[default]
    TypeNameUnspecified,
    /// Any JSON value.
    TypeNameAny,
    /// `true` and `false`.
    TypeNameBool,
    /// Text.
    TypeNameString,
    /// 64 bits with a sign.
    TypeNameInt,
    /// 64 bits without one.
    TypeNameUint,
    /// A floating point number.
    TypeNameDouble,
    /// A span of time, `1h30m`.
    TypeNameDuration,
    /// A moment, RFC 3339.
    TypeNameTimestamp,
    /// From strings to one type.
    TypeNameMap,
    /// Of one type.
    TypeNameList,
    /// IPv4 or IPv6.
    TypeNameIpaddress,
}

impl TypeName {
    /// Every name beside the word of the language.
    const WORDS: [(&'static str, Self); 11] = [
        ("any", Self::TypeNameAny),
        ("bool", Self::TypeNameBool),
        ("string", Self::TypeNameString),
        ("int", Self::TypeNameInt),
        ("uint", Self::TypeNameUint),
        ("double", Self::TypeNameDouble),
        ("duration", Self::TypeNameDuration),
        ("timestamp", Self::TypeNameTimestamp),
        ("map", Self::TypeNameMap),
        ("list", Self::TypeNameList),
        ("ipaddress", Self::TypeNameIpaddress),
    ];

    /// The word of the language.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, name)| *name == self).map_or("unspecified", |(word, _)| word)
    }

    /// The name for a word of the language.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, name)| *name)
    }
}

/// Reads `null` as the default, as protobuf does.
pub(crate) fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    from: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(from).map(Option::unwrap_or_default)
}

/// A list of operands on the wire.
#[derive(Default, Serialize, Deserialize)]
struct Children {
    #[serde(default, deserialize_with = "lenient")]
    child: Vec<Userset>,
}

/// The one-of as protobuf's JSON has it: at most one key.
#[derive(Default, Deserialize)]
struct WireUserset {
    this: Option<serde::de::IgnoredAny>,
    #[serde(rename = "computedUserset", alias = "computed_userset")]
    computed: Option<ObjectRelation>,
    #[serde(rename = "tupleToUserset", alias = "tuple_to_userset")]
    tuple_to: Option<TupleToUserset>,
    union: Option<Children>,
    intersection: Option<Children>,
    difference: Option<Difference>,
}

impl<'de> Deserialize<'de> for Userset {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wire = WireUserset::deserialize(from)?;
        let mut found = [
            wire.this.map(|_| Self::This),
            wire.computed.map(Self::Computed),
            wire.tuple_to.map(Self::TupleTo),
            wire.union.map(|children| Self::Union(children.child)),
            wire.intersection.map(|children| Self::Intersection(children.child)),
            wire.difference.map(|difference| Self::Difference(Box::new(difference))),
        ]
        .into_iter()
        .flatten();
        let userset = found.next().unwrap_or_default();
        if found.next().is_some() {
            return Err(D::Error::custom(
                "a userset has exactly one of this, computedUserset, tupleToUserset, union, intersection, difference",
            ));
        }
        Ok(userset)
    }
}

impl Serialize for Userset {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        /// Borrowed operands, written as the message has them.
        #[derive(Serialize)]
        struct Borrowed<'a> {
            child: &'a [Userset],
        }
        let mut map = to.serialize_map(None)?;
        match self {
            Self::Unset => {}
            Self::This => map.serialize_entry("this", &Empty {})?,
            Self::Computed(relation) => map.serialize_entry("computedUserset", relation)?,
            Self::TupleTo(tuple_to) => map.serialize_entry("tupleToUserset", tuple_to)?,
            Self::Union(child) => map.serialize_entry("union", &Borrowed { child })?,
            Self::Intersection(child) => map.serialize_entry("intersection", &Borrowed { child })?,
            Self::Difference(difference) => map.serialize_entry("difference", difference)?,
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_spellings_and_null_are_read() {
        let model: Model = serde_json::from_value(json!({
            "schemaVersion": "1.1",
            "typeDefinitions": [{ "type": "doc", "relations": { "r": { "computed_userset": { "relation": "x" } } }, "metadata": null }],
            "conditions": null, "unknown": 1,
        }))
        .unwrap();
        assert_eq!(model.schema_version, "1.1");
        assert_eq!(model.type_definitions[0].relations["r"], Userset::Computed(ObjectRelation::of("x")));
    }

    #[test]
    fn two_rewrites_in_one_userset_are_refused() {
        assert!(serde_json::from_value::<Userset>(json!({ "this": {}, "union": { "child": [] } })).is_err());
    }

    #[test]
    fn empty_values_are_written() {
        let reference = RelationReference { type_name: "user".into(), ..RelationReference::default() };
        assert_eq!(serde_json::to_value(reference).unwrap(), json!({ "type": "user", "condition": "" }));
        assert_eq!(
            serde_json::to_value(Userset::Computed(ObjectRelation::of("x"))).unwrap(),
            json!({ "computedUserset": { "object": "", "relation": "x" } })
        );
    }
}
