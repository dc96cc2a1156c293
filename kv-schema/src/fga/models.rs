//! Models, which never change, newest first; and the assertions that belong to one.

use domain::Ulid;
use ports::{Failure, Ports};

use super::{
    book::{View, behind},
    commit::{Boxed, Done, Edit, Refusal, Step, Turn},
    datum::Datum,
    reads::Snapshot,
    stores::change,
    tuple::{ASSERTIONS, MODEL, PLAN},
};

/// A model as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its id.
    pub id: Ulid,
    /// Its text, as it was put in.
    pub text: Vec<u8>,
}

/// A model to be stored: as its text, and made ready.
#[derive(Debug, Clone)]
pub struct NewModel {
    /// Its text.
    pub text: Vec<u8>,
    /// What was made of it.
    pub plan: Vec<u8>,
}

/// The assertions of a model.
#[derive(Debug, Clone)]
pub struct Assertions {
    /// Of which.
    pub model: Ulid,
    /// Their text.
    pub text: Vec<u8>,
}

impl NewModel {
    /// Stores it as the latest of a store. Ids go up with every model, also where clocks do not.
    pub async fn put(self, ports: &Ports<'_>, store: Ulid) -> Result<Result<Done, Refusal>, Failure> {
        change(ports, store, Put { model: self, id: Ulid::new(ports.now, ports.entropy.bytes()) }).await
    }
}

struct Put {
    model: NewModel,
    id: Ulid,
}

impl Step for Put {
    fn stage<'f>(&'f self, view: &'f View<'_>, _: Turn) -> Boxed<'f, Result<Result<Edit, Refusal>, Failure>> {
        let latest = view.head.model.map(u128::from_be_bytes);
        let id = latest.map_or(self.id, |latest| {
            let next = latest.saturating_add(1).to_be_bytes();
            self.id.max(Ulid::from_bytes(next))
        });
        let changes = vec![
            (model_key(id), Some(self.model.text.clone())),
            (key(PLAN, id), Some(self.model.plan.clone())),
        ];
        Box::pin(std::future::ready(Ok(Ok(Edit { changes, model: Some(id), ..Edit::default() }))))
    }
}

impl Assertions {
    /// Puts them in place of those that were there.
    pub async fn put(self, ports: &Ports<'_>, store: Ulid) -> Result<Result<Done, Refusal>, Failure> {
        change(ports, store, self).await
    }
}

impl Step for Assertions {
    fn stage<'f>(&'f self, view: &'f View<'_>, _: Turn) -> Boxed<'f, Result<Result<Edit, Refusal>, Failure>> {
        Box::pin(async move {
            let key = key(ASSERTIONS, self.model);
            let dropped = view.get(&key).await?.map(|old| old.pages().to_vec()).unwrap_or_default();
            let changes = vec![(key, Some(self.text.clone()))];
            Ok(Ok(Edit { changes, dropped, ..Edit::default() }))
        })
    }
}

impl Snapshot<'_> {
    /// The model that a request without one means.
    pub fn latest_model(&self) -> Option<Ulid> {
        self.view.head.model.map(Ulid::from_bytes)
    }

    /// A model.
    pub async fn model(&self, id: Ulid) -> Result<Option<Model>, Failure> {
        Ok(self.read(&model_key(id)).await?.map(|text| Model { id, text }))
    }

    /// What was made of a model.
    pub async fn plan(&self, id: Ulid) -> Result<Option<Vec<u8>>, Failure> {
        self.read(&key(PLAN, id)).await
    }

    /// The assertions of a model.
    pub async fn assertions(&self, model: Ulid) -> Result<Option<Vec<u8>>, Failure> {
        self.read(&key(ASSERTIONS, model)).await
    }

    /// A page of the models, newest first: those older than `after`; and where to go on.
    pub async fn models(
        &self,
        after: Option<Ulid>,
        limit: usize,
    ) -> Result<(Vec<Model>, Option<Ulid>), Failure> {
        let mut from = after.map_or_else(|| vec![MODEL], model_key);
        if after.is_some() {
            from.push(0);
        }
        let to = behind(&[MODEL]);
        let mut found: Vec<(Ulid, Datum)> = Vec::new();
        loop {
            let stretch = self.view.stretch(&from, &to, limit + 1).await?;
            found.extend(stretch.entries.into_iter().filter_map(|(key, datum)| Some((id_of(&key)?, datum))));
            match stretch.next {
                Some(next) if found.len() <= limit => from = next,
                _ => break,
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(id, _)| *id);
        let mut models = Vec::with_capacity(found.len());
        for (id, datum) in found {
            models.push(Model { id, text: self.view.value(&datum).await? });
        }
        Ok((models, next))
    }

    async fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        match self.view.get(key).await? {
            Some(datum) => Ok(Some(self.view.value(&datum).await?)),
            None => Ok(None),
        }
    }
}

/// Turned round, so that the newest comes first.
fn model_key(id: Ulid) -> Vec<u8> {
    std::iter::once(MODEL).chain(id.bytes().into_iter().map(|byte| !byte)).collect()
}

fn id_of(key: &[u8]) -> Option<Ulid> {
    let bytes: [u8; 16] = key.get(1..)?.try_into().ok()?;
    Some(Ulid::from_bytes(bytes.map(|byte| !byte)))
}

fn key(kind: u8, id: Ulid) -> Vec<u8> {
    std::iter::once(kind).chain(id.bytes()).collect()
}
