//! One error type with the stable codes that `docs/errors.md` lists.

use std::fmt;

use iceoryx2::node::{NodeCreationFailure, NodeListFailure};
use iceoryx2::port::publisher::PublisherCreateError;
use iceoryx2::port::subscriber::SubscriberCreateError;
use iceoryx2::port::{LoanError, ReceiveError, SendError};
use iceoryx2::service::builder::publish_subscribe::{
    PublishSubscribeCreateError, PublishSubscribeOpenError, PublishSubscribeOpenOrCreateError,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    ServiceNotFound,
    VersionMismatch,
    IncompatibleTypes,
    IncompatibleQos,
    Limit,
    Permission,
    NoMemory,
    TooLarge,
    Corrupted,
    Busy,
    Io,
    Closed,
    InvalidArgument,
    Internal,
}

impl Code {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceNotFound => "IPC_SERVICE_NOT_FOUND",
            Self::VersionMismatch => "IPC_VERSION_MISMATCH",
            Self::IncompatibleTypes => "IPC_INCOMPATIBLE_TYPES",
            Self::IncompatibleQos => "IPC_INCOMPATIBLE_QOS",
            Self::Limit => "IPC_LIMIT",
            Self::Permission => "IPC_PERMISSION",
            Self::NoMemory => "IPC_NO_MEMORY",
            Self::TooLarge => "IPC_TOO_LARGE",
            Self::Corrupted => "IPC_CORRUPTED",
            Self::Busy => "IPC_BUSY",
            Self::Io => "IPC_IO",
            Self::Closed => "IPC_CLOSED",
            Self::InvalidArgument => "IPC_INVALID_ARGUMENT",
            Self::Internal => "IPC_INTERNAL",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IoxError {
    pub code: Code,
    pub message: String,
}

impl IoxError {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// What is known better than the library told.
    pub fn or_rather(self, better: Option<Self>) -> Self {
        better.unwrap_or(self)
    }

    /// Says what was being done when it happened.
    pub fn during(self, what: &str) -> Self {
        Self { code: self.code, message: format!("{what}: {}", self.message) }
    }
}

impl fmt::Display for IoxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code.as_str())
    }
}

impl std::error::Error for IoxError {}

impl From<PublishSubscribeOpenError> for IoxError {
    fn from(error: PublishSubscribeOpenError) -> Self {
        use PublishSubscribeOpenError as E;
        let code = match error {
            E::DoesNotExist => Code::ServiceNotFound,
            E::InternalFailure => Code::Io,
            E::IncompatibleTypes | E::IncompatibleMessagingPattern | E::IncompatibleAttributes => {
                Code::IncompatibleTypes
            }
            E::DoesNotSupportRequestedMinBufferSize
            | E::DoesNotSupportRequestedMinHistorySize
            | E::DoesNotSupportRequestedMinSubscriberBorrowedSamples
            | E::DoesNotSupportRequestedAmountOfPublishers
            | E::DoesNotSupportRequestedAmountOfSubscribers
            | E::DoesNotSupportRequestedAmountOfNodes
            | E::IncompatibleOverflowBehavior => Code::IncompatibleQos,
            E::InsufficientPermissions => Code::Permission,
            E::ServiceInCorruptedState => Code::Corrupted,
            E::HangsInCreation | E::IsMarkedForDestruction => Code::Busy,
            E::ExceedsMaxNumberOfNodes => Code::Limit,
        };
        Self::new(code, format!("{error:?}"))
    }
}

impl From<PublishSubscribeCreateError> for IoxError {
    fn from(error: PublishSubscribeCreateError) -> Self {
        use PublishSubscribeCreateError as E;
        let code = match error {
            E::ServiceInCorruptedState => Code::Corrupted,
            E::SubscriberBufferMustBeLargerThanHistorySize => Code::IncompatibleQos,
            E::AlreadyExists | E::IsBeingCreatedByAnotherInstance | E::HangsInCreation => Code::Busy,
            E::InsufficientPermissions => Code::Permission,
            E::InternalFailure => Code::Io,
        };
        Self::new(code, format!("{error:?}"))
    }
}

impl From<PublishSubscribeOpenOrCreateError> for IoxError {
    fn from(error: PublishSubscribeOpenOrCreateError) -> Self {
        match error {
            PublishSubscribeOpenOrCreateError::PublishSubscribeOpenError(inner) => inner.into(),
            PublishSubscribeOpenOrCreateError::PublishSubscribeCreateError(inner) => inner.into(),
            PublishSubscribeOpenOrCreateError::SystemInFlux => Self::new(Code::Busy, "SystemInFlux"),
        }
    }
}

impl From<NodeCreationFailure> for IoxError {
    fn from(error: NodeCreationFailure) -> Self {
        let code = match error {
            NodeCreationFailure::InsufficientPermissions => Code::Permission,
            NodeCreationFailure::InternalError => Code::Io,
        };
        Self::new(code, format!("{error:?}"))
    }
}

impl From<NodeListFailure> for IoxError {
    fn from(error: NodeListFailure) -> Self {
        let code = match error {
            NodeListFailure::InsufficientPermissions => Code::Permission,
            NodeListFailure::Interrupt => Code::Busy,
            NodeListFailure::InternalError => Code::Io,
        };
        Self::new(code, format!("the nodes could not be listed ({error:?})"))
    }
}

impl From<PublisherCreateError> for IoxError {
    fn from(error: PublisherCreateError) -> Self {
        let code = match error {
            PublisherCreateError::ExceedsMaxSupportedPublishers => Code::Limit,
            PublisherCreateError::UnableToCreateDataSegment => Code::NoMemory,
        };
        Self::new(code, format!("the publisher could not be created ({error:?})"))
    }
}

impl From<SubscriberCreateError> for IoxError {
    fn from(error: SubscriberCreateError) -> Self {
        let code = match error {
            SubscriberCreateError::ExceedsMaxSupportedSubscribers => Code::Limit,
            SubscriberCreateError::BufferSizeExceedsMaxSupportedBufferSizeOfService => Code::IncompatibleQos,
        };
        Self::new(code, format!("the subscriber could not be created ({error:?})"))
    }
}

impl From<LoanError> for IoxError {
    fn from(error: LoanError) -> Self {
        let code = match error {
            LoanError::OutOfMemory => Code::NoMemory,
            LoanError::ExceedsMaxLoans => Code::Limit,
            LoanError::ExceedsMaxLoanSize => Code::TooLarge,
            LoanError::InternalFailure => Code::Io,
        };
        Self::new(code, format!("no sample could be loaned ({error:?})"))
    }
}

impl From<SendError> for IoxError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::LoanError(inner) => inner.into(),
            other => Self::new(Code::Io, format!("the sample could not be sent ({other:?})")),
        }
    }
}

impl From<ReceiveError> for IoxError {
    fn from(error: ReceiveError) -> Self {
        Self::new(Code::Io, format!("nothing could be received ({error:?})"))
    }
}
