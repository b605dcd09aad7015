//! Where the certificate of a store reference lies: files instead of Windows' stores.

use crate::config::identity::CertificateReference;
use crate::config::waxwing::{CertificateFile, WaxwingSection};
use crate::{StoreLocation, StoreName};

/// Folder of the stores if the file names none, beside the configuration file.
pub const DEFAULT_STORE_ROOT: &str = "certificates";

/// Where to look for a certificate. Relative paths count from the folder of the configuration
/// file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificatePlace {
    /// In this very file.
    File {
        /// PEM, DER, or PKCS#12 with the key.
        certificate: String,
        /// The private key (PEM), if it is not in the same file.
        key: Option<String>,
        /// Name of the environment variable that holds the password.
        password_variable: Option<String>,
    },
    /// In one of these folders, by the criteria of the reference; the first that exists counts.
    Folders(Vec<String>),
}

impl WaxwingSection {
    /// Where the certificate of `reference` lies: in the first file of `<certificateFiles>` that
    /// answers it, else in a folder of the store root.
    pub fn place_of(&self, reference: &CertificateReference) -> CertificatePlace {
        let mut files = self.certificates.certificate_files.add.iter();
        if let Some(file) = files.find(|file| answers(file, reference)) {
            return CertificatePlace::File {
                certificate: file.certificate.clone(),
                key: file.key.clone(),
                password_variable: file.password_variable.clone(),
            };
        }
        let location = reference.store_location.unwrap_or(StoreLocation::CurrentUser);
        CertificatePlace::Folders(self.store_folders(location, reference.store_name))
    }

    /// The folders that stand for a store: `<root>/<StoreLocation>/<StoreName>`, and
    /// `<root>/<StoreName>` for a root that does not tell the locations apart. The first that
    /// exists counts.
    pub fn store_folders(&self, location: StoreLocation, name: StoreName) -> Vec<String> {
        let root = self.certificates.store_root.as_deref().unwrap_or(DEFAULT_STORE_ROOT);
        let root = root.trim_end_matches('/');
        vec![format!("{root}/{location}/{name}"), format!("{root}/{name}")]
    }
}

/// Whether a file stands in for the reference: what it states is what the reference asks for.
fn answers(file: &CertificateFile, reference: &CertificateReference) -> bool {
    let find_type = file.x509_find_type.is_none_or(|t| t == reference.x509_find_type);
    let location = match (file.store_location, reference.store_location) {
        (Some(stated), Some(asked)) => stated == asked,
        _ => true,
    };
    file.find_value.eq_ignore_ascii_case(&reference.find_value)
        && find_type
        && location
        && file.store_name.is_none_or(|n| n == reference.store_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CertificateFiles, Certificates, X509FindType};

    fn reference() -> CertificateReference {
        CertificateReference::find(
            StoreLocation::CurrentUser,
            StoreName::My,
            X509FindType::FindBySubjectName,
            "alice",
        )
    }

    fn section(file: CertificateFile) -> WaxwingSection {
        let files = CertificateFiles::default().add(vec![file]);
        WaxwingSection::default().certificates(
            Certificates::default().store_root("pki/".to_owned()).certificate_files(files),
        )
    }

    #[test]
    fn a_file_answers_what_it_states() {
        let file = CertificateFile::default()
            .find_value("Alice")
            .certificate("alice.p12")
            .password_variable("ALICE_PASSWORD".to_owned());
        let place = CertificatePlace::File {
            certificate: "alice.p12".to_owned(),
            key: None,
            password_variable: Some("ALICE_PASSWORD".to_owned()),
        };
        assert_eq!(section(file.clone()).place_of(&reference()), place);
        let of_root = file.store_name(StoreName::Root);
        let folders = ["pki/CurrentUser/My", "pki/My"].map(str::to_owned).to_vec();
        assert_eq!(section(of_root).place_of(&reference()), CertificatePlace::Folders(folders));
    }

    #[test]
    fn without_a_section_the_folder_is_beside_the_file() {
        let folders = ["certificates/LocalMachine/Root", "certificates/Root"];
        let section = WaxwingSection::default();
        assert_eq!(section.store_folders(StoreLocation::LocalMachine, StoreName::Root), folders);
    }
}
