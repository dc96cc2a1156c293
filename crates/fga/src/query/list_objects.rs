//! On which objects of a type has a user a relation? Backwards from the user over the relations that can lead to the one asked for, a level a round;
//! where intersections, exclusions or conditions are on the way, what was reached is checked before it is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde_json::Map;

use super::check::validate_context;
use super::evaluation::{Evaluation, Node};
use super::known::{View, Wanted};
use super::outcome::Answer;
use super::session::{Job, Session};
use super::{Given, Limits, QueryError};
use crate::error::Error;
use crate::memory::Memory;
use crate::plan::{Kind, Plan, Relation, RelationId, Rewrite};
use crate::store::Tuples;
use crate::tuple::{self, User};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct ListObjects<'a> {
    /// The type of the objects.
    pub type_name: &'a str,
    /// The relation.
    pub relation: &'a str,
    /// `user:anne`, `user:*`, `group:x#member`.
    pub user: &'a str,
    /// What the request brings.
    pub given: Given<'a>,
}

/// All of them, in order.
///
/// # Errors
/// 2021 and 2022 for the type and relation, 2000 for the user and conditions, 2027 for contextual tuples, 2002 for a bound (never a
/// list that is cut); the store's.
pub async fn list_objects<T: Tuples>(
    plan: &Plan,
    tuples: &T,
    asked: ListObjects<'_>,
    limits: Limits,
) -> Result<Vec<String>, QueryError<T::Error>> {
    let mut found = BTreeSet::new();
    each_object(plan, tuples, asked, limits, &mut |object| {
        found.insert(object.to_owned());
    })
    .await?;
    Ok(found.into_iter().collect())
}

/// Tells each object once, as soon as it is known.
///
/// # Errors
/// As [`list_objects`]; what was told before is true.
pub async fn each_object<T: Tuples>(
    plan: &Plan,
    tuples: &T,
    asked: ListObjects<'_>,
    limits: Limits,
    tell: &mut dyn FnMut(&str),
) -> Result<(), QueryError<T::Error>> {
    let target = asked.target(plan)?;
    let contextual = Memory::new(asked.given.tuples);
    let empty = Map::new();
    let context = asked.given.context.unwrap_or(&empty);
    let mut session = Session::new(plan, tuples, limits);
    let plain = plan.get(target).is_some_and(|relation| relation.plain);
    let mut job = Job::new(Evaluation::new(asked.user, context, &contextual, limits), Vec::new());
    let mut search = Search::new(plan, target, asked.user);
    let mut told = BTreeSet::new();
    let mut prepared = plain;
    while !search.frontier.is_empty() {
        let mut wanted = Wanted::new();
        let view = View { plan, known: &session.known, contextual: &contextual };
        search.step(&view, &mut wanted);
        if !wanted.is_empty() {
            session.read(wanted).await?;
            let view = View { plan, known: &session.known, contextual: &contextual };
            search.step(&view, &mut Wanted::new());
        }
        search.descend(limits)?;
        let candidates: Vec<Node> = search
            .reached
            .iter()
            .filter(|(relation, object)| *relation == target && !told.contains(object))
            .cloned()
            .collect();
        told.extend(candidates.iter().map(|(_, object)| object.clone()));
        if plain {
            candidates.iter().for_each(|(_, object)| tell(object));
            continue;
        }
        if !candidates.is_empty() && !std::mem::replace(&mut prepared, true) {
            let mut wanted = Wanted::new();
            search.prepare(
                target,
                &View { plan, known: &session.known, contextual: &contextual },
                &mut wanted,
            );
            session.read(wanted).await?;
        }
        for chunk in candidates.chunks(CHUNK) {
            job.nodes = chunk.to_vec();
            job.answers = vec![Answer::Pending; chunk.len()];
            session.settle(std::slice::from_mut(&mut job)).await?;
            for ((_, object), answer) in job.nodes.iter().zip(&job.answers) {
                match answer {
                    Answer::Yes => tell(object),
                    Answer::Failed(error) => return Err(error.clone().into()),
                    Answer::No | Answer::Pending => {}
                }
            }
        }
    }
    Ok(())
}

/// How many objects are checked at once.
const CHUNK: usize = 500;

impl ListObjects<'_> {
    fn target(&self, plan: &Plan) -> Result<RelationId, Error> {
        plan.validate_contextual(self.given.tuples)?;
        let target = plan.relation(self.type_name, self.relation)?;
        plan.validate_user(self.user)?;
        validate_context(self.given.context)?;
        Ok(target)
    }
}

/// A way from one relation to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// The same object.
    Computed(RelationId),
    /// Objects that name the userset in this relation.
    Userset(RelationId),
    /// Objects that name the object in this tupleset.
    Parent { tupleset: RelationId, relation: RelationId },
}

