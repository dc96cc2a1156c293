//! Tuples as entries of the tree: forwards by object, backwards by user, and in the log by time. Parts are joined by a zero byte, which no
//! part may hold: that keeps the keys of one thing together and apart from those of every other.

use domain::Moment;

use super::codec::{In, Out};

/// A tuple's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TupleName {
    /// `document:1`
    pub object: String,
    /// `viewer`
    pub relation: String,
    /// `user:anne`, `user:*` or `group:x#member`
    pub user: String,
}

/// A tuple as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuple {
    /// Its name.
    pub name: TupleName,
    /// The condition's name, and its context as JSON.
    pub condition: Option<(String, String)>,
    /// When it was written.
    pub at: Moment,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The tuple; one that was deleted as it was then.
    pub tuple: Tuple,
    /// Whether it was deleted.
    pub deleted: bool,
    /// In which change.
    pub revision: u64,
}

impl TupleName {
    /// Whether it can be stored: no part is empty or has a control character.
    pub fn is_fit(&self) -> bool {
        [&self.object, &self.relation, &self.user]
            .into_iter()
            .all(|part| !part.is_empty() && !part.chars().any(char::is_control))
    }

    /// Usersets stand apart from plain users: who looks for groups need not read all members.
    pub(crate) fn forward(&self) -> Vec<u8> {
        let kind = if self.user.contains('#') { USERSETS } else { OTHERS };
        join(FORWARD, &[&self.object, &self.relation, kind, &self.user])
    }

    pub(crate) fn backward(&self) -> Vec<u8> {
        let (kind, id) = self.object.split_once(':').unwrap_or((&self.object, ""));
        join(BACKWARD, &[&self.user, kind, &self.relation, id])
    }

    pub(crate) fn of_forward(key: &[u8]) -> Option<Self> {
        let mut parts = split(key)?;
        let (object, relation, _, user) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then_some(Self { object, relation, user })
    }

    pub(crate) fn of_backward(key: &[u8]) -> Option<Self> {
        let mut parts = split(key)?;
        let (user, kind, relation, id) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then(|| Self { object: format!("{kind}:{id}"), relation, user })
    }
}

fn join(kind: u8, parts: &[&str]) -> Vec<u8> {
    let mut key = vec![kind];
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            key.push(0);
        }
        key.extend_from_slice(part.as_bytes());
    }
    key
}

fn split(key: &[u8]) -> Option<impl Iterator<Item = String> + '_> {
    Some(std::str::from_utf8(key.get(1..)?).ok()?.split('\0').map(str::to_owned))
}

/// The beginning of the keys that start with these whole parts and, in the next one, with `then`.
pub(crate) fn prefix(kind: u8, parts: &[&str], then: &str) -> Vec<u8> {
    let mut key = vec![kind];
    for part in parts {
        key.extend_from_slice(part.as_bytes());
        key.push(0);
    }
    key.extend_from_slice(then.as_bytes());
    key
}

pub(crate) fn write(tuple: &Tuple) -> Vec<u8> {
    let mut out = Out::default();
    out.number(tuple.at.millis());
    condition(&mut out, tuple.condition.as_ref());
    out.done()
}

fn condition(out: &mut Out, condition: Option<&(String, String)>) {
    out.number(u64::from(condition.is_some()));
    if let Some((name, context)) = condition {
        out.bytes(name.as_bytes());
        out.bytes(context.as_bytes());
    }
}

pub(crate) fn read(name: TupleName, value: &[u8]) -> Option<Tuple> {
    let mut read = In::new(value);
    let at = Moment::from_millis(read.number()?);
    let condition = if read.number()? == 0 { None } else { Some((read.text()?, read.text()?)) };
    Some(Tuple { name, condition, at })
}

/// Keys of the log are in the order of time, and within one change in the order of its lines.
pub(crate) fn log_key(at: Moment, revision: u64, line: usize) -> Vec<u8> {
    let mut key = log_from(at);
    key.extend_from_slice(&revision.to_be_bytes());
    key.extend_from_slice(&u32::try_from(line).unwrap_or(u32::MAX).to_be_bytes());
    key
}

/// Where the lines of a moment begin.
pub(crate) fn log_from(at: Moment) -> Vec<u8> {
    let mut key = vec![LOG];
    key.extend_from_slice(&at.millis().to_be_bytes());
    key
}

pub(crate) fn write_log(tuple: &Tuple, deleted: bool) -> Vec<u8> {
    let mut out = Out::default();
    out.number(u64::from(deleted));
    for part in [&tuple.name.object, &tuple.name.relation, &tuple.name.user] {
        out.bytes(part.as_bytes());
    }
    condition(&mut out, tuple.condition.as_ref());
    out.done()
}

pub(crate) fn read_log(key: &[u8], value: &[u8]) -> Option<Logged> {
    let mut place = In::new(key.get(1..)?);
    let (at, revision) = (Moment::from_millis(place.eight()?), place.eight()?);
    let mut read = In::new(value);
    let deleted = read.number()? != 0;
    let name = TupleName { object: read.text()?, relation: read.text()?, user: read.text()? };
    let condition = if read.number()? == 0 { None } else { Some((read.text()?, read.text()?)) };
    Some(Logged { tuple: Tuple { name, condition, at }, deleted, revision })
}

pub(crate) const USERSETS: &str = "#";
pub(crate) const OTHERS: &str = "+";
pub(crate) const FORWARD: u8 = b'o';
pub(crate) const BACKWARD: u8 = b'u';
pub(crate) const LOG: u8 = b'l';
pub(crate) const MODEL: u8 = b'm';
pub(crate) const PLAN: u8 = b'p';
pub(crate) const ASSERTIONS: u8 = b'a';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_from_both_keys() {
        let name = TupleName {
            object: "doc:a|b.c".into(),
            relation: "viewer".into(),
            user: "group:x#member".into(),
        };
        assert_eq!(TupleName::of_forward(&name.forward()).as_ref(), Some(&name));
        assert_eq!(TupleName::of_backward(&name.backward()).as_ref(), Some(&name));
        assert!(name.is_fit() && !TupleName { user: "a\0b".into(), ..name }.is_fit());
    }
}
