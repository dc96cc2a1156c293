//! The stored tuples, as the queries ask for them.

use fga::{Ask, Entry, TupleCondition, Tuples};
use futures::future::try_join_all;
use kv_schema::fga::{Snapshot, Tuple, TupleName};
use ports::{Failure, StoreError};

/// The tuples of a snapshot.
pub(crate) struct Stored<'s, 'a>(pub(crate) &'s Snapshot<'a>);

impl Tuples for Stored<'_, '_> {
    type Error = Failure;

    async fn read(&self, asks: &[Ask]) -> Result<Vec<Vec<Entry>>, Failure> {
        let mut answers = Vec::with_capacity(asks.len());
        for some in asks.chunks(AT_ONCE) {
            answers.extend(try_join_all(some.iter().map(|ask| self.answer(ask))).await?);
        }
        Ok(answers)
    }
}

impl Stored<'_, '_> {
    async fn answer(&self, ask: &Ask) -> Result<Vec<Entry>, Failure> {
        match ask {
            Ask::Which { objects, relation, user } => {
                let mut found = Vec::new();
                for some in objects.chunks(AT_ONCE) {
                    let tuples = try_join_all(some.iter().map(|object| {
                        let (object, relation, user) = (object.clone(), relation.clone(), user.clone());
                        self.0.tuple(TupleName { object, relation, user })
                    }));
                    for tuple in tuples.await?.into_iter().flatten() {
                        found.push(entry(tuple, |name| name.object)?);
                    }
                }
                Ok(found)
            }
            Ask::Users { object, relation, usersets_only } => {
                let tuples = self.0.users(object, relation, *usersets_only).await?;
                tuples.into_iter().map(|tuple| entry(tuple, |name| name.user)).collect()
            }
            Ask::Objects { type_name, relation, user } => {
                let tuples = self.0.objects(user, type_name, relation).await?;
                tuples.into_iter().map(|tuple| entry(tuple, |name| name.object)).collect()
            }
        }
    }
}

fn entry(tuple: Tuple, part: impl FnOnce(TupleName) -> String) -> Result<Entry, Failure> {
    Ok(Entry { condition: condition(tuple.condition)?, name: part(tuple.name) })
}

/// A stored condition as the queries read it.
pub(crate) fn condition(stored: Option<(String, String)>) -> Result<Option<TupleCondition>, Failure> {
    let Some((name, context)) = stored else { return Ok(None) };
    let context = if context.is_empty() {
        serde_json::Map::new()
    } else {
        serde_json::from_str(&context).map_err(|_| StoreError("a tuple's context cannot be read".into()))?
    };
    Ok(Some(TupleCondition { name, context }))
}

/// A condition as it is stored.
pub(crate) fn stored(condition: Option<&TupleCondition>) -> Option<(String, String)> {
    let condition = condition.filter(|condition| !condition.name.is_empty())?;
    let context = match condition.context.is_empty() {
        true => String::new(),
        false => serde_json::to_string(&condition.context).unwrap_or_default(),
    };
    Some((condition.name.clone(), context))
}

/// Reads that are under way at once.
const AT_ONCE: usize = 32;
