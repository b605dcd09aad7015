//! What a call over net.tcp costs at least on a machine: octets there and octets back, and nothing else.
//!
//! `limit_tcp serve` is the service, `limit_tcp call ADDRESS [CALLS [SESSIONS]]` the client. A message has about as many octets as
//! one of the calculator sample with its framing; a session is a connection over loopback, without delay, served by one task at each
//! end.
//!
//! `tasks` in place of `serve` and `call tasks …` do the same as ends must that talk both ways at once: what is sent passes
//! through a queue to the task of the connection, and what comes wakes the one who waits for it.

#![allow(clippy::disallowed_methods)] // a program with sockets and clocks

use std::error::Error;
use std::io;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

type Failure = Box<dyn Error + Send + Sync>;

/// About what a session sends after its first messages. How much exactly hardly matters: the cost is in the calls of the kernel.
const REQUEST: usize = 232;
const RESPONSE: usize = 164;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *words.as_slice() {
        ["serve"] => serve(false).await,
        ["tasks"] => serve(true).await,
        ["call", "tasks", address, ref rest @ ..] => call(address, rest, true).await,
        ["call", address, ref rest @ ..] => call(address, rest, false).await,
        _ => Err("usage: limit_tcp serve | tasks | call [tasks] ADDRESS [CALLS [SESSIONS]]".into()),
    }
}

async fn serve(by_tasks: bool) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("READY {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let served = match by_tasks {
                true => serve_by_tasks(stream).await,
                false => serve_one(stream).await,
            };
            if let Err(error) = served {
                eprintln!("{error}");
            }
        });
    }
}

async fn serve_one(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(8 << 10);
    while receive(&mut stream, &mut buffer, REQUEST).await? {
        stream.write_all(&[0; RESPONSE]).await?;
    }
    Ok(())
}

/// The operation runs in a task of its own, and its answer goes through the queue of the connection.
async fn serve_by_tasks(stream: TcpStream) -> io::Result<()> {
    let (mut input, mut output) = stream.into_split();
    let (queue, mut outgoing) = mpsc::unbounded_channel::<Vec<u8>>();
    let reading = async {
        let mut buffer = Vec::with_capacity(8 << 10);
        while receive(&mut input, &mut buffer, REQUEST).await? {
            let queue = queue.clone();
            tokio::spawn(async move { queue.send(vec![0; RESPONSE]) });
        }
        io::Result::Ok(())
    };
    let writing = async {
        while let Some(answer) = outgoing.recv().await {
            output.write_all(&answer).await?;
        }
        io::Result::Ok(())
    };
    tokio::select! {
        read = reading => read,
        written = writing => written,
    }
}

async fn call(address: &str, rest: &[&str], by_tasks: bool) -> Result<(), Failure> {
    let calls: usize = rest.first().map_or(Ok(1000), |text| text.parse())?;
    let sessions: usize = rest.get(1).map_or(Ok(1), |text| text.parse())?;
    let begun = Instant::now();
    let mut running = Vec::new();
    for _ in 0..sessions {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        running.push(match by_tasks {
            true => tokio::spawn(call_by_tasks(stream, calls / sessions)),
            false => tokio::spawn(call_alone(stream, calls / sessions)),
        });
    }
    for session in running {
        session.await??;
    }
    let time = begun.elapsed().as_secs_f64();
    let rate = calls as f64 / time;
    println!("{calls} calls in {sessions} sessions, 0 wrong, {time:.2} s, {rate:.0} calls/s");
    Ok(())
}

async fn call_alone(mut stream: TcpStream, calls: usize) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(8 << 10);
    for _ in 0..calls {
        stream.write_all(&[0; REQUEST]).await?;
        receive(&mut stream, &mut buffer, RESPONSE).await?;
    }
    Ok(())
}

async fn call_by_tasks(stream: TcpStream, calls: usize) -> io::Result<()> {
    let (mut input, mut output) = stream.into_split();
    let (queue, mut outgoing) = mpsc::unbounded_channel::<(Vec<u8>, oneshot::Sender<()>)>();
    let (waits, mut waiting) = mpsc::unbounded_channel::<oneshot::Sender<()>>();
    let connection = tokio::spawn(async move {
        let reading = async {
            let mut buffer = Vec::with_capacity(8 << 10);
            while receive(&mut input, &mut buffer, RESPONSE).await? {
                if let Some(who) = waiting.recv().await {
                    let _ = who.send(());
                }
            }
            io::Result::Ok(())
        };
        let writing = async {
            while let Some((message, who)) = outgoing.recv().await {
                let _ = waits.send(who);
                output.write_all(&message).await?;
            }
            io::Result::Ok(())
        };
        tokio::select! {
            read = reading => read,
            written = writing => written,
        }
    });
    for _ in 0..calls {
        let (who, answered) = oneshot::channel();
        let _ = queue.send((vec![0; REQUEST], who));
        answered.await.map_err(|_| io::ErrorKind::UnexpectedEof)?;
    }
    drop(queue);
    connection.await?
}

/// Reads one message; nothing more comes when it gives false.
async fn receive(
    stream: &mut (impl AsyncReadExt + Unpin),
    buffer: &mut Vec<u8>,
    size: usize,
) -> io::Result<bool> {
    buffer.clear();
    while buffer.len() < size {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}
