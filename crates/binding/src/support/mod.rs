//! What becomes of each setting of the file here, by its path: what the declarations say.

pub(crate) mod find;
pub(crate) mod schema;
#[cfg(test)]
mod tests;

use crate::config::sections::CARRIED;
use crate::extensions::{OTHER_ENDPOINT_BEHAVIORS, OTHER_SERVICE_BEHAVIORS};
use crate::word::Support;

use schema::every;

/// What becomes of a setting, by its path as `docs/configuration.md` has it:
/// `wsHttpBinding/binding/@sendTimeout`, and `client/endpoint/headers` for an element. `None` for
/// what is no setting: an element that only holds others.
///
/// ```
/// use waxwing_binding::{Support, support_of};
///
/// assert_eq!(support_of("wsHttpBinding/binding/@sendTimeout"), Some(Support::Runs));
/// let pool = support_of("wsHttpBinding/binding/@maxBufferPoolSize");
/// assert!(matches!(pool, Some(Support::Nothing { .. })));
/// ```
pub fn support_of(path: &str) -> Option<Support> {
    if let Some(setting) = every().get(path) {
        return setting.word;
    }
    let (names, name) = match path.rsplit_once('/') {
        Some(("behaviors/serviceBehaviors/behavior", name)) => (OTHER_SERVICE_BEHAVIORS, name),
        Some(("behaviors/endpointBehaviors/behavior", name)) => (OTHER_ENDPOINT_BEHAVIORS, name),
        Some((_, "clear")) => return Some(Support::Runs),
        Some((above, _)) if above.ends_with("/remove") => return Some(Support::Runs),
        Some(_) => return None,
        None => (CARRIED, path),
    };
    names.iter().find(|(known, _)| *known == name).map(|(_, word)| *word)
}
