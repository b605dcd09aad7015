//! Classes: members in order, base class first; what `#[derive(DataContract)]` generates against.

use waxwing_xml::{Element, NodeId};

use crate::contract::DataContract;
use crate::extension_data::ExtensionData;
use crate::name::ContractName;
use crate::reader::{Reader, each_element};
use crate::writer::Writer;
use crate::{ReadError, ReadErrorKind, WriteError};

/// A member of a class as the reader looks for it.
#[derive(Clone, Debug)]
pub struct Member {
    /// The element's name: the member's name in the namespace of the class that declares it.
    pub name: ContractName,
    /// What happens when the element is not there.
    pub missing: MissingMember,
}

/// What a missing member means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingMember {
    /// Null, or the zero of a value type.
    Default,
    /// `IsRequired`: an error.
    Required,
}

/// A contract with named members, that another class can have as base class.
///
/// Implemented by `#[derive(DataContract)]` for structs with named fields. Members are numbered in the order of the wire:
/// those of the base class first.
pub trait ClassContract: DataContract {
    /// What was read so far: one place for each member.
    type Slots: Default;

    /// Number of members, with those of the base class.
    const MEMBERS: usize;

    /// The member at `index`, which is less than [`Self::MEMBERS`].
    fn member(index: usize) -> Member;

    /// Writes the members as children of `element`; the first has number `first` in the class that is written.
    ///
    /// # Errors
    /// See [`DataContract::write`].
    fn write_members(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError>;

    /// The same of a value that nobody needs any more, see [`DataContract::write_out`].
    ///
    /// # Errors
    /// See [`DataContract::write`].
    #[doc(hidden)]
    fn write_members_out(
        &mut self,
        writer: &mut Writer<'_>,
        element: NodeId,
    ) -> Result<(), WriteError> {
        self.write_members(writer, element)
    }

    /// Reads one member into its slot.
    ///
    /// # Errors
    /// See [`DataContract::read`].
    fn read_member(
        slots: &mut Self::Slots,
        index: usize,
        reader: &mut Reader,
        element: Element<'_>,
    ) -> Result<(), ReadError>;

    /// Where unknown elements are kept, if the class keeps them.
    fn extension_data(_slots: &mut Self::Slots) -> Option<&mut ExtensionData> {
        None
    }

    /// Makes the value, with defaults for what is missing.
    ///
    /// # Errors
    /// A missing member of a type that has no default.
    fn finish(slots: Self::Slots, reader: &Reader) -> Result<Self, ReadError>;
}

/// Reads the members of a class as .NET does: forward only, unknown elements skipped or kept.
#[doc(hidden)]
pub fn read_class<T: ClassContract>(
    reader: &mut Reader,
    element: Element<'_>,
) -> Result<T, ReadError> {
    let mut slots = T::Slots::default();
    let members: Vec<Member> = (0..T::MEMBERS).map(T::member).collect();
    let mut seen = vec![false; members.len()];
    let mut next = 0;
    let any_order = reader.options().any_member_order;
    each_element(reader, element, |reader, child| {
        let from = if any_order { 0 } else { next };
        let found = (from..members.len()).find(|&index| {
            !seen[index] && child.is(&members[index].name.namespace, &members[index].name.local)
        });
        let Some(index) = found else {
            if let Some(data) = T::extension_data(&mut slots) {
                reader.count()?;
                data.keep(next, child);
            }
            return Ok(());
        };
        if !any_order && let Some(skipped) = required(&members[next..index]) {
            return Err(skipped_error(child, skipped).at(reader.start(child)));
        }
        seen[index] = true;
        next = index + 1;
        T::read_member(&mut slots, index, reader, child)
            .map_err(|error| error.inside(child.local_name()))
    })?;
    let unseen = members.iter().zip(&seen).filter(|(_, seen)| !**seen).map(|(member, _)| member);
    let start = if any_order { 0 } else { next };
    let absent = unseen.clone().find(|member| member.missing == MissingMember::Required);
    if let Some(member) = absent.filter(|_| any_order).or_else(|| required(&members[start..])) {
        return Err(missing_error(element, member).at(reader.start(element)));
    }
    T::finish(slots, reader)
}

fn required(members: &[Member]) -> Option<&Member> {
    members.iter().find(|member| member.missing == MissingMember::Required)
}

fn skipped_error(found: Element<'_>, expected: &Member) -> ReadError {
    ReadErrorKind::RequiredSkipped(
        found.local_name().to_owned(),
        found.namespace().to_owned(),
        expected.name.local.to_string(),
    )
    .into()
}

fn missing_error(class: Element<'_>, expected: &Member) -> ReadError {
    ReadErrorKind::RequiredMissing(
        class.local_name().to_owned(),
        class.namespace().to_owned(),
        expected.name.local.to_string(),
    )
    .into()
}

/// Writes one member, unless it has its default value and `emit_default` is false.
#[doc(hidden)]
pub fn write_member<T: DataContract>(
    writer: &mut Writer<'_>,
    element: NodeId,
    name: &ContractName,
    value: &T,
    emit_default: bool,
) -> Result<(), WriteError> {
    if !emit_default && value.is_default() {
        return Ok(());
    }
    writer.child(element, name, value)
}

/// The same of a member of a value that nobody needs any more.
#[doc(hidden)]
pub fn write_member_out<T: DataContract>(
    writer: &mut Writer<'_>,
    element: NodeId,
    name: &ContractName,
    value: &mut T,
    emit_default: bool,
) -> Result<(), WriteError> {
    if !emit_default && value.is_default() {
        return Ok(());
    }
    writer.child_out(element, name, value)
}

/// The value of a slot: what was read, or the default.
#[doc(hidden)]
pub fn take<T: DataContract>(slot: Option<T>, reader: &Reader, name: &str) -> Result<T, ReadError> {
    slot.map_or_else(|| reader.missing(name), Ok)
}
