//! Merging into a configuration file: what is there stays octet for octet.

use waxwing_build::config::{Change, MergeError, merge};

const NEW: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.serviceModel>
    <client>
      <endpoint address="http://h/calc" binding="wsHttpBinding" bindingConfiguration="Calc" contract="ICalculator" name="Calc">
        <identity>
          <dns value="calc &amp; &quot;co&quot;" />
        </identity>
      </endpoint>
    </client>
    <bindings>
      <wsHttpBinding>
        <binding name="Calc">
          <security mode="None" />
        </binding>
      </wsHttpBinding>
    </bindings>
  </system.serviceModel>
</configuration>
"#;

/// Every line of `before` is in `after`, in order, with its blanks: nothing of it was touched.
fn contains_lines(after: &str, before: &str) {
    let mut lines = after.split_inclusive('\n');
    for line in before.split_inclusive('\n') {
        assert!(lines.any(|found| found == line), "{line:?} is gone from\n{after}");
    }
}

#[test]
fn a_new_file_is_as_it_is() {
    let merged = merge(None, NEW, false).unwrap();
    assert_eq!(merged.text, NEW);
    assert_eq!(
        merged.changes,
        [Change::Added("wsHttpBinding Calc".to_owned()), Change::Added("endpoint Calc".to_owned())]
    );
}

#[test]
fn comments_blanks_and_line_ends_stay() {
    let mine = "\u{FEFF}<?xml version=\"1.0\"?>\r\n<!-- by hand -->\r\n<configuration>\r\n\t<appSettings>\r\n\t\t<add value='1'   key=\"a\"/>\r\n\t</appSettings>\r\n\t<system.serviceModel>\r\n\t\t<!-- ours -->\r\n\t\t<client>\r\n\t\t\t<endpoint name=\"mine\" address='http://x/'/>\r\n\r\n\t\t\t<!-- last -->\r\n\t\t</client>\r\n\t\t<bindings/>\r\n\t</system.serviceModel>\r\n</configuration>\r\n<!-- end -->\r\n";
    let merged = merge(Some(mine), NEW, false).unwrap();
    contains_lines(&merged.text, &mine.replace("\t\t<bindings/>\r\n", ""));
    assert!(
        merged.text.lines().count() == merged.text.matches("\r\n").count(),
        "all ends are CRLF"
    );
    let expected = "\t\t<bindings>\r\n\t\t\t<wsHttpBinding>\r\n\t\t\t\t<binding name=\"Calc\">\r\n\t\t\t\t\t<security mode=\"None\" />\r\n\t\t\t\t</binding>\r\n\t\t\t</wsHttpBinding>\r\n\t\t</bindings>\r\n";
    assert!(merged.text.contains(expected), "{}", merged.text);
    let expected = "\t\t\t<!-- last -->\r\n\t\t\t<endpoint address=\"http://h/calc\" binding=\"wsHttpBinding\" bindingConfiguration=\"Calc\" contract=\"ICalculator\" name=\"Calc\">\r\n\t\t\t\t<identity>\r\n\t\t\t\t\t<dns value=\"calc &amp; &quot;co&quot;\" />\r\n";
    assert!(merged.text.contains(expected), "{}", merged.text);
    let again = merge(Some(&merged.text), NEW, false).unwrap();
    assert_eq!((again.text, again.changes), (merged.text, vec![]));
}

#[test]
fn an_endpoint_that_was_changed_stays_until_it_is_forced() {
    let merged = merge(None, NEW, false).unwrap().text;
    let changed = merged
        .replace("http://h/calc", "https://real.example/calc")
        .replace("<security mode=\"None\" />", "<security mode=\"Message\" /> <!-- ! -->");
    let kept = merge(Some(&changed), NEW, false).unwrap();
    assert_eq!(kept.text, changed);
    let [Change::Kept(what, differs)] = kept.changes.as_slice() else { panic!("{kept:?}") };
    assert_eq!(what, "endpoint Calc");
    assert!(
        differs[0].starts_with("address: the file has https://real.example/calc"),
        "{differs:?}"
    );
    assert!(differs.iter().any(|d| d.starts_with("message security: ")), "{differs:?}");
    let forced = merge(Some(&changed), NEW, true).unwrap();
    // The comment is nobody's.
    assert_eq!(forced.text.replace(" <!-- ! -->", ""), NEW);
    assert!(matches!(forced.changes.as_slice(), [Change::Replaced(..)]), "{:?}", forced.changes);
}

