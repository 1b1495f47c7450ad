//! Node, service, publisher and subscriber of any Iceoryx2 service, as raw classes.

use napi::bindgen_prelude::*;
use napi::Env;
use napi_derive::napi;

use super::guard::{caught, invalid, Guarded, Result};
use crate::iox::node::Liveness;
use crate::iox::{
    self, Code, IoxError, IoxNode, IoxPublisher, IoxService, IoxSubscriber, LogLevel, OpenMode, TypeSpec,
};

#[napi(object)]
#[derive(Default)]
pub struct NativeNodeOptions {
    pub name: Option<String>,
    pub root_path: Option<String>,
    pub prefix: Option<String>,
    pub log_level: Option<String>,
}

impl NativeNodeOptions {
    pub fn settings(self) -> Result<iox::NodeSettings> {
        if let Some(level) = self.log_level {
            iox::node::log_at(match level.as_str() {
                "off" => None,
                "error" => Some(LogLevel::Error),
                "warn" => Some(LogLevel::Warn),
                "info" => Some(LogLevel::Info),
                _ => return Err(invalid(format!("logLevel {level:?} is none of off, error, warn, info"))),
            });
        } else {
            iox::node::log_at(None);
        }
        Ok(iox::NodeSettings { name: self.name, root_path: self.root_path, prefix: self.prefix })
    }
}

#[napi(object)]
pub struct NativeTypeDetail {
    pub name: String,
    pub size: u32,
    pub align: u32,
    /// `fixed` or `slice`.
    pub variant: String,
}

impl NativeTypeDetail {
    fn spec(self) -> Result<TypeSpec> {
        let is_slice = match self.variant.as_str() {
            "slice" => true,
            "fixed" => false,
            other => return Err(invalid(format!("variant {other:?} is neither fixed nor slice"))),
        };
        Ok(TypeSpec { name: self.name, size: self.size as usize, align: self.align as usize, is_slice })
    }

    fn of(spec: &TypeSpec) -> Self {
        Self {
            name: spec.name.clone(),
            size: spec.size as u32,
            align: spec.align as u32,
            variant: if spec.is_slice { "slice" } else { "fixed" }.into(),
        }
    }
}

#[napi(object)]
pub struct NativeServiceSpec {
    pub name: String,
    pub payload: Option<NativeTypeDetail>,
    pub user_header: Option<NativeTypeDetail>,
    pub mode: String,
    pub max_publishers: Option<u32>,
    pub max_subscribers: Option<u32>,
    pub max_nodes: Option<u32>,
    pub buffer_size: Option<u32>,
    pub history_size: Option<u32>,
    pub max_borrowed: Option<u32>,
    pub safe_overflow: Option<bool>,
}

impl NativeServiceSpec {
    fn spec(self) -> Result<iox::ServiceSpec> {
        let mode = match self.mode.as_str() {
            "open" => OpenMode::Open,
            "create" => OpenMode::Create,
            "openOrCreate" => OpenMode::OpenOrCreate,
            other => return Err(invalid(format!("mode {other:?} is none of open, create, openOrCreate"))),
        };
        let size = |value: Option<u32>| value.map(|value| value as usize);
        Ok(iox::ServiceSpec {
            name: self.name,
            payload: self.payload.map_or_else(|| Ok(TypeSpec::bytes()), NativeTypeDetail::spec)?,
            user_header: self.user_header.map_or_else(|| Ok(TypeSpec::no_header()), NativeTypeDetail::spec)?,
            mode,
            max_publishers: size(self.max_publishers),
            max_subscribers: size(self.max_subscribers),
            max_nodes: size(self.max_nodes),
            buffer_size: size(self.buffer_size),
            history_size: size(self.history_size),
            max_borrowed: size(self.max_borrowed),
            safe_overflow: self.safe_overflow,
        })
    }
}

#[napi(object)]
pub struct NativeServiceInfo {
    pub name: String,
    pub id: String,
    /// `publishSubscribe` or `other`; the rest is empty or 0 for `other`.
    pub pattern: String,
    pub payload: Option<NativeTypeDetail>,
    pub user_header: Option<NativeTypeDetail>,
    pub header_size: u32,
    pub max_publishers: u32,
    pub max_subscribers: u32,
    pub max_nodes: u32,
    pub buffer_size: u32,
    pub history_size: u32,
    pub max_borrowed: u32,
    pub safe_overflow: bool,
}

