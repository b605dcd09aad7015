//! What the transport says of an action beside the message.

use super::*;

#[test]
fn the_transport_names_no_other_action() {
    let of_type = |action: &str| format!("application/soap+xml; action=\"{action}\"");
    let (own, other) = (of_type("urn:pay"), of_type("urn:look"));
    let capital = "application/soap+xml; ACTION=\"urn:look\"";
    let plain = "application/soap+xml; charset=utf-8";
    for (header, kind) in
        [(None, plain), (None, &*own), (Some("\"urn:pay\""), &*own), (Some("\"\""), plain)]
    {
        assert_eq!(action_mismatch(header, kind, "urn:pay"), None, "{header:?} {kind}");
    }
    // One of two that is right does not hide the other.
    for (header, kind) in [
        (None, &*other),
        (Some("urn:look"), plain),
        (Some("\"urn:look\""), &*own),
        (Some("\"urn:pay\""), &*other),
        (None, capital),
    ] {
        let text = action_mismatch(header, kind, "urn:pay").expect("a mismatch");
        assert!(text.contains("urn:look"), "{text}");
    }
}
