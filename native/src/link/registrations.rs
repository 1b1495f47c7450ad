//! The instruments a bot asked for. A connector forgets them when it is restarted, and one that is not up yet never
//! heard of them, so each is asked for again until somebody has received it.

use crate::codec::types::LiveRequest;

struct Registration {
    symbol: String,
    tick_size: f64,
    lot_size: f64,
    is_pending: bool,
}

#[derive(Default)]
pub struct Registrations {
    all: Vec<Registration>,
}

impl Registrations {
    /// `is_pending`: nobody has received the request yet. A symbol asked for before takes the new sizes.
    pub fn remember(&mut self, symbol: &str, tick_size: f64, lot_size: f64, is_pending: bool) {
        match self.all.iter_mut().find(|known| known.symbol == symbol) {
            Some(known) => (known.tick_size, known.lot_size, known.is_pending) = (tick_size, lot_size, is_pending),
            None => self.all.push(Registration { symbol: symbol.to_owned(), tick_size, lot_size, is_pending }),
        }
    }

    /// Everything is to be asked for again: the connector is another one.
    pub fn forget_replies(&mut self) {
        self.all.iter_mut().for_each(|registration| registration.is_pending = true);
    }

    /// Asks again for what is pending; `send` says whether somebody received it.
    pub fn retry(&mut self, mut send: impl FnMut(&LiveRequest<'_>) -> bool) {
        for Registration { symbol, tick_size, lot_size, is_pending } in &mut self.all {
            if *is_pending {
                let request = LiveRequest::RegisterInstrument { symbol, tick_size: *tick_size, lot_size: *lot_size };
                *is_pending = !send(&request);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(registrations: &mut Registrations, is_received: bool) -> Vec<String> {
        let mut asked = Vec::new();
        registrations.retry(|request| {
            let LiveRequest::RegisterInstrument { symbol, tick_size, lot_size } = request else {
                panic!("{request:?}")
            };
            asked.push(format!("{symbol} {tick_size} {lot_size}"));
            is_received
        });
        asked
    }

    #[test]
    fn a_registration_is_repeated_until_it_is_received_and_again_after_a_restart() {
        let mut registrations = Registrations::default();
        registrations.remember("btcusdt", 0.1, 0.001, true);
        registrations.remember("ethusdt", 0.01, 0.01, false);
        assert_eq!(asked(&mut registrations, false), ["btcusdt 0.1 0.001"]);
        assert_eq!(asked(&mut registrations, true), ["btcusdt 0.1 0.001"]);
        assert!(asked(&mut registrations, true).is_empty());
        registrations.forget_replies();
        assert_eq!(asked(&mut registrations, true), ["btcusdt 0.1 0.001", "ethusdt 0.01 0.01"]);
    }

    #[test]
    fn a_symbol_is_registered_once_with_its_latest_sizes() {
        let mut registrations = Registrations::default();
        registrations.remember("btcusdt", 0.1, 0.001, true);
        registrations.remember("btcusdt", 0.5, 0.002, true);
        assert_eq!(asked(&mut registrations, true), ["btcusdt 0.5 0.002"]);
    }
}
