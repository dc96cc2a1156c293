//! From the tree to a model. What the grammar cannot say is refused here: names defined twice, `extend` outside a module.

use indexmap::IndexMap;

use super::grammar::Rule;
use super::parser::{Child, Node};
use super::syntax::SyntaxError;
use super::token::{self as t, Token};
use crate::model::{
    Condition, ConditionMetadata, Difference, Empty, Metadata, Model, ObjectRelation, ParamType,
    RelationMetadata, RelationReference, TupleToUserset, TypeDefinition, TypeName, Userset,
};

/// What a text says: a whole model, or a module of one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parsed {
    /// Types and conditions.
    pub model: Model,
    /// The module, if the text is one.
    pub module: Option<String>,
    /// The places in `model.type_definitions` that extend a type of another module.
    pub extensions: Vec<usize>,
}

/// Builds what the tree says.
pub(super) fn build(tree: &Node) -> (Parsed, Vec<SyntaxError>) {
    let mut builder = Builder::default();
    builder.main(tree);
    (builder.parsed, builder.errors)
}

#[derive(Default)]
struct Builder {
    parsed: Parsed,
    errors: Vec<SyntaxError>,
}

/// `or`, `and`, `but not`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    ButNot,
}

impl Builder {
    fn error(&mut self, token: Option<&Token>, message: String) {
        let (line, column) = token.map_or((0, 0), |token| (token.line, token.column));
        self.errors.push(SyntaxError::at(line, column, token.map(|token| token.text.as_str()), message));
    }

    fn main(&mut self, tree: &Node) {
        if let Some(header) = tree.node(Rule::ModelHeader)
            && let Some(version) = header.token(t::SCHEMA_VERSION)
        {
            self.parsed.model.schema_version.clone_from(&version.text);
        }
        self.parsed.module =
            tree.node(Rule::ModuleHeader).and_then(|header| Some(header.node(Rule::Identifier)?.text()));
        for node in tree.nodes(Rule::TypeDefs).flat_map(|all| all.nodes(Rule::TypeDef)) {
            self.type_definition(node);
        }
        for node in tree.nodes(Rule::Conditions).flat_map(|all| all.nodes(Rule::Condition)) {
            self.condition(node);
        }
    }

    fn type_definition(&mut self, node: &Node) {
        let Some(name_node) = node.node(Rule::ExtendedIdentifier) else { return };
        let name = name_node.text();
        let extends = node.token(t::EXTEND).is_some();
        let module = self.parsed.module.clone();
        if extends && module.is_none() {
            self.error(name_node.first(), "extend can only be used in a modular model".to_owned());
        }
        let mut relations = IndexMap::new();
        let mut metadata = Metadata { module: module.clone().unwrap_or_default(), ..Metadata::default() };
        for declaration in node.nodes(Rule::RelationDeclaration) {
            let Some(relation_node) = declaration.node(Rule::RelationName) else { continue };
            let relation = relation_node.text();
            let Some((rewrite, restrictions)) =
                declaration.node(Rule::RelationDef).and_then(relation_definition)
            else {
                continue;
            };
            if relations.contains_key(&relation) {
                self.error(relation_node.first(), format!("'{relation}' is already defined in '{name}'"));
            }
            relations.insert(relation.clone(), rewrite);
            let added = RelationMetadata {
                directly_related_user_types: restrictions,
                module: module.clone().filter(|_| extends).unwrap_or_default(),
                source_info: None,
            };
            metadata.relations.insert(relation, added);
        }
        if extends && module.is_some() {
            let known = &self.parsed.model.type_definitions;
            let twice = self
                .parsed
                .extensions
                .iter()
                .any(|place| known.get(*place).is_some_and(|earlier| earlier.name == name));
            if twice {
                self.error(name_node.first(), format!("'{name}' is already extended in file."));
            }
            self.parsed.extensions.push(known_len(&self.parsed));
        }
        let metadata = (module.is_some() || !relations.is_empty()).then_some(metadata);
        self.parsed.model.type_definitions.push(TypeDefinition { name, relations, metadata });
    }

