//! What a guest may reach beyond the host: the network as far as its manifest names it, and its neighbours.

pub mod hosts;
mod send;

use std::sync::{Arc, OnceLock, Weak};

use bindings::outbound::{Outbound, Sending};
use http::{Request, header::HOST};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::app::App;
use hosts::{Hosts, Url};

/// The application, known once it stands; weak, because its components hold this.
pub type Neighbours = Arc<OnceLock<Weak<App>>>;

/// The network as one component sees it.
pub struct Network {
    pub id: Arc<str>,
    pub hosts: Hosts,
    pub neighbours: Neighbours,
    pub connector: send::Connector,
}

pub use send::Connector;

impl Network {
    fn refuse(&self, entry: &str) -> Error {
        eprintln!("[{}] refused: `{entry}` is not in its allowed_outbound_hosts", self.id);
        Error::HttpRequestDenied
    }

    /// Where a request goes, or that it does not go.
    fn judge(&self, request: &Request<WasiBody>) -> Result<Way, Error> {
        let host = request.uri().host().unwrap_or_default();
        if host.is_empty() || host == "self.alt" {
            return if self.hosts.admits_self() { Ok(Way::Itself) } else { Err(self.refuse("http://self")) };
        }
        let address = request.uri().to_string();
        let url = Url::parse(&address, "https").map_err(|_| Error::HttpRequestUriInvalid)?;
        if !self.hosts.admit(&url) {
            return Err(self.refuse(&url.entry()));
        }
        Ok(match hosts::chained_to(host) {
            Some(id) => Way::Neighbour(id.to_owned()),
            None => Way::Out,
        })
    }

    fn app(&self) -> Result<Arc<App>, Error> {
        self.neighbours.get().and_then(Weak::upgrade).ok_or(Error::DestinationUnavailable)
    }
}

enum Way {
    Out,
    /// To the application's own address, as anybody would come.
    Itself,
    /// To another component, without a socket.
    Neighbour(String),
}

impl Outbound for Network {
    fn send(&self, mut request: Request<WasiBody>, options: Option<RequestOptions>) -> Sending {
        let way = match self.judge(&request) {
            Ok(way) => way,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        // The address decides whom a request is for, not a header that the guest chose.
        request.headers_mut().remove(HOST);
        match way {
            Way::Out => self.connector.send(request, options),
            Way::Itself => match self.app().and_then(|app| send::to_itself(request, app.listens_on())) {
                Ok(request) => self.connector.send(request, options),
                Err(error) => Box::pin(std::future::ready(Err(error))),
            },
            Way::Neighbour(id) => match self.app() {
                Ok(app) => {
                    Box::pin(async move { app.chain(&id, request).await.ok_or(Error::DestinationNotFound) })
                }
                Err(error) => Box::pin(std::future::ready(Err(error))),
            },
        }
    }

    fn admits(&self, address: &str, scheme: &str) -> bool {
        self.hosts.admits(address, scheme)
    }
}
