//! Receiving bytes: a sample is shown in place, for as long as the callback runs, and given back.

use iceoryx2::port::subscriber::Subscriber;
use iceoryx2::prelude::ipc;
use iceoryx2::service::builder::{CustomHeaderMarker, CustomPayloadMarker};

use super::error::IoxError;
use super::service::{Factory, PublishSubscribeInfo};

/// One sample. The bytes live in memory that the publisher could write again as soon as the sample is given back.
#[derive(Debug)]
pub struct Received<'a> {
    pub publisher: u128,
    pub header: &'a [u8],
    pub payload: &'a [u8],
}

#[derive(Debug)]
pub struct IoxSubscriber {
    port: Subscriber<ipc::Service, [CustomPayloadMarker], CustomHeaderMarker>,
    header_bytes: usize,
}

impl IoxSubscriber {
    pub(super) fn new(
        factory: &Factory,
        limits: &PublishSubscribeInfo,
        buffer_size: Option<usize>,
    ) -> Result<Self, IoxError> {
        let mut builder = factory.subscriber_builder();
        if let Some(buffer_size) = buffer_size {
            builder = builder.buffer_size(buffer_size);
        }
        Ok(Self { port: builder.create()?, header_bytes: limits.user_header.size })
    }

    pub fn id(&self) -> u128 {
        self.port.id().value()
    }

    /// Samples kept for this subscriber before the oldest is overwritten.
    pub fn buffer_size(&self) -> usize {
        self.port.buffer_size()
    }

    pub fn has_samples(&self) -> Result<bool, IoxError> {
        self.port.has_samples().map_err(|error| IoxError::from(iceoryx2::port::ReceiveError::from(error)))
    }

    /// Shows the oldest waiting sample to `read`, if there is one.
    #[inline]
    pub fn receive<R>(&self, read: impl FnOnce(Received<'_>) -> R) -> Result<Option<R>, IoxError> {
        // SAFETY: payload sizes come from the service's own type details, which the builder has verified.
        let Some(sample) = (unsafe { self.port.receive_custom_payload()? }) else {
            return Ok(None);
        };
        let payload = sample.payload();
        // SAFETY: a payload marker is one byte, and the user header has `header_bytes` bytes at this place for as
        // long as the sample lives.
        let received = unsafe {
            Received {
                publisher: sample.header().publisher_id().value(),
                header: std::slice::from_raw_parts(std::ptr::from_ref(sample.user_header()).cast(), self.header_bytes),
                payload: std::slice::from_raw_parts(payload.as_ptr().cast(), payload.len()),
            }
        };
        Ok(Some(read(received)))
    }
}
