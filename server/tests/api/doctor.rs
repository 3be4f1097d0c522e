//! `keyseal-server doctor`: a healthy installation has no problem, each thing that was broken is found
//! and named, nothing is changed by looking, and no secret is ever printed.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::support::{
    Companion, Process, Setup,
    companion::{KEY, SECRET},
    postgres::Postgres,
    process::BINARY,
};

struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Said {
    /// The lines of a level, without it.
    fn of(&self, level: &str) -> Vec<&str> {
        let lines = self.out.lines().filter_map(|line| line.strip_prefix(level));
        lines.map(str::trim).collect()
    }

    /// One problem is this, and it is said what to do.
    #[track_caller]
    fn has(&self, level: &str, word: &str) {
        let found = self.of(level).iter().any(|line| line.contains(word));
        assert!(found, "{level} {word}: {}", self.out);
        assert_eq!(
            self.code,
            i32::from(!self.of("problem").is_empty()),
            "{}",
            self.err
        );
    }
}

fn doctor(folder: &Path, env: &[(&str, &str)], more: &[&str]) -> Said {
    let file = match more.contains(&"--config") {
        true => &[][..],
        false => &["--config", "keyseal.toml"],
    };
    let output = Command::new(BINARY)
        .arg("doctor")
        .args(file)
        .args(more)
        .env_clear()
        .envs(env.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Every file below a folder, with its bytes, its mode and when it was changed.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, u32, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let meta = fs::metadata(&path).unwrap();
        if meta.is_dir() {
            found.extend(files(&path));
            continue;
        }
        let (mode, at) = (meta.permissions().mode(), meta.modified().unwrap());
        found.insert(path.clone(), (fs::read(&path).unwrap(), mode, at));
    }
    found
}

fn setup() -> Setup {
    Setup {
        top: "listen = \"127.0.0.1:0\"\npublic_url = \"https://keys.test\"".into(),
        ..Setup::default()
    }
}

#[tokio::test]
async fn a_healthy_installation_has_no_problem_and_is_left_as_it_is() {
    let mut process = Process::start(&setup());
    process.add("ann").await;
    let at = process.folder.path().to_owned();
    let running = doctor(&at, &[], &[]);
    assert_eq!(
        (running.code, running.of("problem").len()),
        (0, 0),
        "{}",
        running.out
    );
    for word in [
        "config",
        "secret",
        "memory",
        "addresses",
        "folders",
        "disk",
        "keys",
        "database",
        "tokens",
    ] {
        assert!(
            running.of("ok").iter().any(|line| line.starts_with(word)),
            "{word}: {}",
            running.out
        );
    }
    running.has("ok", "1 stored keys");
    running.has("ok", "tables are up to date");

    assert!(process.terminate(Duration::from_secs(12)).success());
    let before = files(&at);
    let stopped = doctor(&at, &[], &["--json"]);
    assert_eq!(stopped.code, 0, "{}", stopped.out);
    assert_eq!(files(&at), before, "looking changes nothing");
    let report: Value = serde_json::from_str(&stopped.out).unwrap();
    assert_eq!(report["problems"], 0);
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), running.out.lines().count());
    for finding in findings {
        assert!(
            finding["says"].as_str().unwrap().ends_with(['.', ')']),
            "{finding}"
        );
        let is_ok = finding["level"] == "ok";
        assert!(
            is_ok || finding["next"].is_string(),
            "it says what to do: {finding}"
        );
    }
}

#[test]
fn before_the_first_start_nothing_is_there_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    setup().write(folder.path());
    let said = doctor(folder.path(), &[], &[]);
    assert_eq!(said.code, 0, "{}", said.out);
    said.has("ok", "holds no keys yet");
    said.has("ok", "is not there yet");
    assert!(!folder.path().join("keys").exists() && !folder.path().join("data").exists());
    let usage = doctor(folder.path(), &[], &["--nonsense"]);
    assert_eq!(usage.code, 2, "{}", usage.err);
}

