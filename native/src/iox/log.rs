//! What the library has to say: plain lines on stderr. Its own logger writes them to stdout, in colour, and stdout
//! belongs to the program.

use std::fmt::Arguments;
use std::io::{stderr, Write};

use iceoryx2_bb_log::{set_log_level, set_logger, Log};

pub use iceoryx2_bb_log::LogLevel;

struct Stderr;

static LOGGER: Stderr = Stderr;

impl Log for Stderr {
    /// The origin is left out: it is whole structures in their debugging form.
    fn log(&self, level: LogLevel, _origin: Arguments, message: Arguments) {
        let level = format!("{level:?}").to_lowercase();
        // Nobody is there to be told that it cannot be told.
        _ = writeln!(stderr(), "iceoryx2 {level}: {message}");
    }
}

/// From this level on; `None` silences all but what comes before a panic. For the whole process, as the library has it.
pub fn log_at(level: Option<LogLevel>) {
    // Only the first call can, and it is this one: nothing of the library is used before.
    set_logger(&LOGGER);
    set_log_level(level.unwrap_or(LogLevel::Fatal));
}
