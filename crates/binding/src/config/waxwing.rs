//! `<waxwing>`: what only Waxwing has, in one section beside `<system.serviceModel>`.
//!
//! .NET refuses sections that it does not know, so the file declares this one in
//! `<configSections>` as `System.Configuration.IgnoreSection`; .NET then passes over it.

use crate::config::identity::CertificateReference;
use crate::config::keeping::{Outbox, Store};
use crate::settings::settings;
use crate::values::Range;
use crate::word::Support::Runs;
use crate::word::warn;
use crate::{StoreLocation, StoreName, TimeSpan, TlsProtocol, UserNamePasswordType, X509FindType};

settings! {
    /// `<certificateFiles><add>`: files that stand in for a certificate in a store.
    pub struct CertificateFile {
        attributes {
            /// The `findValue` that it answers.
            find_value: String = String::new(), "findValue" => Runs;
            /// The `x509FindType` that it answers; absent means every one.
            x509_find_type: Option<X509FindType> = None, "x509FindType" => Runs;
            /// The `storeLocation` that it answers; absent means every one.
            store_location: Option<StoreLocation> = None, "storeLocation" => Runs;
            /// The `storeName` that it answers; absent means every one.
            store_name: Option<StoreName> = None, "storeName" => Runs;
            /// The file with the certificate: PEM, DER, or PKCS#12 with the key. Relative names
            /// count from the folder of the configuration file.
            certificate: String = String::new(), "certificate" => Runs;
            /// The file with the private key (PEM), if it is not in the same file.
            key: Option<String> = None, "key" => Runs;
            /// Name of the environment variable that holds the PKCS#12 or key password; the
            /// password itself does not belong into the file.
            password_variable: Option<String> = None, "passwordVariable" => Runs;
        }
    }
}

settings! {
    /// `<certificateFiles>`.
    pub struct CertificateFiles {
        children {
            /// A certificate.
            add: Vec<CertificateFile>, "add";
        }
    }
}

settings! {
    /// `<certificates>`: where store references are looked up.
    pub struct Certificates {
        attributes {
            /// Folder of the stores: `<root>/<StoreLocation>/<StoreName>/*.pem`. Relative names
            /// count from the folder of the configuration file.
            store_root: Option<String> = None, "storeRoot" => Runs;
        }
        children {
            /// Files for single references; asked before the folder.
            certificate_files: CertificateFiles, "certificateFiles";
        }
    }
}

settings! {
    /// `<cookies>`: the keys that seal security contexts which a service does not remember
    /// (`requireSecurityContextCancellation="false"`).
    pub struct Cookies {
        attributes {
            /// The file with the keys: one a line, 32 random octets in base64. The first seals, all open; a file that is
            /// changed is read again. Processes of one service share it. Absent means a random key of the process: its
            /// clients need new contexts when it starts again. Relative names count from the folder of the
            /// configuration file.
            key_file: Option<String> = None, "keyFile" => Runs;
        }
    }
}

settings! {
    /// `<userName>`: how the clients of the file show user names in messages.
    pub struct UserNameTokens {
        attributes {
            /// How the password is shown. Services of WCF take PasswordText only; PasswordDigest is for others. A service
            /// takes digests when its program gives it a store of passwords, whatever stands here.
            password_type: UserNamePasswordType = UserNamePasswordType::PasswordText, "passwordType" => Runs;
        }
    }
}

settings! {
    /// `<https>`: TLS below HTTP, which Windows sets for the whole machine.
    pub struct Https {
        attributes {
            /// The oldest version of TLS that is spoken. Those before 1.2 are broken.
            oldest_version: TlsProtocol = TlsProtocol::Tls12, "oldestVersion" => Runs;
            /// The newest version of TLS that is spoken.
            newest_version: TlsProtocol = TlsProtocol::Tls13, "newestVersion" => Runs;
            /// Cipher suites of TLS 1.2 and before, as OpenSSL writes a list of them; absent means
            /// those that are good.
            cipher_suites: Option<String> = None, "cipherSuites" => Runs;
        }
        children {
            /// The certificate of services at `https` addresses; absent means that of their
            /// `<serviceCredentials>`.
            service_certificate: Option<CertificateReference>, "serviceCertificate";
        }
    }
}

settings! {
    /// `<revocation>`: how `revocationMode="Online"` asks, and where it keeps the answers.
    pub struct Revocation {
        attributes {
            /// The folder that keeps what was fetched, so that it need not be fetched again after a
            /// restart, and `revocationMode="Offline"` finds it. Relative names count from the folder
            /// of the configuration file; absent means `waxwing/revocation` in the user's folder for
            /// caches, empty means in memory only.
            cache_folder: Option<String> = None, "cacheFolder" => Runs;
            /// How long a fetch may take; 20 seconds is the most that one verdict waits for.
            timeout: TimeSpan = TimeSpan::seconds(10), "timeout", range Range::POSITIVE_SPAN => Runs;
        }
    }
}

settings! {
    /// `<reliability>`: behavior beyond WCF's settings.
    pub struct Reliability {
        attributes {
            /// Whether a client that opens a reliable session tries a service that is not there
            /// (nothing listens, unknown host, HTTP 404) again until the open timeout, as WCF
            /// does; if not, it is told at once.
            retry: bool = false, "retry" => Runs;
            /// Whether a client goes on trying to authenticate until the open timeout, as
            /// WCF's documentation says of reliable sessions; if not, the first refusal is told.
            retry_authentication: bool = false, "retryAuthentication" => Runs;
        }
    }
}

