//! Signature values: they prove the canonical form of `SignedInfo`.

use base64::Engine;
use openssl::bn::{BigNum, BigNumContext};
use openssl::dsa::Dsa;
use openssl::ec::{EcGroup, EcKey, EcPoint};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::memcmp;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Rsa;
use openssl::sign::{Signer, Verifier};
use openssl::x509::X509;
use waxwing_xml::Element;

use super::{DSIG, Method, Vectors, decode};

const DSIG_11: &str = "http://www.w3.org/2009/xmldsig11#";
const DSIG_MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";

/// Checks one signature: by which canonicalization it holds, or why it is not looked at.
pub(crate) fn check(
    vectors: &Vectors,
    file: &str,
    signature: Element<'_>,
) -> Result<&'static str, String> {
    let info = signature.child(DSIG, "SignedInfo").ok_or("no SignedInfo")?;
    let method = info.child(DSIG, "CanonicalizationMethod").and_then(Method::of);
    let method = method.ok_or("canonicalization method")?;
    let octets = method.octets(info, &[]).ok_or("inherited xml attributes")?;
    let algorithm_element = info.child(DSIG, "SignatureMethod").ok_or("no method")?;
    let algorithm = algorithm_element.attribute("Algorithm").unwrap_or_default();
    let algorithm = algorithm.rsplit('#').next().unwrap_or_default();
    let (family, hash) = algorithm.split_once('-').ok_or("method")?;
    let hash = match hash {
        "sha1" => MessageDigest::sha1(),
        "sha224" => MessageDigest::sha224(),
        "sha256" => MessageDigest::sha256(),
        "sha384" => MessageDigest::sha384(),
        "sha512" => MessageDigest::sha512(),
        _ => return Err(format!("method {algorithm}")),
    };
    let value = decode(&signature.child(DSIG, "SignatureValue").ok_or("no value")?.text());
    let holds = match family {
        "hmac" => {
            let length = algorithm_element.child(DSIG, "HMACOutputLength").map(|e| e.text());
            if length.is_some_and(|l| l.trim().parse::<usize>().ok() != Some(hash.size() * 8)) {
                return Err("truncated HMAC".into());
            }
            let key = PKey::hmac(&hmac_key(vectors, file)?).expect("any octets are a key");
            let mut signer = Signer::new(hash, &key).expect("openssl");
            let computed = signer.sign_oneshot_to_vec(&octets).expect("openssl");
            computed.len() == value.len() && memcmp::eq(&computed, &value)
        }
        "rsa" => {
            let keys = keys(signature, rsa_key)?;
            keys.iter().any(|key| verify(hash, key, &octets, &value))
        }
        "dsa" | "ecdsa" => {
            // Two integers of equal length (RFC 4051 §3.4.1), where openssl wants DER.
            let (r, s) = value.split_at(value.len() / 2);
            let both = EcdsaSig::from_private_components(number(r), number(s)).expect("openssl");
            let value = both.to_der().expect("openssl");
            let of_value = if family == "dsa" { dsa_key } else { ec_key };
            let keys = keys(signature, of_value)?;
            keys.iter().any(|key| verify(hash, key, &octets, &value))
        }
        _ => return Err(format!("method {algorithm}")),
    };
    Ok(match (holds, method.exclusive) {
        (true, true) => "holds, exclusive",
        (true, false) => "holds, inclusive",
        (false, _) => "DIFFERS",
    })
}

fn verify(hash: MessageDigest, key: &PKey<Public>, octets: &[u8], value: &[u8]) -> bool {
    let mut verifier = Verifier::new(hash, key).expect("openssl");
    verifier.verify_oneshot(value, octets).unwrap_or(false)
}

/// The secrets of the interoperability events, as their notes tell them.
fn hmac_key(vectors: &Vectors, file: &str) -> Result<Vec<u8>, String> {
    let set = file.rsplit('/').nth(1).unwrap_or_default();
    Ok(match set {
        _ if file.contains("-em-ml-kem-") => return Err("an encrypted key".into()),
        "merlin-xmldsig-twenty-three" | "aleksey-xmldsig-01" | "xmldsig2ed-tests" => {
            b"secret".to_vec()
        }
        "phaos-xmldsig-three" => b"test".to_vec(),
        "xmldsig11-interop-2012" => b"testkey".to_vec(),
        "microsoft" => {
            let name = file.replace("hmac_", "secret-").replace("_exc-c14n.xml", ".hmac");
            let text = vectors.texts.get(&name).map(|text| text.clone().into_bytes());
            text.or(vectors.binary.get(&name).cloned()).ok_or("no such key")?
        }
        _ => return Err("an encrypted key".into()),
    })
}

