//! A publish-subscribe service whose payload and user header types are known at run time only. The builder's calls
//! for that are undocumented; the library's own C and Python bindings are built on them.

use iceoryx2::config::Config;
use iceoryx2::node::Node;
use iceoryx2::prelude::{ipc, CallbackProgression, PortFactory as _, ServiceName};
use iceoryx2::service::builder::{CustomHeaderMarker, CustomPayloadMarker};
use iceoryx2::service::port_factory::publish_subscribe::PortFactory;
use iceoryx2::service::static_config::message_type_details::{TypeDetail, TypeNameString, TypeVariant};
use iceoryx2::service::static_config::messaging_pattern::MessagingPattern;
use iceoryx2::service::static_config::StaticConfig;

use super::access::service_refusal;
use super::error::{Code, IoxError};
use super::node::list_services;
use super::publisher::IoxPublisher;
use super::subscriber::IoxSubscriber;
use super::version::version_refusal;

/// Size of a sample's own header in every 0.6 release; 0.7 has 40.
pub const SAMPLE_HEADER_BYTES: usize = 24;
/// Alignments of user header and payload this layer accepts.
const ALIGN_MAX: usize = 4096;

pub(super) type Factory = PortFactory<ipc::Service, [CustomPayloadMarker], CustomHeaderMarker>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeSpec {
    pub name: String,
    pub size: usize,
    pub align: usize,
    /// A run of elements, not exactly one.
    pub is_slice: bool,
}

impl TypeSpec {
    pub fn bytes() -> Self {
        Self { name: "u8".into(), size: 1, align: 1, is_slice: true }
    }

    /// What a service without user header has.
    pub fn no_header() -> Self {
        Self { name: "()".into(), size: 0, align: 1, is_slice: false }
    }

    fn detail(&self, what: &str) -> Result<TypeDetail, IoxError> {
        let invalid = |why: &str| IoxError::new(Code::InvalidArgument, format!("{what} {:?}: {why}", self.name));
        if !self.align.is_power_of_two() || self.align > ALIGN_MAX {
            return Err(invalid("align must be a power of two up to 4096"));
        }
        if !self.size.is_multiple_of(self.align) {
            return Err(invalid("size must be a multiple of align"));
        }
        Ok(TypeDetail {
            variant: if self.is_slice { TypeVariant::Dynamic } else { TypeVariant::FixedSize },
            type_name: TypeNameString::from_bytes(self.name.as_bytes()).map_err(|_| invalid("the name is too long"))?,
            size: self.size,
            alignment: self.align,
        })
    }

