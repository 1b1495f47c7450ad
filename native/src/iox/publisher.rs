//! Sending bytes: a loaned sample is filled in place and handed over without a copy in between.

use iceoryx2::port::publisher::Publisher;
use iceoryx2::prelude::ipc;
use iceoryx2::service::builder::{CustomHeaderMarker, CustomPayloadMarker};

use super::error::{Code, IoxError};
use super::memory::check_room;
use super::service::{Factory, PublishSubscribeInfo};

#[derive(Debug)]
pub struct IoxPublisher {
    port: Publisher<ipc::Service, [CustomPayloadMarker], CustomHeaderMarker>,
    element_bytes: usize,
    is_slice: bool,
    header_bytes: usize,
    max_bytes: usize,
}

impl IoxPublisher {
    pub(super) fn new(
        factory: &Factory,
        limits: &PublishSubscribeInfo,
        max_bytes: usize,
        max_loans: Option<usize>,
    ) -> Result<Self, IoxError> {
        let element_bytes = limits.payload.size;
        let elements = if limits.payload.is_slice { max_bytes.div_ceil(element_bytes).max(1) } else { 1 };
        check_room(limits, elements.saturating_mul(element_bytes), max_loans)?;
        let mut builder = factory.publisher_builder();
        if limits.payload.is_slice {
            builder = builder.initial_max_slice_len(elements);
        }
        if let Some(max_loans) = max_loans {
            builder = builder.max_loaned_samples(max_loans);
        }
        Ok(Self {
            port: builder.create()?,
            element_bytes,
            is_slice: limits.payload.is_slice,
            header_bytes: limits.user_header.size,
            max_bytes: elements * element_bytes,
        })
    }

    pub fn id(&self) -> u128 {
        self.port.id().value()
    }

    /// Largest message in bytes.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Sends a copy of `data`, with a header of zeros or a copy of `header`; returns how many subscribers got it.
    pub fn send(&self, data: &[u8], header: Option<&[u8]>) -> Result<usize, IoxError> {
        if header.is_some_and(|header| header.len() != self.header_bytes) {
            return Err(IoxError::new(
                Code::InvalidArgument,
                format!(
                    "the user header has {} bytes, {} were given",
                    self.header_bytes,
                    header.map_or(0, <[u8]>::len)
                ),
            ));
        }
        self.send_with(data.len(), |payload, room| {
            payload.copy_from_slice(data);
            if let Some(header) = header {
                room.copy_from_slice(header);
            }
            Ok(())
        })
    }

    /// Loans `bytes` bytes, zeroed, lets `fill` write payload and user header, and sends unless `fill` failed.
    pub fn send_with(
        &self,
        bytes: usize,
        fill: impl FnOnce(&mut [u8], &mut [u8]) -> Result<(), IoxError>,
    ) -> Result<usize, IoxError> {
        if bytes > self.max_bytes {
            return Err(IoxError::new(
                Code::TooLarge,
                format!("a message of {bytes} bytes exceeds the publisher's {}", self.max_bytes),
            ));
        }
        if !bytes.is_multiple_of(self.element_bytes) || (!self.is_slice && bytes != self.element_bytes) {
            return Err(IoxError::new(
                Code::InvalidArgument,
                format!("{bytes} bytes are no payload of {}-byte elements", self.element_bytes),
            ));
        }
        // SAFETY: more than one element is asked for only where the payload is a slice (checked above).
        let mut sample = unsafe { self.port.loan_custom_payload(bytes / self.element_bytes)? };
        let header = std::ptr::from_mut(sample.user_header_mut()).cast::<u8>();
        let payload = sample.payload_mut().as_mut_ptr().cast::<u8>();
        // SAFETY: the loaned chunk has `header_bytes` of user header and `bytes` of payload at these places; both are
        // exclusively ours until the sample is sent, and they do not overlap.
        let (payload, header) = unsafe {
            std::ptr::write_bytes(payload, 0, bytes);
            std::ptr::write_bytes(header, 0, self.header_bytes);
            (std::slice::from_raw_parts_mut(payload, bytes), std::slice::from_raw_parts_mut(header, self.header_bytes))
        };
        fill(payload, header)?;
        // SAFETY: every byte was written above.
        Ok(unsafe { sample.assume_init() }.send()?)
    }
}
