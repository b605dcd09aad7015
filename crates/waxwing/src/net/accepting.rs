//! A socket that is listened on, as its owner sees it: a task that accepts, until it is stopped.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::listener::Listening;
use crate::future::BoxFuture;

/// Says when nothing more is to be accepted.
pub(super) type Stopped = watch::Receiver<bool>;

/// A task that accepts connections. Dropping it stops it at once; [`Accepting::shutdown`] lets what is under way end.
#[derive(Debug)]
pub(super) struct Accepting {
    local: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

impl Accepting {
    /// Runs what accepts on `local`: it ends by itself, some time after it is told to stop.
    pub(super) fn run<F>(local: SocketAddr, accept: impl FnOnce(Stopped) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, stopped) = watch::channel(false);
        Self { local, stop, task: Some(tokio::spawn(accept(stopped))) }
    }

    /// The address that it listens on, with the port that was chosen.
    pub(super) fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Takes no more connections and waits until everything under way has ended, at most `patience`. Gives whether all
    /// ended by themselves.
    pub(super) async fn shutdown(mut self, patience: Duration) -> bool {
        let _ = self.stop.send(true);
        let Some(mut task) = self.task.take() else { return true };
        let ended = tokio::time::timeout(patience, &mut task).await.is_ok();
        if !ended {
            task.abort();
        }
        ended
    }
}

impl Drop for Accepting {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Listening for Accepting {
    fn local_address(&self) -> Option<SocketAddr> {
        Some(self.local_addr())
    }

    fn shutdown(self: Box<Self>, patience: Duration) -> BoxFuture<'static, bool> {
        Box::pin(Accepting::shutdown(*self, patience))
    }
}
