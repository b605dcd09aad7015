//! What was ruled on each assertion.

use super::class::{Class, Ruling, Talk};
use super::effect::Effect;
use super::row::Rule;
use super::table::row;
use crate::location::At;
use crate::name::QName;
use crate::policy::{Assertion, Normal};
use crate::wsdl::Direction;

/// What a policy is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The port as a whole.
    Endpoint,
    /// One operation.
    Operation(String),
    /// One message of an operation; of a fault, its name.
    Message {
        /// The operation.
        operation: String,
        /// Which message.
        direction: Direction,
        /// The name of a fault.
        fault: Option<String>,
    },
}

/// `endpoint`, `operation Add`, `input Add`, `fault MathFault of Add`.
impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Subject::Endpoint => f.write_str("endpoint"),
            Subject::Operation(name) => write!(f, "operation {name}"),
            Subject::Message { operation, direction, fault } => match (direction, fault) {
                (Direction::Input, _) => write!(f, "input {operation}"),
                (Direction::Output, _) => write!(f, "output {operation}"),
                (Direction::Fault, fault) => {
                    write!(f, "fault {} of {operation}", fault.as_deref().unwrap_or_default())
                }
            },
        }
    }
}

/// What was ruled on an assertion, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionRuling {
    /// Its name.
    pub name: QName,
    /// The prefix in the document, for people.
    pub prefix: String,
    /// What becomes of it.
    pub ruling: Ruling,
    /// What kind of thing blocks.
    pub class: Option<Class>,
    /// What it means, or why it is ruled so.
    pub text: String,
    /// What to change at the service, by WCF's settings; for what blocks.
    pub fix: Option<String>,
    /// What the policy is about.
    pub subject: Subject,
    /// The assertions around it, outermost first, as `prefix:local`.
    pub within: Vec<String>,
    /// Where.
    pub at: At,
}

impl AssertionRuling {
    /// `sp:SymmetricBinding`.
    pub fn label(&self) -> String {
        label(&self.prefix, &self.name)
    }
}

fn label(prefix: &str, name: &QName) -> String {
    match prefix {
        "" => name.local.to_string(),
        prefix => format!("{prefix}:{}", name.local),
    }
}

/// Collects rulings while alternatives are read.
pub(super) struct Record<'o> {
    pub(super) rulings: Vec<AssertionRuling>,
    /// Assertions that the user says are harmless.
    ignore: &'o [QName],
    subject: Subject,
    within: Vec<String>,
}