/// Credentials, quotas and timeouts are the client's own: they stay, and are no difference.
#[test]
fn what_metadata_do_not_say_survives_force() {
    let mine = NEW
        .replace("contract=\"ICalculator\"", "contract='ICalculator' behaviorConfiguration=\"Alice\"")
        .replace("        <identity>", "        <headers><Me xmlns=\"urn:me\" /></headers>\n        <identity>")
        .replace("<binding name=\"Calc\">", "<binding name=\"Calc\" sendTimeout=\"00:00:05\">\n            <readerQuotas maxDepth=\"64\" />");
    for force in [false, true] {
        let merged = merge(Some(&mine), NEW, force).unwrap();
        assert_eq!((merged.text.as_str(), merged.changes.as_slice()), (mine.as_str(), &[][..]));
    }
    let other = mine
        .replace("http://h/calc", "http://old/calc?a=1&amp;b=2")
        .replace("calc &amp; &quot;co", "nobody")
        .replace(
            "<security mode=\"None\" />",
            "<reliableSession enabled=\"true\" />\n          <security mode=\"None\" />",
        );
    let merged = merge(Some(&other), NEW, true).unwrap();
    assert_eq!(merged.text, mine);
    let [Change::Replaced(what, differs)] = merged.changes.as_slice() else { panic!("{merged:?}") };
    assert_eq!(what, "endpoint Calc");
    assert_eq!(differs.len(), 3, "{differs:?}");
    // What is missing comes back.
    let without = mine.replace("<security mode=\"None\" />", "");
    let merged = merge(Some(&without), NEW, true).unwrap();
    assert!(merged.text.contains("<security mode=\"None\" />"), "{}", merged.text);
    assert!(
        merged.text.contains("behaviorConfiguration=\"Alice\"")
            && merged.text.contains("sendTimeout")
    );
    // A binding that somebody calls otherwise is not written again.
    let renamed = mine
        .replace("bindingConfiguration=\"Calc\"", "bindingConfiguration=\"Ours\"")
        .replace("<binding name=\"Calc\"", "<binding name=\"Ours\"");
    assert_eq!(merge(Some(&renamed), NEW, true).unwrap().text, renamed);
}

#[test]
fn a_binding_of_somebody_else_gets_no_second_meaning() {
    let mine = r#"<configuration>
    <system.serviceModel>
        <bindings>
            <wsHttpBinding><binding name="Calc" sendTimeout="00:00:05"/></wsHttpBinding>
        </bindings>
        <client><endpoint name="other" address="http://x/" binding="wsHttpBinding" bindingConfiguration="Calc" contract="IOther"/></client>
    </system.serviceModel>
</configuration>"#;
    let merged = merge(Some(mine), NEW, false).unwrap();
    assert!(merged.text.contains(r#"<binding name="Calc" sendTimeout="00:00:05"/>"#));
    assert!(merged.text.contains(r#"<binding name="Calc1">"#), "{}", merged.text);
    assert!(
        merged.text.contains(r#"bindingConfiguration="Calc1" contract="ICalculator" name="Calc""#)
    );
    assert_eq!(
        merged.changes[0],
        Change::Renamed("wsHttpBinding Calc".to_owned(), "Calc1".to_owned())
    );
    let again = merge(Some(&merged.text), NEW, false).unwrap();
    assert_eq!(again.text, merged.text);
}

#[test]
fn what_cannot_take_it_is_refused_with_its_place() {
    let refused = |text: &str| merge(Some(text), NEW, false).unwrap_err();
    assert!(matches!(
        refused("<configuration>\n<a></configuration>"),
        MergeError::Xml { line: 2, .. }
    ));
    assert!(matches!(refused("\n<web/>"), MergeError::Root { line: 2, .. }));
    let beside = "<configuration>\n<system.serviceModel>\n<client configSource='c.config'/></system.serviceModel></configuration>";
    assert!(matches!(
        refused(beside),
        MergeError::Elsewhere { line: 3, ref file, .. } if file == "c.config"
    ));
}

#[test]
fn elements_on_one_line_take_lines_in() {
    let mine = "<configuration><system.serviceModel><client></client></system.serviceModel></configuration>";
    let merged = merge(Some(mine), NEW, false).unwrap();
    assert!(
        merged.text.starts_with("<configuration><system.serviceModel><client>\n"),
        "{}",
        merged.text
    );
    let again = merge(Some(&merged.text), NEW, false).unwrap();
    assert_eq!(again.text, merged.text);
}
