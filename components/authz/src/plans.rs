//! Models made ready, which this instance keeps: a model never changes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use domain::Ulid;
use fga::{Model, Plan};
use ports::StoreError;
use web::Call;

use crate::{error::Refused, store::Seen};

#[derive(Default)]
struct Plans(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_id: BTreeMap<(Ulid, Ulid), Arc<Plan>>,
    order: VecDeque<(Ulid, Ulid)>,
}

/// The plan of a model; `None` if the store has no such model.
pub(crate) async fn ready(
    call: &Call<'_>,
    seen: &Seen<'_>,
    model: Ulid,
) -> Result<Option<Arc<Plan>>, Refused> {
    let plans = call.ports.blocks.kept::<Plans>();
    let name = (seen.id, model);
    if let Some(plan) = plans.0.lock().ok().and_then(|kept| kept.by_id.get(&name).cloned()) {
        return Ok(Some(plan));
    }
    let Some(bytes) = seen.snapshot.plan(model).await? else { return Ok(None) };
    // A plan of another release is made anew.
    let plan = match serde_json::from_slice::<Versioned>(&bytes) {
        Ok(known) if known.version == VERSION => known.plan,
        _ => match seen.snapshot.model(model).await? {
            Some(stored) => {
                let text: Model = serde_json::from_slice(&stored.text)
                    .map_err(|_| StoreError(format!("the model `{model}` cannot be read")))?;
                Plan::compile(&text)?
            }
            None => return Ok(None),
        },
    };
    let plan = Arc::new(plan);
    if let Ok(mut kept) = plans.0.lock() {
        if kept.by_id.insert(name, Arc::clone(&plan)).is_none() {
            kept.order.push_back(name);
        }
        while kept.order.len() > MOST {
            if let Some(oldest) = kept.order.pop_front() {
                kept.by_id.remove(&oldest);
            }
        }
    }
    Ok(Some(plan))
}

/// As it is stored beside its model.
pub(crate) fn write(plan: &Plan) -> Result<Vec<u8>, Refused> {
    #[derive(serde::Serialize)]
    struct Borrowed<'p> {
        version: u32,
        plan: &'p Plan,
    }
    let written = serde_json::to_vec(&Borrowed { version: VERSION, plan });
    Ok(written.map_err(|_| StoreError("a plan cannot be written".into()))?)
}

#[derive(serde::Deserialize)]
struct Versioned {
    version: u32,
    plan: Plan,
}

/// To be raised when the shape or the meaning of a plan changes.
const VERSION: u32 = 1;
const MOST: usize = 64;
