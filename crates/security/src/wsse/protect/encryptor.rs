//! Encrypting parts of a message with its encryption key (XML Encryption §3, §5.2).

use smallvec::SmallVec;
use waxwing_soap::{Markup, RandomSource};
use zeroize::Zeroizing;

use super::super::SecuritySettings;
use super::super::ids::Id;
use super::super::text::{EncryptedType, Place, push_encrypted_data, push_encrypted_octets};
use super::Numbers;
use super::elements::Element;
use super::used_key::KeyUse;
use crate::error::{Reason, Result};

/// The identifiers of what was encrypted, in that order.
pub(super) type References = SmallVec<[Id; 4]>;

/// From so many octets on what is encrypted is not copied into its markup.
const LARGE: usize = 64 << 10;

/// Octets of markup around what is encrypted, about.
const AROUND: usize = 700;

/// The most octets of padding.
const PADDING: usize = 16;

/// Encrypts elements one after another, numbering and listing them.
pub(super) struct Encryptor<'a, 'r> {
    key: Option<&'a KeyUse<'a>>,
    settings: &'a SecuritySettings,
    numbers: Numbers,
    references: References,
    /// Whether the key lists what is encrypted, so that nothing encrypted names the key.
    implied: bool,
    random: &'r mut dyn RandomSource,
    /// Where each thing is encrypted.
    octets: Vec<u8>,
}

impl<'a, 'r> Encryptor<'a, 'r> {
    /// `octets` lends its room.
    pub(super) fn new(
        key: Option<&'a KeyUse<'a>>,
        settings: &'a SecuritySettings,
        numbers: Numbers,
        random: &'r mut dyn RandomSource,
        octets: Vec<u8>,
    ) -> Self {
        let references = References::new();
        Self { key, settings, numbers, references, implied: false, random, octets }
    }

    /// The key lists what is encrypted under it.
    pub(super) fn implying_its_key(mut self, implied: bool) -> Self {
        self.implied = implied;
        self
    }

    /// The ids of everything encrypted, in order, and the numbers that are left.
    pub(super) fn finish(self) -> (References, Numbers) {
        (self.references, self.numbers)
    }

    /// Appends an element of the Security header that `text` writes, encrypted under the next number or left as it is.
    pub(super) fn element(
        &mut self,
        out: &mut Vec<u8>,
        encrypt: bool,
        text: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        if !encrypt {
            text(out);
            return Ok(());
        }
        let id = self.numbers.next();
        self.encrypt(out, id, (EncryptedType::Element, Place::Security), text)
    }

    /// The same of an element that is there.
    pub(super) fn text(&mut self, out: &mut Vec<u8>, text: &[u8], encrypt: bool) -> Result<()> {
        self.element(out, encrypt, |octets| push_once(octets, text))
    }

    /// The same with its identifier, as the signature refers to it.
    pub(super) fn signed_element(&mut self, element: Element, encrypt: bool) -> Result<Element> {
        if !encrypt {
            return Ok(element);
        }
        let id = self.numbers.next();
        // It may hold a password.
        let plain = Zeroizing::new(element.text);
        let mut text = Vec::new();
        let place = (EncryptedType::Element, Place::Security);
        self.encrypt(&mut text, id.clone(), place, |octets| push_once(octets, &plain))?;
        Ok(Element { text, id })
    }

    /// The EncryptedData element for what `plaintext` appends, which is about so many octets.
    pub(super) fn markup(
        &mut self,
        id: Id,
        (kind, place): (EncryptedType, Place),
        room: usize,
        plaintext: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Markup> {
        if room >= LARGE {
            // For the base64, too, which takes the place of the octets.
            self.octets = Vec::with_capacity((room + room / 64) / 3 * 4 + 4 * AROUND);
        }
        let key = self.encrypted(plaintext)?;
        let reference = (!self.implied).then(|| key.reference());
        let mut markup = Markup::default();
        let (out, octets) = (&mut markup.text, &mut self.octets);
        if octets.len() < LARGE {
            out.reserve(octets.len().div_ceil(3) * 4 + AROUND);
            push_encrypted_data(out, &id, kind, octets, reference, self.settings, place);
        } else {
            let at = push_encrypted_octets(out, &id, kind, reference, self.settings, place);
            markup.octets = Some((at, std::mem::take(octets)));
        }
        self.references.push(id);
        Ok(markup)
    }

    /// Appends the EncryptedData element for what `plaintext` appends.
    pub(super) fn encrypt(
        &mut self,
        out: &mut Vec<u8>,
        id: Id,
        (kind, place): (EncryptedType, Place),
        plaintext: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        let key = self.encrypted(plaintext)?;
        let octets = &self.octets;
        out.reserve(octets.len().div_ceil(3) * 4 + AROUND);
        let reference = (!self.implied).then(|| key.reference());
        push_encrypted_data(out, &id, kind, octets, reference, self.settings, place);
        self.references.push(id);
        Ok(())
    }

    /// Encrypts what `plaintext` appends, in `octets`; gives the key.
    fn encrypted(&mut self, plaintext: impl FnOnce(&mut Vec<u8>)) -> Result<&'a KeyUse<'a>> {
        let key = self.key.ok_or(Reason::Plan("no encryption key was made"))?;
        // Before anything is where it would stay in clear.
        key.key.check_encryption(self.settings.suite)?;
        let octets = &mut self.octets;
        octets.clear();
        octets.resize(self.settings.suite.cipher.block_length(), 0);
        self.random.fill(octets);
        plaintext(octets);
        key.key.encrypt_in_place(self.settings, octets)?;
        Ok(key)
    }
}

/// Appends a text in clear so that it stays where it is: a buffer that grows leaves a password behind.
fn push_once(octets: &mut Vec<u8>, text: &[u8]) {
    octets.reserve(text.len() + PADDING);
    octets.extend_from_slice(text);
}
