//! Budgets: how often something may happen in a window of time. A success gives nothing back.

use domain::{Moment, Secs, TenantId};
use ports::{Failure, Ports};

use crate::{Key, Page, slot};

/// A budget: so many in each window.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Its name.
    pub name: &'static str,
    /// How many.
    pub most: i64,
    /// In how long a time.
    pub window: Secs,
}

/// What came of spending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// It was within the budget.
    Within,
    /// It was not; the next window begins in so many seconds.
    Beyond(u64),
}

/// Spends one from the budget of `whose` (what people typed is hashed) in a tenant.
pub async fn spend(
    ports: &Ports<'_>,
    tenant: TenantId,
    budget: Budget,
    whose: &str,
) -> Result<Spent, Failure> {
    let (key, ends) = window(ports, tenant, budget, whose)?;
    let spent = ports.store.increment(key.as_str(), 1).await?;
    if spent == 1 {
        slot::sweep_later(ports, &[&key], ends).await?;
    }
    Ok(if spent <= budget.most { Spent::Within } else { Spent::Beyond(ends.since(ports.now).0.max(1)) })
}

/// Spends one from a budget that everybody in a tenant shares. It is counted in blocks that an instance reserves ahead, so that it costs hardly a write;
/// what an instance reserves and does not use counts as spent.
pub async fn spend_shared(ports: &Ports<'_>, tenant: TenantId, budget: Budget) -> Result<Spent, Failure> {
    let (key, ends) = window(ports, tenant, budget, "")?;
    let spent = ports.blocks.next(ports.store, key.as_str()).await?;
    if spent == 1 {
        slot::sweep_later(ports, &[&key], ends).await?;
    }
    Ok(if spent <= budget.most { Spent::Within } else { Spent::Beyond(ends.since(ports.now).0.max(1)) })
}

/// Gives back what this same request spent before it tried, since the try turned out right. Spending first is what keeps
/// a hundred tries at once within the budget.
pub async fn give_back(
    ports: &Ports<'_>,
    tenant: TenantId,
    budget: Budget,
    whose: &str,
) -> Result<(), Failure> {
    let (key, _) = window(ports, tenant, budget, whose)?;
    ports.store.increment(key.as_str(), -1).await?;
    Ok(())
}

/// The counter of the window that is running, and when that ends.
fn window(
    ports: &Ports<'_>,
    tenant: TenantId,
    budget: Budget,
    whose: &str,
) -> Result<(Key, Moment), Failure> {
    let window = budget.window.0.max(1);
    let at = ports.now.secs() / window;
    let hash = ports.settings.index_key()?.segment(budget.name, &[whose.as_bytes()]);
    let key = Key::of(tenant, "budget", format_args!("{}.{hash}.{window}.{at}", budget.name));
    Ok((key, Moment::from_secs((at + 1) * window)))
}

pub(crate) const PAGES: [Page; 1] = [Page {
    name: "budget",
    key: "lk1:{tenant}:budget:{name}.{hash}.{window}.{at}",
    holds: "a counter: how much of a budget was spent in the window",
    lives: "until the window ends",
    use_: "increment only",
    written_by: &["magic-link", "step-up", "passkey", "session"],
    read_by: &[],
}];
