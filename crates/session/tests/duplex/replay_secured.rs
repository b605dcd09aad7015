//! Protected sessions of WCF over net.tcp, with our service or our client in the place of WCF's: what is exchanged to open them,
//! every message in them, both ends' last words.

use crate::kit::Side;
use crate::replay_reliable::play;

/// Every recorded session whose messages are protected, and how many of the messages of the client and of the service are the
/// same with their acknowledgements.
const SESSIONS: [(&str, usize, usize); 9] = [
    ("tcp-message-cert", 3, 3),
    ("tcp-message-cert-bytes", 2, 2),
    ("tcp-message-cert-direct", 3, 3),
    ("tcp-mixed-username", 3, 3),
    ("tcp-message-cert-rm", 8, 5),
    ("tcp-message-cert-direct-rm", 8, 5),
    ("tcp-mixed-username-rm", 8, 5),
    ("tcp-duplex-message-cert-rm", 9, 8),
    ("tcp-message-rm-cut", 11, 7),
];

#[test]
fn in_the_clients_place() {
    play(&SESSIONS, Side::Client);
}

#[test]
fn in_the_services_place() {
    play(&SESSIONS, Side::Service);
}
