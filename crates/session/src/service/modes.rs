//! Which object executes a call, and how many calls it executes at a time.

/// Which object executes a call (WCF's `ServiceBehaviorAttribute.InstanceContextMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum InstanceContextMode {
    /// One for each session: a reliable session, or a security session without one. It is made for the first call and
    /// released when the session has ended and nothing runs on it. A call outside of sessions has one of its own.
    #[default]
    PerSession,
    /// One for each call.
    PerCall,
    /// The same for all calls of the host.
    Single,
}

/// How many calls an instance executes at a time (WCF's `ServiceBehaviorAttribute.ConcurrencyMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ConcurrencyMode {
    /// One; and one of each session, whatever its instances are.
    #[default]
    Single,
    /// One, but the instance is free while its call waits for its client, which it calls: others run meanwhile, and it goes
    /// on when none does. A session is not held up: with an instance for each call its calls may overlap.
    Reentrant,
    /// Any number. The calls of an ordered session are begun in order.
    Multiple,
}

/// How the calls of a service are executed. A contract's host sets it with the instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DispatchModes {
    /// Which object executes a call.
    pub instances: InstanceContextMode,
    /// How many calls it executes at a time.
    pub concurrency: ConcurrencyMode,
}

impl DispatchModes {
    /// Whether a session has one call at a time: WCF takes the next message of a session's channel only then, or the
    /// instance of the session is busy.
    pub(super) fn is_serial(self) -> bool {
        match self.concurrency {
            ConcurrencyMode::Single => true,
            ConcurrencyMode::Reentrant => self.instances == InstanceContextMode::PerSession,
            ConcurrencyMode::Multiple => false,
        }
    }

    /// Whether a call needs its turn at the instance that all share.
    pub(super) fn needs_turn(self) -> bool {
        self.instances == InstanceContextMode::Single
            && self.concurrency != ConcurrencyMode::Multiple
    }
}
