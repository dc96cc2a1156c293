//! Writing tuples: deletes and writes of one request together, or none of them.

use domain::Ulid;
use futures::future::try_join_all;
use ports::{Failure, Ports};

use super::{
    book::View,
    commit::{Boxed, Done, Edit, Refusal, Step, Turn},
    datum::Datum,
    stores::change,
    tuple::{self, Tuple, TupleName},
};

/// A tuple to be written.
#[derive(Debug, Clone)]
pub struct NewTuple {
    /// Its name.
    pub name: TupleName,
    /// The condition's name, and its context as JSON.
    pub condition: Option<(String, String)>,
}

/// What one request writes. No tuple may be named twice, and every name must be fit ([`TupleName::is_fit`]).
#[derive(Debug, Clone, Default)]
pub struct Write {
    /// To be deleted.
    pub deletes: Vec<TupleName>,
    /// To be written.
    pub writes: Vec<NewTuple>,
    /// A tuple to be written that is there already with the same condition is no fault.
    pub may_exist: bool,
    /// A tuple to be deleted that is not there is no fault.
    pub may_be_missing: bool,
}

/// Writes to a store.
pub async fn write(ports: &Ports<'_>, store: Ulid, write: Write) -> Result<Result<Done, Refusal>, Failure> {
    change(ports, store, write).await
}

impl Step for Write {
    fn stage<'f>(
        &'f self,
        view: &'f View<'_>,
        turn: Turn,
    ) -> Boxed<'f, Result<Result<Edit, Refusal>, Failure>> {
        Box::pin(self.edit(view, turn))
    }
}

impl Write {
    async fn edit(&self, view: &View<'_>, turn: Turn) -> Result<Result<Edit, Refusal>, Failure> {
        let names: Vec<&TupleName> =
            self.deletes.iter().chain(self.writes.iter().map(|new| &new.name)).collect();
        let there = try_join_all(names.iter().map(|name| async {
            let datum = view.get(&name.forward()).await?;
            Ok::<_, Failure>(match datum {
                Some(datum) => Some((view.value(&datum).await?, datum)),
                None => None,
            })
        }))
        .await?;
        let mut there = there.into_iter();
        let mut edit = Edit::default();
        let mut line = 0;
        for name in &self.deletes {
            let Some((_, datum)) = there.next().flatten() else {
                if self.may_be_missing {
                    continue;
                }
                return Ok(Err(refuse(Refusal::Missing, name)));
            };
            if let Datum::Far(_) = &datum {
                edit.dropped.extend_from_slice(datum.pages());
                let backward = view.get(&name.backward()).await?;
                edit.dropped.extend(backward.iter().flat_map(|datum| datum.pages().to_vec()));
            }
            edit.changes.push((name.forward(), None));
            edit.changes.push((name.backward(), None));
            let gone = Tuple { name: name.clone(), condition: None, at: turn.at };
            edit.changes
                .push((tuple::log_key(turn.at, turn.revision, line), Some(tuple::write_log(&gone, true))));
            line += 1;
        }
        for new in &self.writes {
            if let Some((value, _)) = there.next().flatten() {
                let known = tuple::read(new.name.clone(), &value);
                if !self.may_exist {
                    return Ok(Err(refuse(Refusal::Exists, &new.name)));
                }
                if known.is_none_or(|known| known.condition != new.condition) {
                    return Ok(Err(refuse(Refusal::OtherCondition, &new.name)));
                }
                continue;
            }
            let tuple = Tuple { name: new.name.clone(), condition: new.condition.clone(), at: turn.at };
            let value = tuple::write(&tuple);
            edit.changes.push((new.name.forward(), Some(value.clone())));
            edit.changes.push((new.name.backward(), Some(value)));
            edit.changes
                .push((tuple::log_key(turn.at, turn.revision, line), Some(tuple::write_log(&tuple, false))));
            line += 1;
        }
        Ok(Ok(edit))
    }
}

fn refuse(why: impl Fn(String, String, String) -> Refusal, name: &TupleName) -> Refusal {
    why(name.object.clone(), name.relation.clone(), name.user.clone())
}