/// A search backwards from a user.
struct Search<'a> {
    plan: &'a Plan,
    user: Rc<str>,
    everybody: Option<Rc<str>>,
    /// Relations that take the user directly.
    direct: Vec<RelationId>,
    /// Relations that take everybody of the user's type.
    public: Vec<RelationId>,
    edges: BTreeMap<RelationId, Vec<Edge>>,
    reached: BTreeSet<Node>,
    frontier: Vec<Step>,
    next: Vec<Step>,
    depth: usize,
}

/// A place from which the search goes on.
enum Step {
    /// The user itself.
    User,
    Node(Node),
}

impl<'a> Search<'a> {
    fn new(plan: &'a Plan, target: RelationId, user: &str) -> Self {
        let mut search = Self {
            plan,
            user: Rc::from(user),
            everybody: None,
            direct: Vec::new(),
            public: Vec::new(),
            edges: BTreeMap::new(),
            reached: BTreeSet::new(),
            frontier: vec![Step::User],
            next: Vec::new(),
            depth: 0,
        };
        let Some(parsed) = User::parse(user) else { return search };
        if let User::Object { type_name } = parsed {
            search.everybody = Some(Rc::from(format!("{type_name}:*")));
        }
        let mut seen = BTreeSet::from([target]);
        let mut waiting = vec![target];
        while let Some(id) = waiting.pop() {
            let Some(relation) = plan.get(id).filter(|relation| plan.can_reach(relation, &parsed)) else {
                continue;
            };
            let mut found = Vec::new();
            leaves(id, &relation.rewrite, &mut found);
            let mut leads = Vec::new();
            for leaf in found {
                match leaf {
                    Leaf::Lead(from, edge) => leads.push((from, edge)),
                    Leaf::Direct => search.direct(id, relation, parsed, &mut leads),
                }
            }
            for (from, edge) in leads {
                let known = search.edges.entry(from).or_default();
                if !known.contains(&edge) {
                    known.push(edge);
                }
                if seen.insert(from) {
                    waiting.push(from);
                }
            }
        }
        search.direct.dedup();
        search.public.dedup();
        if let User::Userset { type_name, object, relation } = parsed
            && let Some(id) = plan.find(type_name, relation)
        {
            let node = (id, Rc::from(object));
            search.reached.insert(node.clone());
            search.frontier = vec![Step::Node(node)];
            search.flow();
        }
        search
    }

    /// Whom the tuples of a relation may name.
    fn direct(
        &mut self,
        id: RelationId,
        relation: &Relation,
        user: User<'_>,
        leads: &mut Vec<(RelationId, Edge)>,
    ) {
        for restriction in &relation.direct {
            let same = restriction.type_name == user.type_name();
            match (restriction.kind, user) {
                (Kind::Userset(userset), _) => leads.push((userset, Edge::Userset(id))),
                (Kind::Object, User::Object { .. }) | (Kind::Everybody, User::Everybody { .. }) if same => {
                    self.direct.push(id);
                }
                (Kind::Everybody, User::Object { .. }) if same => self.public.push(id),
                _ => {}
            }
        }
    }

    /// Follows what needs no reading: other relations of the same object.
    fn flow(&mut self) {
        let mut at = 0;
        while let Some(step) = self.frontier.get(at) {
            at += 1;
            let Step::Node((relation, object)) = step else { continue };
            let object = object.clone();
            for edge in self.edges.get(relation).cloned().unwrap_or_default() {
                if let Edge::Computed(next) = edge {
                    let node = (next, object.clone());
                    if self.reached.insert(node.clone()) {
                        self.frontier.push(Step::Node(node));
                    }
                }
            }
        }
    }

    /// Looks from every place of the frontier one tuple further; what is not known is wanted. Done again once it is.
    fn step(&mut self, view: &View<'_>, wanted: &mut Wanted) {
        let mut next: BTreeSet<Node> = BTreeSet::new();
        let mut add = |relation: RelationId, tuples: RelationId, user: &Rc<str>, wanted: &mut Wanted| {
            if let Some(found) = view.objects(tuples, user, wanted) {
                next.extend(found.keys().map(|object| (relation, object.clone())));
            }
        };
        for step in &self.frontier {
            match step {
                Step::User => {
                    self.direct.iter().for_each(|id| add(*id, *id, &self.user, wanted));
                    if let Some(everybody) = &self.everybody {
                        self.public.iter().for_each(|id| add(*id, *id, everybody, wanted));
                    }
                }
                Step::Node((relation, object)) => {
                    for edge in self.edges.get(relation).into_iter().flatten() {
                        match edge {
                            Edge::Computed(_) => {}
                            Edge::Userset(id) => {
                                let name = self.plan.get(*relation).map_or("", |found| &found.name);
                                let userset = Rc::from(format!("{object}#{name}"));
                                add(*id, *id, &userset, wanted);
                            }
                            Edge::Parent { tupleset, relation } => add(*relation, *tupleset, object, wanted),
                        }
                    }
                }
            }
        }
        if wanted.is_empty() {
            self.next =
                next.into_iter().filter(|node| !self.reached.contains(node)).map(Step::Node).collect();
        }
    }

