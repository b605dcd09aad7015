//! The fields of a class: what each is for, its name and its place (`#[data_member(…)]`).

use syn::{Field, FieldsNamed, Ident, LitInt, LitStr, Result, Type};

use super::container::Container;
use crate::attributes::{Options, documentation, each_option, put, switch, text};
use crate::names::{encode, ordinal};

const OPTIONS: Options =
    Options(&["name", "order", "required", "emit_default", "base", "extension_data", "skip"]);

/// A field that is a member.
pub(super) struct Member<'f> {
    pub(super) ident: &'f Ident,
    pub(super) ty: &'f Type,
    pub(super) name: String,
    pub(super) order: Option<i32>,
    pub(super) required: bool,
    pub(super) emit_default: bool,
    pub(super) documentation: String,
}

/// The fields of a class by what they are.
#[derive(Default)]
pub(super) struct Class<'f> {
    pub(super) members: Vec<Member<'f>>,
    pub(super) base: Option<&'f Field>,
    pub(super) extension_data: Option<&'f Field>,
    pub(super) skipped: Vec<&'f Field>,
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    order: Option<LitInt>,
    required: Option<bool>,
    emit_default: Option<bool>,
    base: Option<bool>,
    extension_data: Option<bool>,
    skip: Option<bool>,
}

impl<'f> Class<'f> {
    pub(super) fn parse(fields: &'f FieldsNamed, container: &Container) -> Result<Self> {
        let mut class = Self::default();
        for field in &fields.named {
            class.add(field, container)?;
        }
        // Without order first, then by order, each by name.
        class.members.sort_by(|left, right| {
            left.order.cmp(&right.order).then_with(|| ordinal(&left.name, &right.name))
        });
        for (index, member) in class.members.iter().enumerate() {
            if class.members[..index].iter().any(|before| before.name == member.name) {
                let message = format!("two members are called `{}`", member.name);
                return Err(syn::Error::new_spanned(member.ident, message));
            }
        }
        Ok(class)
    }

    fn add(&mut self, field: &'f Field, container: &Container) -> Result<()> {
        let mut given = Given::default();
        each_option(&field.attrs, "data_member", |meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match name.as_str() {
                "name" => text(&meta, &mut given.name),
                "order" => {
                    let order: LitInt = meta.value()?.parse()?;
                    put(&meta, &mut given.order, order)
                }
                "required" => switch(&meta, &mut given.required),
                "emit_default" => switch(&meta, &mut given.emit_default),
                "base" => switch(&meta, &mut given.base),
                "extension_data" => switch(&meta, &mut given.extension_data),
                "skip" => switch(&meta, &mut given.skip),
                _ => Err(OPTIONS.unknown(&meta)),
            }
        })?;
        let member_options = given.name.is_some()
            || given.order.is_some()
            || given.required.is_some()
            || given.emit_default.is_some();
        let roles = [given.base, given.extension_data, given.skip];
        let roles = roles.iter().filter(|role| **role == Some(true)).count();
        if roles > 1 || (roles == 1 && member_options) {
            return Err(syn::Error::new_spanned(
                field,
                "`base`, `extension_data` and `skip` stand alone: such a field is no member",
            ));
        }
        if given.base == Some(true) {
            return only_one(&mut self.base, field, "base class");
        }
        if given.extension_data == Some(true) {
            return only_one(&mut self.extension_data, field, "field for extension data");
        }
        if given.skip == Some(true) {
            self.skipped.push(field);
            return Ok(());
        }
        self.members.push(given.member(field, container)?);
        Ok(())
    }
}

fn only_one<'f>(place: &mut Option<&'f Field>, field: &'f Field, what: &str) -> Result<()> {
    if place.is_some() {
        return Err(syn::Error::new_spanned(field, format!("a class has one {what} at most")));
    }
    *place = Some(field);
    Ok(())
}

impl Given {
    fn member<'f>(&self, field: &'f Field, container: &Container) -> Result<Member<'f>> {
        let Some(ident) = &field.ident else {
            return Err(syn::Error::new_spanned(field, "a member needs a name"));
        };
        let name = self.name.as_ref().map_or_else(|| container.case.name(ident), LitStr::value);
        if name.is_empty() {
            return Err(syn::Error::new_spanned(&self.name, "a name cannot be empty"));
        }
        let order = match &self.order {
            None => None,
            Some(order) => match order.base10_parse::<i32>()? {
                number @ 0.. => Some(number),
                _ => return Err(syn::Error::new_spanned(order, "`order` cannot be negative")),
            },
        };
        Ok(Member {
            ident,
            ty: &field.ty,
            name: encode(&name),
            order,
            required: self.required.unwrap_or(false),
            emit_default: self.emit_default.unwrap_or(true),
            documentation: documentation(&field.attrs),
        })
    }
}
