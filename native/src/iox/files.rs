//! Names of a service's files, for what has to be known about them when the library itself cannot open them.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use iceoryx2::config::Config;
use iceoryx2::service::messaging_pattern::MessagingPattern;
use iceoryx2_cal::hash::sha1::Sha1;
use iceoryx2_cal::hash::Hash;

/// Where Linux keeps POSIX shared memory. Elsewhere a segment is no file.
const SEGMENTS: &str = "/dev/shm";

/// A SHA-1 in hexadecimal digits.
const HASH_CHARACTERS: usize = 40;

/// The folder of all services' descriptions.
pub fn services(config: &Config) -> PathBuf {
    PathBuf::from(config.global.service_dir().to_string())
}

/// The folder of all nodes.
pub fn nodes(config: &Config) -> PathBuf {
    PathBuf::from(config.global.node_dir().to_string())
}

/// The description of a publish-subscribe service.
pub fn description(config: &Config, service: &str) -> PathBuf {
    let global = &config.global;
    let (prefix, suffix) = (&global.prefix, &global.service.static_config_storage_suffix);
    services(config).join(format!("{prefix}{}{suffix}", service_id(service)))
}

/// The segment in which a publish-subscribe service lists its ports, if there is one.
pub fn port_list(config: &Config, service: &str) -> Option<PathBuf> {
    let prefix = config.global.prefix.to_string();
    let end = format!("_{}{}", service_id(service), config.global.service.dynamic_config_storage_suffix);
    fs::read_dir(SEGMENTS)
        .ok()?
        .flatten()
        .find(|entry| {
            let name = entry.file_name();
            // Between them stands a hash of the type; whatever is longer belongs to a prefix that begins like this one.
            name.len() == prefix.len() + HASH_CHARACTERS + end.len()
                && name.as_bytes().starts_with(prefix.as_bytes())
                && name.as_bytes().ends_with(end.as_bytes())
        })
        .map(|entry| entry.path())
}

/// How Iceoryx2 tells services apart; the same in 0.6 and 0.7.
fn service_id(service: &str) -> String {
    let pattern = MessagingPattern::PublishSubscribe as u32;
    String::from(Sha1::new(format!("{pattern}{service}").as_bytes()).value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_id_that_the_library_gives_it() {
        // As seen below the root path of a connector called "fake".
        assert_eq!(service_id("fake/ToBot"), "1f5cdff3d64047ce234a3a18213de7be335fb708");
        assert_eq!(service_id("fake/FromBot"), "0eb4e21527a8f86ac81a957a7ceaa28979cf5934");
    }
}
