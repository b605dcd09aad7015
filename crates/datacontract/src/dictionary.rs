//! Dictionaries: a collection of elements with a key and a value.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use waxwing_xml::{Element, NodeId};

use crate::class::{ClassContract, Member, MissingMember, read_class, take, write_member};
use crate::collections::{CollectionContent, CollectionNames};
use crate::contract::DataContract;
use crate::describe::{
    ClassDescription, DictionaryDescription, GenericName, MemberDescription, TypeDescriptions,
    TypeKind, TypeUse,
};
use crate::name::{ContractName, namespaces};
use crate::reader::{Reader, each_element};
use crate::writer::Writer;
use crate::{ReadError, ReadErrorKind, WriteError};

/// A dictionary that keeps the order of the wire and asks nothing of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dictionary<K, V>(pub Vec<(K, V)>);

impl<K, V> Default for Dictionary<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> FromIterator<(K, V)> for Dictionary<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

/// `KeyValueOf…`, the item of a dictionary without names of its own.
fn entry_name<K: DataContract, V: DataContract>() -> ContractName {
    let arguments = [K::contract_name(), V::contract_name()];
    ContractName::owned(
        ContractName::generic("KeyValueOf{0}{1}{#}", &arguments),
        namespaces::ARRAYS,
    )
}

fn default_names() -> CollectionNames {
    CollectionNames::new(namespaces::ARRAYS)
}

/// Writes entries as children of `element`.
fn write_entries<'a, K: DataContract + 'a, V: DataContract + 'a>(
    entries: impl Iterator<Item = (&'a K, &'a V)>,
    names: &CollectionNames,
    writer: &mut Writer<'_>,
    element: NodeId,
) -> Result<(), WriteError> {
    let item = names.item_name(entry_name::<K, V>);
    let part = |local: &Cow<'static, str>| ContractName {
        local: local.clone(),
        namespace: item.namespace.clone(),
    };
    let (key_name, value_name) = (part(&names.key), part(&names.value));
    writer.begin(element, item.namespace.clone());
    for (key, value) in entries {
        let entry = writer.element(element, &item);
        let both = writer
            .child(entry, &key_name, key)
            .and_then(|()| writer.child(entry, &value_name, value));
        both.map_err(|error| error.inside(&item.local))?;
    }
    Ok(())
}

/// Describes entries with these names.
fn describe_entries<K: DataContract, V: DataContract>(
    names: &CollectionNames,
    types: &mut TypeDescriptions,
) -> TypeKind {
    TypeKind::Dictionary(DictionaryDescription {
        item_name: names.item_name(entry_name::<K, V>).local,
        key_name: names.key.clone(),
        key: K::describe(types).as_dot_net(),
        value_name: names.value.clone(),
        value: V::describe(types).as_dot_net(),
    })
}

/// Reads entries in the order of the wire.
fn read_entries<K: DataContract, V: DataContract>(
    names: &CollectionNames,
    reader: &mut Reader,
    element: Element<'_>,
    mut keep: impl FnMut(K, V) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let item = names.item_name(entry_name::<K, V>);
    each_element(reader, element, |reader, entry| {
        if !entry.is(&item.namespace, &item.local) {
            return Ok(());
        }
        let part = |local: &str| entry.child(&item.namespace, local);
        let key = read_part(reader, part(&names.key), &names.key);
        let both =
            key.and_then(|key| Ok((key, read_part(reader, part(&names.value), &names.value)?)));
        let (key, value) = both.map_err(|error| error.inside(&item.local))?;
        keep(key, value).map_err(|error| error.inside(&item.local))
    })
}

fn read_part<T: DataContract>(
    reader: &mut Reader,
    element: Option<Element<'_>>,
    name: &str,
) -> Result<T, ReadError> {
    match element {
        Some(element) => reader.child(element),
        None => reader.missing(name),
    }
}

/// The parts that all kinds of dictionaries have in common.
macro_rules! dictionary {
    ([$($generics:tt)*], $type:ty, $read:expr) => {
        impl<$($generics)*> DataContract for $type {
            fn contract_name() -> ContractName {
                entry_name::<K, V>().array_of_entries()
            }

            fn describe(types: &mut TypeDescriptions) -> TypeUse {
                let names = default_names();
                types.add::<Self>("", |types| describe_entries::<K, V>(&names, types))
            }

            fn as_argument(types: &TypeDescriptions) -> GenericName {
                let parameters = vec![K::as_argument(types), V::as_argument(types)];
                GenericName::new("ArrayOfKeyValueOf{0}{1}{#}", namespaces::ARRAYS, parameters)
            }

            fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
                self.write_content(&default_names(), writer, element)
            }

            fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
                Self::read_content(&default_names(), reader, element)
            }
        }

        impl<$($generics)*> CollectionContent for $type {
            fn write_content(
                &self,
                names: &CollectionNames,
                writer: &mut Writer<'_>,
                element: NodeId,
            ) -> Result<(), WriteError> {
                write_entries(entries(self), names, writer, element)
            }

            fn read_content(
                names: &CollectionNames,
                reader: &mut Reader,
                element: Element<'_>,
            ) -> Result<Self, ReadError> {
                let read: fn(&CollectionNames, &mut Reader, Element<'_>) -> Result<Self, ReadError> = $read;
                read(names, reader, element)
            }

            fn describe_content(names: &CollectionNames, types: &mut TypeDescriptions) -> TypeKind {
                describe_entries::<K, V>(names, types)
            }
        }
    };
}

