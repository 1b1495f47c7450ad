//! What a connector's two services look like: names, types and the header before each message.

use crate::iox::{OpenMode, ServiceSpec, TypeSpec};

/// The user header of both services: `{ id: u64, len: usize }`. Services compare types by this name.
pub const HEADER_TYPE_NAME: &str = "hftbacktest::live::ipc::iceoryx::CustomHeader";
pub const HEADER_BYTES: usize = 16;

pub fn header_type() -> TypeSpec {
    TypeSpec { name: HEADER_TYPE_NAME.into(), size: HEADER_BYTES, align: 8, is_slice: false }
}

/// Specification of one of a connector's services, without limits of our own: any connector's configuration fits.
pub fn connector_service(connector: &str, direction: &str, mode: OpenMode) -> ServiceSpec {
    ServiceSpec { user_header: header_type(), ..ServiceSpec::new(format!("{connector}/{direction}"), mode) }
}

/// `{ id, len }` of a sample. What a header too short does not hold reads as all ones, which no message is.
#[inline]
pub fn read_header(header: &[u8]) -> (u64, usize) {
    let part = |at: usize| header.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0xff; 8]);
    (u64::from_ne_bytes(part(0)), usize::from_ne_bytes(part(8)))
}

#[inline]
pub fn write_header(header: &mut [u8], id: u64, len: usize) {
    header[..8].copy_from_slice(&id.to_ne_bytes());
    header[8..].copy_from_slice(&len.to_ne_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let mut header = [0; HEADER_BYTES];
        write_header(&mut header, u64::MAX - 1, 512);
        assert_eq!(read_header(&header), (u64::MAX - 1, 512));
    }

    #[test]
    fn a_header_too_short_names_a_length_that_no_slot_has() {
        assert_eq!(read_header(&[1; 9]), (0x0101_0101_0101_0101, usize::MAX));
        assert_eq!(read_header(&[]), (u64::MAX, usize::MAX));
    }
}