impl<'o> Record<'o> {
    pub(super) fn new(ignore: &'o [QName], subject: Subject) -> Record<'o> {
        Record { rulings: Vec::new(), ignore, subject, within: Vec::new() }
    }

    /// Rules on an assertion by its row, and tells what it asks for. What blocks is told, too, where the model has it: a
    /// binding is described although nobody can use it.
    pub(super) fn rule(&mut self, normal: &Normal<'_>) -> Option<Effect> {
        let assertion = normal.assertion;
        if self.ignore.contains(&assertion.name) {
            self.push(assertion, Ruling::Ignored, None, "you say that it is harmless", "");
            return None;
        }
        let excuse = excuse(normal);
        let Some(row) = row(&assertion.name) else {
            match excuse {
                Some(why) => self.push(assertion, Ruling::Ignored, None, why, ""),
                None => {
                    let text = format!("nobody here knows what {} asks for", assertion.name);
                    let fix = format!(
                        "if the vendor says that it is harmless: --ignore '{}'; else ask for an endpoint with \
                         binding=\"wsHttpBinding\"",
                        assertion.name
                    );
                    self.push(assertion, Ruling::Blocking, Some(Class::Unknown), &text, &fix);
                }
            }
            return None;
        };
        let effect = Some(row.effect);
        match row.rule {
            Rule::Supported => self.push(assertion, Ruling::Supported, None, row.word, ""),
            // Whether the binding runs it, is settled when the binding is there.
            Rule::AsBinding(class) => {
                self.push(assertion, Ruling::Supported, Some(class), row.word, row.fix);
            }
            Rule::Ignored => self.push(assertion, Ruling::Ignored, None, row.word, ""),
            Rule::OptionalOnly(_) if assertion.optional || assertion.ignorable => {
                self.push(assertion, Ruling::Ignored, None, row.word, "");
            }
            Rule::Blocked(_) if row.effect == Effect::HarmlessIfFalse && says_no(assertion) => {
                self.push(assertion, Ruling::Ignored, None, "switched off", "");
            }
            Rule::Blocked(_) if excuse.is_some() => {
                self.push(assertion, Ruling::Ignored, None, excuse.unwrap_or_default(), "");
                return None;
            }
            Rule::Blocked(class) | Rule::OptionalOnly(class) => {
                self.push(assertion, Ruling::Blocking, Some(class), row.word, row.fix);
            }
        }
        effect
    }

    /// Rules on an assertion against its row, after a look at where it stands or what it holds.
    pub(super) fn block(&mut self, assertion: &Assertion, class: Class, text: &str, fix: &str) {
        let earlier = self.rulings.iter_mut().rev().find(|r| {
            r.name == assertion.name && r.at == assertion.at && r.ruling != Ruling::Blocking
        });
        match earlier {
            Some(ruling) => {
                ruling.ruling = Ruling::Blocking;
                ruling.class = Some(class);
                text.clone_into(&mut ruling.text);
                ruling.fix = Some(fix.to_owned());
            }
            None => self.push(assertion, Ruling::Blocking, Some(class), text, fix),
        }
    }

    /// Blocks what only `binding` could have ruled on, where there is none.
    pub(super) fn block_pending(&mut self) {
        for ruling in &mut self.rulings {
            if ruling.class.is_some_and(|class| class.talk() == Talk::No) {
                ruling.ruling = Ruling::Blocking;
            }
        }
    }

    /// An assertion at a place where nobody can meet it.
    pub(super) fn misplaced(&mut self, assertion: &Assertion) {
        let text =
            "it does not belong here: WCF calls this an \"unsupported security policy assertion\"";
        self.block(
            assertion,
            Class::Unknown,
            text,
            "take it away, or let WCF write the policy of a wsHttpBinding",
        );
    }

    /// Goes inside an assertion.
    pub(super) fn enter(&mut self, assertion: &Assertion) {
        self.within.push(label(&assertion.prefix, &assertion.name));
    }

    /// Goes out again.
    pub(super) fn leave(&mut self) {
        self.within.pop();
    }

    /// How many block.
    pub(super) fn blockers(&self) -> usize {
        self.rulings.iter().filter(|r| r.ruling == Ruling::Blocking).count()
    }

    fn push(
        &mut self,
        assertion: &Assertion,
        ruling: Ruling,
        class: Option<Class>,
        text: &str,
        fix: &str,
    ) {
        self.rulings.push(AssertionRuling {
            name: assertion.name.clone(),
            prefix: assertion.prefix.clone(),
            ruling,
            class,
            text: text.to_owned(),
            fix: (!fix.is_empty()).then(|| fix.to_owned()),
            subject: self.subject.clone(),
            within: self.within.clone(),
            at: assertion.at.clone(),
        });
    }
}

/// Why an assertion that cannot be met need not be.
fn excuse(normal: &Normal<'_>) -> Option<&'static str> {
    match normal.assertion {
        Assertion { optional: true, .. } => Some("optional, and left out"),
        Assertion { ignorable: true, .. } => Some("marked ignorable"),
        _ if !normal.binding_side => {
            Some("not known, and on a port type or a message, where WCF does not read policies")
        }
        _ => None,
    }
}

fn says_no(assertion: &Assertion) -> bool {
    matches!(assertion.text.trim(), "false" | "no" | "0")
}
