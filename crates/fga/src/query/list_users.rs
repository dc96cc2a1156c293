//! Who has a relation with an object? Forwards from the object over everything that it leads to, a level a round; where intersections, exclusions,
//! or conditions are on the way, whoever was met is checked before being listed. `user:*` is listed for itself, beside those who are named.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::Map;

use super::check::validate_context;
use super::conditions::Judge;
use super::evaluation::{Evaluation, Node};
use super::known::{View, Wanted};
use super::outcome::Answer;
use super::session::{Job, Session};
use super::{Given, Limits, QueryError};
use crate::error::Error;
use crate::memory::Memory;
use crate::plan::{Plan, RelationId, Rewrite};
use crate::store::Tuples;
use crate::tuple::{self, User};

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct ListUsers<'a> {
    /// `document:1`
    pub object: &'a str,
    /// The relation.
    pub relation: &'a str,
    /// The type of the users.
    pub type_name: &'a str,
    /// With it: usersets of this relation instead of objects.
    pub userset: Option<&'a str>,
    /// What the request brings.
    pub given: Given<'a>,
}

/// All of them, as they are written in tuples, in order.
///
/// # Errors
/// 2021 and 2022 for types and relations, 2000 for conditions, 2027 for contextual tuples, 2002 for a bound (never a list that is
/// cut); the store's.
pub async fn list_users<T: Tuples>(
    plan: &Plan,
    tuples: &T,
    asked: ListUsers<'_>,
    limits: Limits,
) -> Result<Vec<String>, QueryError<T::Error>> {
    let target = asked.target(plan)?;
    let contextual = Memory::new(asked.given.tuples);
    let empty = Map::new();
    let context = asked.given.context.unwrap_or(&empty);
    let judge = Judge { plan, context, limits };
    let mut session = Session::new(plan, tuples, limits);
    let mut search = Search::new(plan, &asked, target.clone());
    while !search.frontier.is_empty() {
        let mut wanted = Wanted::new();
        let view = View { plan, known: &session.known, contextual: &contextual };
        search.step(&view, &judge, &mut wanted)?;
        if !wanted.is_empty() {
            session.read(wanted).await?;
            let view = View { plan, known: &session.known, contextual: &contextual };
            search.step(&view, &judge, &mut Wanted::new())?;
        }
        search.descend(limits)?;
    }
    let met: Vec<Rc<str>> = search.met.into_iter().collect();
    if plan.get(target.0).is_some_and(|relation| relation.plain) {
        return Ok(met.iter().map(ToString::to_string).collect());
    }
    let mut listed = Vec::new();
    for chunk in met.chunks(CHUNK) {
        let mut jobs: Vec<Job<'_>> = chunk
            .iter()
            .map(|user| {
                let evaluation = Evaluation::new(user, context, &contextual, limits);
                Job::new(evaluation, vec![target.clone()])
            })
            .collect();
        session.settle(&mut jobs).await?;
        for (user, job) in chunk.iter().zip(jobs) {
            match job.answers.first() {
                Some(Answer::Yes) => listed.push(user.to_string()),
                Some(Answer::Failed(error)) => return Err(error.clone().into()),
                Some(Answer::No | Answer::Pending) | None => {}
            }
        }
    }
    Ok(listed)
}

/// How many users are checked at once.
const CHUNK: usize = 500;

impl ListUsers<'_> {
    fn target(&self, plan: &Plan) -> Result<Node, Error> {
        plan.validate_contextual(self.given.tuples)?;
        if !plan.has_type(self.type_name) {
            return Err(Error::type_not_found(self.type_name));
        }
        if let Some(userset) = self.userset {
            plan.relation(self.type_name, userset)?;
        }
        let relation = plan.relation(tuple::type_of(self.object), self.relation)?;
        let id = self.object.split_once(':').map_or("", |(_, id)| id);
        if !tuple::is_object(self.object) || id == "*" || self.object.chars().count() > tuple::MAX_OBJECT {
            return Err(Error::validation("invalid 'object' field format"));
        }
        validate_context(self.given.context)?;
        Ok((relation, Rc::from(self.object)))
    }
}

/// A node, and on which side of a `but not`: those who have it, or those who are taken out of it.
type Place = (RelationId, Rc<str>, bool);

/// A search forwards from an object.
struct Search<'a> {
    plan: &'a Plan,
    type_name: &'a str,
    /// Users are usersets of this relation.
    userset: Option<RelationId>,
    userset_name: Option<&'a str>,
    met: BTreeSet<Rc<str>>,
    seen: BTreeSet<Place>,
    frontier: Vec<Place>,
    next: Vec<Place>,
    depth: usize,
}

impl<'a> Search<'a> {
    fn new(plan: &'a Plan, asked: &ListUsers<'a>, target: Node) -> Self {
        let userset = asked.userset.and_then(|relation| plan.find(asked.type_name, relation));
        let mut search = Self {
            plan,
            type_name: asked.type_name,
            userset,
            userset_name: asked.userset,
            met: BTreeSet::new(),
            seen: BTreeSet::new(),
            frontier: Vec::new(),
            next: vec![(target.0, target.1, true)],
            depth: 0,
        };
        search.enter();
        search
    }