fn number(octets: &[u8]) -> BigNum {
    BigNum::from_slice(octets).expect("openssl")
}

fn key_value<'a>(signature: Element<'a>, kind: &str) -> Result<Element<'a>, String> {
    let mut all = signature.descendants_and_self();
    let namespaces = [DSIG, DSIG_11, DSIG_MORE];
    let found = all.find(|e| namespaces.iter().any(|n| e.is(n, kind)));
    found.ok_or_else(|| "the key is elsewhere".to_owned())
}

fn part(key: Element<'_>, local: &str) -> BigNum {
    number(&decode(&key.child(DSIG, local).expect("part of a key").text()))
}

/// The key of the `KeyValue`, or else those of all certificates.
fn keys(
    signature: Element<'_>,
    of_value: fn(Element<'_>) -> Result<PKey<Public>, String>,
) -> Result<Vec<PKey<Public>>, String> {
    if let Ok(key) = of_value(signature) {
        return Ok(vec![key]);
    }
    let all = signature.descendants_and_self();
    let certificates = all.filter(|e| e.is(DSIG, "X509Certificate"));
    let certificates = certificates.map(|e| X509::from_der(&decode(&e.text())).expect("openssl"));
    let keys: Vec<_> = certificates.filter_map(|c| c.public_key().ok()).collect();
    if keys.is_empty() { Err("the key is elsewhere".into()) } else { Ok(keys) }
}

fn rsa_key(signature: Element<'_>) -> Result<PKey<Public>, String> {
    let key = key_value(signature, "RSAKeyValue")?;
    let key = Rsa::from_public_components(part(key, "Modulus"), part(key, "Exponent"));
    Ok(PKey::from_rsa(key.expect("openssl")).expect("openssl"))
}

fn dsa_key(signature: Element<'_>) -> Result<PKey<Public>, String> {
    let key = key_value(signature, "DSAKeyValue")?;
    let parts = ["P", "Q", "G", "Y"].map(|local| part(key, local));
    let [p, q, g, y] = parts;
    let key = Dsa::from_public_components(p, q, g, y).expect("openssl");
    Ok(PKey::from_dsa(key).expect("openssl"))
}

/// Both forms: the point of XML Signature 1.1 and the decimal coordinates of RFC 4050.
fn ec_key(signature: Element<'_>) -> Result<PKey<Public>, String> {
    let key =
        key_value(signature, "ECKeyValue").or_else(|_| key_value(signature, "ECDSAKeyValue"))?;
    let curve = key.descendants_and_self().find(|e| e.local_name() == "NamedCurve");
    let curve = curve.ok_or("no named curve")?;
    let curve = curve.attribute("URI").or(curve.attribute("URN")).unwrap_or_default();
    let nid = match curve {
        "urn:oid:1.2.840.10045.3.1.7" => Nid::X9_62_PRIME256V1,
        "urn:oid:1.3.132.0.34" => Nid::SECP384R1,
        "urn:oid:1.3.132.0.35" => Nid::SECP521R1,
        other => return Err(format!("curve {other}")),
    };
    let group = EcGroup::from_curve_name(nid).expect("openssl");
    let public = key.elements().find(|e| e.local_name() == "PublicKey").ok_or("no public key")?;
    let coordinate = |local: &str| {
        let found = public.elements().find(|e| e.local_name() == local)?;
        BigNum::from_dec_str(found.attribute("Value")?).ok()
    };
    let key = match (coordinate("X"), coordinate("Y")) {
        (Some(x), Some(y)) => EcKey::from_public_key_affine_coordinates(&group, &x, &y),
        _ => {
            let mut context = BigNumContext::new().expect("openssl");
            let octets = base64::engine::general_purpose::STANDARD.decode(&*public.text());
            let octets = octets.map_err(|e| e.to_string())?;
            let point = EcPoint::from_bytes(&group, &octets, &mut context).expect("openssl");
            EcKey::from_public_key(&group, &point)
        }
    };
    Ok(PKey::from_ec_key(key.expect("openssl")).expect("openssl"))
}
