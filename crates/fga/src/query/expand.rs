//! One level of how a relation of an object is derived, as a tree.

use std::rc::Rc;

use serde::Serialize;

use super::known::{View, Wanted};
use super::session::Session;
use super::{Given, Limits, QueryError};
use crate::error::Error;
use crate::memory::Memory;
use crate::plan::{Plan, Relation, RelationId, Rewrite};
use crate::store::Tuples;
use crate::tuple;

/// The answer on the wire: `{"root": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsersetTree {
    /// The relation that was asked for.
    pub root: TreeNode,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TreeNode {
    /// `document:1#viewer`
    pub name: String,
    /// What it consists of.
    #[serde(flatten)]
    pub value: TreeValue,
}

/// What a node consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TreeValue {
    /// Nothing below.
    Leaf(Leaf),
    /// Any of these.
    Union(TreeNodes),
    /// All of these.
    Intersection(TreeNodes),
    /// One without the other.
    Difference(TreeDifference),
}

/// Operands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TreeNodes {
    /// In the model's order.
    pub nodes: Vec<TreeNode>,
}

/// The operands of `but not`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TreeDifference {
    /// Who has it …
    pub base: Box<TreeNode>,
    /// … unless they have this.
    pub subtract: Box<TreeNode>,
}

/// The end of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Leaf {
    /// Users that tuples name.
    Users(LeafUsers),
    /// Another relation of the object.
    Computed(LeafComputed),
    /// A relation of other objects.
    TupleToUserset(LeafTupleToUserset),
}

/// Users that tuples name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeafUsers {
    /// In order.
    pub users: Vec<String>,
}

/// Another relation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeafComputed {
    /// `document:1#editor`
    pub userset: String,
}

/// A relation of other objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeafTupleToUserset {
    /// `document:1#parent`
    pub tupleset: String,
    /// `folder:1#viewer` …
    pub computed: Vec<LeafComputed>,
}

/// Expands a relation of an object.
///
/// # Errors
/// 2000 for what the model does not know, 2027 for contextual tuples; the store's.
pub async fn expand<T: Tuples>(
    plan: &Plan,
    tuples: &T,
    object: &str,
    relation: &str,
    given: Given<'_>,
    limits: Limits,
) -> Result<UsersetTree, QueryError<T::Error>> {
    plan.validate_contextual(given.tuples)?;
    // The same as for a check, but for the user.
    let id = object.split_once(':').map_or("", |(_, id)| id);
    if !tuple::is_object(object) || object.chars().count() > tuple::MAX_OBJECT {
        return Err(Error::validation("invalid 'object' field format").into());
    }
    if id == "*" {
        return Err(Error::validation("the 'object' field cannot reference a typed wildcard").into());
    }
    let asked =
        plan.relation(tuple::type_of(object), relation).map_err(|error| Error::validation(error.message))?;
    let contextual = Memory::new(given.tuples);
    let mut session = Session::new(plan, tuples, limits);
    let object: Rc<str> = Rc::from(object);
    loop {
        let mut wanted = Wanted::new();
        let view = View { plan, known: &session.known, contextual: &contextual };
        let mut expansion = Expansion { view, id: asked, object: object.clone(), wanted: &mut wanted };
        let root = plan.get(asked).and_then(|found| expansion.node(found, &found.rewrite));
        match root {
            Some(root) => return Ok(UsersetTree { root }),
            None if wanted.is_empty() => {
                return Err(Error::relation_not_found(tuple::type_of(&object), relation).into());
            }
            None => session.read(wanted).await?,
        }
    }
}

struct Expansion<'a> {
    view: View<'a>,
    id: RelationId,
    object: Rc<str>,
    wanted: &'a mut Wanted,
}

impl Expansion<'_> {
    /// A node, or nothing if something has to be read first.
    fn node(&mut self, relation: &Relation, rewrite: &Rewrite) -> Option<TreeNode> {
        let named = |name: &str| format!("{}#{name}", self.object);
        let name = named(&relation.name);
        let value = match rewrite {
            Rewrite::Direct => {
                let found = self.view.users(self.id, &self.object, false, self.wanted)?;
                let users = found.keys().map(ToString::to_string).collect();
                TreeValue::Leaf(Leaf::Users(LeafUsers { users }))
            }
            Rewrite::Computed(computed) => {
                let userset = named(self.view.plan.get(*computed).map_or("", |found| &found.name));
                TreeValue::Leaf(Leaf::Computed(LeafComputed { userset }))
            }
            Rewrite::From { tupleset, of } => {
                let found = self.view.users(*tupleset, &self.object, false, self.wanted)?;
                let plan = self.view.plan;
                let name = of.values().find_map(|id| plan.get(*id)).map_or("", |found| &found.name);
                let computed =
                    found.keys().map(|parent| LeafComputed { userset: format!("{parent}#{name}") }).collect();
                let tupleset = named(plan.get(*tupleset).map_or("", |found| &found.name));
                TreeValue::Leaf(Leaf::TupleToUserset(LeafTupleToUserset { tupleset, computed }))
            }
            Rewrite::Union(children) => TreeValue::Union(self.nodes(relation, children)?),
            Rewrite::Intersection(children) => TreeValue::Intersection(self.nodes(relation, children)?),
            Rewrite::Difference(base, subtract) => {
                let (base, subtract) = (self.node(relation, base), self.node(relation, subtract));
                TreeValue::Difference(TreeDifference { base: Box::new(base?), subtract: Box::new(subtract?) })
            }
        };
        Some(TreeNode { name, value })
    }

    fn nodes(&mut self, relation: &Relation, children: &[Rewrite]) -> Option<TreeNodes> {
        // All of them before giving up: what they lack is read in one round.
        let nodes: Vec<Option<TreeNode>> = children.iter().map(|child| self.node(relation, child)).collect();
        nodes.into_iter().collect::<Option<Vec<_>>>().map(|nodes| TreeNodes { nodes })
    }
}
