//! Operations in one line, for people: `Divide(n1: int, n2: int) -> int, faults MathFault`.

use super::built_in;
use super::model::{Body, Message, Operation, Pattern};
use super::names::decode;
use super::types::{Member, Shape, TypeId, TypeTable};

/// How many lists may stand inside each other in a signature.
const MAX_DEPTH: usize = 8;

impl Operation {
    /// The operation in one line.
    ///
    /// Types have their names in the schema; `?` is what may be absent or null, `[…]` a list, `{… : …}` a dictionary, `xml`
    /// any XML, `stream` octets. A header is said to be one, a single element that is the body has no name.
    pub fn signature(&self, types: &TypeTable) -> String {
        let (before, answers) = match self.pattern {
            Pattern::RequestResponse => ("", true),
            Pattern::OneWay => ("one-way ", false),
            Pattern::Callback => ("callback ", true),
            Pattern::CallbackOneWay => ("one-way callback ", false),
        };
        let mut text = format!(
            "{before}{}({})",
            decode(&self.name),
            parameters(&self.request, types).join(", ")
        );
        if answers && let Some(reply) = &self.reply {
            text.push_str(" -> ");
            text.push_str(&result(reply, types));
        }
        if !self.faults.is_empty() {
            let details: Vec<_> =
                self.faults.iter().map(|fault| type_text(&fault.detail, types, false)).collect();
            text.push_str(", faults ");
            text.push_str(&details.join(", "));
        }
        text
    }
}

fn parameters(message: &Message, types: &TypeTable) -> Vec<String> {
    let headers = message.headers.iter().map(|header| {
        format!("header {}: {}", decode(&header.name.local), type_text(header, types, true))
    });
    let mut all: Vec<String> = headers.collect();
    match &message.body {
        Body::Empty => {}
        Body::Wrapped { parts, .. } => all.extend(parts.iter().map(|part| named(part, types))),
        Body::Bare(member) => all.push(type_text(member, types, true)),
        Body::Stream { .. } => all.push("stream".to_owned()),
        Body::Raw(_) => all.push("xml".to_owned()),
    }
    all
}

/// One result by its type, several by their names.
fn result(message: &Message, types: &TypeTable) -> String {
    let (parts, returns) = match &message.body {
        Body::Wrapped { parts, returns, .. } => (&parts[..], *returns),
        _ => (&[][..], false),
    };
    if let (true, [only], []) = (returns, parts, &message.headers[..]) {
        return type_text(only, types, true);
    }
    let all = parameters(message, types);
    match (&all[..], &message.body) {
        ([], _) => "()".to_owned(),
        ([only], Body::Bare(_) | Body::Stream { .. } | Body::Raw(_)) => only.clone(),
        _ => format!("({})", all.join(", ")),
    }
}

fn named(member: &Member, types: &TypeTable) -> String {
    format!("{}: {}", decode(&member.name.local), type_text(member, types, true))
}

/// The type of an element, with what its occurrence makes of it.
fn type_text(member: &Member, types: &TypeTable, nullable: bool) -> String {
    let of = type_name(member.type_id, types, 0);
    let may_lack =
        member.nillable || member.min_occurs == 0 && !types.is_value_type(member.type_id);
    match (member.is_repeated(), nullable && may_lack) {
        (true, _) => format!("[{of}]"),
        (false, true) => format!("{of}?"),
        (false, false) => of,
    }
}

fn type_name(id: TypeId, types: &TypeTable, depth: usize) -> String {
    let of = types.get(id);
    if depth == MAX_DEPTH {
        return of.title.clone();
    }
    let inner = |id: TypeId| type_name(id, types, depth + 1);
    match &of.shape {
        Shape::BuiltIn(name) if *name == built_in::xsd("base64Binary") => "base64".to_owned(),
        Shape::BuiltIn(name) => name.local.to_string(),
        Shape::Any => "any".to_owned(),
        Shape::Xml { .. } => "xml".to_owned(),
        Shape::Collection(item) => format!("[{}]", inner(item.type_id)),
        Shape::Dictionary { key, value, .. } => {
            format!("{{{}: {}}}", inner(key.type_id), inner(value.type_id))
        }
        Shape::List(item) => format!("[{}]", inner(*item)),
        Shape::Simple { base, .. } if of.name.is_none() => inner(*base),
        _ => of.title.clone(),
    }
}
