//! What the peer did not process, and is sent again when the owner says so.

/// So often a message is sent again at once; after that it waits for its timer, as one that was lost. Two: the key may
/// have been renewed while the message was on its way, and the new one may be refused once more. A peer that always
/// refuses gets no more than three messages for each time that the timer runs out.
const MAX_RESUMED: u8 = 2;

/// Whether a message waits for its owner's word. It has been neither lost nor answered: no attempt is counted, no
/// round trip measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Postponement {
    waits: bool,
    resumed: u8,
}

impl Postponement {
    /// The peer did not process the message. False when that was said so often that it counts as lost.
    pub(crate) fn postpone(&mut self) -> bool {
        self.waits = self.resumed < MAX_RESUMED;
        self.waits
    }

    /// The owner says that it may go again. Whether it waited for that.
    pub(crate) fn resume(&mut self) -> bool {
        let waited = std::mem::take(&mut self.waits);
        self.resumed += u8::from(waited);
        waited
    }
}
