//! Whether files of another user are in the way.
//!
//! What Iceoryx2 makes is for its owner alone, and what it reports to anyone else is no matter of rights: a closed
//! folder is an internal error of the node, a closed service file a corrupted service, a closed segment one that hangs
//! in creation. So after such a failure the files themselves are asked.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use iceoryx2::config::Config;

use super::error::{Code, IoxError};
use super::files;

const READ: i32 = libc::R_OK;
const READ_WRITE: i32 = libc::R_OK | libc::W_OK;
const ENTER: i32 = libc::R_OK | libc::X_OK;
const ENTER_AND_ADD: i32 = libc::R_OK | libc::W_OK | libc::X_OK;

/// The error to report instead when no node could be made because of somebody else's files.
pub fn node_refusal(config: &Config) -> Option<IoxError> {
    refusal_at(&nearest(files::nodes(config)), ENTER_AND_ADD)
}

/// The same for a publish-subscribe service that could not be opened.
pub fn service_refusal(config: &Config, service: &str) -> Option<IoxError> {
    refusal_at(&files::services(config), ENTER)
        .or_else(|| refusal_at(&files::description(config, service), READ))
        .or_else(|| refusal_at(&files::port_list(config, service)?, READ_WRITE))
}

/// The path itself, or what would have to let it come into being.
fn nearest(mut path: PathBuf) -> PathBuf {
    while !path.exists() && path.pop() {}
    path
}

/// `None` when it may be used so, and when it does not exist.
fn refusal_at(path: &Path, wanted: i32) -> Option<IoxError> {
    let name = CString::new(path.as_os_str().as_bytes()).ok()?;
    // SAFETY: a string that ends with 0; the call only asks.
    let refused = unsafe { libc::faccessat(libc::AT_FDCWD, name.as_ptr(), wanted, libc::AT_EACCESS) } == -1
        && std::io::Error::last_os_error().raw_os_error() == Some(libc::EACCES);
    if !refused {
        return None;
    }
    // SAFETY: asks for a number.
    let own = unsafe { libc::geteuid() };
    let owner = match fs::metadata(path) {
        // The library closes a segment of our own while it is being made: that is no matter of users.
        Ok(found) if found.uid() == own => return None,
        Ok(found) => format!("user {}", found.uid()),
        Err(_) => "another user".to_owned(),
    };
    let message = format!("{} belongs to {owner} and is closed to this process (user {own})", path.display());
    Some(IoxError::new(Code::Permission, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_is_closed_to_nobody() {
        assert_eq!(refusal_at(Path::new("/nowhere/at/all"), READ), None);
        assert_eq!(nearest(PathBuf::from("/nowhere/at/all")), PathBuf::from("/"));
    }
}
