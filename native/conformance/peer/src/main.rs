//! The published crate as a process, in either role. Only its own ports, its own codec and its own bot are used here;
//! nothing of ours is linked.
//!
//! ```text
//! peer bot       NAME SYMBOL --root PATH/ --prefix P   its live bot: registers, reads, orders, cancels, reports
//! peer connector NAME SYMBOL --root PATH/ --prefix P   its channels in the connector's role: one of every message
//! ```
//!
//! Reports are JSON lines on stdout. `connector` obeys `{"cmd":"send"}` (everything once more) and `{"cmd":"exit"}`.

mod bot;
mod connector;

use iceoryx2::prelude::{set_log_level, Config, LogLevel};
use serde_json::{json, Value};

const USAGE: &str = "peer bot|connector NAME SYMBOL --root PATH/ --prefix P";

pub struct Arguments {
    pub name: String,
    pub symbol: String,
}

pub fn report(line: &Value) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// The published ports take the process-wide configuration, which can only be set from a file.
fn use_private_root(root: &str, prefix: &str) -> Result<(), String> {
    let mut config = Config::default();
    config.global.set_root_path(&root.try_into().map_err(|error| format!("{root}: {error:?}"))?);
    config.global.prefix = prefix.try_into().map_err(|error| format!("{prefix}: {error:?}"))?;
    let text = toml::to_string(&config).map_err(|error| error.to_string())?;
    let file = std::env::temp_dir().join(format!("iceoryx2-{}.toml", std::process::id()));
    std::fs::write(&file, text).map_err(|error| error.to_string())?;
    let path = file.to_str().ok_or("a temporary folder that is no text")?;
    let read = Config::setup_global_config_from_file(&path.try_into().map_err(|error| format!("{path}: {error:?}"))?);
    let _ = std::fs::remove_file(&file);
    read.map(|_| ()).map_err(|error| error.to_string())
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let option = |key: &str| words.iter().position(|word| word == key).and_then(|at| words.get(at + 1)).cloned();
    let (Some(role), Some(name), Some(symbol), Some(root), Some(prefix)) =
        (words.first(), words.get(1), words.get(2), option("--root"), option("--prefix"))
    else {
        eprintln!("usage: {USAGE}");
        std::process::exit(2)
    };
    set_log_level(LogLevel::Fatal);
    let arguments = Arguments { name: name.clone(), symbol: symbol.clone() };
    let done = use_private_root(&root, &prefix).and_then(|()| match role.as_str() {
        "bot" => bot::run(&arguments),
        "connector" => connector::run(&arguments),
        other => Err(format!("no role {other}; usage: {USAGE}")),
    });
    if let Err(reason) = done {
        report(&json!({ "event": "failed", "reason": reason }));
        std::process::exit(1);
    }
}
