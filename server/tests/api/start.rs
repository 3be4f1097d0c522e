//! What it refuses to start with, and that it says which.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use keyseal_server::{config::Config, files, start::Server};
use serde_json::json;

use keyseal::envelope::Unwrap;

use crate::support::{Companion, Setup, companion::SECRET, new_id, until};

fn load(text: &str, pairs: &[(&str, &str)]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyseal.toml");
    fs::write(&file, text).unwrap();
    Config::from_pairs(Some(&file), pairs).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(text: &str, pairs: &[(&str, &str)], word: &str) {
    match load(text, pairs) {
        Ok(_) => panic!("taken: {text} {pairs:?}"),
        Err(said) => assert!(said.contains(word), "{said}"),
    }
}

#[test]
fn without_a_file_it_is_local_mode_on_loopback() {
    let config = Config::from_pairs(None, &[]).unwrap();
    assert!(config.is_local() && config.listen.ip().is_loopback());
    assert_eq!(config.public_url(), "http://127.0.0.1:8787");
    assert_eq!(config.database_url, "sqlite://keyseal-data/keyseal.db");
    assert_eq!(config.keys_dir, Path::new("keyseal-keys"));
    assert_eq!(config.unwrap.cache_seconds, 60);
    assert_eq!(config.limits.uploads_per_minute, 30);
}

#[test]
fn the_example_is_a_configuration_and_names_every_key() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("hs256.secret");
    files::create_once(&secret, SECRET).unwrap();
    let example = include_str!("../../keyseal.example.toml");
    let text = example
        .replace("\"hs256.secret\"", &format!("\"{}\"", secret.display()))
        .replace("# page_dir", "page_dir")
        .replace("# ca_file", "ca_file");
    assert!(
        text.contains("# platform_key_file = "),
        "another test loads one"
    );
    let config = load(&text, &[]).unwrap();
    assert_eq!(config.cors_origins, ["https://app.example.com"]);
    assert_eq!(config.frame_origins, ["https://app.example.com"]);
    let defaults = Config::from_pairs(None, &[]).unwrap();
    assert_eq!(json!(config.limits), json!(defaults.limits));
    assert_eq!(config.unwrap.cache_seconds, defaults.unwrap.cache_seconds);
    // An unknown key is answered with the list of those that are known.
    let listed = load("nonsense = 1", &[]).err().unwrap();
    let names = listed.split('`').skip(3).step_by(2);
    for name in names {
        assert!(
            text.contains(&format!("{name} =")) || text.contains(&format!("[{name}")),
            "{name}"
        );
    }
}

#[test]
fn unknown_keys_are_refused_by_name() {
    for (text, name) in [
        ("listne = \"127.0.0.1:1\"", "listne"),
        ("[auth]\nmoed = \"jwt\"", "moed"),
        ("[limits]\nuploads_per_hour = 1", "uploads_per_hour"),
        ("[providers.openai]\nurl = \"https://a.b\"", "url"),
        ("[tiers.premium]\nusd_per_week = 1", "usd_per_week"),
        ("[unwrap]\ncache_minutes = 1", "cache_minutes"),
    ] {
        refused(text, &[], name);
    }
    refused("", &[("KEYSEAL__LIMITS__UPLOADS", "3")], "uploads");
    refused("", &[("KEYSEAL__NONSENSE", "3")], "nonsense");
}

#[test]
fn each_value_can_come_from_the_environment_which_wins() {
    let pairs = [
        ("KEYSEAL__LISTEN", "127.0.0.1:9999"),
        ("KEYSEAL__PUBLIC_URL", "http://localhost:9999/"),
        ("KEYSEAL__UNWRAP__CACHE_SECONDS", "0"),
        ("KEYSEAL__LIMITS__UPLOADS_PER_MINUTE", "7"),
        (
            "KEYSEAL__PROVIDERS__AZURE_OPENAI__CUSTOM_HOSTS",
            "*.openai.azure.com, llm.example.com:8443",
        ),
        ("KEYSEAL__PROVIDERS__OPENAI__ORIGIN", "http://127.0.0.1:1"),
        ("KEYSEAL__PROVIDERS__OPENAI__ALLOW_PRIVATE", "true"),
        (
            "KEYSEAL__CORS__ORIGINS",
            "https://a.example.com,https://b.example.com",
        ),
        ("KEYSEAL__TIERS__DEFAULT", "free"),
        ("KEYSEAL__TIERS__FREE__BYOK", "false"),
        ("KEYSEAL_OTHER", "not ours"),
    ];
    let text = "listen = \"127.0.0.1:1\"\n[limits]\nsessions_per_minute = 5";
    let config = load(text, &pairs).unwrap();
    assert_eq!(config.listen.port(), 9999);
    assert_eq!(config.public_url(), "http://localhost:9999");
    assert_eq!(
        (
            config.unwrap.cache_seconds,
            config.limits.uploads_per_minute
        ),
        (0, 7)
    );
    assert_eq!(config.limits.sessions_per_minute, 5);
    let patterns = &config.providers["azure_openai"].custom_hosts;
    let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    assert_eq!(patterns, ["*.openai.azure.com", "llm.example.com:8443"]);
    assert!(config.providers["openai"].allow_private);
    assert_eq!(config.cors_origins.len(), 2);
    assert!(!config.tiers.resolve(None).1.byok);
}

