//! The integer, float, text and length forms of the wire format, as a bounded reader and a bounded writer.
//!
//! Unsigned numbers below 251 take one byte; 251, 252 and 253 announce a u16, u32 or u64 in little endian order.
//! Signed numbers are zigzagged first. The reader accepts a longer form than needed, as the peers' decoder does:
//! value decides, not spelling. Nothing here reads past the slice, and no length found in the data is trusted
//! before the bytes behind it are counted.

use super::types::CodecError;

const U16_FORM: u8 = 251;
const U32_FORM: u8 = 252;
const U64_FORM: u8 = 253;

pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// A message fills its buffer exactly; bytes behind it mean that one of both sides misunderstood it.
    pub fn finish(self) -> Result<(), CodecError> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(CodecError::TrailingBytes(count)),
        }
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let end = self.at.checked_add(count).ok_or(CodecError::ShortBuffer)?;
        let found = self.bytes.get(self.at..end).ok_or(CodecError::ShortBuffer)?;
        self.at = end;
        Ok(found)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, CodecError> {
        let byte = *self.bytes.get(self.at).ok_or(CodecError::ShortBuffer)?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    pub fn u64(&mut self) -> Result<u64, CodecError> {
        match self.u8()? {
            small @ 0..U16_FORM => Ok(small.into()),
            U16_FORM => Ok(u16::from_le_bytes(self.array()?).into()),
            U32_FORM => Ok(u32::from_le_bytes(self.array()?).into()),
            U64_FORM => Ok(u64::from_le_bytes(self.array()?)),
            byte => Err(CodecError::BadVarint(byte)),
        }
    }

    #[inline]
    pub fn i64(&mut self) -> Result<i64, CodecError> {
        let zigzag = self.u64()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// A variant index. The peers write it as a u32, so a longer number is no tag.
    pub fn tag(&mut self, what: &'static str) -> Result<u32, CodecError> {
        let value = self.u64()?;
        u32::try_from(value).map_err(|_| CodecError::BadTag { what, tag: value })
    }

    #[inline]
    pub fn f64(&mut self) -> Result<f64, CodecError> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    pub fn bool(&mut self) -> Result<bool, CodecError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            byte => Err(CodecError::BadTag { what: "bool", tag: byte.into() }),
        }
    }

    /// A number of items that take at least one byte each, so more of them than bytes left cannot be.
    pub fn count(&mut self) -> Result<usize, CodecError> {
        let count = usize::try_from(self.u64()?).map_err(|_| CodecError::ShortBuffer)?;
        if count > self.remaining() {
            return Err(CodecError::ShortBuffer);
        }
        Ok(count)
    }

    #[inline]
    pub fn text(&mut self) -> Result<&'a str, CodecError> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| CodecError::BadUtf8)
    }
}

/// Writes into a slice that belongs to the caller, e.g. a loaned sample of 512 bytes.
pub struct Writer<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

impl<'a> Writer<'a> {
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub fn written(&self) -> usize {
        self.at
    }

    pub fn put(&mut self, data: &[u8]) -> Result<(), CodecError> {
        let capacity = self.bytes.len();
        let room = self.bytes.get_mut(self.at..self.at + data.len()).ok_or(CodecError::TooLarge { capacity })?;
        room.copy_from_slice(data);
        self.at += data.len();
        Ok(())
    }

    pub fn u8(&mut self, value: u8) -> Result<(), CodecError> {
        self.put(&[value])
    }

    pub fn u64(&mut self, value: u64) -> Result<(), CodecError> {
        if value < U16_FORM.into() {
            return self.u8(value as u8);
        }
        if let Ok(small) = u16::try_from(value) {
            self.u8(U16_FORM)?;
            return self.put(&small.to_le_bytes());
        }
        if let Ok(medium) = u32::try_from(value) {
            self.u8(U32_FORM)?;
            return self.put(&medium.to_le_bytes());
        }
        self.u8(U64_FORM)?;
        self.put(&value.to_le_bytes())
    }

    pub fn i64(&mut self, value: i64) -> Result<(), CodecError> {
        self.u64(((value << 1) ^ (value >> 63)) as u64)
    }

    pub fn f64(&mut self, value: f64) -> Result<(), CodecError> {
        self.put(&value.to_le_bytes())
    }

    pub fn bool(&mut self, value: bool) -> Result<(), CodecError> {
        self.u8(value.into())
    }

    pub fn text(&mut self, value: &str) -> Result<(), CodecError> {
        self.u64(value.len() as u64)?;
        self.put(value.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: u64) -> Vec<u8> {
        let mut buffer = [0; 16];
        let mut writer = Writer::new(&mut buffer);
        writer.u64(value).unwrap();
        let length = writer.written();
        buffer[..length].to_vec()
    }

    #[test]
    fn numbers_take_the_shortest_form_at_every_edge() {
        for (value, length) in
            [(0, 1), (250, 1), (251, 3), (65_535, 3), (65_536, 5), (u32::MAX.into(), 5), (1 << 32, 9), (u64::MAX, 9)]
        {
            let bytes = written(value);
            assert_eq!(bytes.len(), length, "{value}");
            assert_eq!(Reader::new(&bytes).u64(), Ok(value));
        }
    }

    #[test]
    fn signed_numbers_survive_at_both_ends() {
        for value in [0, -1, 1, -126, 125, i64::MIN, i64::MAX] {
            let mut buffer = [0; 16];
            let mut writer = Writer::new(&mut buffer);
            writer.i64(value).unwrap();
            assert_eq!(Reader::new(&buffer).i64(), Ok(value));
        }
    }

    #[test]
    fn the_two_unused_first_bytes_are_refused() {
        assert_eq!(Reader::new(&[254, 0, 0]).u64(), Err(CodecError::BadVarint(254)));
        assert_eq!(Reader::new(&[255, 0, 0]).u64(), Err(CodecError::BadVarint(255)));
    }

    #[test]
    fn a_length_beyond_the_buffer_reads_nothing() {
        assert_eq!(Reader::new(&[253, 255, 255, 255, 255, 255, 255, 255, 255]).text(), Err(CodecError::ShortBuffer));
        assert_eq!(Reader::new(&[3, b'a', b'b']).text(), Err(CodecError::ShortBuffer));
    }

    #[test]
    fn a_full_buffer_is_refused_and_not_overrun() {
        let mut buffer = [0; 4];
        assert_eq!(Writer::new(&mut buffer).text("abcd"), Err(CodecError::TooLarge { capacity: 4 }));
    }
}
