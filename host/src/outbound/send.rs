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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::empty;
    use http_body_util::BodyExt as _;
    use rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    /// A server for `localhost` that answers one request, and the root that vouches for it.
    async fn server(answer: &'static [u8]) -> (SocketAddr, RootCertStore) {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(own.cert.der().clone()).unwrap();
        let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
            let mut request = [0; 1024];
            assert_ne!(stream.read(&mut request).await.unwrap(), 0);
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        });
        (address, roots)
    }

    fn ask(uri: &str) -> Request<WasiBody> {
        Request::builder().uri(uri).body(empty()).unwrap()
    }

    fn soon() -> Option<RequestOptions> {
        let soon = Some(Duration::from_millis(300));
        Some(RequestOptions { connect_timeout: soon, first_byte_timeout: soon, between_bytes_timeout: soon })
    }

    #[tokio::test]
    async fn a_server_that_is_vouched_for_is_believed() {
        let (address, roots) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
        let connector = Connector::trusting(roots).unwrap();
        let response =
            connector.send(ask(&format!("https://localhost:{}/", address.port())), None).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hi");
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_refused() {
        let (address, _) = server(b"").await;
        let refused = Connector::new()
            .unwrap()
            .send(ask(&format!("https://localhost:{}/", address.port())), None)
            .await;
        assert!(matches!(refused, Err(Error::Tls(_))), "{:?}", refused.err());
    }

    #[tokio::test]
    async fn a_certificate_for_another_name_is_refused() {
        let (address, roots) = server(b"").await;
        let connector = Connector::trusting(roots).unwrap();
        let refused = connector.send(ask(&format!("https://127.0.0.1:{}/", address.port())), None).await;
        assert!(matches!(refused, Err(Error::Tls(_))), "{:?}", refused.err());
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connector = Connector::new().unwrap();
        for uri in [format!("http://{address}/"), format!("https://{address}/")] {
            let refused = connector.send(ask(&uri), soon()).await;
            assert!(
                matches!(refused, Err(Error::ConnectionReadTimeout | Error::ConnectionTimeout)),
                "{:?}",
                refused.err()
            );
        }
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_an_error() {
        let (address, roots) = server(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi").await;
        let connector = Connector::trusting(roots).unwrap();
        let response =
            connector.send(ask(&format!("https://localhost:{}/", address.port())), None).await.unwrap();
        assert!(response.into_body().collect().await.is_err());
    }

    #[tokio::test]
    async fn other_schemes_are_refused() {
        let connector = Connector::new().unwrap();
        for uri in ["ftp://localhost/", "/x"] {
            assert!(
                matches!(connector.send(ask(uri), None).await, Err(Error::HttpRequestUriInvalid)),
                "{uri}"
            );
        }
    }

    #[test]
    fn the_host_is_that_of_the_address() {
        let mut request = ask("http://user:pw@a.example:81/x?y");
        let authority = request.uri().authority().cloned().unwrap();
        prepare(&mut request, &authority).unwrap();
        assert_eq!(request.headers()[HOST], "a.example:81");
        assert_eq!(request.uri(), "/x?y");
        let mut request = ask("http://a.example?y");
        let authority = request.uri().authority().cloned().unwrap();
        prepare(&mut request, &authority).unwrap();
        assert_eq!(request.uri(), "/?y");
    }

    #[test]
    fn itself_is_where_we_listen() {
        for (listens, uri) in [
            ("0.0.0.0:3000", "http://127.0.0.1:3000/x"),
            ("[::]:3000", "http://[::1]:3000/x"),
            ("10.0.0.1:80", "http://10.0.0.1:80/x"),
        ] {
            let request = to_itself(ask("http://self.alt/x"), listens.parse().unwrap()).unwrap();
            assert_eq!(request.uri().to_string(), uri);
        }
    }
}
