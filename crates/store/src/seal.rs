//! Values as a store writes them: sealed with AES-256-GCM, and bound to their place.
//!
//! The first octet is the format: 0 plain, 1 sealed (then 8 octets that name the key, then what
//! [`SealingKey::seal`](waxwing_crypto::SealingKey::seal) makes). Group, kind, name, queue, number and, of a state, version are
//! authenticated along: a value that was moved to another place, or that is older than its row says, does not open.

use bytes::Bytes;
use waxwing_crypto::{KeyRing, SealingKeyId};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::keys::Sealing;
use crate::model::{Name, Queue, RecordId, StoredMessage, Version};

const PLAIN: u8 = 0;
const SEALED: u8 = 1;

/// Seals and opens the values of a store.
pub(crate) struct Seal(Option<KeyRing>);

/// Where a value is.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// The state of a record at a version.
    State(&'a RecordId, Version),
    /// The body of a message of a record.
    Message(&'a RecordId, Queue, u64, Option<&'a Name>),
    /// What the store itself keeps under this word.
    Store(&'a str),
}

impl<'a> Place<'a> {
    /// That of a message.
    pub(crate) fn of(record: &'a RecordId, message: &'a StoredMessage) -> Self {
        Self::Message(record, message.queue, message.number, message.name.as_ref())
    }

    /// Everything of it, so that no two places are alike.
    fn bound(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        let text = |out: &mut Vec<u8>, text: &str| {
            out.extend_from_slice(&(text.len() as u32).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        };
        let record = |out: &mut Vec<u8>, id: &RecordId, queue: u8, number: u64| {
            text(out, id.group.as_str());
            out.push(id.kind as u8);
            text(out, id.name.as_str());
            out.push(queue);
            out.extend_from_slice(&number.to_be_bytes());
        };
        match self {
            Self::State(id, version) => {
                record(&mut out, id, 0, 0);
                out.extend_from_slice(&version.0.to_be_bytes());
            }
            Self::Message(id, queue, number, name) => {
                record(&mut out, id, queue as u8, number);
                out.extend_from_slice(&0_u64.to_be_bytes());
                out.push(u8::from(name.is_some()));
                text(&mut out, name.map_or("", |name| name.as_str()));
            }
            // No record has kind 0.
            Self::Store(word) => {
                text(&mut out, "");
                out.push(0);
                text(&mut out, word);
            }
        }
        out
    }

    fn describe(self) -> String {
        match self {
            Self::State(id, version) => {
                format!("the state of {:?} '{}' (version {})", id.kind, id.group, version.0)
            }
            Self::Message(id, queue, number, _) => {
                format!("message {number} ({queue:?}) of {:?} '{}'", id.kind, id.group)
            }
            Self::Store(word) => format!("the store's own '{word}'"),
        }
    }
}

impl Seal {
    /// With the keys that this says. `begins`: the store is made just now.
    pub(crate) fn new(sealing: &Sealing, begins: bool) -> Result<Self, StoreError> {
        match &sealing.0 {
            Some(source) => Ok(Self(Some(source.keys(begins)?))),
            None => Ok(Self(None)),
        }
    }

    /// The key that seals; none: it seals nothing.
    pub(crate) fn first(&self) -> Option<SealingKeyId> {
        self.0.as_ref().map(|ring| ring.first().id())
    }

    /// The names of all keys.
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "PostgreSQL has many readers"))]
    pub(crate) fn keys(&self) -> Vec<SealingKeyId> {
        self.0.iter().flat_map(|ring| ring.keys().map(|key| key.id())).collect()
    }

    /// As it is written.
    pub(crate) fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let Some(ring) = &self.0 else {
            let mut out = Vec::with_capacity(plain.len() + 1);
            out.push(PLAIN);
            out.extend_from_slice(plain);
            return Ok(out);
        };
        let mut failed = None;
        let mut random = |octets: &mut [u8]| failed = getrandom::fill(octets).err();
        let sealed = ring.first().seal(&place.bound(), plain, &mut random);
        if let Some(error) = failed {
            return Err(StoreError::Unavailable(format!(
                "the system gives no random octets: {error}"
            )));
        }
        let sealed = sealed.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut out = Vec::with_capacity(1 + SealingKeyId::LENGTH + sealed.len());
        out.push(SEALED);
        out.extend_from_slice(ring.first().id().octets());
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// The key that it is sealed under; none: it is not sealed.
    pub(crate) fn key_of(stored: &[u8]) -> Option<SealingKeyId> {
        let id = stored.strip_prefix(&[SEALED])?.first_chunk::<{ SealingKeyId::LENGTH }>()?;
        Some((*id).into())
    }

    /// What was sealed.
    pub(crate) fn open(&self, place: Place<'_>, stored: &[u8]) -> Result<Bytes, StoreError> {
        let unreadable = |why: String| {
            Err(StoreError::Unreadable(format!("{} cannot be opened: {why}", place.describe())))
        };
        let Some((format, rest)) = stored.split_first() else {
            return unreadable("it is empty".into());
        };
        match (*format, &self.0) {
            (PLAIN, None) => Ok(Bytes::copy_from_slice(rest)),
            (PLAIN, Some(_)) => unreadable("it is not sealed, and everything else is".into()),
            (SEALED, ring) => {
                let Some(id) = Self::key_of(stored) else { return unreadable("it is cut".into()) };
                let Some(key) = ring.as_ref().and_then(|ring| ring.find(id)) else {
                    return unreadable(format!(
                        "it is sealed under the key {id}, which is not here"
                    ));
                };
                match key.open(&place.bound(), &rest[SealingKeyId::LENGTH..]) {
                    // Wiped with the last of those that look at it.
                    Some(plain) => Ok(Bytes::from_owner(Wiped(plain))),
                    None => unreadable("it was changed after it was written".into()),
                }
            }
            (other, _) => unreadable(format!("its format {other} is not known to this version")),
        }
    }
}

