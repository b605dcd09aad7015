//! Endorsing signatures: proof of a further token by signing the primary signature
//! (WS-SecurityPolicy 1.2 §8.3).

use super::super::key;
use super::super::names::X509_V3;
use super::super::plan::{Endorsing, ProtectionPlan, Sources};
use super::super::sent::SentSignature;
use super::super::signed_info::SignedInfo;
use super::super::text::{Place, TokenReference, push};
use super::super::token::{SessionKeys, TokenPlacement, x509};
use super::Numbers;
use super::keys::BaseToken;
use super::signature::{SignedPart, push_signature};
use crate::error::Result;

/// The endorsing signatures of a message and the tokens behind them.
#[derive(Default)]
pub(super) struct Endorsements {
    /// The text of the tokens.
    pub(super) tokens: Vec<u8>,
    /// The text of each signature.
    pub(super) signatures: Vec<Vec<u8>>,
    values: Vec<Vec<u8>>,
}

impl Endorsements {
    /// Signs `part` with every endorsing token of the plan.
    pub(super) fn new(
        plan: &ProtectionPlan<'_>,
        part: SignedPart,
        place: Place,
        numbers: &mut Numbers,
        sources: &mut Sources<'_>,
    ) -> Result<Self> {
        let mut this = Self::default();
        let parts = [part];
        for endorsing in &plan.endorsing {
            match *endorsing {
                Endorsing::Certificate { id, certificate, key } => {
                    x509::push(&mut this.tokens, id, certificate, plan.settings);
                    let method = plan.settings.suite.asymmetric_signature_uri();
                    let info = SignedInfo::new(&parts, method, plan.settings);
                    let value = key::sign_with(plan.settings, key, &info.canonical())?;
                    let reference = TokenReference::Local { id, value_type: X509_V3 };
                    this.push(&info, value, reference, place);
                }
                Endorsing::Context(token) | Endorsing::Session(SessionKeys { token, .. }) => {
                    push(&mut this.tokens, &[&token.element]);
                    let base = BaseToken::of_context(token, TokenPlacement::Attached);
                    let length = plan.settings.suite.signature_key_length();
                    let (settings, tokens) = (plan.settings, &mut this.tokens);
                    let used = base.derive(numbers.next(), length, settings, sources, tokens);
                    let method = settings.suite.symmetric_signature_uri();
                    let info = SignedInfo::new(&parts, method, settings);
                    let value = used.key.sign(settings, &info.canonical())?.to_vec();
                    this.push(&info, value, used.reference(), place);
                }
            }
        }
        Ok(this)
    }

    fn push(
        &mut self,
        info: &SignedInfo<'_, SignedPart>,
        value: Vec<u8>,
        reference: TokenReference<'_>,
        place: Place,
    ) {
        let mut text = Vec::with_capacity(2048);
        push_signature(&mut text, None, info, &value, reference, place);
        self.signatures.push(text);
        self.values.push(value);
    }

    /// All signatures of the message, the primary one first.
    pub(super) fn sent(&mut self, primary: Vec<u8>, encrypted: bool) -> Vec<SentSignature> {
        std::iter::once(primary)
            .chain(std::mem::take(&mut self.values))
            .map(|value| SentSignature { value, encrypted })
            .collect()
    }
}
