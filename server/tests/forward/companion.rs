//! The companion in this process, in jwt mode, with `openai` at the test's own provider.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use http::Request;
use http::request::Builder;
use keyseal::envelope::{KeyClaims, PublicKey, RequestClaims, SealedKey, Secret, Session};
use keyseal_server::AppState;
use keyseal_server::auth::token::sign_hs256;
use keyseal_server::clock;
use keyseal_server::config::Config;
use keyseal_server::start::Server;
use keyseal_server::unwrap::ring::KeyRing;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::caller::{self, Answer};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

pub struct Companion {
    pub address: SocketAddr,
    pub state: AppState,
    pub folder: Arc<TempDir>,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

/// A user with a token.
pub struct User {
    pub sub: String,
    pub token: String,
}

impl Companion {
    /// Starts one; `more` is added to its configuration.
    pub async fn start(origin: &str, more: &str) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        copy_keys(folder.path());
        Self::start_in(folder, origin, more).await
    }

    /// One with private keys of its own: to make them takes a moment, so the others share some.
    pub async fn start_foreign(origin: &str) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), origin, "").await
    }

    async fn start_in(folder: Arc<TempDir>, origin: &str, more: &str) -> Self {
        let file = write_config(folder.path(), origin, more);
        let metrics = ("KEYSEAL__METRICS_LISTEN", "127.0.0.1:0");
        let config = Config::from_pairs(Some(&file), &[metrics]).unwrap();
        let server = Server::bind(config, true).await.unwrap();
        let (address, state) = (server.address(), server.state().clone());
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Self {
            address,
            state,
            folder,
            stop,
            running,
        }
    }

    /// The same folders, another process as far as memory goes.
    pub async fn restart(self, origin: &str, more: &str) -> Self {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
        Self::start_in(self.folder, origin, more).await
    }

    /// Another one on the same database and keys.
    pub async fn replica(&self, origin: &str) -> Self {
        Self::start_in(Arc::clone(&self.folder), origin, "").await
    }

    pub fn user(&self, sub: &str) -> User {
        self.user_with(sub, &json!({}))
    }

    pub fn user_with(&self, sub: &str, more: &serde_json::Value) -> User {
        let now = clock::seconds();
        let mut claims = json!({
            "iss": "https://id.example.com", "aud": "keyseal", "sub": sub, "exp": now + 3600,
            "jti": uuid::Uuid::new_v4().to_string(),
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        User {
            sub: sub.into(),
            token: sign_hs256(SECRET, &claims).unwrap(),
        }
    }

    pub fn sealing_key(&self) -> PublicKey {
        PublicKey::from_jwk(&self.state.ring.jwks()[0]).unwrap()
    }

    /// Seals and uploads a key; gives the entry's id.
    pub async fn add(&self, user: &User, key: &str) -> String {
        self.add_for(user, "openai", key).await
    }

    pub async fn add_for(&self, user: &User, provider: &str, key: &str) -> String {
        let id = entry_id();
        let sealed = self.sealed(user, provider, &id, key);
        let body = json!({ "id": id, "provider": provider, "sealedKey": sealed });
        let answer = self.api(user, "POST", "/api/v1/api-keys", Some(body)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        id
    }

    pub fn sealed(&self, user: &User, provider: &str, id: &str, key: &str) -> serde_json::Value {
        let claims = KeyClaims {
            key: Secret::new(key.into()),
            provider: provider.into(),
            sub: user.sub.clone(),
            rid: id.into(),
            iat: clock::seconds(),
            host: None,
        };
        let sealed = SealedKey::seal(&claims, &self.sealing_key()).unwrap();
        serde_json::from_str(&sealed.to_json()).unwrap()
    }

    pub async fn api(
        &self,
        user: &User,
        method: &str,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("Bearer {}", user.token));
        let body = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        caller::call(self.address, request.body(body).unwrap()).await
    }

    /// The operator's metrics.
    pub async fn metrics(&self) -> String {
        let at = self.state.config.metrics_listen.unwrap();
        let answer = caller::call(at, Request::get("/metrics").body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// Makes a forward call and reads the whole answer.
    pub async fn forward(&self, user: &User, method: &str, path: &str) -> Answer {
        self.call(request(user, method, path).body(Body::empty()).unwrap())
            .await
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        caller::call(self.address, request).await
    }
}

fn copy_keys(folder: &Path) {
    // Kept with what was built: a test runner that starts a process for each test makes them once.
    static KEYS: OnceLock<PathBuf> = OnceLock::new();
    let from = KEYS.get_or_init(|| {
        let keys = Path::new(env!("CARGO_TARGET_TMPDIR")).join("forward-keys");
        KeyRing::open(&keys, "http://companion.test").unwrap();
        keys
    });
    let to = folder.join("keys");
    std::fs::create_dir(&to).unwrap();
    std::fs::set_permissions(&to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn write_config(folder: &Path, origin: &str, more: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let secret = folder.join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let at = folder.display();
    let text = format!(
        r#"
listen = "127.0.0.1:0"
public_url = "http://companion.test"
data_dir = "{at}/data"
keys_dir = "{at}/keys"
[auth]
mode = "jwt"
issuer = "https://id.example.com"
audience = "keyseal"
hs256_secret_file = "{at}/secret"
[providers.openai]
origin = "{origin}"
allow_private = true
{more}
"#
    );
    let file = folder.join("keyseal.toml");
    std::fs::write(&file, text).unwrap();
    file
}

pub fn request(user: &User, method: &str, path: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", user.token))
}

pub fn entry_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// A browser with a session, that seals request envelopes.
pub struct Browser {
    pub session: Session,
}

impl Browser {
    pub fn new(companion: &Companion, user: &User) -> Self {
        let now = clock::seconds();
        let session = Session::start(
            &user.sub,
            &user.token,
            now,
            now + 3600,
            &companion.sealing_key(),
        );
        Self {
            session: session.unwrap(),
        }
    }

    pub fn envelope(&self, claims: &RequestClaims) -> String {
        self.session.seal_request(claims).unwrap()
    }
}

/// The claims of a good envelope.
pub fn claims(user: &User, method: &str, path: &str, key: &str) -> RequestClaims {
    RequestClaims {
        key: Secret::new(key.into()),
        provider: "openai".into(),
        sub: user.sub.clone(),
        m: method.into(),
        p: path.into(),
        iat: clock::seconds(),
        jti: uuid::Uuid::new_v4().to_string(),
        host: None,
    }
}
