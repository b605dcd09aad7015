//! What contracts of services that are not WCF's need: parts that are left out, repeated parts, parts of other namespaces,
//! one action for several operations, replies of any action.

mod support;

use waxwing::contract::{OperationFault, RequestChannel as _, service_contract};

use support::{Local, infoset, infoset_of, run};

#[service_contract(namespace = "urn:foreign", name = "Foreign", dispatch_by_body)]
trait Foreign {
    /// rpc/literal: parts without namespace.
    #[operation(
        action = "",
        wrapper = "Sum",
        results(part("return", namespace = ""), part("count", namespace = "urn:other", optional))
    )]
    async fn sum(
        &self,
        #[param(namespace = "", repeated)] number: Vec<i32>,
        #[param(namespace = "", optional)] unit: Option<String>,
        #[param(header, optional)] ticket: Option<String>,
    ) -> Result<(i32, Option<i32>), OperationFault>;

    #[operation(action = "", reply_action = "*", results(part("line", repeated)))]
    async fn lines(&self, text: &str) -> Result<Vec<String>, OperationFault>;

    #[operation(action = "", bare, reply_bare, result = "Answer", result_namespace = "urn:other")]
    async fn ask(
        &self,
        #[param(name = "Question", namespace = "urn:other")] question: String,
    ) -> Result<String, OperationFault>;

    #[operation(results(header("Mark", namespace = "urn:marks", repeated), "Rest"))]
    async fn marks(
        &self,
        #[param(header, repeated, name = "Mark", namespace = "urn:marks")] marks: &[i32],
    ) -> Result<(Vec<i32>, bool), OperationFault>;
}

struct Plain;

impl Foreign for Plain {
    async fn sum(
        &self,
        number: Vec<i32>,
        unit: Option<String>,
        ticket: Option<String>,
    ) -> Result<(i32, Option<i32>), OperationFault> {
        let count = (unit.is_some() || ticket.is_some()).then_some(number.len() as i32);
        Ok((number.iter().sum(), count))
    }

    async fn lines(&self, text: &str) -> Result<Vec<String>, OperationFault> {
        Ok(text.lines().map(str::to_owned).collect())
    }

    async fn ask(&self, question: String) -> Result<String, OperationFault> {
        Ok(question + "!")
    }

    async fn marks(&self, marks: &[i32]) -> Result<(Vec<i32>, bool), OperationFault> {
        Ok((marks.to_vec(), marks.is_empty()))
    }
}

fn client() -> ForeignClient<Local<ForeignService<Plain>>> {
    ForeignClient::new(Local::new(ForeignService::new(Plain)))
}

#[test]
fn null_parts_are_left_out_and_repeated_ones_stand_side_by_side() {
    let client = client();
    assert_eq!(run(client.sum(vec![1, 2], None, None)).unwrap(), (3, None));
    let sent = client.channel().last_request();
    assert_eq!(sent.headers().count(), 0);
    assert_eq!(
        infoset(sent.payload().unwrap()),
        infoset_of("<f:Sum xmlns:f='urn:foreign'><number>1</number><number>2</number></f:Sum>")
    );
    assert_eq!(
        client.channel().reply().1,
        infoset_of("<f:SumResponse xmlns:f='urn:foreign'><return>3</return></f:SumResponse>")
    );
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(run(client.sum(vec![], some("m"), some("t"))).unwrap(), (0, Some(0)));
    let sent = client.channel().last_request();
    let names: Vec<_> = sent.headers().map(|header| header.local_name().to_owned()).collect();
    assert_eq!(names, ["ticket"]);
    assert_eq!(
        client.channel().reply().1,
        infoset_of(
            "<f:SumResponse xmlns:f='urn:foreign'><return>0</return><o:count xmlns:o='urn:other'>0</o:count></f:SumResponse>"
        )
    );
}

#[test]
fn the_element_in_the_body_tells_operations_of_one_action_apart() {
    let client = client();
    assert_eq!(run(client.lines("a\nb")).unwrap(), ["a", "b"]);
    assert_eq!(run(client.lines("")).unwrap(), Vec::<String>::new());
    assert_eq!(run(client.ask("why".to_owned())).unwrap(), "why!");
    assert_eq!(client.channel().reply().1, infoset_of("<Answer xmlns='urn:other'>why!</Answer>"));
    let actions: Vec<_> =
        FOREIGN_CONTRACT.operations.iter().map(|operation| operation.action).collect();
    assert_eq!(actions, ["", "", "", "urn:foreign/Foreign/Marks"]);
    assert_eq!(client.channel().message_version(), client.message_version());
}

#[test]
fn repeated_headers_come_back() {
    let client = client();
    assert_eq!(run(client.marks(&[1, 2])).unwrap(), (vec![1, 2], false));
    assert_eq!(run(client.marks(&[])).unwrap(), (vec![], true));
}

#[test]
fn a_reply_of_any_action_is_written_with_the_default_one() {
    let client = client();
    assert_eq!(FOREIGN_CONTRACT.operations[1].reply_action, Some("*"));
    run(client.lines("x")).unwrap();
    let replies = client.channel().replies.lock().unwrap();
    assert_eq!(replies.last().unwrap().0, "urn:foreign/Foreign/LinesResponse");
}