struct Wiped(Zeroizing<Vec<u8>>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Group, Kind};
    use waxwing_crypto::SealingKey;

    fn key(octet: u8) -> SealingKey {
        SealingKey::new(Zeroizing::new([octet; SealingKey::LENGTH]))
    }

    fn id(group: &str, name: &str) -> RecordId {
        RecordId { group: Group::new(group), kind: Kind::Sequence, name: Name::new(name) }
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let seal = Seal(Some(KeyRing::new(key(1))));
        let (a, b, named) = (id("ab", "c"), id("a", "bc"), Name::new("k"));
        let kind = RecordId { kind: Kind::Context, ..a.clone() };
        let places = [
            Place::State(&a, Version(1)),
            Place::State(&a, Version(2)),
            Place::State(&b, Version(1)),
            Place::State(&kind, Version(1)),
            Place::Message(&a, Queue::Received, 1, None),
            Place::Message(&a, Queue::Received, 2, None),
            Place::Message(&a, Queue::Outgoing, 1, None),
            Place::Message(&a, Queue::Received, 1, Some(&named)),
            Place::Store("check"),
        ];
        for (at, place) in places.iter().enumerate() {
            let sealed = seal.seal(*place, b"a secret").unwrap();
            assert!(!sealed.windows(6).any(|window| window == b"secret"));
            for (other, opened) in places.iter().enumerate() {
                assert_eq!(seal.open(*opened, &sealed).is_ok(), at == other, "{at} {other}");
            }
        }
    }

    #[test]
    fn keys_are_rotated_and_missed_by_name() {
        let place = Place::Store("x");
        let old = Seal(Some(KeyRing::new(key(1))));
        let sealed = old.seal(place, b"text").unwrap();
        let both = Seal(Some(KeyRing::new(key(2)).with(key(1))));
        assert_eq!(&both.open(place, &sealed).unwrap()[..], b"text");
        assert_eq!(Seal::key_of(&both.seal(place, b"text").unwrap()), Some(key(2).id()));
        let error = Seal(Some(KeyRing::new(key(2)))).open(place, &sealed).unwrap_err().to_string();
        assert!(error.contains(&key(1).id().to_string()), "{error}");
        assert!(Seal(None).open(place, &sealed).is_err());
    }

    /// Who can write the file cannot put something in it that is not sealed.
    #[test]
    fn what_is_not_sealed_is_not_taken_for_sealed() {
        let place = Place::Store("x");
        let plain = Seal(None).seal(place, b"text").unwrap();
        assert_eq!(&Seal(None).open(place, &plain).unwrap()[..], b"text");
        let seal = Seal(Some(KeyRing::new(key(1))));
        assert!(seal.open(place, &plain).is_err());
        for wrong in [&[][..], &[1], &[1, 2, 3], &[2; 90], &[1; 90]] {
            assert!(seal.open(place, wrong).is_err());
        }
        let mut sealed = seal.seal(place, b"text").unwrap();
        for at in 0..sealed.len() {
            sealed[at] ^= 1;
            assert!(seal.open(place, &sealed).is_err(), "octet {at}");
            sealed[at] ^= 1;
        }
    }
}
