//! Over loopback, from the service's own metadata.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::shop::{open, open_at, waxwing};

const CERTIFICATE: &str = r#"<reliableSession enabled="true"/><security><message clientCredentialType="Certificate"/></security>"#;
const USER_NAME: &str = r#"<security><message clientCredentialType="UserName"/></security>"#;
const TLS_AND_USER_NAME: &str = r#"<security mode="TransportWithMessageCredential"><message clientCredentialType="UserName"/></security>"#;
const NONE: &str = r#"<reliableSession enabled="true"/><security mode="None"/>"#;

const ALICE: &[&str] = &[
    "--client-certificate",
    "certificates/CurrentUser/My/alice.cert.pem",
    "--client-key",
    "certificates/CurrentUser/My/alice.key.pem",
    "--ca",
    "certificates/authority.cert.pem",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_secure_reliable_service_is_called_without_code() {
    let shop = open(CERTIFICATE).await;
    let call = async |arguments: &[&str]| shop.call(&[arguments, ALICE].concat()).await;
    let said = call(&["Add", r#"{"n1":100,"n2":15.99}"#]).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "115.99\n"), "{said:?}");
    // 53 bits are not enough.
    for number in ["9007199254740993", "\"-9223372036854775808\""] {
        let said = call(&["Echo", &format!("{{\"number\":{number}}}")]).await;
        let expected = format!("\"{}\"\n", number.trim_matches('"'));
        assert_eq!((said.code, said.stdout.as_str()), (0, expected.as_str()), "{said:?}");
    }
    let said = call(&["Words", r#"{"words":["b","a"]}"#, "--json"]).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "[\"a\",\"b\"]\n"), "{said:?}");
    let said = call(&["Ticket", "--header", "ticket=42"]).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "\"42\"\n"), "{said:?}");
    // Nothing answers, and nothing is printed; in a reliable session it has come when the session ends.
    let said = call(&["Note", r#"{"text":"hello"}"#]).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{said:?}");
    assert_eq!(shop.notes.load(Ordering::SeqCst), 1);
    let said = call(&["Divide", r#"{"n1":1,"n2":0}"#, "--json"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let detail = json!({"@type": "MathFault", "Operation": "Divide", "ProblemType": "zero"});
    let fault = json!({"code": "Sender", "reason": "Division by zero", "detail": detail});
    let said = said.json();
    assert_eq!(said["fault"]["detail"]["@type"], "MathFault", "{said}");
    assert_eq!(said["fault"]["reason"], fault["reason"]);
    assert_eq!(said["fault"]["code"], fault["code"]);
    let values: Vec<_> = said["fault"]["detail"].as_object().expect("object").values().collect();
    assert_eq!(values, [&json!("MathFault"), &json!("Divide"), &json!("zero")]);
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_come_from_files_and_variables_and_are_never_told() {
    let shop = open(USER_NAME).await;
    std::fs::write(shop.folder.path().join("password"), "sesame\n").expect("written");
    std::fs::write(shop.folder.path().join("wrong"), "open-up\n").expect("written");
    let request =
        ["Echo", r#"{"number":1}"#, "--user", "ann", "--ca", "certificates/authority.cert.pem"];
    for password in [["--password-file", "password"], ["--password-env", "SESAME"]] {
        let said = shop.call(&[&request[..], &password].concat()).await;
        assert_eq!((said.code, said.stdout.as_str()), (0, "\"1\"\n"), "{said:?}");
    }
    let said = shop.call(&[&request[..], &["--password-file", "wrong"]].concat()).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(!said.stderr.contains("open-up"), "{said:?}");
    let said = shop.call(&request).await;
    assert_eq!(said.code, 64);
    assert!(said.stderr.contains("there is no password for ann: give --password-file"), "{said:?}");
    // Nobody who is not believed gets a password.
    let said = shop
        .call(&[
            "Echo",
            r#"{"number":1}"#,
            "--user",
            "ann",
            "--password-env",
            "SESAME",
            "--ca",
            "certificates/CurrentUser/My/alice.cert.pem",
        ])
        .await;
    assert_eq!((said.code, said.stdout.as_str()), (1, ""), "{said:?}");
    let said = shop
        .call(&[
            "Echo",
            r#"{"number":1}"#,
            "--user",
            "ann",
            "--password-env",
            "SESAME",
            "--any-certificate",
        ])
        .await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "\"1\"\n"), "{said:?}");
    assert!(
        said.stderr.contains("warning: every certificate of the service is believed"),
        "{said:?}"
    );
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_before_anything_is_sent() {
    let shop = open(NONE).await;
    let before = shop.host.statistics().messages;
    for (arguments, said) in [
        (&["Ad", "{}"][..], "there is no operation Ad; did you mean Add?"),
        (&["Add", r#"{"n1":1,"m2":2}"#], "there is no \"m2\" here; did you mean \"n2\"?"),
        (
            &["Add", r#"{"n1":1,"n2":"two"}"#],
            "$.n2: expected a number, or \"NaN\", \"INF\" or \"-INF\", found \"two\"",
        ),
        (
            &["Divide", r#"{"n1":1,"n2":2.5}"#],
            "$.n2: expected an integer from -2147483648 to 2147483647",
        ),
        (&["Add", "{"], "this is no JSON: EOF while parsing an object at line 1 column 1"),
        (
            &["Add", "{}", "--header", "Tick=1"],
            "the operation has no header \"Tick\"; it has none at all",
        ),
        (&["Add", "@missing.json"], "missing.json: No such file"),
    ] {
        let found = shop.call(arguments).await;
        assert_eq!(found.code, 64, "{found:?}");
        assert!(found.stderr.contains(said), "{found:?}");
        assert_eq!(found.stdout, "");
    }
    assert_eq!(shop.host.statistics().messages, before);
    // WCF's schemas demand no parameter: what is left out is told, since the service takes zero for it.
    let said = shop.call(&["Divide", r#"{"n2":2}"#]).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "0\n"), "{said:?}");
    assert!(said.stderr.contains("note: left out: n1"), "{said:?}");
    let said = shop.call(&["Divide", "--template"]).await;
    assert_eq!(said.stdout, "{ \"n1\": 0, \"n2\": 0 }\n", "{said:?}");
    let schema = shop.call(&["Divide", "--schema"]).await.json();
    assert_eq!(schema["request"]["properties"]["n1"]["type"][0], "integer", "{schema}");
    assert_eq!(schema["response"]["maximum"], 2_147_483_647, "{schema}");
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_file_is_enough_for_xml() {
    let shop = open(NONE).await;
    let text = format!(
        r#"<configuration><system.serviceModel><client>
  <endpoint name="shop" address="{}" binding="wsHttpBinding" bindingConfiguration="B" contract="Somebody.IShop"/>
</client><bindings><wsHttpBinding><binding name="B">{NONE}</binding></wsHttpBinding></bindings>
</system.serviceModel></configuration>"#,
        shop.address
    );
    std::fs::write(shop.folder.path().join("client.config"), text).expect("written");
    let body = "<Echo xmlns='urn:shop'><number>7</number></Echo>";
    let call = ["call", "client.config", "urn:shop/IShop/Echo", body];
    let said = waxwing(shop.folder.path(), &call).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains(">7<") && said.stdout.contains("EchoResponse"), "{said:?}");
    let wrong = ["call", "client.config", "urn:shop/IShop/Ekko", body, "--json"];
    let said = waxwing(shop.folder.path(), &wrong).await;
    assert_eq!(said.code, 1, "{said:?}");
    let said = said.json();
    assert_eq!(said["error"]["code"], "unknown-operation", "{said}");
    let error = said["error"]["message"].as_str().expect("text");
    assert!(error.contains("compare the contracts: namespace, names and Action"), "{said}");
    // The same file with the description of the service.
    let said = shop
        .call(&["Echo", r#"{"number":8}"#, "--config", "client.config", "--trace", "trace.txt"])
        .await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "\"8\"\n"), "{said:?}");
    let trace = std::fs::read_to_string(shop.folder.path().join("trace.txt")).expect("a trace");
    assert!(trace.contains("CreateSequence") && trace.contains("TerminateSequence"), "{trace}");
    shop.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_goes_step_by_step() {
    let shop = open(CERTIFICATE).await;
    let ping = async |more: &[&str]| {
        let all = [&["ping", shop.address.as_str(), "--json"], more].concat();
        waxwing(shop.folder.path(), &all).await
    };
    let steps = |said: &serde_json::Value| -> Vec<(String, String)> {
        let text =
            |step: &serde_json::Value, key: &str| step[key].as_str().expect("text").to_owned();
        let all = said["steps"].as_array().expect("steps").iter();
        all.map(|step| (text(step, "step"), text(step, "outcome"))).collect()
    };
    let said = ping(ALICE).await;
    assert_eq!(said.code, 0, "{said:?}");
    let ok = ["name", "connection", "metadata", "security", "reliability", "close"];
    let expected: Vec<_> = ok.iter().map(|name| ((*name).to_owned(), "ok".to_owned())).collect();
    assert_eq!(steps(&said.json()), expected);
    // Without a certificate of the client the binding cannot be used.
    let said = ping(&[]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let found = steps(&said.json());
    assert_eq!(found.last().expect("steps"), &("binding".to_owned(), "failed".to_owned()));
    // A service that is not believed.
    let others = [&ALICE[..4], &["--ca", "certificates/CurrentUser/My/alice.cert.pem"]].concat();
    let said = ping(&others).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(
        steps(&said.json()).last().expect("steps"),
        &("security".to_owned(), "failed".to_owned())
    );
    shop.host.close().await;
    let said = ping(ALICE).await;
    assert_eq!(said.code, 1);
    assert_eq!(
        steps(&said.json()).last().expect("steps"),
        &("connection".to_owned(), "failed".to_owned())
    );
    assert!(said.stdout.contains("nothing listens on port"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_and_call_over_tls() {
    let shop = open_at("https", TLS_AND_USER_NAME).await;
    let authority = ["--ca", "certificates/authority.cert.pem"];
    let ann = ["--user", "ann", "--password-env", "SESAME"];
    let ping = async |more: &[&str]| {
        let all = [&["ping", shop.address.as_str(), "--json"], more, &ann].concat();
        waxwing(shop.folder.path(), &all).await
    };
    let said = ping(&authority).await;
    assert_eq!(said.code, 0, "{said:?}");
    let steps = said.json()["steps"].as_array().expect("steps").clone();
    let names: Vec<_> = steps.iter().map(|step| step["step"].as_str().expect("text")).collect();
    assert_eq!(
        names,
        ["name", "connection", "tls", "certificate", "metadata", "security", "close"],
        "{said:?}"
    );
    assert!(steps[2]["text"].as_str().expect("text").starts_with("TLSv1."), "{steps:?}");
    assert!(steps[3]["text"].as_str().expect("text").contains("CN=shop"), "{steps:?}");
    // Nobody vouches for the certificate where its authority is in no store: nothing is sent to such a server.
    let elsewhere = tempfile::tempdir().expect("folder");
    let said = waxwing(elsewhere.path(), &["ping", &shop.address, "--json"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let steps = said.json()["steps"].as_array().expect("steps").clone();
    let last = steps.last().expect("steps");
    assert_eq!((&last["step"], &last["outcome"]), (&json!("certificate"), &json!("failed")));
    let said = shop.call(&[&["Echo", r#"{"number":7}"#], &ann[..], &authority].concat()).await;
    assert_eq!((said.code, said.stdout.as_str()), (0, "\"7\"\n"), "{said:?}");
    shop.host.close().await;
    // Plain HTTP where TLS should be.
    let plain = open(NONE).await;
    let address = plain.address.replacen("http:", "https:", 1);
    let said = waxwing(plain.folder.path(), &["ping", &address, "--json"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    let steps = said.json()["steps"].as_array().expect("steps").clone();
    let last = steps.last().expect("steps");
    assert_eq!((&last["step"], &last["outcome"]), (&json!("tls"), &json!("failed")), "{said:?}");
    plain.host.close().await;
}
