//! Connections: accepted, served with HTTP/1, and at the end waited for.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::app::App;

/// How long a client may take to send the head of a request, or to begin with the next.
const HEAD: Duration = Duration::from_secs(30);

/// How long running requests may take once we are asked to stop.
const FAREWELL: Duration = Duration::from_secs(5);

/// Connections at the same time; more wait to be accepted.
const CONNECTIONS: usize = 4096;

/// Takes the address, or says in a sentence why not.
pub async fn bind(listen: &str) -> Result<TcpListener> {
    match TcpListener::bind(listen).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("the port of `{listen}` is in use; choose another with --listen, or 0 for any free one")
        }
        Err(error) => bail!("cannot listen on `{listen}`: {error}; choose another with --listen"),
    }
}

/// SIGTERM and SIGINT; from its making on they end nothing by themselves.
pub struct Stop(Signal, Signal);

impl Stop {
    pub fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self(listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?))
    }

    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// Serves until asked to stop, then finishes what runs.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        // The semaphore is never closed.
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // One client's trouble, or too many open files: neither may end the server.
                eprintln!("a connection was not accepted: {error}");
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Without it an answer in two pieces waits for the client's acknowledgement of the first.
        let _ = stream.set_nodelay(true);
        let connection = graceful.watch(connection(app.clone(), TokioIo::new(stream), client));
        tokio::spawn(async move {
            // Clients go away as they please; there is nothing to tell anybody.
            drop(connection.await);
            drop(place);
        });
    }
    drop(listener);
    if timeout(FAREWELL, graceful.shutdown()).await.is_err() {
        eprintln!("some requests were still running after {} s", FAREWELL.as_secs());
    }
}

fn connection(
    app: Arc<App>,
    stream: TokioIo<tokio::net::TcpStream>,
    client: SocketAddr,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> {
    let service = service_fn(move |request| {
        let app = app.clone();
        async move { Ok::<_, Infallible>(app.answer(request, client).await) }
    });
    http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(HEAD).serve_connection(stream, service)
}
