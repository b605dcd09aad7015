//! Loading: from octets with their locations to a [`MetadataSet`].
//!
//! A [`Loader`] reads what it is given and says what it needs next; it knows no files and no network. Documents are known by
//! their absolute locations and read once; references are resolved against the document that holds them. What may not be
//! followed (another origin, a file above the folder) it refuses itself, and its [limits](LoadOptions) have names.
//!
//! ```
//! use waxwing_metadata::{Location, load::{LoadOptions, Loader}};
//!
//! let mut loader = Loader::new(LoadOptions::default());
//! let wsdl = br#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:a">
//!   <import namespace="urn:b" location="b.wsdl"/>
//! </definitions>"#;
//! loader.give(Location::new("folder/a.wsdl"), wsdl.to_vec());
//! while let Some(want) = loader.want() {
//!     assert_eq!(want.location.as_str(), "folder/b.wsdl");
//!     loader.missing(&want, "there is no such file");
//! }
//! let set = loader.finish();
//! assert_eq!(set.findings()[0].code, "missing-import");
//! ```

mod access;
mod answer;
mod decode;
mod disco;
mod document;
mod fingerprint;
mod folder;
mod kind;
mod loader;
mod options;
mod redefined;
mod reference;
mod resolve;
mod service_map;
mod unreadable;
mod want;

pub use self::answer::check_answer;
pub use self::folder::{files_of_folder, folder, is_metadata_file};
pub use self::kind::kind_of;
pub use self::loader::Loader;
pub use self::options::LoadOptions;
pub use self::want::{Want, WantKind};
pub use crate::set::MetadataSet;