impl NativeServiceInfo {
    fn of(info: &iox::ServiceInfo) -> Self {
        let found = info.publish_subscribe.as_ref();
        let size = |read: fn(&iox::service::PublishSubscribeInfo) -> usize| found.map_or(0, |found| read(found) as u32);
        Self {
            name: info.name.clone(),
            id: info.id.clone(),
            pattern: if found.is_some() { "publishSubscribe" } else { "other" }.into(),
            payload: found.map(|found| NativeTypeDetail::of(&found.payload)),
            user_header: found.map(|found| NativeTypeDetail::of(&found.user_header)),
            header_size: size(|found| found.header_size),
            max_publishers: size(|found| found.max_publishers),
            max_subscribers: size(|found| found.max_subscribers),
            max_nodes: size(|found| found.max_nodes),
            buffer_size: size(|found| found.buffer_size),
            history_size: size(|found| found.history_size),
            max_borrowed: size(|found| found.max_borrowed),
            safe_overflow: found.is_some_and(|found| found.safe_overflow),
        }
    }
}

#[napi(object)]
pub struct NativeNodeInfo {
    pub id: String,
    pub state: String,
}

#[napi(object)]
pub struct NativeCleanup {
    pub cleaned: u32,
    pub failed: u32,
}

#[napi(object)]
pub struct NativePeers {
    pub publishers: u32,
    pub subscribers: u32,
    pub nodes: u32,
}

#[napi]
pub struct NativeNode {
    inner: Guarded<IoxNode>,
}

#[napi]
impl NativeNode {
    #[napi(factory)]
    pub fn create(env: Env, options: NativeNodeOptions) -> Result<Self> {
        let settings = options.settings()?;
        let node = caught(|| IoxNode::create(&settings))?;
        Ok(Self { inner: Guarded::new(&env, "node", node)? })
    }

    #[napi]
    pub fn service(&self, env: Env, spec: NativeServiceSpec) -> Result<NativeService> {
        let spec = spec.spec()?;
        let service = self.inner.with(|node| node.service(&spec))?;
        let config = service.info().clone();
        Ok(NativeService { inner: Guarded::new(&env, "service", service)?, config })
    }

    #[napi]
    pub fn list_services(&self) -> Result<Vec<NativeServiceInfo>> {
        self.inner.with(|node| Ok(node.list_services()?.iter().map(NativeServiceInfo::of).collect()))
    }

    #[napi]
    pub fn list_nodes(&self) -> Result<Vec<NativeNodeInfo>> {
        self.inner.with(|node| {
            let nodes = node.list_nodes()?.into_iter().map(|(id, liveness)| {
                let state = match liveness {
                    Liveness::Alive => "alive",
                    Liveness::Dead => "dead",
                    Liveness::Inaccessible => "inaccessible",
                    Liveness::Undefined => "undefined",
                };
                NativeNodeInfo { id: format!("{id:032x}"), state: state.into() }
            });
            Ok(nodes.collect())
        })
    }

    #[napi]
    pub fn cleanup_dead_nodes(&self) -> Result<NativeCleanup> {
        self.inner.with(|node| {
            let (cleaned, failed) = node.cleanup_dead_nodes();
            Ok(NativeCleanup { cleaned: cleaned as u32, failed: failed as u32 })
        })
    }

    #[napi]
    pub fn close(&self) -> Result<bool> {
        self.inner.close()
    }
}

#[napi]
pub struct NativeService {
    inner: Guarded<IoxService>,
    config: iox::ServiceInfo,
}

#[napi]
impl NativeService {
    #[napi]
    pub fn config(&self) -> NativeServiceInfo {
        NativeServiceInfo::of(&self.config)
    }

    #[napi]
    pub fn peers(&self) -> Result<NativePeers> {
        self.inner.with(|service| {
            Ok(NativePeers {
                publishers: service.publisher_count() as u32,
                subscribers: service.subscriber_count() as u32,
                nodes: service.node_count()? as u32,
            })
        })
    }

    #[napi]
    pub fn publisher(&self, env: Env, max_len: u32, max_loans: Option<u32>) -> Result<NativePublisher> {
        let port =
            self.inner.with(|service| service.publisher(max_len as usize, max_loans.map(|loans| loans as usize)))?;
        Ok(NativePublisher { inner: Guarded::new(&env, "publisher", port)? })
    }