#[test]
fn values_that_open_a_door_are_refused() {
    for (text, word) in [
        ("listen = \"0.0.0.0:8787\"", "loopback"),
        ("listen = \"nonsense\"", "listen"),
        ("public_url = \"https://keys.example.com\"", "loopback"),
        ("public_url = \"ftp://127.0.0.1\"", "public_url"),
        ("database_url = \"mysql://x\"", "database_url"),
        ("[auth]\nmode = \"none\"", "auth.mode"),
        ("[auth]\nmode = \"local\"\nissuer = \"x\"", "auth.issuer"),
        (
            "[auth]\nmode = \"local\"\njwks_url = \"https://id.example.com\"",
            "auth.jwks_url",
        ),
        (
            "[auth]\nmode = \"jwt\"\nissuer = \"x\"\naudience = \"y\"",
            "auth.hs256_secret_file",
        ),
        (
            "[auth]\nmode = \"jwt\"\nissuer = \"x\"\naudience = \" \"\njwks_url = \"https://id.example.com\"",
            "auth.audience",
        ),
        (
            "[auth]\nmode = \"jwt\"\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"http://id.example.com\"",
            "jwks_allow_private",
        ),
        (
            "[auth]\nmode = \"jwt\"\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"https://u:p@id.example.com\"",
            "password",
        ),
        (
            "[auth]\nmode = \"jwt\"\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"https://id.example.com\"\npublic_key_file = \"x.pem\"",
            "more than one",
        ),
        (
            "[auth]\nmode = \"jwt\"\nissuer = \"x\"\naudience = \"y\"\njwks_url = \"https://id.example.com\"\njwks_cooldown_seconds = 0",
            "jwks_cooldown_seconds",
        ),
        (
            "[auth]\nmode = \"jwt\"\nissuer = \"x\"\naudience = \"y\"\npublic_key_file = \"/nowhere/x.pem\"",
            "/nowhere/x.pem",
        ),
        ("[cors]\norigins = [\"*\"]", "cors.origins"),
        ("[cors]\norigins = [\"null\"]", "cors.origins"),
        (
            "[cors]\norigins = [\"https://a.example.com/path\"]",
            "cors.origins",
        ),
        ("[frame]\norigins = [\"*\"]", "frame.origins"),
        ("[frame]\norigins = [\"'self'\"]", "frame.origins"),
        (
            "[frame]\norigins = [\"https://a.example.com; script-src *\"]",
            "frame.origins",
        ),
        (
            "[frame]\norigins = [\"https://*.example.com\"]",
            "frame.origins",
        ),
        ("[providers.nobody]\n", "providers.nobody"),
        (
            "[providers.openai]\norigin = \"http://api.openai.com\"",
            "https",
        ),
        (
            "[providers.openai]\norigin = \"https://u:p@api.openai.com\"",
            "password",
        ),
        (
            "[providers.openai]\norigin = \"file:///etc/passwd\"",
            "https",
        ),
        ("[providers.openai]\nallow_private = true", "allow_private"),
        (
            "[providers.openai]\ncustom_hosts = [\"*.com\"]",
            "custom_hosts",
        ),
        (
            "[providers.openai]\ncustom_hosts = [\"127.0.0.1\"]",
            "custom_hosts",
        ),
        ("[tiers]\ndefault = \"gold\"\n[tiers.free]", "gold"),
        ("[limits]\nuploads_per_minute = -1", "uploads_per_minute"),
    ] {
        refused(text, &[], word);
    }
}

/// What the warning at start goes by.
#[test]
fn plain_http_beyond_this_machine_is_known_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("hs256");
    keyseal_server::files::create_once(&secret, b"0f1e2d3c4b5a69788796a5b4c3d2e1f0").unwrap();
    for (listen, public_url, plain) in [
        ("127.0.0.1:0", "http://127.0.0.1:8787", false),
        ("[::1]:0", "http://keys.example.com", false),
        ("0.0.0.0:0", "https://keys.example.com", false),
        ("0.0.0.0:0", "http://keys.example.com", true),
        ("[::]:0", "http://keys.example.com", true),
        ("192.0.2.7:0", "http://192.0.2.7", true),
    ] {
        let pairs = [
            ("KEYSEAL__LISTEN", listen),
            ("KEYSEAL__PUBLIC_URL", public_url),
            ("KEYSEAL__AUTH__MODE", "jwt"),
            ("KEYSEAL__AUTH__ISSUER", "https://id.example.com"),
            ("KEYSEAL__AUTH__AUDIENCE", "keyseal"),
            ("KEYSEAL__AUTH__HS256_SECRET_FILE", secret.to_str().unwrap()),
        ];
        let config = Config::from_pairs(None, &pairs).unwrap();
        assert_eq!(config.is_plain_to_others(), plain, "{listen} {public_url}");
    }
}

