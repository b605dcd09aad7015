//! What the setters of bindings and behaviors take.

use std::time::Duration;

use crate::TimeSpan;

/// What can be given to the setter of a setting of type `T`: the value; of an optional setting also what it holds; of a text
/// also a `&str`, of a time span also a [`Duration`].
///
/// ```
/// use std::time::Duration;
/// use waxwing_binding::{NetTcpBinding, SecurityMode, WsDualHttpBinding};
///
/// let tcp = NetTcpBinding::new(SecurityMode::None, true)
///     .max_received_message_size(1 << 20)
///     .max_buffer_size(1 << 20)
///     .max_connections(20);
/// let dual = WsDualHttpBinding::default().client_base_address("http://client.example.org:8085/callbacks");
/// assert_eq!(tcp.max_buffer_size, Some(1 << 20));
/// # let _ = dual;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for this setting, which is a `{T}`",
    label = "give a `{T}`, or what it can be made of"
)]
pub trait IntoSetting<T> {
    /// The value of the setting.
    fn into_setting(self) -> T;
}

// One way for each type of a setting but texts and times: so the compiler knows which type an integer literal has.
impl<T> IntoSetting<T> for T {
    fn into_setting(self) -> T {
        self
    }
}

impl<T> IntoSetting<Option<T>> for T {
    fn into_setting(self) -> Option<T> {
        Some(self)
    }
}

impl IntoSetting<String> for &str {
    fn into_setting(self) -> String {
        self.to_owned()
    }
}

impl IntoSetting<Option<String>> for &str {
    fn into_setting(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl IntoSetting<String> for &String {
    fn into_setting(self) -> String {
        self.clone()
    }
}

impl IntoSetting<Option<String>> for &String {
    fn into_setting(self) -> Option<String> {
        Some(self.clone())
    }
}

impl IntoSetting<TimeSpan> for Duration {
    fn into_setting(self) -> TimeSpan {
        self.into()
    }
}

impl IntoSetting<Option<TimeSpan>> for Duration {
    fn into_setting(self) -> Option<TimeSpan> {
        Some(self.into())
    }
}
