//! Messages as such services send them, read into generated types and written again. This file becomes the program of the
//! generated crate.
#![allow(dead_code, clippy::disallowed_methods)]

mod epcis;
mod exchange;
mod onvif;
mod paypal;
mod reports;

use std::fmt::Debug;
use std::future::Future;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use waxwing::contract::{BoxFuture, CallError, Request, RequestChannel};
use waxwing::datacontract::{DataContract, ReadOptions, Reader, WriteOptions, Writer};
use waxwing::soap::{AddressingVersion, Envelope, MessageVersion, SoapVersion};
use waxwing::xml::{Document, Element, Limits, Node};

use exchange as messages;
use exchange::exchange_services_2006_types as types;

fn main() {
    exchange_messages();
    exchange_call();
    paypal_messages();
    onvif_messages();
    reports_messages();
    epcis_messages();
    println!("all messages survive");
}

/// Reads the document element as a `T` and writes it again: the infoset is the same, and so is the value that it is read as.
#[track_caller]
fn survives<T: DataContract + PartialEq + Debug>(xml: &str) -> T {
    let document = Document::parse(xml.as_bytes(), &Limits::default()).expect(xml);
    let root = document.root();
    let read = |element: Element<'_>| -> T {
        Reader::new(&ReadOptions::default()).value(element).unwrap_or_else(|error| panic!("{error}\n{xml}"))
    };
    let value = read(root);
    let mut written = Document::new(root.name());
    let id = written.root().id();
    Writer::new(&mut written, id, &WriteOptions::default())
        .value(id, &value)
        .unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let written = Document::parse(written.to_xml().into_bytes(), &Limits::default()).expect("XML");
    assert_eq!(infoset(written.root()), infoset(root));
    assert_eq!(read(written.root()), value);
    value
}

/// An element without anything that a writer may choose: prefixes, declarations, white space between elements.
fn infoset(element: Element<'_>) -> String {
    let mut attributes: Vec<String> = element
        .attributes()
        .map(|attribute| {
            let (name, value) = (attribute.name(), attribute.value());
            let value = match name.local == "type" && name.namespace.ends_with("XMLSchema-instance") {
                true => format!("{:?}", element.resolve_qname(value).expect("a declared prefix")),
                false => value.to_owned(),
            };
            format!(" {{{}}}{}={value}", name.namespace, name.local)
        })
        .collect();
    attributes.sort();
    let mut out = format!("<{{{}}}{}{}>", element.namespace(), element.local_name(), attributes.concat());
    let mixed = element.first_element().is_some();
    for node in element.children() {
        match node {
            Node::Element(child) => out.push_str(&infoset(child)),
            Node::Text(text) if !mixed || !text.trim().is_empty() => out.push_str(text),
            _ => {}
        }
    }
    out + "</>\n"
}

const EXCHANGE: &str = "xmlns='http://schemas.microsoft.com/exchange/services/2006/messages' \
    xmlns:t='http://schemas.microsoft.com/exchange/services/2006/types'";

