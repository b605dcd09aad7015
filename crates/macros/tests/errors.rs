//! What the macros say about mistakes, and where.

#[test]
fn mistakes_are_explained_where_they_are() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/data_contract_*.rs");
    cases.compile_fail("tests/ui/service_*.rs");
    cases.compile_fail("tests/ui/xml_type_*.rs");
}
