//! HTTP to the outside: a connection per request, TLS by the roots that browsers trust.

use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use bindings::outbound::Sending;
use http::{
    HeaderValue, Request, Response, Uri,
    header::HOST,
    uri::{Authority, Scheme},
};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use crate::body::lively;

/// How long Spin waits where the guest does not say.
const PATIENCE: Duration = Duration::from_secs(600);

/// Makes connections; cheap to clone.
#[derive(Clone)]
pub struct Connector(TlsConnector);

impl Connector {
    pub fn new() -> anyhow::Result<Self> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::trusting(roots)
    }

    /// For tests with a certificate of their own.
    pub fn trusting(roots: RootCertStore) -> anyhow::Result<Self> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be set up")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    pub fn send(&self, request: Request<WasiBody>, options: Option<RequestOptions>) -> Sending {
        let tls = self.0.clone();
        Box::pin(async move {
            let times = Times::of(options);
            let response = timeout(times.first_byte, exchange(tls, request, times.connect));
            let response = response.await.map_err(|_| Error::ConnectionReadTimeout)??;
            Ok(response.map(|body| lively(body, times.between_bytes)))
        })
    }
}

struct Times {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Times {
    fn of(options: Option<RequestOptions>) -> Self {
        let or = |time: Option<Duration>| time.unwrap_or(PATIENCE);
        match options {
            Some(options) => Self {
                connect: or(options.connect_timeout),
                first_byte: or(options.first_byte_timeout),
                between_bytes: or(options.between_bytes_timeout),
            },
            None => Self { connect: PATIENCE, first_byte: PATIENCE, between_bytes: PATIENCE },
        }
    }
}

async fn exchange(
    tls: TlsConnector,
    mut request: Request<WasiBody>,
    patience: Duration,
) -> Result<Response<hyper::body::Incoming>, Error> {
    let secure = match request.uri().scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => false,
        _ => return Err(Error::HttpRequestUriInvalid),
    };
    let authority = request.uri().authority().cloned().ok_or(Error::HttpRequestUriInvalid)?;
    prepare(&mut request, &authority)?;
    let connect = async {
        let stream = connect(&authority, if secure { 443 } else { 80 }).await?;
        if !secure {
            return handshake(stream).await;
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
        handshake(tls.connect(name, stream).await.map_err(Error::Tls)?).await
    };
    let mut sender = timeout(patience, connect).await.map_err(|_| Error::ConnectionTimeout)??;
    Ok(sender.send_request(request).await?)
}

/// The request as HTTP/1 writes it: the path in the first line, the authority in `host`.
fn prepare(request: &mut Request<WasiBody>, authority: &Authority) -> Result<(), Error> {
    let host = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, host)| host);
    let host = HeaderValue::try_from(host).map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().insert(HOST, host);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    *request.uri_mut() = path.parse().map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(())
}

async fn connect(authority: &Authority, usual_port: u16) -> Result<TcpStream, Error> {
    let unresolved =
        |_| Error::DnsError { rcode: Some("address not available".to_owned()), info_code: Some(0) };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<SocketAddr> =
        tokio::net::lookup_host((host, authority.port_u16().unwrap_or(usual_port)))
            .await
            .map_err(unresolved)?
            .collect();
    let stream = TcpStream::connect(&*addresses).await.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        _ => Error::Connect(error),
    })?;
    // Of no consequence if it fails: only slower.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn handshake<S>(stream: S) -> Result<http1::SendRequest<WasiBody>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends when the sender and the answer's body are gone; an error reaches the guest through either of them.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

/// A guest's call of its own application, by the address that we listen on.
pub(super) fn to_itself(
    mut request: Request<WasiBody>,
    listens: SocketAddr,
) -> Result<Request<WasiBody>, Error> {
    let address = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::from([127, 0, 0, 1]), listens.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]), listens.port())
        }
        _ => listens,
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() =
        format!("http://{address}{path}").parse::<Uri>().map_err(|_| Error::HttpRequestUriInvalid)?;
    Ok(request)
}
