//! From keys to what is kept of them, and back: the same at both ends.

use jiff::Timestamp;
use waxwing_soap::RandomSource;
use zeroize::Zeroizing;

use super::saved::{Generation, SavedDerivedKey, SavedKey};
use crate::trust::{Lifetime, is_key_size_supported};
use crate::wsse::{
    ContextToken, Derivation, DerivedKeyToken, IdSource, SecuritySettings, SessionKeys, TokenKey,
    TokenPlacement,
};

/// What a generation of a key is kept as. `received` is when a client got it; none at a service.
pub(super) fn save_token(
    token: &ContextToken,
    generation: Generation,
    lifetime: &Lifetime,
    received: Option<Timestamp>,
) -> SavedKey {
    SavedKey {
        generation,
        identifier: token.identifier.to_string(),
        instance: token.instance.as_deref().map(str::to_owned),
        element: token.element.to_string(),
        id: token.id.to_string(),
        octets: token.key.secret().to_vec(),
        derived: None,
        created: lifetime.created.as_millisecond(),
        expires: lifetime.expires.as_millisecond(),
        received: received.map_or(0, |received| received.as_millisecond()),
    }
}

/// The same of one whose messages have derived keys.
pub(super) fn save_keys(
    keys: &SessionKeys,
    generation: Generation,
    lifetime: &Lifetime,
    received: Option<Timestamp>,
) -> SavedKey {
    let saved = |key: &DerivedKeyToken| SavedDerivedKey {
        id: key.id.to_string(),
        nonce: key.derivation.nonce.clone(),
    };
    let mut key = save_token(keys.token(), generation, lifetime, received);
    let derived = keys.derived.as_ref();
    key.derived = derived.map(|(signing, encryption)| [signing, encryption].map(saved));
    key
}

/// The token of a generation.
///
/// # Errors
/// Why it cannot be used with these settings.
pub(super) fn token(
    saved: &SavedKey,
    settings: &SecuritySettings,
) -> Result<ContextToken, &'static str> {
    let bits = u32::try_from(saved.octets.len() * 8).unwrap_or(u32::MAX);
    if !is_key_size_supported(settings, bits) {
        return Err(
            "its key has not the length that the algorithm suite wants: was the suite changed?",
        );
    }
    Ok(ContextToken {
        dialect: settings.dialect,
        identifier: saved.identifier.as_str().into(),
        instance: saved.instance.as_deref().map(Into::into),
        id: saved.id.as_str().into(),
        element: saved.element.as_str().into(),
        identifier_value: None,
        key: TokenKey::new(Zeroizing::new(saved.octets.clone())),
    })
}

/// The keys of a generation. What is derived is derived as before; anew where nothing was and the settings want it now.
///
/// # Errors
/// As for [`token`].
pub(super) fn keys(
    saved: &SavedKey,
    placement: TokenPlacement,
    settings: &SecuritySettings,
    random: &mut dyn RandomSource,
    ids: &mut dyn IdSource,
) -> Result<SessionKeys, &'static str> {
    let token = token(saved, settings)?;
    let suite = settings.suite;
    let derived = |saved: &SavedDerivedKey, length| DerivedKeyToken {
        id: saved.id.as_str().into(),
        derivation: Derivation::new(saved.nonce.clone(), length),
    };
    Ok(match &saved.derived {
        Some([signing, encryption]) if settings.derived_keys => {
            let signing = derived(signing, suite.signature_key_length());
            let encryption = derived(encryption, suite.encryption_key_length());
            SessionKeys::with_derived(token, placement, signing, encryption)
        }
        _ => SessionKeys::new(token, placement, settings, random, ids),
    })
}

/// The life of a generation.
///
/// # Errors
/// When it is no time at all.
pub(super) fn lifetime(saved: &SavedKey) -> Result<Lifetime, &'static str> {
    Ok(Lifetime { created: time(saved.created)?, expires: time(saved.expires)? })
}

/// A time as it is kept: milliseconds of Unix time.
///
/// # Errors
/// When it is outside all calendars.
pub(super) fn time(milliseconds: i64) -> Result<Timestamp, &'static str> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| "a time in it is none")
}
