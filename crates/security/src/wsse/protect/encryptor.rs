//! Encrypting parts of a message with its encryption key (XML Encryption §3, §5.2).

use waxwing_soap::RandomSource;
use zeroize::Zeroizing;

use super::super::SecuritySettings;
use super::super::text::{EncryptedType, Place, push_encrypted_data};
use super::Numbers;
use super::elements::Element;
use super::used_key::KeyUse;
use crate::error::{Reason, Result};

/// Encrypts elements one after another, numbering and listing them.
pub(super) struct Encryptor<'a, 'r> {
    key: Option<&'a KeyUse<'a>>,
    settings: &'a SecuritySettings,
    numbers: Numbers,
    references: Vec<String>,
    /// Whether the key lists what is encrypted, so that nothing encrypted names the key.
    implied: bool,
    random: &'r mut dyn RandomSource,
}

impl<'a, 'r> Encryptor<'a, 'r> {
    pub(super) fn new(
        key: Option<&'a KeyUse<'a>>,
        settings: &'a SecuritySettings,
        numbers: Numbers,
        random: &'r mut dyn RandomSource,
    ) -> Self {
        Self { key, settings, numbers, references: Vec::new(), implied: false, random }
    }

    /// The key lists what is encrypted under it.
    pub(super) fn implying_its_key(mut self, implied: bool) -> Self {
        self.implied = implied;
        self
    }

    /// The ids of everything encrypted, in order, and the numbers that are left.
    pub(super) fn finish(self) -> (Vec<String>, Numbers) {
        (self.references, self.numbers)
    }

    /// An element of the Security header, encrypted under the next number or left as it is.
    pub(super) fn element(&mut self, text: Vec<u8>, encrypt: bool) -> Result<Vec<u8>> {
        if !encrypt {
            return Ok(text);
        }
        // It may hold a password.
        let text = Zeroizing::new(text);
        let id = self.numbers.next();
        self.encrypt(id, EncryptedType::Element, &text, Place::Security)
    }

    /// The same with its identifier, as the signature refers to it.
    pub(super) fn signed_element(&mut self, element: Element, encrypt: bool) -> Result<Element> {
        if !encrypt {
            return Ok(element);
        }
        let id = self.numbers.next();
        let plain = Zeroizing::new(element.text);
        let text = self.encrypt(id.clone(), EncryptedType::Element, &plain, Place::Security)?;
        Ok(Element { text, id })
    }

    /// The EncryptedData element for `plaintext`.
    pub(super) fn encrypt(
        &mut self,
        id: String,
        kind: EncryptedType,
        plaintext: &[u8],
        place: Place,
    ) -> Result<Vec<u8>> {
        let key = self.key.ok_or(Reason::Plan("no encryption key was made"))?;
        let octets = key.key.encrypt(self.settings, plaintext, self.random)?;
        let mut out = Vec::with_capacity(octets.len() * 4 / 3 + 700);
        let reference = (!self.implied).then(|| key.reference());
        push_encrypted_data(&mut out, &id, kind, &octets, reference, self.settings, place);
        self.references.push(id);
        Ok(out)
    }
}
