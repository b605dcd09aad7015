//! Messages: wrapped, bare, headers, styles, overloads.

use waxwing_metadata::contract::{Body, ContractSet, Pattern, Tier};

use crate::written::{contract, operation};

/// An element around `a` and `b`, and one around `Result`.
const ELEMENTS: &str = r#"
    <xs:element name="Add"><xs:complexType><xs:sequence><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/>
      </xs:sequence></xs:complexType></xs:element>
    <xs:element name="AddResponse"><xs:complexType><xs:sequence><xs:element name="AddResult" type="xs:int"/></xs:sequence>
      </xs:complexType></xs:element>
    <xs:element name="Session" type="xs:string"/>
    <xs:element name="Attributed"><xs:complexType><xs:sequence/><xs:attribute name="x"/></xs:complexType></xs:element>"#;
const BOUND: &str = r#"<w:operation name="Add"><soap:operation soapAction="urn:add"/>
    <w:input><soap:body use="literal"/></w:input><w:output><soap:body use="literal"/></w:output></w:operation>"#;
const IN_OUT: &str =
    r#"<w:operation name="Add"><w:input message="t:In"/><w:output message="t:Out"/></w:operation>"#;

fn messages(input: &str, output: &str) -> String {
    format!(r#"<w:message name="In">{input}</w:message><w:message name="Out">{output}</w:message>"#)
}

fn add(input: &str, output: &str) -> ContractSet {
    contract(ELEMENTS, &messages(input, output), IN_OUT, BOUND)
}

fn signature(set: &ContractSet) -> String {
    operation(set, "Add").signature(&set.types)
}

#[test]
fn parts_called_parameters_or_elements_called_like_the_operation_are_unwrapped() {
    for part in ["parameters", "body", "request"] {
        let input = format!(r#"<w:part name="{part}" element="t:Add"/>"#);
        let output = format!(r#"<w:part name="{part}" element="t:AddResponse"/>"#);
        assert_eq!(signature(&add(&input, &output)), "Add(a: int, b: int) -> int");
    }
    let other = add(
        r#"<w:part name="p" element="t:AddResponse"/>"#,
        r#"<w:part name="p" element="t:Session"/>"#,
    );
    assert_eq!(signature(&other), "Add(AddResponse) -> string");
    let named = add(r#"<w:part name="parameters" element="t:AddResponse"/>"#, "");
    assert_eq!(signature(&named), "Add(AddResult: int) -> ()");
}

#[test]
fn wrappers_with_more_than_a_sequence_stay() {
    let set = add(r#"<w:part name="parameters" element="t:Attributed"/>"#, "");
    assert_eq!(signature(&set), "Add(Attributed) -> ()");
    let of = operation(&set, "Add");
    assert_eq!(of.tier, Tier::Xml);
    assert_eq!(
        of.fall.as_ref().map(|f| f.reason.as_str()),
        Some("element Attributed: attribute x")
    );
}

#[test]
fn parts_that_come_back_are_no_result() {
    let schema = format!(
        r#"{ELEMENTS}<xs:element name="Both"><xs:complexType><xs:sequence><xs:element name="b" type="xs:int"/>
           <xs:element name="c" type="xs:int"/></xs:sequence></xs:complexType></xs:element>"#
    );
    let messages = messages(
        r#"<w:part name="parameters" element="t:Add"/>"#,
        r#"<w:part name="parameters" element="t:Both"/>"#,
    );
    let set = contract(&schema, &messages, IN_OUT, BOUND);
    let Some(Body::Wrapped { returns, parts, .. }) =
        operation(&set, "Add").reply.as_ref().map(|r| &r.body)
    else {
        panic!()
    };
    assert!(!returns);
    assert_eq!(parts.len(), 2);
}

#[test]
fn headers_may_be_second_parts_of_the_message() {
    let input = r#"<w:part name="parameters" element="t:Add"/><w:part name="session" element="t:Session"/>"#;
    let binding = r#"<w:operation name="Add"><soap:operation soapAction="urn:add"/>
        <w:input><soap:header message="t:In" part="session" use="literal"/><soap:header message="t:No" part="x" use="literal"/>
        <soap:body use="literal"/></w:input><w:output><soap:body use="literal"/></w:output></w:operation>"#;
    let set = contract(ELEMENTS, &messages(input, ""), IN_OUT, binding);
    assert_eq!(signature(&set), "Add(header Session: string?, a: int, b: int) -> ()");
    assert_eq!(set.findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["missing-header"]);
    let listed = binding.replace("<soap:body use", r#"<soap:body parts="parameters" use"#);
    let listed =
        listed.replace(r#"<soap:header message="t:In" part="session" use="literal"/>"#, "");
    let set = contract(ELEMENTS, &messages(input, ""), IN_OUT, &listed);
    assert_eq!(signature(&set), "Add(a: int, b: int) -> ()");
}

#[test]
fn several_parts_in_the_body_are_blocked_with_their_names() {
    let set =
        add(r#"<w:part name="one" element="t:Add"/><w:part name="two" element="t:Session"/>"#, "");
    let blocked = operation(&set, "Add").blocked.as_ref().expect("blocked");
    assert!(blocked.reason.contains("one, two") && blocked.at.line > 0, "{blocked:?}");
}

#[test]
fn a_part_of_a_type_has_no_element_in_document_style() {
    let set = add(r#"<w:part name="one" type="xs:int"/>"#, "");
    let of = operation(&set, "Add");
    assert_eq!((of.tier, of.blocked.is_some()), (Tier::Raw, false));
}

#[test]
fn rpc_has_a_wrapper_of_the_operations_name() {
    let input = r#"<w:part name="x" type="xs:int"/><w:part name="y" type="xs:string"/>"#;
    let binding = r#"<w:operation name="Add"><soap:operation soapAction="" style="rpc"/>
        <w:input><soap:body use="literal" namespace="urn:rpc"/></w:input><w:output><soap:body use="literal"/></w:output></w:operation>"#;
    let set = contract(
        ELEMENTS,
        &messages(input, r#"<w:part name="r" type="xs:int"/>"#),
        IN_OUT,
        binding,
    );
    assert_eq!(signature(&set), "Add(x: int, y: string) -> int");
    let of = operation(&set, "Add");
    let wrapper = |body: &Body| match body {
        Body::Wrapped { wrapper, type_id: None, .. } => wrapper.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wrapper(&of.request.body), "{urn:rpc}Add");
    assert_eq!(wrapper(&of.reply.as_ref().unwrap().body), "AddResponse");
    assert_eq!(
        (of.action.as_str(), of.reply_action.as_deref(), of.soap_action.as_deref()),
        ("", None, None)
    );
    let encoded = contract(
        ELEMENTS,
        &messages(input, ""),
        IN_OUT,
        &binding.replace(
            r#"<w:input><soap:body use="literal""#,
            r#"<w:input><soap:body use="encoded""#,
        ),
    );
    let blocked = operation(&encoded, "Add").blocked.as_ref().expect("blocked");
    assert!(blocked.reason.starts_with("rpc/encoded"), "{blocked:?}");
    assert!(blocked.at.line > 0);
}

#[test]
fn attachments_are_blocked_and_a_mime_part_around_the_body_alone_is_not() {
    let mime = |more: &str| {
        format!(
            r#"<w:operation name="Add"><w:input><mime:multipartRelated><mime:part><soap:body use="literal" parts="p"/></mime:part>{more}
               </mime:multipartRelated></w:input><w:output><soap:body use="literal"/></w:output></w:operation>"#
        )
    };
    let input = messages(
        r#"<w:part name="p" element="t:Add"/><w:part name="data" type="xs:base64Binary"/>"#,
        "",
    );
    let plain = contract(ELEMENTS, &input, IN_OUT, &mime(""));
    assert!(operation(&plain, "Add").blocked.is_none());
    assert_eq!(signature(&plain), "Add(a: int, b: int) -> ()");
    let attached = contract(
        ELEMENTS,
        &input,
        IN_OUT,
        &mime(r#"<mime:part><mime:content part="data" type="x/y"/></mime:part>"#),
    );
    let blocked = operation(&attached, "Add").blocked.as_ref().expect("blocked");
    assert!(blocked.reason.starts_with("the part data is an attachment"), "{blocked:?}");
}

#[test]
fn overloads_are_told_apart_by_the_names_of_messages() {
    let port_type = r#"
        <w:operation name="Get"><w:input name="GetById" message="t:In"/><w:output message="t:Out"/></w:operation>
        <w:operation name="Get"><w:input message="t:Out"/><w:output message="t:Out"/></w:operation>"#;
    let binding = r#"
        <w:operation name="Get"><soap:operation soapAction="urn:default"/><w:input name="GetRequest"/><w:output/></w:operation>
        <w:operation name="Get"><soap:operation soapAction="urn:by-id"/><w:input name="GetById"/><w:output/></w:operation>"#;
    let set = contract(ELEMENTS, &messages("", ""), port_type, binding);
    let actions: Vec<_> = set.contracts[0].operations.iter().map(|o| o.action.as_str()).collect();
    assert_eq!(actions, ["urn:by-id", "urn:default"]);
    assert!(set.findings.is_empty(), "{:?}", set.findings);
}

#[test]
fn operations_that_stand_on_one_side_only_are_told_of() {
    let port_type =
        format!(r#"{IN_OUT}<w:operation name="Unbound"><w:input message="t:In"/></w:operation>"#);
    let binding = format!(r#"{BOUND}<w:operation name="Unknown"><w:input/></w:operation>"#);
    let set = contract(ELEMENTS, &messages("", ""), &port_type, &binding);
    let codes: Vec<_> = set
        .findings
        .iter()
        .map(|f| (f.code, f.at.as_ref().is_some_and(|at| at.line > 0)))
        .collect();
    assert_eq!(codes, [("unknown-operation", true), ("unbound-operation", true)]);
    assert_eq!(set.contracts[0].operations.len(), 1);
    assert_eq!(set.contracts[0].using_session, Some(true));
}

#[test]
fn notifications_and_solicitations_are_callbacks() {
    let port_type = r#"
        <w:operation name="Tell" msc:isInitiating="false"><w:output wsaw:Action="urn:tell" message="t:In"/></w:operation>
        <w:operation name="Ask"><w:output message="t:In"/><w:input message="t:Out"/></w:operation>"#;
    let binding = r#"<w:operation name="Tell"><w:output><soap:body use="literal"/></w:output></w:operation>
        <w:operation name="Ask"><w:output><soap:body use="literal"/></w:output><w:input><soap:body use="literal"/></w:input></w:operation>"#;
    let set = contract(
        ELEMENTS,
        &messages(r#"<w:part name="parameters" element="t:Add"/>"#, ""),
        port_type,
        binding,
    );
    let tell = operation(&set, "Tell");
    assert_eq!(
        (tell.pattern, tell.action.as_str(), tell.is_initiating),
        (Pattern::CallbackOneWay, "urn:tell", false)
    );
    let ask = operation(&set, "Ask");
    assert_eq!((ask.pattern, ask.action.as_str()), (Pattern::Callback, "urn:t:P:AskSolicit"));
    assert_eq!(ask.reply_action.as_deref(), Some("urn:t:P:AskResponse"));
    assert_eq!(ask.signature(&set.types), "callback Ask(a: int, b: int) -> ()");
}

#[test]
fn missing_messages_and_elements_block_or_stay_raw() {
    let missing = contract(ELEMENTS, "", IN_OUT, BOUND);
    assert!(operation(&missing, "Add").blocked.is_some());
    assert!(missing.findings.iter().any(|f| f.code == "missing-message"));
    let set = add(r#"<w:part name="parameters" element="t:Nowhere"/>"#, "");
    let of = operation(&set, "Add");
    assert!(matches!(&of.request.body, Body::Raw(Some(name)) if &*name.local == "Nowhere"));
    assert_eq!(of.tier, Tier::Raw);
}

#[test]
fn faults_need_one_part_with_an_element() {
    let port_type = r#"<w:operation name="Add"><w:input message="t:In"/><w:output message="t:Out"/>
        <w:fault name="Good" message="t:Good"/><w:fault name="Bad" message="t:Bad"/></w:operation>"#;
    let messages = messages("", "")
        + r#"<w:message name="Good"><w:part name="detail" element="t:Session"/></w:message>
             <w:message name="Bad"><w:part name="detail" type="xs:int"/></w:message>"#;
    let set = contract(ELEMENTS, &messages, port_type, BOUND);
    let faults: Vec<_> = operation(&set, "Add").faults.iter().map(|f| f.action.as_str()).collect();
    assert_eq!(faults, ["urn:t:P:Add:Fault:Good"]);
    assert_eq!(set.findings[0].code, "fault-without-detail");
    assert!(set.findings[0].message.contains("its part detail has no element"));
}

#[test]
fn elements_of_the_serialization_schema_need_no_schema() {
    let set =
        add(r#"<w:part name="p" element="ser:int"/>"#, r#"<w:part name="p" element="ser:guid"/>"#);
    assert_eq!(signature(&set), "Add(int?) -> guid?");
    assert_eq!(operation(&set, "Add").tier, Tier::DataContract);
}

#[test]
fn what_well_known_specifications_declare_is_missing_without_a_word() {
    let schema = format!(
        r#"{ELEMENTS}<xs:element name="At"><xs:complexType><xs:sequence><xs:element name="to" type="a:EndpointReferenceType"
           xmlns:a="http://www.w3.org/2005/08/addressing"/></xs:sequence></xs:complexType></xs:element>"#
    );
    let input = messages(r#"<w:part name="parameters" element="t:At"/>"#, "");
    let set = contract(&schema, &input, IN_OUT, BOUND);
    assert_eq!(signature(&set), "Add(to: xml) -> ()");
    assert_eq!(operation(&set, "Add").tier, Tier::Xml);
    assert!(set.findings.is_empty(), "{:?}", set.findings);
}

#[test]
fn without_action_and_addressing_the_body_says_which_operation() {
    let port_type = r#"
        <w:operation name="Add"><w:input message="t:In"/><w:output message="t:Out"/></w:operation>
        <w:operation name="Again"><w:input message="t:In"/><w:output message="t:Out"/></w:operation>
        <w:operation name="Session"><w:input message="t:Other"/><w:output message="t:Out"/></w:operation>
        <w:operation name="Tell"><w:input message="t:Other"/></w:operation>"#;
    let messages = messages(r#"<w:part name="parameters" element="t:Add"/>"#, "")
        + r#"<w:message name="Other"><w:part name="p" element="t:Session"/></w:message>"#;
    let bound = |name: &str, output: &str| {
        format!(
            r#"<w:operation name="{name}"><soap:operation soapAction=""/><w:input><soap:body use="literal"/></w:input>{output}</w:operation>"#
        )
    };
    let output = r#"<w:output><soap:body use="literal"/></w:output>"#;
    let binding =
        [bound("Add", output), bound("Again", output), bound("Session", output), bound("Tell", "")]
            .concat();
    let actions = |binding: &str| {
        let set = contract(ELEMENTS, &messages, port_type, binding);
        set.contracts[0].operations.iter().map(|o| o.action.clone()).collect::<Vec<_>>()
    };
    // Again has the body of Add, and Tell is not answered: their actions tell them apart.
    assert_eq!(actions(&binding), ["", "urn:t:P:AgainRequest", "", "urn:t:P:Tell"]);
    let addressed = format!(r#"<wsaw:UsingAddressing/>{binding}"#);
    assert_eq!(actions(&addressed)[0], "urn:t:P:AddRequest");
}
