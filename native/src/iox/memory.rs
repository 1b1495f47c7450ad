//! Whether a publisher's samples fit where shared memory lives.
//!
//! A segment is made sparse, so one that is larger than the file system is made without complaint, and the first write
//! beyond what is free ends the process by a signal (SIGBUS): containers give `/dev/shm` 64 MB unless told otherwise.
//! So the room is asked for before. Another process may take it afterwards; this is a check, not a reservation.

use super::error::{Code, IoxError};
use super::service::{PublishSubscribeInfo, SAMPLE_HEADER_BYTES};

/// Where Linux keeps POSIX shared memory, and `None` where its size is not told.
const SEGMENTS: Option<&std::ffi::CStr> = if cfg!(target_os = "linux") { Some(c"/dev/shm") } else { None };
/// What Iceoryx2 lets a publisher loan at once unless told otherwise.
const LOANS: usize = 2;

/// Refuses a publisher of messages up to `max_bytes` whose samples cannot all be written.
pub fn check_room(limits: &PublishSubscribeInfo, max_bytes: usize, max_loans: Option<usize>) -> Result<(), IoxError> {
    let (Some(needed), Some(free)) = (segment_bytes(limits, max_bytes, max_loans), free_bytes()) else {
        return Ok(());
    };
    if needed <= free {
        return Ok(());
    }
    let message = format!("the publisher's samples take {needed} bytes of shared memory, {free} are free in /dev/shm");
    Err(IoxError::new(Code::NoMemory, message))
}

/// At least this many; `None` beyond all numbers, which the system refuses by itself.
fn segment_bytes(limits: &PublishSubscribeInfo, max_bytes: usize, max_loans: Option<usize>) -> Option<u64> {
    let kept = limits.buffer_size.checked_add(limits.max_borrowed)?;
    let slots = limits.max_subscribers.checked_mul(kept)?.checked_add(limits.history_size)?;
    let slots = slots.checked_add(max_loans.unwrap_or(LOANS))?;
    let chunk = max_bytes.checked_add(SAMPLE_HEADER_BYTES)?.checked_add(limits.user_header.size)?;
    u64::try_from(slots.checked_mul(chunk)?).ok()
}

fn free_bytes() -> Option<u64> {
    // SAFETY: the structure is plain numbers, and the call fills the one it is given.
    let found = unsafe {
        let mut found: libc::statvfs = std::mem::zeroed();
        (libc::statvfs(SEGMENTS?.as_ptr(), &mut found) == 0).then_some(found)?
    };
    // A file system without a limit says that it has no blocks at all.
    if found.f_blocks == 0 {
        return None;
    }
    // Both are narrower on some systems.
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
    let (blocks, size) = (found.f_bavail as u64, found.f_frsize as u64);
    blocks.checked_mul(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iox::TypeSpec;

    fn limits(max_subscribers: usize, buffer_size: usize) -> PublishSubscribeInfo {
        PublishSubscribeInfo {
            payload: TypeSpec::bytes(),
            user_header: TypeSpec { size: 16, ..TypeSpec::no_header() },
            header_size: SAMPLE_HEADER_BYTES,
            max_publishers: 1,
            max_subscribers,
            max_nodes: 20,
            buffer_size,
            history_size: 0,
            max_borrowed: 2,
            safe_overflow: true,
        }
    }

    #[test]
    fn a_connector_of_default_size_takes_what_its_segment_holds_but_for_padding() {
        let bytes = segment_bytes(&limits(200, 10_000), 512, None).unwrap();
        // 1 128 226 886 bytes is the file of a connector for 200 bots and 10 000 slots.
        assert!((1_100_000_000..=1_128_226_886).contains(&bytes), "{bytes}");
    }

    #[test]
    fn sizes_beyond_all_numbers_are_left_to_the_system() {
        assert_eq!(segment_bytes(&limits(usize::MAX, 2), 512, None), None);
        assert_eq!(check_room(&limits(usize::MAX, 2), 512, None), Ok(()));
    }

    #[test]
    fn more_than_the_machine_has_is_refused_with_both_numbers() {
        if free_bytes().is_none() {
            return;
        }
        let error = check_room(&limits(1, 1 << 40), 1 << 20, None).unwrap_err();
        assert_eq!(error.code, Code::NoMemory);
        assert!(error.message.contains("are free in /dev/shm"), "{}", error.message);
        assert_eq!(check_room(&limits(1, 2), 64, None), Ok(()));
    }
}
