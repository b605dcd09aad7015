//! Addressing headers that were read are written, read again and the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_soap::{Addressing, Envelope};
use waxwing_xml::Limits;

fuzz_target!(|data: &[u8]| {
    let Ok(envelope) = Envelope::parse(data, &Limits::SOAP) else { return };
    let addressing = match Addressing::read(&envelope) {
        Ok(addressing) => addressing,
        Err(error) => return drop(error.to_string()),
    };
    let mut written = Envelope::new(envelope.version());
    addressing.write(&mut written);
    assert_eq!(Addressing::read(&written).as_ref(), Ok(&addressing), "in the tree");
    let again =
        Envelope::parse(written.to_bytes(), &Limits::SOAP).expect("what is written is read");
    assert_eq!(Addressing::read(&again).as_ref(), Ok(&addressing), "as text");
    let reply = Addressing::reply("urn:reply", &addressing, envelope.version().addressing);
    assert_eq!(reply.relates_to, addressing.message_id);
});
