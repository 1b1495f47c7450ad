//! A stand-in for a connector process: speaks its protocol, follows a script.
//!
//! ```text
//! fake_connector NAME [--root PATH/] [--prefix P] [--seed N] [--buffer N] [--bots N] [--quiet 1] [--numbered 1]
//! ```
//!
//! Commands are JSON lines on stdin (`script.rs`), reports JSON lines on stdout. The end of stdin is the command
//! `exit`, so it never outlives whoever started it. The market follows from the seed: the book after n records is the
//! same in every run.

mod connector;
mod market;
mod orders;
mod script;
#[path = "../../tools/mod.rs"]
mod tools;

use std::sync::mpsc::TryRecvError;
use std::thread;
use std::time::Duration;

use serde_json::json;

use connector::Connector;
use script::{parse, Command};
use tools::args::Args;
use tools::lines::{commands, report};
use tools::ports::{ChannelSizes, Failure, Ports};

const USAGE: &str =
    "fake_connector NAME [--root PATH/] [--prefix P] [--seed N] [--buffer N] [--bots N] [--quiet 1] [--numbered 1]";
const IDLE: Duration = Duration::from_micros(50);

fn main() {
    let args = Args::read(USAGE);
    if let Err(failure) = run(&args) {
        report(&json!({ "event": "failed", "reason": failure.to_string() }));
        std::process::exit(1);
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let sizes = ChannelSizes::of(args);
    let ports = Ports::of_connector(args, sizes)?;
    let mut connector =
        Connector::new(ports, args.number("seed", 42), args.text("quiet").is_some(), args.text("numbered").is_some());
    report(&json!({
        "event": "ready", "pid": std::process::id(), "name": args.name,
        "bufferSize": sizes.buffer_size, "botsMax": sizes.bots_max,
    }));
    let script = commands();
    loop {
        match script.try_recv() {
            Ok(line) => match line.and_then(|line| parse(&line)) {
                Ok(Command::Exit) => break,
                Ok(command) => obey(&mut connector, command)?,
                Err(reason) => report(&json!({ "event": "badCommand", "reason": reason })),
            },
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {}
        }
        let busy = connector.serve()? | connector.advance()?;
        if !busy {
            thread::sleep(IDLE);
        }
    }
    report(&json!({ "event": "bye" }));
    Ok(())
}

fn obey(connector: &mut Connector, command: Command) -> Result<(), Failure> {
    match command {
        Command::Market(script) => connector.start(script),
        Command::Stop => connector.stop(),
        Command::Send { to, message } => connector.send_message(to, &message)?,
        Command::Raw { to, bytes, len } => connector.send_raw(to, &bytes, len)?,
        Command::Orders(policy) => connector.orders.policy = policy,
        Command::Nest(on) => connector.nest = on,
        Command::Die { after } => connector.die_after(after),
        Command::Clear { symbol, is_buy } => connector.clear(&symbol, is_buy)?,
        Command::Book { symbol } => connector.report_book(&symbol),
        Command::Stats => connector.report_stats(),
        Command::Exit => {}
    }
    Ok(())
}