    /// What checks of many objects would each ask for: on which of them is the user named directly, in all relations that a check looks at?
    fn prepare(&self, target: RelationId, view: &View<'_>, wanted: &mut Wanted) {
        let Some(parsed) = User::parse(&self.user) else { return };
        let mut seen = BTreeSet::from([target]);
        let mut waiting = vec![target];
        while let Some(id) = waiting.pop() {
            let Some(relation) = self.plan.get(id) else { continue };
            for restriction in relation.direct.iter().filter(|of| of.type_name == parsed.type_name()) {
                match (restriction.kind, parsed, &self.everybody) {
                    (Kind::Everybody, User::Object { .. }, Some(everybody)) => {
                        view.objects(id, everybody, wanted);
                    }
                    (Kind::Object, User::Object { .. }, _)
                    | (Kind::Everybody, User::Everybody { .. }, _)
                    | (Kind::Userset(_), User::Userset { .. }, _) => {
                        view.objects(id, &self.user, wanted);
                    }
                    _ => {}
                }
            }
            same_object(&relation.rewrite, &mut |next| {
                if seen.insert(next) {
                    waiting.push(next);
                }
            });
        }
    }

    /// Makes what was reached the next frontier.
    fn descend(&mut self, limits: Limits) -> Result<(), Error> {
        self.frontier = std::mem::take(&mut self.next);
        self.reached.extend(self.frontier.iter().filter_map(|step| match step {
            Step::Node(node) => Some(node.clone()),
            Step::User => None,
        }));
        self.flow();
        self.depth += 1;
        if self.frontier.is_empty() {
            return Ok(());
        }
        // The tuple that names the user is a level here, and none for a check.
        if self.depth > limits.depth.saturating_add(1) || self.reached.len() > limits.steps {
            return Err(Error::too_complex());
        }
        Ok(())
    }
}

/// Relations of the same object that a definition names.
fn same_object(rewrite: &Rewrite, tell: &mut dyn FnMut(RelationId)) {
    match rewrite {
        Rewrite::Direct | Rewrite::From { .. } => {}
        Rewrite::Computed(relation) => tell(*relation),
        Rewrite::Union(children) | Rewrite::Intersection(children) => {
            children.iter().for_each(|child| same_object(child, tell));
        }
        Rewrite::Difference(base, subtract) => {
            same_object(base, tell);
            same_object(subtract, tell);
        }
    }
}

/// What a definition builds on.
enum Leaf {
    /// Its own tuples.
    Direct,
    /// Another relation.
    Lead(RelationId, Edge),
}

/// What leads to a relation: all operands of a union, the first of an intersection, the base of a difference.
fn leaves(id: RelationId, rewrite: &Rewrite, into: &mut Vec<Leaf>) {
    match rewrite {
        Rewrite::Direct => into.push(Leaf::Direct),
        Rewrite::Computed(computed) => into.push(Leaf::Lead(*computed, Edge::Computed(id))),
        Rewrite::From { tupleset, of } => {
            let edge = Edge::Parent { tupleset: *tupleset, relation: id };
            into.extend(of.values().map(|parent| Leaf::Lead(*parent, edge)));
        }
        Rewrite::Union(children) => children.iter().for_each(|child| leaves(id, child, into)),
        Rewrite::Intersection(children) => {
            children.iter().take(1).for_each(|child| leaves(id, child, into));
        }
        Rewrite::Difference(base, _) => leaves(id, base, into),
    }
}

impl Plan {
    /// Validates the user of a request that names no object.
    ///
    /// # Errors
    /// 2000.
    pub fn validate_user(&self, user: &str) -> Result<(), Error> {
        let refused = |why: String| Error::validation(format!("invalid 'user' value: {why}"));
        if !tuple::is_user(user) || user.chars().count() > tuple::MAX_USER {
            return Err(refused("the 'user' field is malformed".to_owned()));
        }
        let parsed = User::parse(user).ok_or_else(|| {
            refused("the 'user' field must be an object (e.g. document:1) or an 'object#relation' or a typed wildcard (e.g. group:*)".to_owned())
        })?;
        let of = parsed.type_name();
        if !self.has_type(of) {
            return Err(refused(format!("type '{of}' not found")));
        }
        match parsed {
            User::Userset { relation, .. } if self.find(of, relation).is_none() => {
                Err(refused(format!("relation '{of}#{relation}' not found")))
            }
            _ => Ok(()),
        }
    }
}
