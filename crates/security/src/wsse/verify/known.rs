//! The pass over a Security header that is read from its text.

use waxwing_xml::NodeId;

use super::super::ProtectionOrder;
use super::super::expect::{Expectations, ExpectedToken};
use super::super::known_header::{KnownEncrypted, KnownHeader, KnownSignature};
use super::super::reference::TokenRef;
use super::super::text::Place;
use super::super::unread::UnreadSignature;
use super::decrypt::{self, DataReferences, Octets};
use super::pass::Pass;
use super::timestamp;
use super::usual::{self, Usual};
use crate::error::Result;

/// Whether such a header can be what is expected: that of a message in a secure conversation that the context's key protects.
pub(super) fn is_expected(expect: &Expectations<'_>) -> bool {
    let in_context = matches!(
        expect.protection,
        ExpectedToken::AttachedContext | ExpectedToken::ExternalContext { .. }
    );
    in_context && expect.settings.order != ProtectionOrder::EncryptBeforeSign
}

impl Pass<'_> {
    /// Judges what the header says as [`run`](Self::run) does, and says whether everything is good. The element `security`
    /// stands for what is in it.
    ///
    /// Where it is not, this pass is to be forgotten: nothing has changed in the message, and another one over the tree finds
    /// out what is wrong, with the errors and in the time of all that is refused. What was decrypted is read whatever its
    /// padding is, so that the time until then does not tell that.
    ///
    /// # Errors
    /// The signature is one, and its MAC is wrong: nothing more is to be found out.
    pub(super) fn is_good(&mut self, header: &KnownHeader<'_>, security: NodeId) -> Result<bool> {
        if self.known_tokens(header, security).is_none() {
            return Ok(false);
        }
        let judged = match &header.signature {
            KnownSignature::Encrypted(encrypted) => {
                self.known_encrypted(header, encrypted, security)
            }
            KnownSignature::Clear(text) => self.known_clear(header, text, security),
        };
        judged.unwrap_or(Ok(false))
    }

    fn known_tokens(&mut self, header: &KnownHeader<'_>, security: NodeId) -> Option<()> {
        let (settings, now) = (self.expect.settings, self.expect.now);
        if let Some(stamp) = &header.stamp {
            self.stamp = Some(timestamp::known(stamp, settings, now, security)?);
        }
        if let Some(token) = &header.context {
            self.tokens.known_context(token)?;
        }
        header.derived.iter().try_for_each(|token| self.tokens.known_derived_key(token))
    }

    fn known_encrypted(
        &mut self,
        header: &KnownHeader<'_>,
        encrypted: &KnownEncrypted<'_>,
        security: NodeId,
    ) -> Option<Result<bool>> {
        let settings = self.expect.settings;
        let mut references = DataReferences::known(&header.references);
        if !references.is_met(encrypted.id) {
            return None;
        }
        let mut octets = std::mem::take(&mut self.octets);
        let opened = decrypt::open_known(encrypted, &mut self.tokens, settings, &mut octets)?;
        let usual = usual::read(opened.octets, settings, Place::Elsewhere);
        let (usual, length) = (usual.filter(|_| opened.is_padded)?, opened.octets.len());
        if let Err(error) = self.known_signature(header, usual, (security, true))? {
            return Some(Err(error));
        }
        let begin = settings.suite.cipher.block_length();
        self.unread = Some(UnreadSignature::new(security, octets, begin..begin + length));
        self.references = Some(references);
        Some(Ok(true))
    }

    fn known_clear(
        &mut self,
        header: &KnownHeader<'_>,
        text: &str,
        security: NodeId,
    ) -> Option<Result<bool>> {
        let usual = usual::read(text.as_bytes(), self.expect.settings, Place::Security)?;
        if let Err(error) = self.known_signature(header, usual, (security, false))? {
            return Some(Err(error));
        }
        // It is where the header is.
        self.unread = Some(UnreadSignature::new(security, Octets::default(), 0..0));
        Some(Ok(true))
    }

    fn known_signature(
        &mut self,
        header: &KnownHeader<'_>,
        usual: Usual<'_>,
        (security, is_encrypted): (NodeId, bool),
    ) -> Option<Result<()>> {
        // A signed token has to be there as an element, and so has what can be endorsed.
        let is_token = |id: &str| header.token_ids().any(|token| token == id);
        if usual.id.is_some() || usual.references.iter().any(|to| is_token(&to.id)) {
            return None;
        }
        let key = self.primary_key(&TokenRef::Local(usual.key)).ok()?;
        Some(self.usual_signature(security, &key, usual, is_encrypted))
    }
}