/// One installation, broken in one way after the other, and mended again.
#[tokio::test]
async fn each_thing_that_is_wrong_is_found_and_named() {
    let mut process = Process::start(&setup());
    process.add("ann").await;
    assert!(process.terminate(Duration::from_secs(12)).success());
    let at = process.folder.path();
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();

    for (path, open, good, word) in [
        ("hs256", 0o644, 0o600, "open to every user"),
        ("keys/identity.pem", 0o604, 0o600, "identity.pem"),
        ("keys", 0o777, 0o700, "may be written by every user"),
        ("data", 0o777, 0o700, "may be written by every user"),
        (
            "data/keyseal.db",
            0o644,
            0o600,
            "keyseal.db is open to every user",
        ),
    ] {
        mode(&at.join(path), open);
        doctor(at, &[], &[]).has("problem", word);
        mode(&at.join(path), good);
    }

    let moved = |from: &str, word: &str| {
        fs::rename(at.join(from), at.join("aside")).unwrap();
        doctor(at, &[], &[]).has("problem", word);
        fs::rename(at.join("aside"), at.join(from)).unwrap();
    };
    moved(
        "keys",
        "holds no keys, and 1 stored keys are sealed to some",
    );
    moved("keys/keyset.jws", "keyset.jws");
    moved("hs256", "hs256");
    // Another ring: readable, and it opens nothing of what is stored.
    let other = keyseal_server::unwrap::ring::KeyRing::open(&at.join("other"), "https://keys.test");
    drop(other.unwrap());
    let other = at.join("other").display().to_string();
    let said = doctor(at, &[("KEYSEAL__KEYS_DIR", &other)], &[]);
    said.has("problem", "1 of 1 stored keys are sealed to keys that");

    let below = at.join("keys/data").display().to_string();
    let (data, keys) = (
        at.join("data").display().to_string(),
        at.join("keys").display().to_string(),
    );
    for (level, word, env) in [
        (
            "problem",
            "in one folder",
            &[("KEYSEAL__DATA_DIR", below.as_str())][..],
        ),
        (
            "problem",
            "below `page_dir`",
            &[("KEYSEAL__PAGE_DIR", at.to_str().unwrap())],
        ),
        (
            "problem",
            "holds no built page",
            &[("KEYSEAL__PAGE_DIR", data.as_str())],
        ),
        (
            "problem",
            "by plain http",
            &[
                ("KEYSEAL__LISTEN", "0.0.0.0:9"),
                ("KEYSEAL__PUBLIC_URL", "http://keys.test"),
            ],
        ),
        (
            "warning",
            "which only this machine can call",
            &[("KEYSEAL__PUBLIC_URL", "http://127.0.0.1:9")],
        ),
        (
            "problem",
            "whose pages anyone on the way can change",
            &[("KEYSEAL__CORS__ORIGINS", "http://app.test")],
        ),
        (
            "problem",
            "there is no frame",
            &[("KEYSEAL__FRAME__ORIGINS", "https://app.test")],
        ),
        (
            "problem",
            "is the address of `listen`",
            &[
                ("KEYSEAL__LISTEN", "127.0.0.1:9"),
                ("KEYSEAL__METRICS_LISTEN", "127.0.0.1:9"),
            ],
        ),
        (
            "warning",
            "whoever reaches this machine",
            &[("KEYSEAL__METRICS_LISTEN", "0.0.0.0:9")],
        ),
        (
            "problem",
            "`limits.uploads_per_minute`",
            &[("KEYSEAL__LIMITS__UPLOADS_PER_MINUTE", "many")],
        ),
        ("problem", "unknown field", &[("KEYSEAL__NONSENSE", "1")]),
        (
            "problem",
            "`tiers.default`",
            &[("KEYSEAL__TIERS__DEFAULT", "gold")],
        ),
        (
            "problem",
            "It cannot be used",
            &[("KEYSEAL__DATABASE_URL", "postgres://u@127.0.0.1:9/keyseal")],
        ),
        (
            "warning",
            "is not protected",
            &[("KEYSEAL__DATABASE_URL", "postgres://u@0.0.0.0:9/keyseal")],
        ),
        (
            "warning",
            "Keys are there",
            &[("KEYSEAL__DATABASE_URL", "sqlite://elsewhere/keyseal.db")],
        ),
        (
            "warning",
            "is signed for https://keys.test",
            &[
                ("KEYSEAL__LISTEN", "127.0.0.1:9"),
                ("KEYSEAL__PUBLIC_URL", "https://other.test"),
            ],
        ),
    ] {
        doctor(at, env, &[]).has(level, word);
    }
    assert!(!at.join("elsewhere").exists() && Path::new(&keys).exists());

    // Tables of a later version, of another one, and of an earlier one.
    let url = format!("sqlite://{data}/keyseal.db");
    sqlx::any::install_default_drivers();
    let pool = sqlx::AnyPool::connect(&url).await.unwrap();
    for (change, back, level, word) in [
        (
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'x', TRUE, x'00', 0)",
            "DELETE FROM _sqlx_migrations WHERE version = 9999",
            "problem",
            "of a later version",
        ),
        (
            "UPDATE _sqlx_migrations SET success = FALSE WHERE version = 22",
            "UPDATE _sqlx_migrations SET success = TRUE WHERE version = 22",
            "problem",
            "a change broke off",
        ),
        (
            "DELETE FROM _sqlx_migrations WHERE version = 22",
            "SELECT 1",
            "warning",
            "1 changes of its tables",
        ),
    ] {
        sqlx::query(change).execute(&pool).await.unwrap();
        doctor(at, &[], &[]).has(level, word);
        sqlx::query(back).execute(&pool).await.unwrap();
    }
    pool.close().await;
    fs::write(at.join("data/keyseal.db"), b"no database").unwrap();
    doctor(at, &[], &[]).has("problem", "It cannot be used");
}

