//! The timestamp of a received message (WS-Security 1.1 §10).

use jiff::Timestamp;
use waxwing_xml::{Element, NodeId};

use super::super::SecuritySettings;
use super::super::known_header::KnownStamp;
use super::super::names::WSU;
use super::super::read::{at, date_time, elements, end, require, take, time};
use super::super::replay::lifetime_of;
use crate::error::{Reason, Result, Staleness};

/// A timestamp that was read and is fresh.
pub(super) struct Stamp {
    /// It, or the Security header where that was read from its text.
    pub(super) node: NodeId,
    pub(super) created: Timestamp,
}

/// Reads `Created` and the optional `Expires`, in that order, and judges them by the receiver's clock.
pub(super) fn read(
    element: Element<'_>,
    settings: &SecuritySettings,
    now: Timestamp,
) -> Result<Stamp> {
    let children = elements(element)?;
    let mut children = children.iter();
    let created = date_time(require(&mut children, element, WSU, "Created")?)?;
    let expires = take(&mut children, WSU, "Expires").map(date_time).transpose()?;
    end(children)?;
    match staleness(created, expires, settings, now) {
        Some(staleness) => Err(at(Reason::Stale(staleness), element)),
        None => Ok(Stamp { node: element.id(), created }),
    }
}

/// The same of one that is read from its text, where it is fresh. `node` stands for it.
pub(super) fn known(
    stamp: &KnownStamp<'_>,
    settings: &SecuritySettings,
    now: Timestamp,
    node: NodeId,
) -> Option<Stamp> {
    let created = time(stamp.created)?;
    let expires = match stamp.expires {
        Some(expires) => Some(time(expires)?),
        None => None,
    };
    staleness(created, expires, settings, now).is_none().then_some(Stamp { node, created })
}

fn staleness(
    created: Timestamp,
    expires: Option<Timestamp>,
    settings: &SecuritySettings,
    now: Timestamp,
) -> Option<Staleness> {
    let skew = settings.max_clock_skew;
    if let Some(expires) = expires {
        if created >= expires {
            return Some(Staleness::Inverted { created, expires });
        }
        if expires <= now.saturating_sub(skew).unwrap_or(Timestamp::MIN) {
            return Some(Staleness::Expired { expires, now });
        }
    }
    if created >= now.saturating_add(skew).unwrap_or(Timestamp::MAX) {
        return Some(Staleness::Future { created, now });
    }
    is_too_old(created, settings, now).then_some(Staleness::TooOld { created, now })
}

fn is_too_old(created: Timestamp, settings: &SecuritySettings, now: Timestamp) -> bool {
    created <= now.saturating_sub(lifetime_of(settings)).unwrap_or(Timestamp::MIN)
}

/// Judges by the receiver's clock when something in a message was made.
pub(super) fn check_created(
    created: Timestamp,
    settings: &SecuritySettings,
    now: Timestamp,
) -> Result<()> {
    staleness(created, None, settings, now).map_or(Ok(()), |stale| Err(Reason::Stale(stale).into()))
}

/// Whether a message that was fresh when it came may still be acted upon: as long as one like it could be found to be a
/// replay.
///
/// # Errors
/// [`Staleness::TooOld`].
pub(crate) fn check_age(
    created: Timestamp,
    settings: &SecuritySettings,
    now: Timestamp,
) -> Result<()> {
    match is_too_old(created, settings, now) {
        true => Err(Reason::Stale(Staleness::TooOld { created, now }).into()),
        false => Ok(()),
    }
}