/// The entries of any dictionary, as pairs of references.
fn entries<'a, K: 'a, V: 'a, D: Entries<K, V> + ?Sized>(
    dictionary: &'a D,
) -> impl Iterator<Item = (&'a K, &'a V)> {
    dictionary.entries()
}

trait Entries<K, V> {
    fn entries<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a;
}

impl<K, V> Entries<K, V> for Dictionary<K, V> {
    fn entries<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

impl<K, V> Entries<K, V> for BTreeMap<K, V> {
    fn entries<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.iter()
    }
}

impl<K, V, S> Entries<K, V> for HashMap<K, V, S> {
    fn entries<'a>(&'a self) -> impl Iterator<Item = (&'a K, &'a V)>
    where
        K: 'a,
        V: 'a,
    {
        self.iter()
    }
}

dictionary!([K: DataContract, V: DataContract], Dictionary<K, V>, |names, reader, element| {
    let mut entries = Vec::new();
    read_entries(names, reader, element, |key, value| {
        entries.push((key, value));
        Ok(())
    })?;
    Ok(Self(entries))
});

dictionary!([K: DataContract + Ord, V: DataContract], BTreeMap<K, V>, |names, reader, element| {
    let mut map = Self::new();
    read_entries(names, reader, element, |key, value| match map.insert(key, value) {
        None => Ok(()),
        Some(_) => Err(ReadErrorKind::DuplicateKey.into()),
    })?;
    Ok(map)
});

dictionary!(
    [K: DataContract + Eq + Hash, V: DataContract, S: BuildHasher + Default],
    HashMap<K, V, S>,
    |names, reader, element| {
        let mut map = Self::default();
        read_entries(names, reader, element, |key, value| match map.insert(key, value) {
            None => Ok(()),
            Some(_) => Err(ReadErrorKind::DuplicateKey.into()),
        })?;
        Ok(map)
    }
);

impl ContractName {
    /// `ArrayOfKeyValueOf…`: always in the namespace of the entries.
    fn array_of_entries(self) -> Self {
        Self { local: format!("ArrayOf{}", self.local).into(), namespace: self.namespace }
    }
}

/// A `KeyValuePair<K, V>` outside a dictionary: `key` and `value` in lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyValuePair<K, V> {
    /// The key.
    pub key: K,
    /// The value.
    pub value: V,
}

const KEY: ContractName = ContractName::new("key", namespaces::SYSTEM_COLLECTIONS_GENERIC);
const VALUE: ContractName = ContractName::new("value", namespaces::SYSTEM_COLLECTIONS_GENERIC);

impl<K: DataContract, V: DataContract> DataContract for KeyValuePair<K, V> {
    const VALUE_TYPE: bool = true;

    fn contract_name() -> ContractName {
        let arguments = [K::contract_name(), V::contract_name()];
        ContractName::owned(
            ContractName::generic("KeyValuePairOf{0}{1}{#}", &arguments),
            namespaces::SYSTEM_COLLECTIONS_GENERIC,
        )
    }

    fn describe(types: &mut TypeDescriptions) -> TypeUse {
        let member = |name: &ContractName, value: TypeUse| {
            MemberDescription::new(name.local.clone(), value.as_dot_net()).required()
        };
        let (key, value) = (K::describe(types), V::describe(types));
        let generic = GenericName::new(
            "KeyValuePairOf{0}{1}{#}",
            namespaces::SYSTEM_COLLECTIONS_GENERIC,
            vec![K::as_argument(types), V::as_argument(types)],
        );
        types.add_generic::<Self>("", Some(generic), |_| {
            let members = vec![member(&KEY, key), member(&VALUE, value)];
            TypeKind::Class(ClassDescription { members, ..ClassDescription::default() })
        })
    }

    fn missing() -> Option<Self> {
        Some(Self { key: K::missing()?, value: V::missing()? })
    }

    fn is_default(&self) -> bool {
        self.key.is_default() && self.value.is_default()
    }

    fn write(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        writer.begin(element, Cow::Borrowed(namespaces::SYSTEM_COLLECTIONS_GENERIC));
        self.write_members(writer, element)
    }

    fn read(reader: &mut Reader, element: Element<'_>) -> Result<Self, ReadError> {
        read_class(reader, element)
    }
}

impl<K: DataContract, V: DataContract> ClassContract for KeyValuePair<K, V> {
    type Slots = (Option<K>, Option<V>);
    const MEMBERS: usize = 2;

    fn member(index: usize) -> Member {
        Member { name: if index == 0 { KEY } else { VALUE }, missing: MissingMember::Default }
    }

    fn write_members(&self, writer: &mut Writer<'_>, element: NodeId) -> Result<(), WriteError> {
        write_member(writer, element, &KEY, &self.key, true)?;
        write_member(writer, element, &VALUE, &self.value, true)
    }

    fn read_member(
        slots: &mut Self::Slots,
        index: usize,
        reader: &mut Reader,
        element: Element<'_>,
    ) -> Result<(), ReadError> {
        match index {
            0 => slots.0 = Some(reader.value(element)?),
            _ => slots.1 = Some(reader.value(element)?),
        }
        Ok(())
    }

    fn finish(slots: Self::Slots, reader: &Reader) -> Result<Self, ReadError> {
        Ok(Self { key: take(slots.0, reader, "key")?, value: take(slots.1, reader, "value")? })
    }
}