fn exchange_messages() {
    let find: messages::FindItemType = survives(&format!(
        "<FindItem {EXCHANGE} Traversal='Shallow'>
           <ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>
             <t:FieldURI FieldURI='item:Subject'/><t:IndexedFieldURI FieldURI='contacts:EmailAddress' FieldIndex='EmailAddress1'/>
             <t:ExtendedFieldURI PropertyTag='0x3a0c' PropertyType='String'/></t:AdditionalProperties></ItemShape>
           <IndexedPageItemView MaxEntriesReturned='10' Offset='0' BasePoint='Beginning'/>
           <Restriction><t:And>
             <t:IsGreaterThanOrEqualTo><t:FieldURI FieldURI='item:DateTimeReceived'/>
               <t:FieldURIOrConstant><t:Constant Value='2026-11-23T00:00:00Z'/></t:FieldURIOrConstant></t:IsGreaterThanOrEqualTo>
             <t:Not><t:Contains ContainmentMode='Substring' ContainmentComparison='IgnoreCase'>
               <t:FieldURI FieldURI='item:Subject'/><t:Constant Value='spam'/></t:Contains></t:Not>
           </t:And></Restriction>
           <SortOrder><t:FieldOrder Order='Descending'><t:FieldURI FieldURI='item:DateTimeReceived'/></t:FieldOrder></SortOrder>
           <ParentFolderIds><t:DistinguishedFolderId Id='inbox'><t:Mailbox><t:EmailAddress>a@contoso.com</t:EmailAddress></t:Mailbox>
             </t:DistinguishedFolderId><t:FolderId Id='AAMk' ChangeKey='CQ=='/></ParentFolderIds>
         </FindItem>"
    ));
    let restriction = find.restriction.expect("a restriction");
    let types::SearchExpressionElement::And(and) = &restriction.search_expression else { panic!("{restriction:?}") };
    assert!(format!("{and:?}").contains("spam"));
    survives::<messages::GetItemResponseType>(&format!(
        "<GetItemResponse {EXCHANGE}><ResponseMessages><GetItemResponseMessage ResponseClass='Success'>
           <ResponseCode>NoError</ResponseCode><Items><t:Message>
             <t:MimeContent CharacterSet='UTF-8'>UmVjZWl2ZWQ=</t:MimeContent><t:ItemId Id='AAAtAEFk' ChangeKey='CQAAABY'/>
             <t:ParentFolderId Id='AQAt' ChangeKey='AQAA'/><t:ItemClass>IPM.Note</t:ItemClass><t:Subject>Offer &amp; order</t:Subject>
             <t:Sensitivity>Normal</t:Sensitivity><t:Body BodyType='HTML'>&lt;html&gt;</t:Body>
             <t:Attachments><t:FileAttachment><t:AttachmentId Id='AAAt'/><t:Name>a.pdf</t:Name></t:FileAttachment></t:Attachments>
             <t:DateTimeReceived>2026-11-23T10:00:00Z</t:DateTimeReceived><t:Size>881</t:Size>
             <t:Categories><t:String>Red</t:String><t:String>Blue</t:String></t:Categories><t:Importance>Normal</t:Importance>
             <t:InternetMessageHeaders><t:InternetMessageHeader HeaderName='Subject'>Offer</t:InternetMessageHeader>
             </t:InternetMessageHeaders><t:HasAttachments>true</t:HasAttachments>
             <t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId='PublicStrings' PropertyName='x' PropertyType='StringArray'/>
               <t:Values><t:Value>1</t:Value><t:Value>2</t:Value></t:Values></t:ExtendedProperty>
             <t:ToRecipients><t:Mailbox><t:Name>Bob</t:Name><t:EmailAddress>bob@contoso.com</t:EmailAddress>
               <t:RoutingType>SMTP</t:RoutingType></t:Mailbox></t:ToRecipients><t:IsRead>false</t:IsRead>
           </t:Message></Items></GetItemResponseMessage>
           <GetItemResponseMessage ResponseClass='Error'><MessageText>The specified object was not found in the store.</MessageText>
             <ResponseCode>ErrorItemNotFound</ResponseCode><DescriptiveLinkKey>0</DescriptiveLinkKey><Items/>
           </GetItemResponseMessage></ResponseMessages></GetItemResponse>"
    ));
    survives::<messages::CreateItemType>(&format!(
        "<CreateItem {EXCHANGE} SendMeetingInvitations='SendToAllAndSaveCopy'><SavedItemFolderId>
           <t:DistinguishedFolderId Id='calendar'/></SavedItemFolderId><Items><t:CalendarItem><t:Subject>Standup</t:Subject>
           <t:Start>2026-11-23T09:00:00Z</t:Start><t:End>2026-11-23T09:15:00Z</t:End><t:LegacyFreeBusyStatus>Busy</t:LegacyFreeBusyStatus>
           <t:RequiredAttendees><t:Attendee><t:Mailbox><t:EmailAddress>eve@contoso.com</t:EmailAddress></t:Mailbox></t:Attendee>
           </t:RequiredAttendees><t:Recurrence><t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Monday Wednesday</t:DaysOfWeek>
           </t:WeeklyRecurrence><t:EndDateRecurrence><t:StartDate>2026-11-23</t:StartDate><t:EndDate>2026-12-31Z</t:EndDate>
           </t:EndDateRecurrence></t:Recurrence></t:CalendarItem></Items></CreateItem>"
    ));
}

