//! The binary encoding: worked octets of the specifications, and everything that a WCF client and service were captured
//! sending: what is read is what WCF's own reader read, and what is written of it is what WCF wrote.

mod captured;
#[path = "../common/mod.rs"]
mod common;
mod ends;
mod hostile;
mod streamed;
mod worked;

use waxwing_soap::{Envelope, RandomSource};
use waxwing_xml::{Exclusive, Limits, canonicalize};

/// The encoders of these tests need no randomness.
struct NoRandom;

impl RandomSource for NoRandom {
    fn fill(&mut self, _: &mut [u8]) {
        panic!("nothing here is random");
    }
}

/// All that XML says of a message: its canonical form, and the declarations that it does not show.
fn infoset(envelope: &Envelope) -> String {
    let root = envelope.document().root();
    let mut octets = Vec::new();
    let all = Exclusive { with_comments: true, ..Exclusive::default() };
    canonicalize(root, &all, &mut octets);
    let mut text = String::from_utf8(octets).expect("UTF-8");
    for element in root.descendants_and_self() {
        for (prefix, namespace) in element.namespace_declarations() {
            text.push_str(&format!("\n{}: xmlns:{prefix}={namespace}", element.qualified_name()));
        }
    }
    text
}

fn from_text(text: &str) -> Envelope {
    Envelope::parse(text, &Limits::SOAP).expect("an envelope")
}
