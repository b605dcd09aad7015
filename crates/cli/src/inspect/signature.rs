//! Signatures of operations: `Add(n1: double, n2: double) -> double`.

use waxwing_metadata::contract::{
    Body, Member, Message, Operation, Pattern, Shape, TypeId, TypeTable,
};

/// The signature of an operation, callbacks and one-way ones marked.
pub(super) fn of(operation: &Operation, types: &TypeTable) -> String {
    let request = arguments(&operation.request, types);
    let mut text = format!("{}({request})", operation.name);
    if let Some(reply) = &operation.reply {
        match results(reply, types).as_slice() {
            [] => {}
            [one] => text.push_str(&format!(" -> {one}")),
            several => text.push_str(&format!(" -> ({})", several.join(", "))),
        }
    }
    match operation.pattern {
        Pattern::RequestResponse => {}
        Pattern::OneWay => text.push_str("   one-way"),
        Pattern::Callback => text.push_str("   callback"),
        Pattern::CallbackOneWay => text.push_str("   callback, one-way"),
    }
    text
}

fn arguments(message: &Message, types: &TypeTable) -> String {
    let mut all: Vec<String> =
        message.headers.iter().map(|h| format!("header {}", named(h, types))).collect();
    match &message.body {
        Body::Empty => {}
        Body::Wrapped { parts, .. } => all.extend(parts.iter().map(|part| named(part, types))),
        Body::Bare(member) => all.push(named(member, types)),
        Body::Stream { .. } => all.push("stream".to_owned()),
        Body::Raw(name) => all.push(raw(name)),
    }
    all.join(", ")
}

fn raw(name: &Option<waxwing_metadata::QName>) -> String {
    match name {
        Some(name) => format!("{}: XML", name.local),
        None => "XML".to_owned(),
    }
}

fn results(message: &Message, types: &TypeTable) -> Vec<String> {
    match &message.body {
        Body::Empty => Vec::new(),
        Body::Wrapped { parts, returns, .. } => {
            let of = |(i, part): (usize, &Member)| match (*returns, i) {
                (true, 0) => of_member(part, types),
                _ => named(part, types),
            };
            parts.iter().enumerate().map(of).collect()
        }
        Body::Bare(member) => vec![of_member(member, types)],
        Body::Stream { .. } => vec!["stream".to_owned()],
        Body::Raw(name) => vec![raw(name)],
    }
}

fn named(member: &Member, types: &TypeTable) -> String {
    format!("{}: {}", member.name.local, of_member(member, types))
}

/// The type of a member: `?` where it may be absent or null, `[]` where it repeats.
fn of_member(member: &Member, types: &TypeTable) -> String {
    let mut text = of_type(member.type_id, types, 4);
    if member.is_repeated() {
        text.push_str("[]");
    } else if member.nillable || member.min_occurs == 0 {
        text.push('?');
    }
    text
}

/// The name of a type in few words.
pub(super) fn of_type(id: TypeId, types: &TypeTable, depth: usize) -> String {
    let known = types.get(id);
    let Some(deeper) = depth.checked_sub(1) else { return known.title.clone() };
    match &known.shape {
        Shape::BuiltIn(name) => name.local.to_string(),
        Shape::Any => "any".to_owned(),
        Shape::Xml { .. } => "XML".to_owned(),
        Shape::Collection(item) => format!("{}[]", of_type(item.type_id, types, deeper)),
        Shape::Dictionary { key, value, .. } => format!(
            "map of {} to {}",
            of_type(key.type_id, types, deeper),
            of_type(value.type_id, types, deeper)
        ),
        Shape::List(item) => format!("list of {}", of_type(*item, types, deeper)),
        Shape::Simple { base, .. } if known.name.is_none() => of_type(*base, types, deeper),
        _ => known.title.clone(),
    }
}
