//! Posting one message that nothing answers (WCF's one-way adapter): any 2xx without a message says that it was taken.

use std::sync::Arc;

use waxwing_session::{
    Answer, ClientInput, TransmissionId, Transmit, TransportCause, TransportFailure,
};
use waxwing_soap::Fault;
use waxwing_soap::encoder::Encoder;

use crate::client::channel::Inner;
use crate::client::post::Posted;
use crate::client::state::Line;
use crate::client::watch::ChannelEvent;
use crate::environment::SystemRandom;
use crate::log::Cut;
use crate::net::Written;

impl Inner {
    /// Posts one message.
    ///
    /// # Errors
    /// It was not taken, or something came back that is no answer to a one-way message.
    pub(super) async fn post_one_way(
        self: Arc<Self>,
        transmit: Transmit,
    ) -> Result<(), TransportFailure> {
        let patience = self.patience(transmit.deadline);
        let mut encoder = self.parts.encoding;
        let message = encoder.write(&transmit.envelope, &mut SystemRandom);
        self.trace_sent(&transmit, &message.octets);
        let action = transmit.action().into_owned();
        drop(transmit);
        let Some(route) = self.route(encoder) else { return Ok(()) };
        let Posted { answer, clock, .. } =
            route.post(&action, message, patience, Written::by_nobody()).await;
        if let Some(clock) = clock {
            let ahead = clock.as_second() - self.parts.clock.wall().as_second();
            self.lock().clock_ahead = Some(ahead);
        }
        match answer {
            Answer::Empty => Ok(()),
            Answer::Failed(failure) => Err(failure),
            Answer::Message(envelope) => {
                let fault = Fault::read(&envelope);
                let fault = fault.map(|fault| format!(" It is a fault: {}", Cut::of(fault.text())));
                let reason = format!(
                    "A response was received from a one-way send over the underlying IRequestChannel. Make sure the remote \
                     endpoint has a compatible binding at its endpoint (one that contains OneWayBindingElement).{}",
                    fault.unwrap_or_default()
                );
                Err(TransportFailure { cause: TransportCause::NotSoap, reason })
            }
        }
    }

    /// Tells the session how it went.
    pub(super) fn sent_one_way(
        self: &Arc<Self>,
        id: TransmissionId,
        result: Result<(), TransportFailure>,
    ) {
        let mut state = self.lock();
        let input = match result {
            Ok(()) => ClientInput::Written(id),
            Err(failure) => {
                state.statistics.exchanges_lost += 1;
                let reason = Cut::own(&failure.reason).to_string();
                state.events.emit(|| ChannelEvent::ExchangeLost { reason: reason.clone() });
                state.lines.push(Line::Lost { action: String::new(), reason });
                ClientInput::NotSent { id, failure }
            }
        };
        self.give(&mut state, input);
    }
}