    fn of(detail: &TypeDetail) -> Self {
        Self {
            name: String::from_utf8_lossy(detail.type_name.as_bytes()).into_owned(),
            size: detail.size,
            align: detail.alignment,
            is_slice: detail.variant == TypeVariant::Dynamic,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    Open,
    Create,
    OpenOrCreate,
}

/// Limits are requests: an existing service with less refuses, one without a request takes what is there.
#[derive(Debug, Clone)]
pub struct ServiceSpec {
    pub name: String,
    pub payload: TypeSpec,
    pub user_header: TypeSpec,
    pub mode: OpenMode,
    pub max_publishers: Option<usize>,
    pub max_subscribers: Option<usize>,
    pub max_nodes: Option<usize>,
    pub buffer_size: Option<usize>,
    pub history_size: Option<usize>,
    pub max_borrowed: Option<usize>,
    pub safe_overflow: Option<bool>,
}

impl ServiceSpec {
    pub fn new(name: impl Into<String>, mode: OpenMode) -> Self {
        Self {
            name: name.into(),
            payload: TypeSpec::bytes(),
            user_header: TypeSpec::no_header(),
            mode,
            max_publishers: None,
            max_subscribers: None,
            max_nodes: None,
            buffer_size: None,
            history_size: None,
            max_borrowed: None,
            safe_overflow: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceInfo {
    pub name: String,
    pub id: String,
    /// `None`: another messaging pattern.
    pub publish_subscribe: Option<PublishSubscribeInfo>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishSubscribeInfo {
    pub payload: TypeSpec,
    pub user_header: TypeSpec,
    pub header_size: usize,
    pub max_publishers: usize,
    pub max_subscribers: usize,
    pub max_nodes: usize,
    pub buffer_size: usize,
    pub history_size: usize,
    pub max_borrowed: usize,
    pub safe_overflow: bool,
}

impl ServiceInfo {
    pub(super) fn of(config: &StaticConfig) -> Self {
        let publish_subscribe = match config.messaging_pattern() {
            MessagingPattern::PublishSubscribe(found) => Some(PublishSubscribeInfo::of(found)),
            _ => None,
        };
        Self { name: config.name().to_string(), id: config.service_id().as_str().to_owned(), publish_subscribe }
    }
}

impl PublishSubscribeInfo {
    fn of(config: &iceoryx2::service::static_config::publish_subscribe::StaticConfig) -> Self {
        let types = config.message_type_details();
        Self {
            payload: TypeSpec::of(&types.payload),
            user_header: TypeSpec::of(&types.user_header),
            header_size: types.header.size,
            max_publishers: config.max_publishers(),
            max_subscribers: config.max_subscribers(),
            max_nodes: config.max_nodes(),
            buffer_size: config.subscriber_max_buffer_size(),
            history_size: config.history_size(),
            max_borrowed: config.subscriber_max_borrowed_samples(),
            safe_overflow: config.has_safe_overflow(),
        }
    }
}

/// A publisher of a service, as the service's shared list shows it. Listed is not alive: a killed process stays
/// listed until its node is cleaned up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublisherSeen {
    pub id: u128,
    pub node: u128,
    pub pid: i32,
}

#[derive(Debug)]
pub struct IoxService {
    factory: Factory,
    info: ServiceInfo,
    limits: PublishSubscribeInfo,
    config: Config,
}

impl IoxService {
    pub(super) fn new(node: &Node<ipc::Service>, config: &Config, spec: &ServiceSpec) -> Result<Self, IoxError> {
        let name = ServiceName::new(&spec.name).map_err(|error| {
            IoxError::new(Code::InvalidArgument, format!("{:?} is no usable service name ({error:?})", spec.name))
        })?;
        if spec.payload.size == 0 {
            return Err(IoxError::new(Code::InvalidArgument, "the payload type needs a size"));
        }
        let payload = spec.payload.detail("payload type")?;
        let user_header = spec.user_header.detail("user header type")?;
        let mut builder = node
            .service_builder(&name)
            .publish_subscribe::<[CustomPayloadMarker]>()
            .user_header::<CustomHeaderMarker>();
        // SAFETY: the ports below treat payload and header as raw bytes of exactly these sizes.
        builder = unsafe {
            builder.__internal_set_payload_type_details(&payload).__internal_set_user_header_type_details(&user_header)
        };
        if let Some(value) = spec.max_publishers {
            builder = builder.max_publishers(value);
        }
        if let Some(value) = spec.max_subscribers {
            builder = builder.max_subscribers(value);
        }
        if let Some(value) = spec.max_nodes {
            builder = builder.max_nodes(value);
        }
        if let Some(value) = spec.buffer_size {
            builder = builder.subscriber_max_buffer_size(value);
        }
        if let Some(value) = spec.history_size {
            builder = builder.history_size(value);
        }
        if let Some(value) = spec.max_borrowed {
            builder = builder.subscriber_max_borrowed_samples(value);
        }
        if let Some(value) = spec.safe_overflow {
            builder = builder.enable_safe_overflow(value);
        }
        let opened: Result<Factory, IoxError> = match spec.mode {
            OpenMode::Open => builder.open().map_err(IoxError::from),
            OpenMode::Create => builder.create().map_err(IoxError::from),
            OpenMode::OpenOrCreate => builder.open_or_create().map_err(IoxError::from),
        };
        let factory =
            opened.map_err(|error| explain(error, config, spec).during(&format!("service {:?}", spec.name)))?;
        let limits = PublishSubscribeInfo::of(factory.static_config());
        let info = ServiceInfo {
            name: spec.name.clone(),
            id: factory.service_id().as_str().to_owned(),
            publish_subscribe: Some(limits.clone()),
        };
        Ok(Self { factory, info, limits, config: config.clone() })
    }

    pub fn info(&self) -> &ServiceInfo {
        &self.info
    }

    pub fn limits(&self) -> &PublishSubscribeInfo {
        &self.limits
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub fn publisher_count(&self) -> usize {
        self.factory.dynamic_config().number_of_publishers()
    }

    pub fn subscriber_count(&self) -> usize {
        self.factory.dynamic_config().number_of_subscribers()
    }

    pub fn node_count(&self) -> Result<usize, IoxError> {
        let mut count = 0;
        self.factory.nodes(|_| {
            count += 1;
            CallbackProgression::Continue
        })?;
        Ok(count)
    }

    pub fn publishers(&self) -> Vec<PublisherSeen> {
        let mut seen = Vec::new();
        self.factory.dynamic_config().list_publishers(|details| {
            seen.push(PublisherSeen {
                id: details.publisher_id.value(),
                node: details.node_id.value(),
                pid: details.node_id.pid().value(),
            });
            CallbackProgression::Continue
        });
        seen
    }

    /// `max_bytes` bounds one message; the memory for it is reserved at once.
    pub fn publisher(&self, max_bytes: usize, max_loans: Option<usize>) -> Result<IoxPublisher, IoxError> {
        IoxPublisher::new(&self.factory, &self.limits, max_bytes, max_loans)
            .map_err(|error| error.during(&format!("service {:?}", self.info.name)))
    }

    pub fn subscriber(&self, buffer_size: Option<usize>) -> Result<IoxSubscriber, IoxError> {
        IoxSubscriber::new(&self.factory, &self.limits, buffer_size)
            .map_err(|error| error.during(&format!("service {:?}", self.info.name)))
    }
}

/// Types that do not match and services that cannot be read are what another version of the library looks like;
/// services that are damaged or never finished, what another user's look like.
fn explain(error: IoxError, config: &Config, spec: &ServiceSpec) -> IoxError {
    let known_better = match error.code {
        Code::Corrupted | Code::Busy | Code::Io | Code::Permission => {
            service_refusal(config, &spec.name).or_else(|| version_refusal(config, &spec.name))
        }
        Code::IncompatibleTypes => version_refusal(config, &spec.name),
        _ => None,
    };
    if let Some(refusal) = known_better {
        return refusal;
    }
    let found = match error.code {
        Code::IncompatibleTypes | Code::Corrupted => list_services(config)
            .unwrap_or_default()
            .into_iter()
            .filter(|service| service.name == spec.name)
            .find_map(|service| service.publish_subscribe),
        _ => None,
    };
    match found {
        Some(found) if found.header_size != SAMPLE_HEADER_BYTES => IoxError::new(
            Code::VersionMismatch,
            format!(
                "sample headers have {} bytes, Iceoryx2 {} writes {SAMPLE_HEADER_BYTES}: the other side was built with \
                 another version",
                found.header_size,
                super::ICEORYX2_VERSION
            ),
        ),
        Some(found) if error.code == Code::IncompatibleTypes => IoxError::new(
            error.code,
            format!(
                "{}: the service has payload {:?} and header {:?}, asked for were {:?} and {:?}",
                error.message, found.payload, found.user_header, spec.payload, spec.user_header
            ),
        ),
        _ => error,
    }
}
