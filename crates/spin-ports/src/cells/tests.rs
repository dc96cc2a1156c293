//! The protocol under every order of steps, on stores with the manners of SQLite, Redis and one that fails.

use std::{
    cell::{Cell as Slot, RefCell},
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use async_trait::async_trait;
use ports::{Alter, Attempt, Store, StoreError};

use super::{LEAST, decide, decided, withdraw};

#[derive(Clone, Copy, Debug, Default)]
struct Manners {
    /// Counters are eight bytes instead of digits.
    binary: bool,
    /// A swap that landed is reported as lost.
    never_admits: bool,
    /// An increment beside which something else happened fails, before or after it was done.
    increments_fail: bool,
    /// A swap that landed is reported as a failure of the store.
    swaps_fail: bool,
}

/// Bytes under keys, as the stores below the ports keep them. Every operation first lets the others run.
#[derive(Default)]
struct Bytes {
    manners: Manners,
    entries: RefCell<BTreeMap<String, Vec<u8>>>,
    increments: Slot<u32>,
}

impl Bytes {
    fn number(&self, bytes: &[u8]) -> i64 {
        if self.manners.binary {
            i64::from_le_bytes(bytes.try_into().expect("SQLite's store is poisoned by anything else"))
        } else {
            std::str::from_utf8(bytes).unwrap().parse().unwrap()
        }
    }
}

#[async_trait(?Send)]
impl Store for Bytes {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Turn(false).await;
        Ok(self.entries.borrow().get(key).cloned())
    }
    async fn set(&self, _: &str, _: &[u8]) -> Result<(), StoreError> {
        unreachable!("a cell is never set")
    }
    async fn delete(&self, _: &str) -> Result<(), StoreError> {
        unreachable!("a cell is never deleted while it is in use")
    }
    async fn increment(&self, key: &str, by: i64) -> Result<i64, StoreError> {
        Turn(false).await;
        let count = self.increments.get() + 1;
        self.increments.set(count);
        if self.manners.increments_fail && count % 3 == 1 {
            return Err(StoreError("a conflict".into()));
        }
        let mut entries = self.entries.borrow_mut();
        let sum = entries.get(key).map_or(0, |bytes| self.number(bytes)) + by;
        let bytes =
            if self.manners.binary { sum.to_le_bytes().to_vec() } else { sum.to_string().into_bytes() };
        entries.insert(key.to_owned(), bytes);
        if self.manners.increments_fail && count % 3 == 2 {
            return Err(StoreError("the answer was lost".into()));
        }
        Ok(sum)
    }
    async fn attempt(&self, key: &str, change: &mut Alter<'_>) -> Result<Attempt, StoreError> {
        let Some(old) = self.get(key).await? else { return Ok(Attempt::Absent) };
        let Some(new) = change(&old) else { return Ok(Attempt::Left) };
        Turn(false).await;
        let won = self.entries.borrow().get(key) == Some(&old);
        if won {
            self.number(&new);
            self.entries.borrow_mut().insert(key.to_owned(), new);
        }
        if self.manners.swaps_fail {
            return Err(StoreError("the answer was lost".into()));
        }
        if won && !self.manners.never_admits {
            return Ok(Attempt::Swapped);
        }
        Ok(Attempt::Lost(self.get(key).await?))
    }
    async fn decide(&self, key: &str, proposal: i64) -> Result<i64, StoreError> {
        decide(self, key, proposal).await
    }
    async fn decided(&self, key: &str) -> Result<Option<i64>, StoreError> {
        decided(self, key).await
    }
    async fn withdraw(&self, key: &str, number: i64) -> Result<(), StoreError> {
        withdraw(self, key, number).await
    }
}

struct Turn(bool);

impl Future for Turn {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

type Task<'a> = Pin<Box<dyn Future<Output = Result<i64, StoreError>> + 'a>>;

fn task<'a>(future: impl Future<Output = Result<i64, StoreError>> + 'a) -> Task<'a> {
    Box::pin(future)
}

/// Runs the tasks in the order that `schedule` says (who is polled next, of those left), then one after the other to their ends; a task in
/// `killed` is never polled again after the schedule. `None` for a killed task that did not end. Also how many choices were possible at each step.
fn run(mut tasks: Vec<Task<'_>>, schedule: &[usize], killed: usize) -> (Vec<Option<i64>>, Vec<usize>) {
    let mut context = Context::from_waker(Waker::noop());
    let mut answers: Vec<Option<i64>> = vec![None; tasks.len()];
    let mut choices = Vec::new();
    let mut poll = |index: usize, answers: &mut Vec<Option<i64>>| {
        if let Poll::Ready(answer) = tasks[index].as_mut().poll(&mut context) {
            answers[index] = Some(answer.unwrap());
        }
    };
    for choice in schedule {
        let left: Vec<usize> = (0..answers.len()).filter(|index| answers[*index].is_none()).collect();
        choices.push(left.len());
        let Some(index) = left.get(*choice) else { break };
        poll(*index, &mut answers);
    }
    for index in (0..answers.len()).filter(|index| *index != killed) {
        while answers[index].is_none() {
            poll(index, &mut answers);
        }
    }
    (answers, choices)
}

