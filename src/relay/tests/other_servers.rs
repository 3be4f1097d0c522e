//! Servers of other makers, over loopback: OpenSSL's and nginx's. Skipped where they are not
//! installed.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

/// A server of its own, ended with the test.
struct Server {
    child: Child,
    folder: PathBuf,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    /// Starts what `command` makes of a folder with the certificate and its key, and a port.
    fn start(name: &str, command: impl Fn(&Path, u16) -> Command) -> Option<Self> {
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("keyseal-relay-{name}-{port}"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("leaf.pem"), leaf_pem()).expect("a file");
        fs::write(folder.join("key.pem"), leaf_key_pem()).expect("a file");
        let mut command = command(&folder, port);
        // OpenSSL's ends with its input.
        command.stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = command.spawn() else {
            eprintln!("skipped: {name} is not installed");
            return None;
        };
        let server = Self {
            child,
            folder,
            port,
        };
        let begun = Instant::now();
        while connect(server.port).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{name} listens");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    fn granted(&self) -> Granted {
        let host = format!("localhost:{}", self.port);
        granted(&[("entry", "openai", Some(&host))])
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test carries the bytes that JavaScript carries otherwise"
)]
fn connect(port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", port))
}

/// A connection over a socket.
struct Wire {
    connection: Connection,
    stream: TcpStream,
}

impl Wire {
    fn new(server: &Server, granted: &Granted, trust: &Trust) -> Self {
        let connection = Connection::new(granted, "openai", "entry", &[root()], trust);
        let stream = connect(server.port).expect("a connection");
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).expect("a socket");
        let mut wire = Self {
            connection: connection.expect("a connection"),
            stream,
        };
        while wire.connection.state() == State::Handshaking {
            wire.send();
            wire.receive();
        }
        assert_eq!(wire.connection.state(), State::Idle);
        wire
    }

    fn send(&mut self) {
        while let Some(bytes) = self.connection.outgoing() {
            self.stream.write_all(&bytes).expect("sent");
        }
    }

    fn receive(&mut self) {
        match some(&mut self.stream).expect("received") {
            bytes if bytes.is_empty() => self.connection.receive_end().expect("no error"),
            bytes => self.connection.receive(bytes).expect("no error"),
        }
    }

    /// One request with a body, and its whole answer.
    fn exchange(&mut self, granted: &Granted, method: &str, path: &str, body: &[u8]) -> All {
        let request = Request {
            method,
            path,
            headers: &[],
            body: match body.len() {
                0 => Body::None,
                length => Body::Length(length as u64),
            },
        };
        let sent = self.connection.request(granted, "entry", &request);
        sent.expect("a request");
        let mut rest = body;
        while !rest.is_empty() {
            let taken = self.connection.write(rest).expect("no error");
            rest = &rest[taken..];
            self.send();
        }
        self.connection.finish().expect("no error");
        self.send();
        let mut whole = All::of(&mut self.connection);
        while whole.end.is_none() && whole.error.is_none() {
            self.receive();
            let more = All::of(&mut self.connection);
            if more.status != 0 {
                (whole.status, whole.headers) = (more.status, more.headers);
            }
            whole.body.extend(more.body);
            (whole.end, whole.error) = (more.end, more.error);
            // Answers to key updates and the like.
            self.send();
        }
        whole
    }
}

#[test]
fn openssl_with_tiny_records_many_tickets_and_bodies_that_end_with_the_connection() {
    let trust = trust(NOW);
    for version in ["-tls1_3", "-tls1_2"] {
        let server = Server::start("openssl", |folder, port| {
            let mut command = Command::new("openssl");
            command.current_dir(folder);
            let options = "s_server -quiet -www -cert leaf.pem -key key.pem -max_send_frag 512 \
                           -num_tickets 5";
            command.args(options.split_ascii_whitespace());
            command.args([version, "-accept", &port.to_string()]);
            command
        });
        let Some(server) = server else { return };
        let granted = server.granted();
        for _ in 0..2 {
            let mut wire = Wire::new(&server, &granted, &trust);
            let all = wire.exchange(&granted, "GET", "/v1/models", b"");
            assert_eq!((all.status, &all.error), (200, &None), "{version}");
            // A page about the connection.
            assert!(all.text().contains("s_server"), "{version}");
            assert_eq!(all.end, Some(false), "the connection ends with the body");
        }
    }
}

#[test]
fn nginx_with_kept_connections_large_bodies_and_both_versions() {
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| (at * 7) as u8).collect();
    for (version, ciphers) in [
        ("TLSv1.3", "HIGH"),
        ("TLSv1.2", "HIGH"),
        (
            "TLSv1.2",
            "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305",
        ),
    ] {
        let server = Server::start("nginx", |folder, port| {
            fs::create_dir_all(folder.join("v1")).expect("a folder");
            fs::write(folder.join("v1/models"), &large).expect("a file");
            let here = folder.display();
            let conf = format!(
                "daemon off; pid {here}/pid; error_log {here}/error.log; events {{}}\n\
                 http {{ access_log off; client_body_temp_path {here}/body; \
                 proxy_temp_path {here}/p; fastcgi_temp_path {here}/f; uwsgi_temp_path {here}/u; \
                 scgi_temp_path {here}/s; client_max_body_size 10m; \
                 server {{ listen 127.0.0.1:{port} ssl; root {here}; \
                 ssl_certificate leaf.pem; ssl_certificate_key key.pem; \
                 ssl_protocols {version}; ssl_ciphers {ciphers}; ssl_buffer_size 1k; \
                 location /v1/embeddings {{ if ($http_authorization != \"Bearer {KEY}\") \
                 {{ return 401; }} return 200 \"$content_length\"; }} }} }}\n"
            );
            fs::write(folder.join("nginx.conf"), conf).expect("a file");
            let mut command = Command::new("nginx");
            let conf = folder.join("nginx.conf");
            command.arg("-p").arg(folder).arg("-c").arg(conf);
            command
        });
        let Some(server) = server else { return };
        let granted = server.granted();
        let mut wire = Wire::new(&server, &granted, &trust(NOW));
        for _ in 0..2 {
            let down = wire.exchange(&granted, "GET", "/v1/models", b"");
            assert_eq!(
                (down.status, &down.error, down.end),
                (200, &None, Some(true))
            );
            assert!(down.body == large, "{version}: 3 MB, unchanged");
            let up = wire.exchange(&granted, "POST", "/v1/embeddings", &large);
            assert_eq!((up.status, up.text()), (200, "3000000"), "{version}");
            assert_eq!(up.end, Some(true));
        }
    }
}