/// A channel that keeps the request and answers what it is given.
struct Canned {
    reply: String,
    request: Mutex<Option<(String, String)>>,
}

impl RequestChannel for Canned {
    fn message_version(&self) -> MessageVersion {
        MessageVersion { soap: SoapVersion::Soap11, addressing: AddressingVersion::None }
    }

    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        let text = String::from_utf8(request.message.to_bytes()).expect("UTF-8");
        *self.request.lock().unwrap() = Some((request.action.to_owned(), text));
        let reply = Envelope::parse(self.reply.clone().into_bytes(), &Limits::SOAP).expect("a reply");
        Box::pin(async move { Ok(reply) })
    }

    fn send_one_way<'a>(&'a self, _: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async { Ok(()) })
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits for something"),
    }
}

/// `ResolveNames` by the generated client: the message that goes out, and what comes back.
fn exchange_call() {
    let reply = format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header><t:ServerVersionInfo MajorVersion='8' \
         MinorVersion='1' xmlns:t='http://schemas.microsoft.com/exchange/services/2006/types'/></s:Header><s:Body>\
         <ResolveNamesResponse {EXCHANGE}><ResponseMessages><ResolveNamesResponseMessage ResponseClass='Warning'>\
         <MessageText>Multiple results were found.</MessageText><ResponseCode>ErrorNameResolutionMultipleResults</ResponseCode>\
         <DescriptiveLinkKey>0</DescriptiveLinkKey><ResolutionSet TotalItemsInView='2' IncludesLastItemInRange='true'>\
         <t:Resolution><t:Mailbox><t:Name>User2</t:Name><t:EmailAddress>User2@example.com</t:EmailAddress>\
         <t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox></t:Resolution></ResolutionSet>\
         </ResolveNamesResponseMessage></ResponseMessages></ResolveNamesResponse></s:Body></s:Envelope>"
    );
    let channel = Canned { reply, request: Mutex::default() };
    let client = exchange::ExchangeServicePortTypeClient::new(&channel);
    let request = messages::ResolveNamesType {
        return_full_contact_data: true,
        search_scope: types::ResolveNamesSearchScopeType::ActiveDirectoryContacts,
        unresolved_entry: "User2".into(),
        ..Default::default()
    };
    let version =
        types::RequestServerVersion { version: types::ExchangeVersionType::Exchange2007Sp1, ..Default::default() };
    let (answer, server) =
        run(client.resolve_names(request, None, None, Some("en-US".into()), Some(version))).expect("an answer");
    let (action, text) = channel.request.lock().unwrap().take().expect("a request");
    assert_eq!(action, "http://schemas.microsoft.com/exchange/services/2006/messages/ResolveNames");
    let golden = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header>\
        <t:MailboxCulture xmlns:t='http://schemas.microsoft.com/exchange/services/2006/types'>en-US</t:MailboxCulture>\
        <t:RequestServerVersion xmlns:t='http://schemas.microsoft.com/exchange/services/2006/types' Version='Exchange2007_SP1'/>\
        </s:Header><s:Body><ResolveNames xmlns='http://schemas.microsoft.com/exchange/services/2006/messages' \
        ReturnFullContactData='true'><UnresolvedEntry>User2</UnresolvedEntry></ResolveNames></s:Body></s:Envelope>";
    let parsed = |text: &str| Document::parse(text.as_bytes(), &Limits::default()).expect("XML");
    assert_eq!(infoset(parsed(&text).root()), infoset(parsed(golden).root()));
    assert_eq!(server.expect("a header").major_version, Some(8));
    assert!(format!("{answer:?}").contains("User2@example.com"), "{answer:?}");
}

