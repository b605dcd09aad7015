//! The sequence that the peer sends, with what is to be acknowledged of it and when.

use waxwing_soap::Time;

use crate::destination::Destination;
use crate::headers::SequenceAcknowledgement;
use crate::names::Identifier;

#[derive(Debug)]
pub(super) struct Incoming<M> {
    pub(super) destination: Destination<M>,
    /// Messages that were accepted and are not acknowledged yet.
    pub(super) pending: u32,
    /// When an acknowledgement goes out on its own. None: none is due.
    pub(super) acknowledge_at: Option<Time>,
    /// The last acknowledgement said that there is no room.
    pub(super) said_full: bool,
    /// The application knows that no more comes.
    pub(super) is_told: bool,
    /// The peer has terminated the sequence.
    pub(super) is_over: bool,
}

impl<M> Incoming<M> {
    /// A sequence of which nothing came yet.
    pub(super) fn new(identifier: Identifier, ordered: bool, window: u32) -> Self {
        Self {
            destination: Destination::new(identifier, ordered, window),
            pending: 0,
            acknowledge_at: None,
            said_full: false,
            is_told: false,
            is_over: false,
        }
    }

    pub(super) fn identifier(&self) -> &Identifier {
        self.destination.received.identifier()
    }

    /// An acknowledgement is due by this time.
    pub(super) fn acknowledge_by(&mut self, time: Time) {
        self.acknowledge_at = Some(self.acknowledge_at.map_or(time, |at| at.min(time)));
    }

    /// The acknowledgement of this moment, which goes out now.
    pub(super) fn acknowledge(&mut self, flow_control: bool) -> SequenceAcknowledgement {
        (self.pending, self.acknowledge_at) = (0, None);
        let room = self.destination.room(0);
        self.said_full = flow_control && room == 0;
        let mut acknowledgement = self.destination.received.acknowledgement();
        acknowledgement.is_final = self.destination.is_closed();
        acknowledgement.buffer_remaining = flow_control.then_some(room);
        acknowledgement
    }

    /// What a fault carries, once CloseSequence has made it final.
    pub(super) fn final_acknowledgement(&self) -> Option<SequenceAcknowledgement> {
        let mut acknowledgement = self.destination.received.acknowledgement();
        acknowledgement.is_final = true;
        self.destination.is_closed().then_some(acknowledgement)
    }

    /// Bytes on the heap, without what the messages hold themselves.
    pub(super) fn heap_size(&self) -> usize {
        self.destination.heap_size()
    }
}
