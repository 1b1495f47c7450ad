//! Which version of the library made a service. Every segment begins with the version of whoever made it, and the
//! library refuses all but its own, patch level included; what it reports then is a corrupted service.

use std::fs::File;
use std::io::Read;

use iceoryx2::config::Config;

use super::error::{Code, IoxError};
use super::files::port_list;
use super::ICEORYX2_VERSION;

/// The error to report instead when a service could not be opened because another version made it.
pub fn version_refusal(config: &Config, service: &str) -> Option<IoxError> {
    let mut word = [0; 8];
    File::open(port_list(config, service)?).ok()?.read_exact(&mut word).ok()?;
    let theirs = version_of(u64::from_ne_bytes(word))?;
    (theirs != ICEORYX2_VERSION).then(|| {
        let message = format!("it was made by Iceoryx2 {theirs}, and this is Iceoryx2 {ICEORYX2_VERSION}");
        IoxError::new(Code::VersionMismatch, message)
    })
}

/// `major.minor.patch` of 16 bits each; `None` while a segment is being made.
fn version_of(word: u64) -> Option<String> {
    let part = |shift: u32| (word >> shift) & 0xffff;
    (word != 0 && word >> 48 == 0).then(|| format!("{}.{}.{}", part(32), part(16), part(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers() {
        assert_eq!(version_of(0x0000_0006_0001).as_deref(), Some(ICEORYX2_VERSION));
        assert_eq!(version_of(0x0001_000a_0000).as_deref(), Some("1.10.0"));
        assert_eq!(version_of(0), None);
        assert_eq!(version_of(u64::MAX), None);
    }
}