pub async fn postgresql_is_looked_at_too(cluster: &Postgres) {
    let database_url = Some(cluster.database());
    let companion = Companion::start(&Setup {
        database_url,
        ..setup()
    })
    .await;
    companion.user("ann").add().await;
    let at = companion.folder.path();
    let said = doctor(at, &[], &[]);
    for word in [
        "It is PostgreSQL",
        "tables are up to date",
        "agrees with that of the database",
        "1 stored keys",
    ] {
        said.has("ok", word);
    }
    let empty = cluster.database();
    let said = doctor(at, &[("KEYSEAL__DATABASE_URL", &empty)], &[]);
    said.has("warning", "has no tables yet");
    let gone = empty.replace("/keyseal_", "/nothing_");
    doctor(at, &[("KEYSEAL__DATABASE_URL", &gone)], &[]).has("problem", "It cannot be used");
}

/// What a provider of identities answers, at an address of its own.
async fn answering(status: u16, body: &'static str, date: &'static str) -> String {
    use axum::{Router, http::StatusCode, routing::any};
    let answer = move || async move {
        let status = StatusCode::from_u16(status).unwrap();
        (status, [("date", date)], body)
    };
    let router = Router::new().fallback(any(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

const JWKS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identity_provider_and_what_is_in_front_are_asked() {
    let folder = tempfile::tempdir().unwrap();
    let past = "Mon, 02 Nov 2026 08:00:00 GMT";
    for (body, status, level, word) in [
        (JWKS, 200, "ok", "1 keys for tokens (EdDSA)"),
        (JWKS, 200, "problem", "clock is"),
        ("<html>", 200, "problem", "no JSON Web Key Set"),
        ("", 500, "problem", "status is 500"),
    ] {
        let origin = answering(status, body, past).await;
        let auth = format!(
            "mode = \"jwt\"\nissuer = \"https://id.test\"\naudience = \"keyseal\"\njwks_url = \"{origin}/jwks\"\njwks_allow_private = true"
        );
        Setup {
            auth: Some(auth),
            ..setup()
        }
        .write(folder.path());
        doctor(folder.path(), &[], &[]).has(level, word);
    }
    setup().write(folder.path());
    let good = answering(404, "", past).await;
    let private = ("KEYSEAL__PROVIDERS__OPENAI__ALLOW_PRIVATE", "true");
    let origin = "KEYSEAL__PROVIDERS__OPENAI__ORIGIN";
    let public = "KEYSEAL__PUBLIC_URL";
    for (level, word, env) in [
        (
            "ok",
            "`openai` is reached",
            &[(origin, good.as_str()), private][..],
        ),
        (
            "problem",
            "`openai` is not reached",
            &[(origin, "http://127.0.0.1:9"), private],
        ),
        (
            "problem",
            "something that is no companion",
            &[(public, good.as_str())],
        ),
        (
            "warning",
            "does not answer from here",
            &[(public, "http://127.0.0.1:9")],
        ),
    ] {
        doctor(folder.path(), env, &["--online"]).has(level, word);
        let offline = doctor(folder.path(), env, &[]);
        assert!(
            !offline.out.contains("online"),
            "nobody is asked: {}",
            offline.out
        );
    }
    let process = Process::start(&Setup::default());
    let own = format!("http://{}", process.address);
    let said = doctor(process.folder.path(), &[(public, &own)], &["--online"]);
    said.has("ok", "a companion with this key ring");
}

/// A secret that stands in each place where one can stand, and in each wrong one that is likely.
#[tokio::test]
async fn no_secret_is_ever_printed() {
    let canary = "Canary0Secret0Of0Forty0Letters0And0Digits";
    let mut process = Process::start(&setup());
    process.add("ann").await;
    assert!(process.terminate(Duration::from_secs(12)).success());
    let at = process.folder.path();
    let platform = at.join("platform");
    fs::write(&platform, format!("sk-{canary}")).unwrap();
    let broken = |text: &str| {
        let whole = fs::read_to_string(at.join("keyseal.toml")).unwrap();
        fs::write(at.join("broken.toml"), format!("{text}\n{whole}")).unwrap();
        fs::set_permissions(at.join("broken.toml"), fs::Permissions::from_mode(0o600)).unwrap();
    };
    let postgres = format!("postgres://user:{canary}@127.0.0.1:9/keyseal");
    let odd = format!("postgres://user:{canary}@[nonsense/keyseal");
    let other = format!("mysql://user:{canary}@db/keyseal");
    let cors = format!("https://user:{canary}@app.test");
    let mut said = Vec::new();
    for mode in [0o600, 0o644] {
        fs::set_permissions(&platform, fs::Permissions::from_mode(mode)).unwrap();
        for (name, value) in [
            ("KEYSEAL__DATABASE_URL", postgres.as_str()),
            ("KEYSEAL__DATABASE_URL", &odd),
            ("KEYSEAL__DATABASE_URL", &other),
            (
                "KEYSEAL__PROVIDERS__OPENAI__PLATFORM_KEY_FILE",
                platform.to_str().unwrap(),
            ),
            ("KEYSEAL__PROVIDERS__OPENAI__PLATFORM_KEY_FILE", canary),
            ("KEYSEAL__PROVIDERS__OPENAI__ORIGIN", &cors),
            ("KEYSEAL__AUTH__HS256_SECRET_FILE", canary),
            ("KEYSEAL__AUTH__PUBLIC_KEY_FILE", canary),
            ("KEYSEAL__CORS__ORIGINS", &cors),
            ("KEYSEAL__FRAME__ORIGINS", &cors),
            ("KEYSEAL__PUBLIC_URL", &cors),
            ("KEYSEAL__LISTEN", canary),
            ("KEYSEAL__LIMITS__UPLOADS_PER_MINUTE", canary),
            ("KEYSEAL__UNWRAP__CACHE_SECONDS", canary),
            ("KEYSEAL__PROVIDERS__OPENAI__ALLOW_PRIVATE", canary),
        ] {
            said.push(doctor(at, &[(name, value)], &["--json"]));
        }
    }
    for text in [
        format!("database_url = \"{postgres}\" nonsense"),
        format!("database_url = \"{postgres}"),
        format!("metrics_listen = {canary}"),
        format!("listen = [\"{canary}\"]"),
    ] {
        broken(&text);
        said.push(doctor(at, &[], &["--config", "broken.toml"]));
    }
    said.push(doctor(at, &[], &["--online"]));
    let all: String = said
        .iter()
        .flat_map(|said| [said.out.as_str(), &said.err])
        .collect();
    assert!(
        all.contains("`providers.openai.platform_key_file` is good"),
        "the file was read: {all}"
    );
    assert!(said.iter().filter(|said| said.code == 1).count() > 20);
    let private = fs::read_to_string(at.join("keys/identity.pem")).unwrap();
    let line = private.lines().nth(3).unwrap();
    let secret = std::str::from_utf8(SECRET).unwrap();
    for (what, printed) in [
        ("canary", canary),
        ("token secret", secret),
        ("key", KEY),
        ("private key", line),
    ] {
        assert!(!all.contains(printed), "the {what} was printed: {all}");
    }
    // The control: a text that is printed is found by the same search.
    let planted = format!("https://{canary}.test").to_lowercase();
    let said = doctor(at, &[("KEYSEAL__PUBLIC_URL", &planted)], &[]);
    assert!(said.out.contains(&canary.to_lowercase()), "{}", said.out);
}