fn paypal_messages() {
    let request: paypal::SetExpressCheckoutReq = survives(
        "<SetExpressCheckoutReq xmlns='urn:ebay:api:PayPalAPI' xmlns:e='urn:ebay:apis:eBLBaseComponents'>
           <SetExpressCheckoutRequest><e:Version>94.0</e:Version><e:SetExpressCheckoutRequestDetails>
             <e:OrderTotal currencyID='USD'>10.00</e:OrderTotal><e:ReturnURL>https://shop.example/ok?a=1&amp;b=2</e:ReturnURL>
             <e:CancelURL>https://shop.example/no</e:CancelURL><e:PaymentAction>Sale</e:PaymentAction>
           </e:SetExpressCheckoutRequestDetails></SetExpressCheckoutRequest></SetExpressCheckoutReq>",
    );
    let details = request.set_express_checkout_request.set_express_checkout_request_details;
    assert_eq!(details.order_total.expect("a total").value, "10.00");
    survives::<paypal::SetExpressCheckoutResponseType>(
        "<SetExpressCheckoutResponse xmlns='urn:ebay:api:PayPalAPI' xmlns:e='urn:ebay:apis:eBLBaseComponents'>
           <e:Timestamp>2026-11-23T10:00:00Z</e:Timestamp><e:Ack>Failure</e:Ack><e:CorrelationID>6c1e8</e:CorrelationID>
           <e:Errors><e:ShortMessage>Security error</e:ShortMessage><e:LongMessage>Security header is not valid</e:LongMessage>
             <e:ErrorCode>10002</e:ErrorCode><e:SeverityCode>Error</e:SeverityCode>
             <e:ErrorParameters ParamID='1'><e:Value>x</e:Value></e:ErrorParameters></e:Errors>
           <e:Version>94.0</e:Version><e:Build>1</e:Build><Token>EC-1</Token></SetExpressCheckoutResponse>",
    );
}

fn onvif_messages() {
    survives::<onvif::wsn_b_2::Notify>(
        "<wsnt:Notify xmlns:wsnt='http://docs.oasis-open.org/wsn/b-2' xmlns:tns1='http://www.onvif.org/ver10/topics' \
           xmlns:tt='http://www.onvif.org/ver10/schema' xmlns:wsa5='http://www.w3.org/2005/08/addressing'>
           <wsnt:NotificationMessage><wsnt:SubscriptionReference><wsa5:Address>http://cam/sub</wsa5:Address>
             <wsa5:ReferenceParameters><id xmlns='urn:x'>7</id></wsa5:ReferenceParameters></wsnt:SubscriptionReference>
           <wsnt:Topic Dialect='http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet' extra='1'>tns1:VideoSource/MotionAlarm</wsnt:Topic>
           <wsnt:Message><tt:Message UtcTime='2026-11-23T10:00:00Z' PropertyOperation='Changed'><tt:Source>
             <tt:SimpleItem Name='Source' Value='0'/></tt:Source><tt:Data><tt:SimpleItem Name='State' Value='true'/></tt:Data>
             </tt:Message></wsnt:Message></wsnt:NotificationMessage></wsnt:Notify>",
    );
    let subscribe: onvif::wsn_b_2::Subscribe = survives(
        "<wsnt:Subscribe xmlns:wsnt='http://docs.oasis-open.org/wsn/b-2' xmlns:wsa='http://www.w3.org/2005/08/addressing' \
           xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>
           <wsnt:ConsumerReference><wsa:Address mark='1'>http://me/notify</wsa:Address></wsnt:ConsumerReference>
           <wsnt:Filter><wsnt:TopicExpression Dialect='urn:d' xmlns:t='urn:t'>t:Device//.</wsnt:TopicExpression></wsnt:Filter>
           <wsnt:InitialTerminationTime>PT60S</wsnt:InitialTerminationTime></wsnt:Subscribe>",
    );
    assert_eq!(subscribe.filter.expect("a filter").any.len(), 1);
    let nil: onvif::wsn_b_2::Subscribe = survives(
        "<wsnt:Subscribe xmlns:wsnt='http://docs.oasis-open.org/wsn/b-2' xmlns:wsa='http://www.w3.org/2005/08/addressing' \
           xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><wsnt:ConsumerReference><wsa:Address>a</wsa:Address>\
           </wsnt:ConsumerReference><wsnt:InitialTerminationTime xsi:nil='true'/></wsnt:Subscribe>",
    );
    assert_eq!(nil.initial_termination_time, Some(waxwing::datacontract::Nullable::Nil));
}

