//! How pages and heads are spelled in bytes: numbers of seven bits a byte, texts with their length before them.

use super::{datum::Datum, page::PageId};

/// Bytes being written.
#[derive(Default)]
pub(crate) struct Out(Vec<u8>);

impl Out {
    pub(crate) fn number(&mut self, mut number: u64) {
        loop {
            let low = u8::try_from(number & 0x7F).unwrap_or_default();
            number >>= 7;
            if number == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }

    pub(crate) fn size(&mut self, size: usize) {
        self.number(u64::try_from(size).unwrap_or(u64::MAX));
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.size(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn page(&mut self, id: PageId) {
        self.0.extend_from_slice(&id.mark.to_be_bytes());
        self.number(u64::from(id.number));
    }

    pub(crate) fn pages(&mut self, ids: &[PageId]) {
        self.size(ids.len());
        for id in ids {
            self.page(*id);
        }
    }

    /// A key as what it shares with the one before it and what follows.
    pub(crate) fn key(&mut self, before: &[u8], key: &[u8]) {
        let shared = shared(before, key);
        self.size(shared);
        self.bytes(key.get(shared..).unwrap_or_default());
    }

    pub(crate) fn datum(&mut self, datum: &Datum) {
        match datum {
            Datum::Here(bytes) => {
                self.number(0);
                self.bytes(bytes);
            }
            Datum::Far(ids) => self.pages(ids),
        }
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// How many bytes two keys have in common at the start.
pub(crate) fn shared(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// Bytes being read. Every step is `None` on bytes that we did not write.
pub(crate) struct In<'a>(&'a [u8]);

impl<'a> In<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub(crate) fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let size = self.size()?;
        self.take(size)
    }

    pub(crate) fn text(&mut self) -> Option<String> {
        Some(std::str::from_utf8(self.bytes()?).ok()?.to_owned())
    }

    pub(crate) fn eight(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(crate) fn page(&mut self) -> Option<PageId> {
        Some(PageId { mark: self.eight()?, number: u32::try_from(self.number()?).ok()? })
    }

    pub(crate) fn pages(&mut self) -> Option<Vec<PageId>> {
        let count = self.size()?;
        (0..count).map(|_| self.page()).collect()
    }

    pub(crate) fn key(&mut self, before: &[u8]) -> Option<Vec<u8>> {
        let shared = self.size()?;
        let mut key = before.get(..shared)?.to_vec();
        key.extend_from_slice(self.bytes()?);
        Some(key)
    }

    pub(crate) fn datum(&mut self) -> Option<Datum> {
        match self.size()? {
            0 => Some(Datum::Here(self.bytes()?.into())),
            count => Some(Datum::Far((0..count).map(|_| self.page()).collect::<Option<_>>()?)),
        }
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_keys_come_back_and_cut_bytes_are_refused() {
        let mut out = Out::default();
        for number in [0, 1, 127, 128, 300, u64::MAX] {
            out.number(number);
        }
        out.key(b"abc", b"abd");
        let bytes = out.done();
        let mut read = In::new(&bytes);
        for number in [0, 1, 127, 128, 300, u64::MAX] {
            assert_eq!(read.number(), Some(number));
        }
        assert_eq!(read.key(b"abc").as_deref(), Some(&b"abd"[..]));
        assert!(read.is_done());
        assert_eq!(In::new(&[0x80]).number(), None);
        assert_eq!(In::new(&[3, 1]).bytes(), None);
    }
}
