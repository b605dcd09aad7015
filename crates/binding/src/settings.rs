//! One declaration per configuration element.
//!
//! [`settings!`] declares a struct once and derives everything else from it: defaults, reading
//! with diagnosis, writing, fluent setters and the rows of the tables in `docs/configuration.md`.
//!
//! Each attribute says what becomes of it ([`crate::word`]): `"sendTimeout" => Runs`. An element that holds others needs no
//! word; with `, inside word` the same becomes of everything in it, whatever its own declaration says.

use crate::file::node::{Attribute, Node};
use crate::file::reader::Reader;
use crate::file::writer::OutNode;
pub(crate) use crate::schema::{AttributeDescription, ChildDescription, Description};
use crate::values::Value;

/// What became of a child element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChildRead {
    Unknown,
    /// Known; may stand once.
    Once,
    /// Known; may repeat.
    Many,
}

/// A configuration element.
pub(crate) trait Settings: Default + Clone + PartialEq {
    /// Whether WCF passes over attributes and texts that the element does not have.
    const LENIENT: bool = false;
    /// Whether it has attributes or elements that say for themselves what becomes of them.
    const HOLDS_SETTINGS: bool;
    /// Reads one attribute; false when the element has no such attribute.
    fn read_attribute(&mut self, attribute: &Attribute, cx: &mut Reader) -> bool;
    /// How often the element may have this child.
    fn multiplicity(&self, name: &str) -> ChildRead;
    /// Reads one child element, of a name that `multiplicity` knows.
    fn read_child(&mut self, child: &Node, cx: &mut Reader);
    /// Writes what differs from `base`.
    fn write(&self, base: &Self, out: &mut OutNode);
    /// Tells names, types and (from `self`) default values.
    fn describe(&self, out: &mut Description);
}

impl Description {
    pub(crate) fn of<T: Settings>(base: &T) -> Description {
        let mut description = Description::default();
        base.describe(&mut description);
        description
    }
}

/// A field that holds child elements: one, perhaps one, or many.
pub(crate) trait ChildField {
    const READ: ChildRead;
    const HOLDS_SETTINGS: bool;
    fn read_field(&mut self, node: &Node, cx: &mut Reader);
    fn write_field(&self, base: &Self, name: &'static str, out: &mut OutNode);
    fn describe_field(&self) -> Description;
}

impl<T: Settings> ChildField for T {
    const READ: ChildRead = ChildRead::Once;
    const HOLDS_SETTINGS: bool = T::HOLDS_SETTINGS;

    fn read_field(&mut self, node: &Node, cx: &mut Reader) {
        read_into(self, node, cx);
    }

    fn write_field(&self, base: &Self, name: &'static str, out: &mut OutNode) {
        if self != base {
            Settings::write(self, base, out.child(name));
        }
    }

    fn describe_field(&self) -> Description {
        Description::of(self)
    }
}

impl<T: Settings> ChildField for Option<T> {
    const READ: ChildRead = ChildRead::Once;
    const HOLDS_SETTINGS: bool = T::HOLDS_SETTINGS;

    fn read_field(&mut self, node: &Node, cx: &mut Reader) {
        read_into(self.insert(T::default()), node, cx);
    }

    fn write_field(&self, _: &Self, name: &'static str, out: &mut OutNode) {
        if let Some(value) = self {
            Settings::write(value, &T::default(), out.child(name));
        }
    }

    fn describe_field(&self) -> Description {
        Description::of(&T::default())
    }
}

impl<T: Settings> ChildField for Vec<T> {
    const READ: ChildRead = ChildRead::Many;
    const HOLDS_SETTINGS: bool = T::HOLDS_SETTINGS;

    fn read_field(&mut self, node: &Node, cx: &mut Reader) {
        let mut value = T::default();
        read_into(&mut value, node, cx);
        self.push(value);
    }

    fn write_field(&self, _: &Self, name: &'static str, out: &mut OutNode) {
        for value in self {
            Settings::write(value, &T::default(), out.child(name));
        }
    }