fn jwt(secret_file: &str) -> String {
    format!(
        "[auth]\nmode = \"jwt\"\nissuer = \"i\"\naudience = \"a\"\nhs256_secret_file = \"{secret_file}\"\n"
    )
}

#[test]
fn a_secret_that_is_missing_empty_default_or_open_to_all_is_refused_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("the-secret");
    let named = path.to_str().unwrap();
    refused(&jwt(named), &[], named);
    for (bytes, mode, why) in [
        (&b""[..], 0o600, "empty"),
        (b"changeme-changeme-changeme-changeme", 0o600, "default"),
        (b"short", 0o600, "32"),
        (SECRET, 0o644, "0644"),
    ] {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        refused(&jwt(named), &[], named);
        refused(&jwt(named), &[], why);
        fs::remove_file(&path).unwrap();
    }
    fs::write(&path, SECRET).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    load(&jwt(named), &[]).unwrap();
    for missing in ["issuer", "audience", "hs256_secret_file"] {
        let text = jwt(named);
        let kept = text
            .lines()
            .filter(|line| !line.starts_with(missing))
            .collect::<Vec<_>>();
        refused(&kept.join("\n"), &[], missing);
    }
    refused(&jwt(named).replace("\"i\"", "\" \""), &[], "issuer");
}

#[test]
fn a_password_in_a_file_for_everyone_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyseal.toml");
    fs::write(&file, "database_url = \"postgres://u:hunter22@db/keyseal\"").unwrap();
    let with_mode = |mode| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        Config::from_pairs(Some(&file), &[]).map_err(|error| error.to_string())
    };
    let said = with_mode(0o644).err().unwrap();
    assert!(
        said.contains("database_url") && !said.contains("hunter22"),
        "{said}"
    );
    assert!(with_mode(0o600).is_ok());
}

#[tokio::test]
async fn keys_open_to_all_stop_the_start() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let companion = Companion::start_in(folder, &Setup::local()).await;
    let folder = companion.stop().await;
    for name in ["identity.pem", "local.secret"] {
        let path = folder.path().join("keys").join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let config = Config::from_pairs(Some(&Setup::local().write(folder.path())), &[]).unwrap();
        let said = Server::bind(config, false).await.err().unwrap().to_string();
        assert!(said.contains(name), "{said}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[tokio::test]
async fn an_entry_whose_key_is_lost_says_enter_again_until_the_key_comes_back() {
    use keyseal::envelope::{PublicKey, SealedKey};
    let setup = Setup {
        own_keys: true,
        ..Setup::default()
    };
    let (one, other) = (
        Companion::start(&Setup::default()).await,
        Companion::start(&setup).await,
    );
    let kid = other.state.ring.current_kid();
    let (from, to) = [&other, &one]
        .map(|at| at.folder.path().join(format!("keys/key-{kid}.pem")))
        .into();
    fs::copy(&from, &to).unwrap();
    let ann = one.user("ann");
    until(|| async { one.state.ring.knows(&kid) }).await;
    let id = new_id();
    let key = PublicKey::from_jwk(&other.state.ring.jwks()[0]).unwrap();
    let sealed = SealedKey::seal(&ann.claims(&id), &key).unwrap().to_json();
    // As it was stored while that key was current: an upload would be sealed anew.
    crate::rotate::plant(&one, &id, &sealed, &kid).await;
    let safe = ann.add().await;

    let says = async |id: &str| {
        let entry = ann.get(&format!("/api-keys/{id}")).await.expect(200).json();
        entry["needsReentry"].as_bool().unwrap()
    };
    assert!(!says(&id).await);
    fs::remove_file(&to).unwrap();
    while !says(&id).await {}
    assert!(!says(&safe).await);
    fs::copy(&from, &to).unwrap();
    while says(&id).await {}
}

#[tokio::test]
async fn a_new_key_in_the_folder_opens_within_five_seconds() {
    let one = Companion::start(&Setup::default()).await;
    let setup = Setup {
        own_keys: true,
        ..Setup::default()
    };
    let other = Companion::start(&setup).await;
    let kid = other.state.ring.current_kid();
    let name = format!("key-{kid}.pem");
    let at = |folder: &Path| folder.join("keys").join(&name);
    fs::copy(at(other.folder.path()), at(one.folder.path())).unwrap();
    until(|| async { one.state.ring.knows(&kid) }).await;
}