    #[napi]
    pub fn subscriber(&self, env: Env, buffer_size: Option<u32>) -> Result<NativeSubscriber> {
        let port = self.inner.with(|service| service.subscriber(buffer_size.map(|size| size as usize)))?;
        let id = format!("{:032x}", port.id());
        let draining = Draining { port, carried: None };
        Ok(NativeSubscriber { inner: Guarded::new(&env, "subscriber", draining)?, id })
    }

    #[napi]
    pub fn close(&self) -> Result<bool> {
        self.inner.close()
    }
}

#[napi]
pub struct NativePublisher {
    inner: Guarded<IoxPublisher>,
}

#[napi]
impl NativePublisher {
    #[napi]
    pub fn send(&self, data: &[u8], user_header: Option<&[u8]>) -> Result<u32> {
        self.inner.with(|port| port.send(data, user_header).map(|receivers| receivers as u32))
    }

    #[napi]
    pub fn close(&self) -> Result<bool> {
        self.inner.close()
    }
}

struct Draining {
    port: IoxSubscriber,
    /// A sample taken when there was no room for it, ready for the next call.
    carried: Option<Vec<u8>>,
}

/// Before header and payload: two lengths and the publisher's id.
const PREFIX_BYTES: usize = 24;

/// Writes one sample at the start of `out`, padded to 8 bytes; `None` when it does not fit.
fn put_sample(out: &mut [u8], publisher: u128, header: &[u8], payload: &[u8]) -> Option<usize> {
    let used = PREFIX_BYTES + header.len() + payload.len();
    let padded = used.next_multiple_of(8);
    let room = out.get_mut(..padded)?;
    room[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    room[4..8].copy_from_slice(&(header.len() as u32).to_le_bytes());
    room[8..24].copy_from_slice(&publisher.to_ne_bytes());
    room[24..24 + header.len()].copy_from_slice(header);
    room[24 + header.len()..used].copy_from_slice(payload);
    room[used..].fill(0);
    Some(padded)
}

impl Draining {
    fn drain(&mut self, out: &mut [u8], max: usize) -> std::result::Result<u32, IoxError> {
        let (mut at, mut count) = (0, 0);
        if max == 0 {
            return Ok(0);
        }
        if let Some(carried) = self.carried.take() {
            let Some(room) = out.get_mut(..carried.len()) else {
                let message =
                    format!("the next sample needs {} bytes of room, {} were given", carried.len(), out.len());
                self.carried = Some(carried);
                return Err(IoxError::new(Code::TooLarge, message));
            };
            room.copy_from_slice(&carried);
            (at, count) = (carried.len(), 1);
        }
        while count < max {
            let room = &mut out[at..];
            let taken = self.port.receive(|sample| {
                put_sample(room, sample.publisher, sample.header, sample.payload).ok_or_else(|| {
                    let bytes = (PREFIX_BYTES + sample.header.len() + sample.payload.len()).next_multiple_of(8);
                    let mut carried = vec![0; bytes];
                    put_sample(&mut carried, sample.publisher, sample.header, sample.payload);
                    carried
                })
            })?;
            match taken {
                None => break,
                Some(Ok(used)) => (at, count) = (at + used, count + 1),
                Some(Err(carried)) => {
                    self.carried = Some(carried);
                    if count == 0 {
                        return self.drain(out, max);
                    }
                    break;
                }
            }
        }
        Ok(count as u32)
    }
}

#[napi]
pub struct NativeSubscriber {
    inner: Guarded<Draining>,
    id: String,
}

#[napi]
impl NativeSubscriber {
    #[napi(getter)]
    pub fn id(&self) -> String {
        self.id.clone()
    }

    #[napi]
    pub fn drain_into(&self, mut out: Uint8ArraySlice<'_>, max: u32) -> Result<u32> {
        // SAFETY: nothing else runs on this thread meanwhile, and the buffer is not kept.
        let out = unsafe { out.as_mut() };
        self.inner.with(|draining| draining.drain(out, max as usize))
    }

    #[napi]
    pub fn close(&self) -> Result<bool> {
        self.inner.close()
    }
}
