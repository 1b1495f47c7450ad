//! The two services of a connector, from either side.
//!
//! A connector creates them with the limits of its channel configuration; a bot opens what it finds and asks for no
//! limits, so that it works with every configuration and an absent connector is an error at once.

use std::env;
use std::fs;

use iceoryx2::node::{Node, NodeBuilder};
use iceoryx2::port::publisher::Publisher;
use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::publish_subscribe::PortFactory as PublishSubscribe;

use feedbus_native::codec::types::MESSAGE_BYTES_MAX;

use super::args::Args;

/// Both sides of a service compare the name, size and alignment of this type, so it carries the name connectors use.
#[derive(Debug, Default, Clone, Copy, ZeroCopySend)]
#[type_name("hftbacktest::live::ipc::iceoryx::CustomHeader")]
#[repr(C)]
pub struct Header {
    /// 0 is everyone, else one bot.
    pub id: u64,
    /// Bytes of the message; the slice behind it is always [`MESSAGE_BYTES_MAX`] long.
    pub len: usize,
}

pub type Sender = Publisher<ipc::Service, [u8], Header>;
pub type Receiver = Subscriber<ipc::Service, [u8], Header>;
type Service = PublishSubscribe<ipc::Service, [u8], Header>;
pub type Failure = Box<dyn std::error::Error>;

const BUFFER_SIZE: usize = 10_000;
const BOTS_MAX: usize = 200;

/// Sizes of a connector's channels: `--buffer` and `--bots`, else the file named by `HFTBACKTEST_CHANNEL_CONFIG`
/// with both keys, else 10 000 and 200. As with published connectors any flaw of that file means the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelSizes {
    pub buffer_size: usize,
    pub bots_max: usize,
}

impl ChannelSizes {
    pub fn of(args: &Args) -> Self {
        let file = Self::from_file().unwrap_or(Self { buffer_size: BUFFER_SIZE, bots_max: BOTS_MAX });
        Self { buffer_size: args.number("buffer", file.buffer_size), bots_max: args.number("bots", file.bots_max) }
    }

    fn from_file() -> Option<Self> {
        let text = fs::read_to_string(env::var("HFTBACKTEST_CHANNEL_CONFIG").ok()?).ok()?;
        let table: toml::Table = text.parse().ok()?;
        let size = |key: &str| usize::try_from(table.get(key)?.as_integer()?).ok();
        Some(Self { buffer_size: size("buffer_size")?, bots_max: size("max_bots")? })
    }
}

/// Explicit, so that no configuration file in a working directory changes what a test sees.
fn config(args: &Args) -> Result<Config, Failure> {
    set_log_level(LogLevel::Fatal);
    let mut config = Config::default();
    if let Some(root) = args.text("root") {
        config.global.set_root_path(&root.try_into().map_err(|error| format!("--root {root}: {error:?}"))?);
    }
    if let Some(prefix) = args.text("prefix") {
        config.global.prefix = prefix.try_into().map_err(|error| format!("--prefix {prefix}: {error:?}"))?;
    }
    Ok(config)
}

fn node(args: &Args) -> Result<Node<ipc::Service>, Failure> {
    let config = config(args)?;
    Ok(NodeBuilder::new().config(&config).signal_handling_mode(SignalHandlingMode::Disabled).create()?)
}

fn name(connector: &str, direction: &str) -> Result<ServiceName, Failure> {
    Ok(ServiceName::new(&format!("{connector}/{direction}"))?)
}

/// Ports in their order of destruction: a node goes after what it made.
pub struct Ports {
    pub sender: Sender,
    pub receiver: Receiver,
    pub to_bot: Service,
    pub from_bot: Service,
    _node: Node<ipc::Service>,
}

impl Ports {
    pub fn of_connector(args: &Args, sizes: ChannelSizes) -> Result<Self, Failure> {
        let node = node(args)?;
        let create = |direction: &str, publishers: usize, subscribers: usize| -> Result<Service, Failure> {
            Ok(node
                .service_builder(&name(&args.name, direction)?)
                .publish_subscribe::<[u8]>()
                .user_header::<Header>()
                .subscriber_max_buffer_size(sizes.buffer_size)
                .max_publishers(publishers)
                .max_subscribers(subscribers)
                .open_or_create()?)
        };
        let to_bot = create("ToBot", 1, sizes.bots_max)?;
        let from_bot = create("FromBot", sizes.bots_max, 1)?;
        Self::over(node, to_bot, from_bot, true)
    }

    pub fn of_bot(args: &Args) -> Result<Self, Failure> {
        let node = node(args)?;
        let open = |direction: &str| -> Result<Service, Failure> {
            Ok(node
                .service_builder(&name(&args.name, direction)?)
                .publish_subscribe::<[u8]>()
                .user_header::<Header>()
                .open()?)
        };
        let to_bot = open("ToBot")?;
        let from_bot = open("FromBot")?;
        Self::over(node, to_bot, from_bot, false)
    }

    fn over(node: Node<ipc::Service>, to_bot: Service, from_bot: Service, connector: bool) -> Result<Self, Failure> {
        let (out, back) = if connector { (&to_bot, &from_bot) } else { (&from_bot, &to_bot) };
        let sender = out.publisher_builder().initial_max_slice_len(MESSAGE_BYTES_MAX).create()?;
        let receiver = back.subscriber_builder().create()?;
        Ok(Self { sender, receiver, to_bot, from_bot, _node: node })
    }

    /// Sends what `encode` writes into the loaned slice; returns the number of receivers.
    pub fn send<E>(&self, id: u64, encode: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Result<usize, Failure>
    where
        E: std::error::Error + 'static,
    {
        // Zeroed rather than uninitialized: bytes behind the message must not be those of an earlier one.
        let mut sample = self.sender.loan_slice(MESSAGE_BYTES_MAX)?;
        let len = encode(sample.payload_mut())?;
        *sample.user_header_mut() = Header { id, len };
        Ok(sample.send()?)
    }

    /// Bots connected right now, dead ones included until a node notices.
    pub fn to_bot_subscribers(&self) -> usize {
        self.to_bot.dynamic_config().number_of_subscribers()
    }

    pub fn to_bot_publishers(&self) -> usize {
        self.to_bot.dynamic_config().number_of_publishers()
    }

    /// Bytes as they are, with any length in the header: what a faulty or newer peer might send.
    pub fn send_raw(&self, id: u64, bytes: &[u8], len: usize) -> Result<usize, Failure> {
        let mut sample = self.sender.loan_slice(MESSAGE_BYTES_MAX)?;
        let used = bytes.len().min(MESSAGE_BYTES_MAX);
        sample.payload_mut()[..used].copy_from_slice(&bytes[..used]);
        *sample.user_header_mut() = Header { id, len };
        Ok(sample.send()?)
    }
}