/// All schedules of so many steps, like an odometer over the choices that were possible.
fn every_schedule(steps: usize, mut check: impl FnMut(&[usize]) -> Vec<usize>) -> usize {
    let mut schedule = vec![0; steps];
    let mut count = 0;
    loop {
        let choices = check(&schedule);
        count += 1;
        let Some(step) = (0..choices.len()).rev().find(|step| schedule[*step] + 1 < choices[*step]) else {
            return count;
        };
        schedule[step] += 1;
        schedule[step + 1..].fill(0);
    }
}

const MANNERS: [Manners; 6] = [
    Manners { binary: true, never_admits: false, increments_fail: false, swaps_fail: false },
    Manners { binary: false, never_admits: false, increments_fail: false, swaps_fail: false },
    Manners { binary: false, never_admits: true, increments_fail: false, swaps_fail: false },
    Manners { binary: true, never_admits: true, increments_fail: true, swaps_fail: false },
    Manners { binary: false, never_admits: false, increments_fail: false, swaps_fail: true },
    Manners { binary: true, never_admits: false, increments_fail: true, swaps_fail: true },
];

const NOBODY: usize = usize::MAX;

#[test]
fn all_agree_in_every_order_and_whoever_is_killed() {
    for manners in MANNERS {
        for killed in [NOBODY, 0, 1] {
            let count = every_schedule(9, |schedule| {
                let store = Bytes { manners, ..Bytes::default() };
                let tasks: Vec<Task<'_>> = (1..=3).map(|n| task(decide(&store, "c", LEAST + n))).collect();
                let (answers, choices) = run(tasks, schedule, killed);
                let ended: Vec<i64> = answers.iter().flatten().copied().collect();
                assert!(
                    ended.windows(2).all(|pair| pair[0] == pair[1]),
                    "{manners:?} {schedule:?}: {answers:?}"
                );
                assert_eq!(
                    spin(decide(&store, "c", LEAST + 99)).unwrap(),
                    ended[0],
                    "a later one: {manners:?} {schedule:?}"
                );
                choices
            });
            assert!(count > 3_000, "{count} schedules");
        }
    }
}

/// One proposes, one withdraws what it sees, one proposes: who was told that its number is decided and whose number was not withdrawn
/// is the one whose number stands.
#[test]
fn a_withdrawal_in_between_leaves_nothing_of_two_minds() {
    for manners in MANNERS {
        every_schedule(10, |schedule| {
            let store = Bytes { manners, ..Bytes::default() };
            let withdrawn = Slot::new(0);
            let first = task(decide(&store, "c", LEAST + 1));
            let second = task(decide(&store, "c", LEAST + 2));
            let withdrawal = task(async {
                if let Some(found) = decided(&store, "c").await? {
                    withdraw(&store, "c", found).await?;
                    withdrawn.set(found);
                }
                Ok(0)
            });
            let (answers, choices) = run(vec![first, second, withdrawal], schedule, NOBODY);
            let stands = number(&store);
            let (one, two) = (answers[0].unwrap(), answers[1].unwrap());
            let told = |number: i64| one == number || two == number;
            let context = format!("{manners:?} {schedule:?}: {answers:?}, withdrawn {}", withdrawn.get());
            match withdrawn.get() {
                0 => assert!(one == two && stands == one, "{context}, stands {stands}"),
                gone => {
                    // What was withdrawn had been decided, so no third number can have come up, and it never comes back.
                    assert_ne!(stands, gone, "{context}");
                    assert!(stands < 0 || told(stands), "{context}, stands {stands}");
                    assert!(one == gone || two == gone || stands > 0, "{context}, stands {stands}");
                }
            }
            choices
        });
    }
}

fn number(store: &Bytes) -> i64 {
    store.number(&store.entries.borrow()["c"])
}

#[test]
fn small_proposals_and_foreign_values_are_refused() {
    let store = Bytes::default();
    assert!(spin(decide(&store, "c", LEAST - 1)).is_err());
    assert!(store.entries.borrow().is_empty(), "refused before anything was written");
    for foreign in [&b"12"[..], b"{}", b"", &7_i64.to_le_bytes(), &i64::MIN.to_le_bytes()] {
        store.entries.borrow_mut().insert("c".into(), foreign.to_vec());
        let refused = |answer: Result<(), StoreError>| assert!(answer.is_err(), "{foreign:?}");
        refused(spin(decide(&store, "c", LEAST)).map(drop));
        refused(spin(decided(&store, "c")).map(drop));
        spin(withdraw(&store, "c", LEAST)).unwrap();
        assert_eq!(store.entries.borrow()["c"], foreign, "left as it was");
    }
}

fn spin<T>(task: impl Future<Output = T>) -> T {
    let mut task = Box::pin(task);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(answer) = task.as_mut().poll(&mut context) {
            return answer;
        }
    }
}
