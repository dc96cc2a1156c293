//! A small memory of values that a person showed: how often, when last, and up to three numbers beside. It forgets what is old or rare.

use crate::bytes::{Reader, Writer};

/// At most `CAP` values, each with `NOTES` numbers beside it that are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Memory<const CAP: usize, const NOTES: usize>(Vec<Seen>);

/// One value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Seen {
    pub(crate) id: u32,
    /// The day it was last shown.
    pub(crate) day: u16,
    /// How often, fading.
    pub(crate) count: u8,
    pub(crate) notes: [u16; 3],
}

impl<const CAP: usize, const NOTES: usize> Memory<CAP, NOTES> {
    pub(crate) fn of(&self, id: u32) -> Option<&Seen> {
        self.0.iter().find(|seen| seen.id == id)
    }

    pub(crate) fn has(&self, id: u32) -> bool {
        self.of(id).is_some()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Seen> {
        self.0.iter()
    }

    /// Counts a value and hands it out for its notes. Whoever is least worth keeping makes room.
    pub(crate) fn count(&mut self, id: u32, day: u16) -> Option<&mut Seen> {
        if !self.has(id) {
            if self.0.len() >= CAP
                && let Some((worst, _)) = self.0.iter().enumerate().min_by_key(|(_, seen)| seen.worth())
            {
                self.0.swap_remove(worst);
            }
            self.0.push(Seen { id, ..Seen::default() });
        }
        let seen = self.0.iter_mut().find(|seen| seen.id == id)?;
        seen.count = seen.count.saturating_add(1);
        seen.day = seen.day.max(day);
        Some(seen)
    }

    /// One step of fading: counts shrink by a fifth, what was not shown for half a year goes.
    pub(crate) fn fade(&mut self, day: u16) {
        self.0.retain_mut(|seen| {
            seen.count = u8::try_from((u16::from(seen.count) * 4).div_ceil(5)).unwrap_or(u8::MAX);
            day.saturating_sub(seen.day) <= FORGOTTEN
        });
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.u8(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        for seen in &self.0 {
            to.u32(seen.id);
            to.u16(seen.day);
            to.u8(seen.count);
            seen.notes.iter().take(NOTES).for_each(|note| to.u16(*note));
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Option<Self> {
        let length = usize::from(from.u8()?);
        if length > CAP {
            return None;
        }
        let mut all = Vec::with_capacity(length);
        for _ in 0..length {
            let mut seen = Seen { id: from.u32()?, day: from.u16()?, count: from.u8()?, ..Seen::default() };
            for note in seen.notes.iter_mut().take(NOTES) {
                *note = from.u16()?;
            }
            all.push(seen);
        }
        Some(Self(all))
    }
}

impl Seen {
    /// A value shown once is worth its day; each time more is worth three days.
    fn worth(&self) -> u32 {
        u32::from(self.day) + 3 * u32::from(self.count.min(20))
    }
}

/// Days.
const FORGOTTEN: u16 = 180;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_worth_keeping_makes_room() {
        let mut memory = Memory::<2, 0>::default();
        memory.count(1, 10);
        memory.count(1, 10);
        memory.count(2, 11);
        memory.count(3, 12);
        assert!(memory.has(1) && !memory.has(2) && memory.has(3));
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut memory = Memory::<2, 0>::default();
        memory.count(1, 10);
        memory.count(2, 100);
        memory.fade(191);
        assert!(!memory.has(1) && memory.has(2));
        assert_eq!(memory.of(2).unwrap().count, 1, "fading alone forgets nothing");
    }

    #[test]
    fn comes_back_from_its_bytes_with_the_notes_that_are_kept() {
        let mut memory = Memory::<2, 2>::default();
        memory.count(7, 3).unwrap().notes = [1, 2, 3];
        let mut to = Writer::default();
        memory.write(&mut to);
        let bytes = to.done();
        let back = Memory::<2, 2>::read(&mut Reader::of(&bytes)).unwrap();
        assert_eq!(back.of(7).unwrap().notes, [1, 2, 0]);
        assert!(Memory::<2, 2>::read(&mut Reader::of(&bytes[..5])).is_none());
        assert!(Memory::<0, 2>::read(&mut Reader::of(&bytes)).is_none(), "more than fits");
    }
}
