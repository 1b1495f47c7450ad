//! A node: this process's membership under one root path and prefix. Its configuration is always built here and
//! never read from a file, because the library would take one from the working directory.

use iceoryx2::config::Config;
use iceoryx2::node::{Node, NodeBuilder, NodeState};
use iceoryx2::prelude::{ipc, CallbackProgression, NodeName, Service, SignalHandlingMode};

use iceoryx2_bb_container::semantic_string::SemanticString as _;
use iceoryx2_bb_system_types::file_name::FileName;
use iceoryx2_bb_system_types::path::Path;

use super::access::node_refusal;
use super::error::{Code, IoxError};
pub use super::log::{log_at, LogLevel};
use super::service::{IoxService, ServiceInfo, ServiceSpec};

#[derive(Debug, Clone, Default)]
pub struct NodeSettings {
    /// Default `feedbus`.
    pub name: Option<String>,
    /// Default `/tmp/iceoryx2/`.
    pub root_path: Option<String>,
    /// Default `iox2_`.
    pub prefix: Option<String>,
}

impl NodeSettings {
    pub fn config(&self) -> Result<Config, IoxError> {
        let mut config = Config::default();
        if let Some(root) = &self.root_path {
            let path = Path::new(root.as_bytes())
                .map_err(|_| IoxError::new(Code::InvalidArgument, format!("{root:?} is no usable root path")))?;
            config.global.set_root_path(&path);
        }
        if let Some(prefix) = &self.prefix {
            config.global.prefix = FileName::new(prefix.as_bytes())
                .map_err(|_| IoxError::new(Code::InvalidArgument, format!("{prefix:?} is no usable prefix")))?;
        }
        Ok(config)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    Alive,
    Dead,
    Inaccessible,
    Undefined,
}

#[derive(Debug)]
pub struct IoxNode {
    config: Config,
    node: Node<ipc::Service>,
}

impl IoxNode {
    /// Creating a node also removes what dead nodes under the same root left behind.
    pub fn create(settings: &NodeSettings) -> Result<Self, IoxError> {
        let config = settings.config()?;
        let name = settings.name.as_deref().unwrap_or("feedbus");
        let name = NodeName::new(name).map_err(|error| {
            IoxError::new(Code::InvalidArgument, format!("{name:?} is no usable node name ({error:?})"))
        })?;
        let node = NodeBuilder::new()
            .name(&name)
            .config(&config)
            // Signals belong to the program. The library's own handler would swallow SIGINT and SIGTERM.
            .signal_handling_mode(SignalHandlingMode::Disabled)
            .create::<ipc::Service>()
            .map_err(|error| IoxError::from(error).or_rather(node_refusal(&config)).during("no node"))?;
        Ok(Self { config, node })
    }

    pub fn id(&self) -> u128 {
        self.node.id().value()
    }

    pub fn service(&self, spec: &ServiceSpec) -> Result<IoxService, IoxError> {
        IoxService::new(&self.node, &self.config, spec)
    }

    pub fn list_services(&self) -> Result<Vec<ServiceInfo>, IoxError> {
        list_services(&self.config)
    }

    pub fn list_nodes(&self) -> Result<Vec<(u128, Liveness)>, IoxError> {
        list_nodes(&self.config)
    }

    /// How many dead nodes were removed, and how many could not be.
    pub fn cleanup_dead_nodes(&self) -> (usize, usize) {
        let report = Node::<ipc::Service>::cleanup_dead_nodes(&self.config);
        (report.cleanups, report.failed_cleanups)
    }
}

pub(super) fn list_services(config: &Config) -> Result<Vec<ServiceInfo>, IoxError> {
    let mut services = Vec::new();
    ipc::Service::list(config, |details| {
        services.push(ServiceInfo::of(&details.static_details));
        CallbackProgression::Continue
    })
    .map_err(|error| IoxError::new(Code::Io, format!("the services could not be listed ({error:?})")))?;
    Ok(services)
}

pub fn list_nodes(config: &Config) -> Result<Vec<(u128, Liveness)>, IoxError> {
    let mut nodes = Vec::new();
    Node::<ipc::Service>::list(config, |state| {
        let liveness = match state {
            NodeState::Alive(_) => Liveness::Alive,
            NodeState::Dead(_) => Liveness::Dead,
            NodeState::Inaccessible(_) => Liveness::Inaccessible,
            NodeState::Undefined(_) => Liveness::Undefined,
        };
        nodes.push((state.node_id().value(), liveness));
        CallbackProgression::Continue
    })?;
    Ok(nodes)
}