fn reports_messages() {
    survives::<reports::ScheduleDefinition>(
        "<ScheduleDefinition xmlns='http://schemas.microsoft.com/sqlserver/reporting/2010/03/01/ReportServer'>
           <StartDateTime>2026-11-23T08:00:00+01:00</StartDateTime><EndDate>2027-01-01T00:00:00Z</EndDate>
           <WeeklyRecurrence><WeeksInterval>1</WeeksInterval><DaysOfWeek><Sunday>false</Sunday><Monday>true</Monday>\
           <Tuesday>false</Tuesday><Wednesday>true</Wednesday><Thursday>false</Thursday><Friday>false</Friday>\
           <Saturday>false</Saturday></DaysOfWeek></WeeklyRecurrence></ScheduleDefinition>",
    );
    survives::<reports::DataSource>(
        "<DataSource xmlns='http://schemas.microsoft.com/sqlserver/reporting/2010/03/01/ReportServer'><Name>Sales</Name>
           <DataSourceReference><Reference>/Data Sources/Sales</Reference></DataSourceReference></DataSource>",
    );
}

const EVENT: &str = "<ObjectEvent xmlns=''><eventTime>2026-11-23T10:00:00Z</eventTime>
    <eventTimeZoneOffset>+01:00</eventTimeZoneOffset><epcList><epc>urn:epc:id:sgtin:0614141.107346.2017</epc>
    <epc>urn:epc:id:sgtin:0614141.107346.2018</epc></epcList><action>OBSERVE</action>
    <bizStep>urn:epcglobal:cbv:bizstep:shipping</bizStep><readPoint><id>urn:epc:id:sgln:0614141.07346.1234</id></readPoint>
    <bizTransactionList><bizTransaction type='urn:epcglobal:cbv:btt:po'>http://transaction.acme.com/po/12345678</bizTransaction>
    </bizTransactionList><e:temperature xmlns:e='http://example.com/ext'>21.5</e:temperature></ObjectEvent>";

fn epcis_messages() {
    survives::<epcis::epcglobal_epcis_query_xsd_1::Poll>(
        "<q:Poll xmlns:q='urn:epcglobal:epcis-query:xsd:1' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
           xmlns:xs='http://www.w3.org/2001/XMLSchema'><queryName>SimpleEventQuery</queryName><params><param><name>eventType</name>
           <value><string xmlns=''>ObjectEvent</string></value></param><param><name>eventCountLimit</name>
           <value xsi:type='xs:int'>5</value></param></params></q:Poll>",
    );
    let results: epcis::epcglobal_epcis_query_xsd_1::QueryResults = survives(&format!(
        "<q:QueryResults xmlns:q='urn:epcglobal:epcis-query:xsd:1'><queryName>SimpleEventQuery</queryName>
           <resultsBody><EventList>{EVENT}{EVENT}</EventList></resultsBody></q:QueryResults>"
    ));
    let text = format!("{results:?}");
    assert!(text.contains("temperature") && text.matches("ObjectEvent(").count() == 2, "{text}");
}
