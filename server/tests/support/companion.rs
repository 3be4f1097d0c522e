//! The companion in this process: a free port, folders of its own, users with tokens, keys sealed as
//! the browser would.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::body::Body;
use http::Request;
use keyseal::envelope::{KeyClaims, PublicKey, SealedKey, Secret};
use keyseal_server::{
    AppState, auth::token::sign_hs256, clock, config::Config, files, start::Server,
    unwrap::ring::KeyRing,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use super::caller::{self, Answer};
use super::postgres::Postgres;

pub const SECRET: &[u8] = b"0f1e2d3c4b5a69788796a5b4c3d2e1f0";
pub const ISSUER: &str = "https://id.example.com";
pub const KEY: &str = "demo-abcdefghijklmnop0123456789";

/// What differs from a companion in jwt mode on SQLite.
#[derive(Clone, Default)]
pub struct Setup {
    pub local: bool,
    pub database_url: Option<String>,
    /// Keys that no other companion has; others share theirs, because making some takes seconds.
    pub own_keys: bool,
    /// `[auth]` in the place of the shared secret.
    pub auth: Option<String>,
    /// Another companion's keys, which this one shares.
    pub keys_dir: Option<PathBuf>,
    /// Added at the top of the file.
    pub top: String,
    /// Added at its end.
    pub more: String,
}

impl Setup {
    pub fn local() -> Self {
        Self {
            local: true,
            ..Self::default()
        }
    }

    pub fn more(text: &str) -> Self {
        Self {
            more: text.to_owned(),
            ..Self::default()
        }
    }

    /// Folders as a test needs them before its companion starts.
    pub fn prepare(&self, folder: &Path) -> PathBuf {
        let keys = folder.join("keys");
        if !self.own_keys && self.keys_dir.is_none() && !keys.exists() {
            let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("keys");
            KeyRing::open(&shared, "http://shared.test").unwrap();
            files::make_private_dir(&keys).unwrap();
            for file in std::fs::read_dir(&shared).unwrap() {
                let file = file.unwrap();
                // Its lock is of no use in a copy.
                if !file.file_name().to_string_lossy().starts_with('.') {
                    std::fs::copy(file.path(), keys.join(file.file_name())).unwrap();
                }
            }
        }
        self.write(folder)
    }

    /// The configuration's file, with the secret it names.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let secret = folder.join("hs256");
        files::create_once(&secret, SECRET).unwrap();
        let at = folder.display();
        let keys = self.keys_dir.clone().unwrap_or(folder.join("keys"));
        let keys = keys.display();
        let mut text = format!(
            "{}\ndata_dir = \"{at}/data\"\nkeys_dir = \"{keys}\"\n",
            self.top
        );
        if !self.top.contains("listen") {
            text.push_str("listen = \"127.0.0.1:0\"\n");
        }
        if let Some(url) = &self.database_url {
            text.push_str(&format!("database_url = \"{url}\"\n"));
        }
        if let Some(auth) = &self.auth {
            text.push_str(&format!("[auth]\n{auth}\n"));
        } else if !self.local {
            text.push_str(&format!(
                "[auth]\nmode = \"jwt\"\nissuer = \"{ISSUER}\"\naudience = \"keyseal\"\n\
                 hs256_secret_file = \"{at}/hs256\"\n"
            ));
        }
        if !self.more.contains("[limits]") {
            text.push_str("[limits]\nuploads_per_minute = 1000\n");
        }
        text.push_str(&self.more);
        let file = folder.join("keyseal.toml");
        std::fs::write(&file, text).unwrap();
        file
    }
}

