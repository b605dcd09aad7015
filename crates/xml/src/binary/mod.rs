//! Binary XML: the records of MC-NBFX, with strings that both ends know (MC-NBFS) or that a session has made known
//! (MC-NBFSE).
//!
//! The tree is the one of text: canonical XML, signatures and decryption in place work over it alike. Octets are base64
//! there, numbers their .NET text.
//!
//! ```
//! use waxwing_xml::binary::{self, Vocabulary};
//! use waxwing_xml::{Document, Limits};
//!
//! let vocabulary = Vocabulary::new(&["a", "urn:a"], &["urn:a"], &[]);
//! let document = Document::parse("<p:a xmlns:p='urn:a'>1</p:a>", &Limits::SOAP)?;
//! let mut octets = Vec::new();
//! binary::write(&document, &vocabulary, None, &mut octets);
//! assert_eq!(octets, [0x53, 0x00, 0x0B, 1, b'p', 0x02, 0x83]);
//! let back = binary::read(&octets, &vocabulary, None, &Limits::SOAP)?;
//! assert_eq!(back.to_xml(), document.to_xml());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod naming;
mod number;
mod outline;
mod reader;
pub mod records;
mod session;
mod vocabulary;
mod writer;

pub use error::{BinaryError, BinaryErrorKind};
pub use naming::{AttributeRule, FirstOctets, Naming, Scope, ScopeRule};
pub use number::{MAX_SIZE_OCTETS, push_size, read_size};
pub use outline::{LocalName, Outline, is_attribute, outline};
pub use reader::read;
pub use session::{ReceivedStrings, SentStrings, SessionError};
pub use vocabulary::{TextRule, Vocabulary};
pub use writer::{write, write_ahead};
