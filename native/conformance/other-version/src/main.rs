//! A connector's two services made by another version of Iceoryx2, with one sample sent: what a bot finds when its
//! connector was built with newer crates.
//!
//! ```text
//! other-version NAME --root PATH/ --prefix P
//! ```
//!
//! Reports one JSON line, then waits for the end of stdin.

use std::error::Error;
use std::io::{stdin, Read};

use iceoryx2::config::Config;
use iceoryx2::prelude::{ipc, set_log_level, LogLevel, NodeBuilder, ServiceName, SignalHandlingMode, ZeroCopySend};

const USAGE: &str = "other-version NAME --root PATH/ --prefix P";

/// The user header of connectors.
#[derive(Debug, Default, Clone, Copy, ZeroCopySend)]
#[type_name("hftbacktest::live::ipc::iceoryx::CustomHeader")]
#[repr(C)]
struct Header {
    id: u64,
    len: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let option = |key: &str| words.iter().position(|word| word == key).and_then(|at| words.get(at + 1));
    let (Some(name), Some(root), Some(prefix)) = (words.first(), option("--root"), option("--prefix")) else {
        eprintln!("usage: {USAGE}");
        std::process::exit(2)
    };
    set_log_level(LogLevel::Fatal);
    let mut config = Config::default();
    config.global.set_root_path(&root.as_str().try_into().map_err(|error| format!("{root}: {error:?}"))?);
    config.global.prefix = prefix.as_str().try_into().map_err(|error| format!("{prefix}: {error:?}"))?;
    let node = NodeBuilder::new()
        .config(&config)
        .signal_handling_mode(SignalHandlingMode::Disabled)
        .create::<ipc::Service>()?;
    let mut services = Vec::new();
    for direction in ["ToBot", "FromBot"] {
        let service = node
            .service_builder(&ServiceName::new(&format!("{name}/{direction}"))?)
            .publish_subscribe::<[u8]>()
            .user_header::<Header>()
            .create()?;
        services.push(service);
    }
    let publisher = services[0].publisher_builder().initial_max_slice_len(512).create()?;
    let mut sample = publisher.loan_slice(512)?;
    *sample.user_header_mut() = Header { id: 0, len: 1 };
    sample.send()?;
    println!("{{\"event\":\"ready\"}}");
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