    fn condition(&mut self, node: &Node) {
        let Some(name_node) = node.node(Rule::ConditionName) else { return };
        let name = name_node.text();
        if self.parsed.model.conditions.contains_key(&name) {
            self.error(name_node.first(), format!("condition '{name}' is already defined in the model"));
        }
        let mut parameters = IndexMap::new();
        for parameter in node.nodes(Rule::ConditionParameter) {
            let (Some(parameter_node), Some(type_node)) =
                (parameter.node(Rule::ParameterName), parameter.node(Rule::ParameterType))
            else {
                continue;
            };
            let parameter_name = parameter_node.text();
            if parameters.contains_key(&parameter_name) {
                self.error(
                    parameter_node.first(),
                    format!("parameter '{parameter_name}' is already defined in the condition '{name}'"),
                );
            }
            parameters.insert(parameter_name, parameter_type(type_node));
        }
        let expression = node
            .node(Rule::ConditionExpression)
            .map(|expression| expression.text().trim().to_owned())
            .unwrap_or_default();
        let metadata =
            self.parsed.module.clone().map(|module| ConditionMetadata { module, source_info: None });
        let condition = Condition { name: name.clone(), expression, parameters, metadata };
        self.parsed.model.conditions.insert(name, condition);
    }
}

fn known_len(parsed: &Parsed) -> usize {
    parsed.model.type_definitions.len()
}

fn parameter_type(node: &Node) -> ParamType {
    let name = |kind| node.token(kind).and_then(|token| TypeName::from_word(&token.text)).unwrap_or_default();
    if node.token(t::PARAM_CONTAINER).is_some() {
        let held = ParamType { type_name: name(t::PARAM_TYPE), generic_types: Vec::new() };
        return ParamType { type_name: name(t::PARAM_CONTAINER), generic_types: vec![held] };
    }
    ParamType { type_name: name(t::PARAM_TYPE), generic_types: Vec::new() }
}

/// The rewrite of `define x: …` with its type restrictions.
fn relation_definition(node: &Node) -> Option<(Userset, Vec<RelationReference>)> {
    let mut restrictions = Vec::new();
    let rewrite = operands(node, &mut restrictions)?;
    Some((rewrite, restrictions))
}

/// A first operand and, perhaps, others behind one operator.
fn operands(node: &Node, restrictions: &mut Vec<RelationReference>) -> Option<Userset> {
    let mut rewrites = Vec::new();
    let mut operator = None;
    for child in &node.children {
        let Child::Node(child) = child else { continue };
        if child.rule == Rule::RelationDefPartials {
            operator = [(t::OR, Operator::Or), (t::AND, Operator::And), (t::BUT_NOT, Operator::ButNot)]
                .into_iter()
                .find_map(|(kind, operator)| child.token(kind).map(|_| operator));
            rewrites.extend(child.children.iter().filter_map(|child| match child {
                Child::Node(node) => operand(node, restrictions),
                Child::Token(_) => None,
            }));
        } else {
            rewrites.extend(operand(child, restrictions));
        }
    }
    combine(rewrites, operator)
}

fn combine(mut rewrites: Vec<Userset>, operator: Option<Operator>) -> Option<Userset> {
    if rewrites.len() < 2 {
        return rewrites.pop();
    }
    match operator? {
        Operator::Or => Some(Userset::Union(rewrites)),
        Operator::And => Some(Userset::Intersection(rewrites)),
        Operator::ButNot => {
            let mut rewrites = rewrites.into_iter();
            let (base, subtract) = (rewrites.next()?, rewrites.next()?);
            Some(Userset::Difference(Box::new(Difference { base, subtract })))
        }
    }
}

fn operand(node: &Node, restrictions: &mut Vec<RelationReference>) -> Option<Userset> {
    match node.rule {
        Rule::DirectAssignment => {
            *restrictions = node.nodes(Rule::TypeRestriction).filter_map(restriction).collect();
            Some(Userset::This)
        }
        Rule::RelationDefGrouping => rewrite(node.node(Rule::Rewrite)?),
        Rule::RelationRecurse
        | Rule::RelationRecurseNoDirect
        | Rule::RelationDef
        | Rule::RelationDefNoDirect => operands(node, restrictions),
        _ => None,
    }
}

fn rewrite(node: &Node) -> Option<Userset> {
    let mut names = node.nodes(Rule::ExtendedIdentifier).map(Node::text);
    let computed = ObjectRelation::of(names.next()?);
    Some(match names.next() {
        Some(tupleset) => Userset::TupleTo(TupleToUserset {
            tupleset: ObjectRelation::of(tupleset),
            computed_userset: computed,
        }),
        None => Userset::Computed(computed),
    })
}

fn restriction(node: &Node) -> Option<RelationReference> {
    let base = node.node(Rule::TypeRestrictionBase)?;
    let mut names = base.nodes(Rule::ExtendedIdentifier).map(Node::text);
    Some(RelationReference {
        type_name: names.next().unwrap_or_default(),
        relation: names.next(),
        wildcard: base.token(t::STAR).map(|_| Empty {}),
        condition: node.node(Rule::ConditionName).map(Node::text).unwrap_or_default(),
    })
}