    /// Makes the next places the frontier, with all that belongs to the same objects.
    fn enter(&mut self) {
        let mut waiting = std::mem::take(&mut self.next);
        self.frontier.clear();
        while let Some(place) = waiting.pop() {
            if !self.leads_on(place.0) || !self.seen.insert(place.clone()) {
                continue;
            }
            let (id, object, side) = place.clone();
            if side && self.userset == Some(id) {
                self.met.insert(Rc::from(format!("{object}#{}", self.userset_name.unwrap_or_default())));
            }
            if let Some(relation) = self.plan.get(id) {
                computed(&relation.rewrite, side, &mut |next, side| {
                    waiting.push((next, object.clone(), side));
                });
            }
            self.frontier.push(place);
        }
    }

    fn leads_on(&self, id: RelationId) -> bool {
        self.plan.get(id).is_some_and(|relation| match self.userset {
            Some(userset) => Plan::leads_through(relation, userset),
            None => self.plan.reaches_type(relation, self.type_name),
        })
    }

    /// Looks from every place one tuple further; what is not known is wanted. Done again once it is. A condition that cannot be judged
    /// fails the whole, since it may hide somebody.
    fn step(&mut self, view: &View<'_>, judge: &Judge<'_>, wanted: &mut Wanted) -> Result<(), Error> {
        let mut next = Vec::new();
        let mut met = Vec::new();
        let mut failed = None;
        for (id, object, side) in &self.frontier {
            let Some(relation) = self.plan.get(*id) else { continue };
            tuples(&relation.rewrite, *side, &mut |lookup, side| {
                let from = match lookup {
                    Lookup::Direct => *id,
                    Lookup::Parents(tupleset, _) => tupleset,
                };
                let Some(found) = view.users(from, object, false, wanted) else { return };
                for (user, condition) in found.iter() {
                    let name = self.plan.get(from).map_or("", |found| &found.name);
                    match judge.met(condition, || format!("{object}#{name}@{user}")) {
                        Ok(true) => {}
                        Ok(false) => continue,
                        Err(error) => {
                            failed.get_or_insert(error);
                            continue;
                        }
                    }
                    let parsed = User::parse(user);
                    match (&lookup, parsed) {
                        (Lookup::Parents(_, of), Some(User::Object { type_name })) => {
                            next.extend(of.get(type_name).map(|parent| (*parent, user.clone(), side)));
                        }
                        (Lookup::Direct, Some(User::Userset { type_name, object, relation })) => {
                            let userset = self.plan.find(type_name, relation);
                            next.extend(userset.map(|userset| (userset, Rc::from(object), side)));
                        }
                        (
                            Lookup::Direct,
                            Some(User::Object { type_name } | User::Everybody { type_name }),
                        ) if side && self.userset.is_none() && type_name == self.type_name => {
                            met.push(user.clone());
                        }
                        _ => {}
                    }
                }
            });
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if wanted.is_empty() {
            self.met.extend(met);
            self.next = next;
        }
        Ok(())
    }

    fn descend(&mut self, limits: Limits) -> Result<(), Error> {
        self.enter();
        self.depth += 1;
        let too_much = self.depth > limits.depth || self.seen.len() > limits.steps;
        if !self.frontier.is_empty() && too_much {
            return Err(Error::too_complex());
        }
        Ok(())
    }
}

/// Relations of the same object that a definition leads to, each with its side. Who is taken out of what is taken out may have it by name.
fn computed(rewrite: &Rewrite, side: bool, tell: &mut dyn FnMut(RelationId, bool)) {
    match rewrite {
        Rewrite::Direct | Rewrite::From { .. } => {}
        Rewrite::Computed(relation) => tell(*relation, side),
        Rewrite::Union(children) | Rewrite::Intersection(children) => {
            if side {
                children.iter().for_each(|child| computed(child, side, tell));
            }
        }
        Rewrite::Difference(base, subtract) => {
            computed(base, side, tell);
            computed(subtract, !side, tell);
        }
    }
}

/// Tuples that a definition reads.
enum Lookup<'a> {
    Direct,
    Parents(RelationId, &'a std::collections::BTreeMap<String, RelationId>),
}

fn tuples<'a>(rewrite: &'a Rewrite, side: bool, tell: &mut dyn FnMut(Lookup<'a>, bool)) {
    match rewrite {
        Rewrite::Direct => tell(Lookup::Direct, side),
        Rewrite::Computed(_) => {}
        Rewrite::From { tupleset, of } => tell(Lookup::Parents(*tupleset, of), side),
        Rewrite::Union(children) | Rewrite::Intersection(children) => {
            if side {
                children.iter().for_each(|child| tuples(child, side, tell));
            }
        }
        Rewrite::Difference(base, subtract) => {
            tuples(base, side, tell);
            tuples(subtract, !side, tell);
        }
    }
}
