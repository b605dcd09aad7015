//! How often a member occurs, by its Rust type.

use syn::{GenericArgument, PathArguments, Type};

/// What a type says about how often its value occurs.
pub(super) enum Shape<'t> {
    /// `T`: once.
    One(&'t Type),
    /// `Option<T>`: once at most.
    Optional(&'t Type),
    /// `Vec<T>`: any number; `Vec<u8>` is one value, octets.
    Many(&'t Type),
    /// `Option<Vec<T>>`.
    OptionalMany(&'t Type),
}

impl<'t> Shape<'t> {
    /// The shape of a type as it is written: an alias of `Option` or `Vec` is not seen through.
    pub(super) fn of(ty: &'t Type) -> Self {
        match (argument(ty, "Option"), argument(ty, "Vec")) {
            (Some(inner), _) => match argument(inner, "Vec") {
                Some(item) if !is_octet(item) => Self::OptionalMany(item),
                _ => Self::Optional(inner),
            },
            (None, Some(item)) if !is_octet(item) => Self::Many(item),
            _ => Self::One(ty),
        }
    }

    /// The type of one value.
    pub(super) fn once(&self) -> &'t Type {
        match self {
            Self::One(ty) | Self::Optional(ty) | Self::Many(ty) | Self::OptionalMany(ty) => ty,
        }
    }
}

/// The only argument of a generic type of this name.
fn argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

fn is_octet(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident("u8"))
}