    fn describe_field(&self) -> Description {
        Description::of(&T::default())
    }
}

/// An element that holds no settings must say itself what becomes of it: a missing word does not compile.
pub(crate) const fn must_have_word<C: ChildField>(word: &[&str]) {
    assert!(C::HOLDS_SETTINGS || !word.is_empty(), "an element that holds nothing needs `=> word`");
}

/// Reads an element over the values that `target` already has.
pub(crate) fn read_into<T: Settings>(target: &mut T, node: &Node, cx: &mut Reader) {
    cx.enter(node);
    if !T::LENIENT {
        cx.refuse_text(node);
    }
    for attribute in &node.attributes {
        match target.read_attribute(attribute, cx) {
            true => {}
            false if T::LENIENT => {
                cx.ignored_attribute(attribute, node, &Description::of(target));
            }
            false => cx.foreign_attribute(attribute, node, &Description::of(target)),
        }
    }
    let mut seen: Vec<&str> = Vec::new();
    for child in cx.entries(node) {
        match target.multiplicity(&child.name) {
            ChildRead::Unknown => {
                cx.unknown_element(child, node, &Description::of(target));
                read_as_if_nested(target, child, node, cx);
            }
            ChildRead::Once if seen.contains(&child.name.as_str()) => cx.repeated_element(child),
            ChildRead::Many => target.read_child(child, cx),
            ChildRead::Once => {
                seen.push(&child.name);
                target.read_child(child, cx);
            }
        }
    }
    cx.leave();
}

/// `<message>` or `<transport>` beside a `<security />` that closed itself is read as what it was
/// meant to be, so that its own mistakes are found, too.
fn read_as_if_nested<T: Settings>(target: &mut T, child: &Node, node: &Node, cx: &mut Reader) {
    let meant = matches!(child.name.as_str(), "message" | "transport");
    let security = node.child("security").filter(|s| meant && s.child(&child.name).is_none());
    if let (Some(security), ChildRead::Once) = (security, target.multiplicity("security")) {
        let around =
            Node { attributes: Vec::new(), children: vec![child.clone()], ..security.clone() };
        target.read_child(&around, cx);
    }
}

/// Writes one attribute when it differs from the base value.
pub(crate) fn write_attribute<V: Value>(
    value: &V,
    base: &V,
    name: &'static str,
    out: &mut OutNode,
) {
    if value != base
        && let Some(text) = value.write()
    {
        out.attributes.push((name.to_owned(), text));
    }
}

macro_rules! settings {
    (
        $(#[$meta:meta])*
        pub struct $T:ident {
            $( flatten {
                $( $(#[$fmeta:meta])* $flat:ident : $F:ty , )+
            } )?
            $( attributes {
                $( $(#[doc = $adoc:literal])* $attr:ident : $A:ty = $adefault:expr, $aname:literal
                    $( as $rule:ident )? $( , range $range:expr )? => $aword:expr ; )+
            } )?
            $( children {
                $( $(#[doc = $cdoc:literal])* $child:ident : $C:ty $( = $cdefault:expr )?, $cname:literal
                    $( , inside $cinside:expr )? $( => $cword:expr )? ; )+
            } )?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $T {
            $( $( $(#[$fmeta])* pub $flat: $F, )+ )?
            $( $( $(#[doc = $adoc])* pub $attr: $A, )+ )?
            $( $( $(#[doc = $cdoc])* pub $child: $C, )+ )?
        }

        impl Default for $T {
            fn default() -> Self {
                $T {
                    $( $( $flat: Default::default(), )+ )?
                    $( $( $attr: $adefault, )+ )?
                    $( $( $child: $crate::settings::child_default!($C $( = $cdefault )?), )+ )?
                }
            }
        }

        impl $T {
            $( $(
                #[doc = concat!("Sets `", stringify!($flat), "`.")]
                #[must_use]
                pub fn $flat(mut self, value: $F) -> Self {
                    self.$flat = value;
                    self
                }
            )+ )?
            $( $(
                #[doc = concat!("Sets `", $aname, "`.")]
                #[must_use]
                pub fn $attr(mut self, value: impl $crate::IntoSetting<$A>) -> Self {
                    self.$attr = $crate::IntoSetting::into_setting(value);
                    self
                }
            )+ )?
            $( $(
                #[doc = concat!("Sets `<", $cname, ">`.")]
                #[must_use]
                #[allow(clippy::should_implement_trait, reason = "`add` is the name of an element")]
                pub fn $child(mut self, value: impl Into<$C>) -> Self {
                    self.$child = value.into();
                    self
                }
            )+ )?
        }

        #[allow(unused_variables, unreachable_code)]
        impl $crate::settings::Settings for $T {
            const HOLDS_SETTINGS: bool = $crate::settings::any!(
                $( $( $flat )+ )? $( $( $attr )+ )? $( $( $child )+ )?
            );

            fn read_attribute(
                &mut self,
                attribute: &$crate::file::node::Attribute,
                cx: &mut $crate::file::reader::Reader,
            ) -> bool {
                match attribute.name.as_str() {
                    $( $( $aname => cx.value(
                        attribute,
                        $crate::settings::rule_of!($( as $rule )? $( $range )?),
                        &mut self.$attr,
                    ), )+ )?
                    _ => return false $( $( || self.$flat.read_attribute(attribute, cx) )+ )?,
                }
                true
            }

            fn multiplicity(&self, name: &str) -> $crate::settings::ChildRead {
                #[allow(unused_imports)]
                use $crate::settings::{ChildField, ChildRead};
                match name {
                    $( $( $cname => <$C as ChildField>::READ, )+ )?
                    _ => {
                        $( $(
                            let read = self.$flat.multiplicity(name);
                            if read != ChildRead::Unknown {
                                return read;
                            }
                        )+ )?
                        ChildRead::Unknown
                    }
                }
            }

            fn read_child(
                &mut self,
                child: &$crate::file::node::Node,
                cx: &mut $crate::file::reader::Reader,
            ) {
                match child.name.as_str() {
                    $( $( $cname => $crate::settings::ChildField::read_field(&mut self.$child, child, cx), )+ )?
                    _ => { $( $(
                        if self.$flat.multiplicity(&child.name)
                            != $crate::settings::ChildRead::Unknown
                        {
                            return self.$flat.read_child(child, cx);
                        }
                    )+ )? }
                }
            }

            fn write(&self, base: &Self, out: &mut $crate::file::writer::OutNode) {
                $( $( self.$flat.write(&base.$flat, out); )+ )?
                $( $( $crate::settings::write_attribute(
                    &self.$attr, &base.$attr, $aname, out); )+ )?
                $( $( $crate::settings::ChildField::write_field(
                    &self.$child, &base.$child, $cname, out); )+ )?
            }

            fn describe(&self, out: &mut $crate::settings::Description) {
                $( $( self.$flat.describe(out); )+ )?
                $( $( out.attributes.push($crate::settings::AttributeDescription {
                    name: $aname,
                    kind: <$A as $crate::values::Value>::KIND,
                    rule: $crate::settings::rule_of!($( as $rule )? $( $range )?),
                    default: $crate::values::Value::write(&self.$attr),
                    doc: concat!($( $adoc ),*),
                    word: $aword,
                }); )+ )?
                $( $( const { $crate::settings::must_have_word::<$C>(&[$( stringify!($cword) )?]) } )+ )?
                $( $( out.children.push($crate::settings::ChildDescription {
                    name: $cname,
                    many: <$C as $crate::settings::ChildField>::READ
                        == $crate::settings::ChildRead::Many,
                    doc: concat!($( $cdoc ),*),
                    word: $crate::settings::child_word!($( $cword )?),
                    inner: $crate::settings::ChildField::describe_field(&self.$child)
                        .all_inside($crate::settings::inside!($( $cinside )?)),
                }); )+ )?
            }
        }
    };
}

macro_rules! rule_of {
    () => {
        $crate::values::Rule::Any
    };
    (as $rule:ident) => {
        $crate::values::Rule::$rule
    };
    ($range:expr) => {
        $crate::values::Rule::Range($range)
    };
}

macro_rules! child_word {
    () => {
        None
    };
    ($word:expr) => {
        Some($word)
    };
}

/// Whether there is anything.
macro_rules! any {
    () => {
        false
    };
    ($( $name:ident )+) => {
        true
    };
}

/// What becomes of everything inside, if one thing does.
macro_rules! inside {
    () => {
        None
    };
    ($inside:expr) => {
        $inside
    };
}

macro_rules! child_default {
    ($C:ty) => {
        <$C>::default()
    };
    ($C:ty = $default:expr) => {
        $default
    };
}

pub(crate) use {any, child_default, child_word, inside, rule_of, settings};
