//! Which generation of a session's key a message is under, as anybody sees on the wire, and whether it may still be.

use std::collections::BTreeMap;

use waxwing_security::conversation::Protection;

use crate::plan::{Micros, Plan, SECOND};

/// The generations of each client's key, in the order in which the service saw them used.
#[derive(Default)]
pub struct Keys(BTreeMap<usize, Generations>);

#[derive(Default)]
struct Generations {
    current: Option<String>,
    /// When each former one was replaced.
    replaced: BTreeMap<String, Micros>,
}

impl Keys {
    /// A message of a client arrives at the service. Whether its key was replaced so long ago that it must be refused.
    pub fn is_too_old(&mut self, plan: &Plan, client: usize, octets: &[u8], now: Micros) -> bool {
        // A context in a cookie is good until it expires, whatever came after it.
        if plan.protection == Protection::Cookie {
            return false;
        }
        let text = String::from_utf8_lossy(octets);
        let Some(instance) = instance_of(&text) else { return false };
        let known = self.0.entry(client).or_default();
        if let Some(replaced) = known.replaced.get(&instance) {
            return replaced + plan.rollover * SECOND <= now;
        }
        if known.current.as_ref() != Some(&instance)
            && let Some(former) = known.current.replace(instance)
        {
            known.replaced.insert(former, now);
        }
        false
    }

    /// The service has lost its memory.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

/// The context and generation of the key that a message of a session is under; none of the security protocol's own.
fn instance_of(text: &str) -> Option<String> {
    let is_trust = ["/RST/", "/RSTR/", "/trust"].iter().any(|word| text.contains(word));
    let (_, token) = text.split_once(":SecurityContextToken").filter(|_| !is_trust)?;
    let (token, _) = token.split_once("SecurityContextToken>")?;
    Some(token.split_once("Identifier>")?.1.to_owned())
}