pub struct Companion {
    pub address: SocketAddr,
    pub state: AppState,
    pub folder: Arc<TempDir>,
    pub link: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Companion {
    pub async fn start(setup: &Setup) -> Self {
        Self::start_in(Arc::new(tempfile::tempdir().unwrap()), setup).await
    }

    /// Over folders that were used before.
    pub async fn start_in(folder: Arc<TempDir>, setup: &Setup) -> Self {
        let config = Config::from_pairs(Some(&setup.prepare(folder.path())), &[]).unwrap();
        let server = Server::bind(config, true).await.unwrap();
        let (address, state) = (server.address(), server.state().clone());
        let link = server.link().unwrap();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Self {
            address,
            state,
            folder,
            link,
            stop: Some(stop),
            running,
        }
    }

    /// Two over one database and one folder of keys.
    pub async fn replicas(cluster: &Postgres) -> (Self, Self) {
        let mut setup = Setup {
            database_url: Some(cluster.database()),
            top: "public_url = \"http://keys.test\"".into(),
            ..Setup::default()
        };
        let one = Self::start(&setup).await;
        setup.keys_dir = Some(one.folder.path().join("keys"));
        let other = Self::start(&setup).await;
        (one, other)
    }

    /// Ends it; the folders stay.
    pub async fn stop(mut self) -> Arc<TempDir> {
        let _ = self.stop.take().map(|stop| stop.send(()));
        self.running.await.unwrap().unwrap();
        self.folder
    }

    pub fn user<'a>(&'a self, sub: &str) -> User<'a> {
        User {
            companion: self,
            sub: sub.to_owned(),
            token: token(&json!({ "sub": sub })),
        }
    }

    /// The one user of local mode.
    pub async fn local_user(&self) -> User<'_> {
        let answer = self
            .exchange(self.link.as_deref().unwrap())
            .await
            .expect(200);
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        User {
            companion: self,
            sub: "local".to_owned(),
            token,
        }
    }

    pub async fn exchange(&self, link: &str) -> Answer {
        let code = link.split_once("#link=").unwrap().1;
        let request = Request::post("/api/v1/local/token")
            .header("content-type", "application/json")
            .body(Body::from(json!({ "link": code }).to_string()));
        self.call(request.unwrap()).await
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        caller::call(self.address, request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    pub fn sealing_key(&self) -> PublicKey {
        PublicKey::from_jwk(&self.state.ring.jwks()[0]).unwrap()
    }
}

/// A token with these claims beside the usual ones.
pub fn token(more: &Value) -> String {
    let mut claims = json!({ "iss": ISSUER, "aud": "keyseal", "exp": clock::seconds() + 3600 });
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    sign_hs256(SECRET, &claims).unwrap()
}

/// Somebody with a token.
pub struct User<'a> {
    pub companion: &'a Companion,
    pub sub: String,
    pub token: String,
}

impl User<'_> {
    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header("authorization", format!("Bearer {}", self.token));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.companion.call(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    /// The claims of a good sealed key for the demo provider.
    pub fn claims(&self, id: &str) -> KeyClaims {
        KeyClaims {
            key: Secret::new(KEY.into()),
            provider: "demo".into(),
            sub: self.sub.clone(),
            rid: id.to_owned(),
            iat: clock::seconds(),
            host: None,
        }
    }

    pub fn seal(&self, claims: &KeyClaims) -> Value {
        let sealed = SealedKey::seal(claims, &self.companion.sealing_key()).unwrap();
        serde_json::from_str(&sealed.to_json()).unwrap()
    }

    /// The body of a good upload.
    pub fn upload(&self, id: &str) -> Value {
        json!({ "id": id, "provider": "demo", "sealedKey": self.seal(&self.claims(id)) })
    }

    /// Adds a demo key; gives its id.
    pub async fn add(&self) -> String {
        let id = new_id();
        self.post("/api-keys", &self.upload(&id)).await.expect(201);
        id
    }

    /// The ids of the list, in its order.
    pub async fn ids(&self) -> Vec<String> {
        let list = self.get("/api-keys").await.expect(200).json();
        let keys = list["keys"].as_array().unwrap();
        keys.iter()
            .map(|key| key["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
