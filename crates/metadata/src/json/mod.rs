//! JSON for SOAP: values of JSON become the XML that a contract's types demand, and the other way round.
//!
//! | XML | JSON |
//! | --- | --- |
//! | element with children | object, a member for each child by its local name; where two have that name, the second is called `{namespace}name` |
//! | absent element | absent member |
//! | `xsi:nil="true"` | `null` |
//! | repeated element | list; none at all is an absent member |
//! | attribute | `@name` |
//! | text beside attributes | `#text` |
//! | choice | the one member that is present |
//! | repeated choice or sequence | `#items`: a list of objects, one for each time |
//! | any element | `#any`: XML in a string, or a list of them |
//! | mixed content | `#xml`: XML in a string |
//! | type that extends the declared one (`xsi:type`) | `@type`: its name |
//! | `xs:anyType` | string, boolean, number as they are; else `{ "@type": "xs:decimal", "#value": "1.5" }`, members beside `@type`, or `{ "#xml": "<…/>" }` |
//! | collection | list |
//! | dictionary | object by the texts of the keys, or a list of entries where keys are objects, null or occur twice |
//! | `ser:Id`, `ser:Ref` | `@id`, `@ref` |
//! | integers up to 32 bits, `xs:float`, `xs:double` | number; `"NaN"`, `"INF"`, `"-INF"` |
//! | larger integers, `xs:decimal` | string, since readers of JSON keep 53 bits; in a request a number as well, which is not rounded |
//! | enumeration, flags | its name, a list of names |
//! | dates, times, durations, URIs, GUIDs | string, as XML Schema writes them |
//! | `xs:base64Binary`, streams | string in Base64 |
//! | `xs:QName` | `{namespace}local` |
//! | `xs:list` | list |
//! | elements of a reply that the contract does not have | `#unknown`: a list of XML in strings |
//!
//! What the service may leave out may be left out; a member that must be there and is not, a name that the type does not
//! have, a value that does not fit: each is told with its path ([`JsonError`]). Requests are written in the order of the
//! schema, whatever the order of the JSON.

mod codec;
mod error;
mod facets;
mod keys;
mod limits;
mod message;
mod number;
mod openapi;
mod parse;
mod plan;
mod print;
mod read;
mod scalar;
mod schema;
mod schema_scalar;
mod simple;
mod template;
mod time;
mod value;
mod words;
mod write;

pub use codec::Codec;
pub use error::JsonError;
pub use limits::{MAX_DEPTH, MAX_TEXT};
pub use openapi::OpenApiOptions;
pub use value::Json;