settings! {
    /// `<publicAddresses><add>`: how clients know an endpoint behind a front end that rewrites scheme, port or path.
    pub struct PublicAddress {
        attributes {
            /// The endpoint's own address, absolute, as the service has it.
            address: String = String::new(), "address" => Runs;
            /// The address that clients use, which messages for the endpoint may have, too.
            public: String = String::new(), "public" => Runs;
        }
    }
}

settings! {
    /// `<publicAddresses>`.
    pub struct PublicAddresses {
        children {
            /// An endpoint's.
            add: Vec<PublicAddress>, "add";
        }
    }
}

settings! {
    /// `<callbacks>`: where the services of the file call clients back that listen themselves (`wsDualHttpBinding`).
    pub struct Callbacks {
        attributes {
            /// The hosts, with spaces between them: names, `*.clients.example` for every name below another, addresses, and
            /// networks like `10.0.0.0/8`, which are for clients whose address has no name. Absent means wherever a client
            /// says that it listens.
            allowed_hosts: Option<String> = None, "allowedHosts" => Runs;
        }
    }
}

settings! {
    /// `<trace>`: messages as files.
    pub struct Trace {
        attributes {
            /// The file that messages are appended to; absent means no trace.
            file: Option<String> = None, "file" => Runs;
            /// Whether messages are also written as decrypted. The file then holds secrets.
            decrypted: bool = false, "decrypted" => Runs;
        }
    }
}

settings! {
    /// `<node>`: one of several processes that share a store, behind any load balancer. A request that another node has the
    /// session of is handed to it over TLS, where both show a certificate.
    pub struct Node {
        attributes {
            /// The node's name, unique among all; absent means that the process is alone.
            name: Option<String> = None, "name" => Runs;
            /// Where the other nodes reach it, `node1.example:7443`. What ends TLS must not stand before it.
            address: String = String::new(), "address" => Runs;
            /// Where it listens for the other nodes, `0.0.0.0:7443`; absent means at `address`.
            listen: Option<String> = None, "listen" => Runs;
            /// The file with its certificate, and the authorities between it and the root: PEM. Where it says what it may be
            /// used for, that must be both: server and client. Relative names count from the folder of the configuration
            /// file.
            certificate: String = String::new(), "certificate" => Runs;
            /// The file with the private key (PEM), if it is not in the same file.
            key: Option<String> = None, "key" => Runs;
            /// The file with the authorities whose certificates nodes have: PEM. Whoever has one of them with a fitting name
            /// can speak for every client, so they should be the nodes' own.
            authorities: String = String::new(), "authorities" => Runs;
            /// The names that certificates of nodes have, one of them at least: DNS names or addresses with spaces between
            /// them. `*.nodes.example` is every name with one more label.
            names: String = String::new(), "names" => Runs;
            /// The file with the keys that seal what nodes hand to clients instead of remembering it, as that of
            /// `<cookies>`; absent means that one, or that of `<store>`.
            key_file: Option<String> = None, "keyFile" => Runs;
            /// How long another node may be silent that was handed a request, until nobody waits for it any more.
            silence_timeout: TimeSpan = TimeSpan::seconds(5), "silenceTimeout", range Range::POSITIVE_SPAN => Runs;
            /// How long the answer to a request that was handed on is waited for at most.
            answer_timeout: TimeSpan = TimeSpan::seconds(60), "answerTimeout", range Range::POSITIVE_SPAN => Runs;
            /// Whether the security contexts of this node carry its name, in base64 (`Cookie` in the SecurityContextToken): clients
            /// repeat it with every message, so a load balancer that looks into messages can give each to the node that has its
            /// session. None need do so.
            balancer_cookie: bool = false, "balancerCookie" => Runs;
            /// How long another node may take to be connected to.
            connect_timeout: TimeSpan = TimeSpan::seconds(3), "connectTimeout", range Range::POSITIVE_SPAN => Runs;
            /// How many requests may be under way to one other node; more are answered 503.
            max_requests: u32 = 1024, "maxRequests", range Range::new(1, i32::MAX as i64) => Runs;
            /// The most octets of a message that is handed on, or of its answer; a larger one is answered 503 where it comes to
            /// another node than that of its session. The same at all nodes.
            max_message: u64 = 64 << 20, "maxMessage", range Range::new(1, i32::MAX as i64) => Runs;
        }
    }
}

settings! {
    /// `<admin>`: the page for people.
    pub struct Admin {
        attributes {
            /// Address to listen on, `127.0.0.1:8081`; absent means no page.
            listen: Option<String> = None, "listen" => warn("there is no such page yet");
        }
    }
}

settings! {
    /// `<waxwing>`.
    pub struct WaxwingSection {
        children {
            /// Certificates.
            certificates: Certificates, "certificates";
            /// Keys of cookies.
            cookies: Cookies, "cookies";
            /// User names in messages.
            user_name: UserNameTokens, "userName";
            /// TLS below HTTP.
            https: Https, "https";
            /// Revocation.
            revocation: Revocation, "revocation";
            /// Reliability.
            reliability: Reliability, "reliability";
            /// How clients know endpoints behind a front end.
            public_addresses: PublicAddresses, "publicAddresses";
            /// Where clients are called back.
            callbacks: Callbacks, "callbacks";
            /// Trace.
            trace: Trace, "trace";
            /// Where reliable sessions are kept.
            store: Store, "store";
            /// This process among others.
            node: Node, "node";
            /// A client's outbox.
            outboxes: Vec<Outbox>, "outbox";
            /// Admin page.
            admin: Admin, "admin";
        }
    }
}
