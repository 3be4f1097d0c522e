//! New keys under a running companion: nothing is lost, and the old ones go only when nothing needs
//! them.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use axum::body::Body;
use http::Request;
use keyseal::envelope::{KeyClaims, PublicKey, SealedKey, Secret, Session};
use keyseal_server::{
    clock,
    store::{NewEntry, Owner, Realm, Replacement},
};
use serde_json::{Value, json};

use crate::support::{
    Answer, Companion, KEY, Process, Setup, User,
    companion::token,
    new_id,
    postgres::Postgres,
    process::{BINARY, files_with},
};

fn command(companion: &Companion, args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(args)
        .args(["--config", "keyseal.toml"])
        .env_clear()
        .current_dir(companion.folder.path())
        .stdin(Stdio::null());
    command
}

/// Whether it succeeded, and all it printed.
async fn run(companion: &Companion, args: &[&str]) -> (bool, String) {
    let mut command = command(companion, args);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

async fn done(companion: &Companion, args: &[&str]) -> String {
    let (good, printed) = run(companion, args).await;
    assert!(good, "{args:?}: {printed}");
    printed
}

async fn forward(user: &User<'_>, id: &str) -> Answer {
    let request = Request::get("/forward/demo/v1/models")
        .header("authorization", format!("Bearer {}", user.token))
        .header("keyseal-entry", id);
    let request = request.body(Body::empty()).unwrap();
    user.companion.call(request).await
}

/// An upload by a browser that knows only this key.
fn upload_to(user: &User<'_>, id: &str, key: &PublicKey) -> Value {
    let sealed = SealedKey::seal(&user.claims(id), key).unwrap().to_json();
    let sealed: Value = serde_json::from_str(&sealed).unwrap();
    json!({ "id": id, "provider": "demo", "sealedKey": sealed })
}

async fn listed(user: &User<'_>) -> Vec<Value> {
    let list = user.get("/api-keys").await.expect(200).json();
    list["keys"].as_array().unwrap().clone()
}

fn kid_of(entry: &Value) -> &str {
    let kid = entry.pointer("/sealedKey/recipients/0/header/kid");
    kid.unwrap().as_str().unwrap()
}

fn opened(companion: &Companion, entry: &Value) -> KeyClaims {
    let sealed = SealedKey::parse(entry["sealedKey"].to_string().as_bytes()).unwrap();
    sealed.open(companion.state.ring.as_ref()).unwrap()
}

/// The running companion reads its folder by itself; a test may not want to wait for it.
fn follow(companion: &Companion) -> PublicKey {
    companion.state.ring.refresh().unwrap();
    companion.sealing_key()
}

/// Puts a row there as it could stand in the database.
pub async fn plant(companion: &Companion, id: &str, sealed_key: &str, kid: &str) {
    let new = NewEntry {
        id,
        provider: "demo",
        label: "",
        key: Replacement {
            sealed_key,
            kid,
            sealed_at: clock::seconds(),
            hint: "",
            host: None,
        },
        request_digest: "",
        priority: None,
        expires_at: None,
        budget: None,
    };
    let ann = Owner::new(Realm::Jwt, "ann");
    let added = companion.state.store.add(&ann, &new, clock::micros());
    added.await.unwrap();
}

pub async fn nothing_is_lost_while_keys_are_rotated_under_load(companion: &Companion) {
    let ann = companion.user("ann");
    let first = companion.sealing_key();
    let seq = companion.state.ring.published().seq();
    let kept = ann.add().await;
    let before = opened(companion, &listed(&ann).await[0]);
    let over = AtomicBool::new(false);
    let forwarded = AtomicUsize::new(0);

    let uploads = async {
        let mut stored = Vec::new();
        while !over.load(Ordering::Relaxed) {
            // One browser follows, the other has not asked for the key set again.
            for key in [companion.sealing_key(), first.clone()] {
                let id = new_id();
                let answer = ann.post("/api-keys", &upload_to(&ann, &id, &key)).await;
                match answer.status.as_u16() {
                    201 => stored.push(id),
                    _ => drop(answer.refused(422, "unknown_kid")),
                }
            }
        }
        stored
    };
    let forwards = async {
        while !over.load(Ordering::Relaxed) {
            forward(&ann, &kept).await.expect(200);
            forwarded.fetch_add(1, Ordering::Relaxed);
        }
    };
    let rotations = async {
        for args in [
            &["keys", "rotate", "--announce"][..],
            &["keys", "rotate"],
            &["rewrap"],
            &["keys", "rotate"],
            &["rewrap"],
        ] {
            done(companion, args).await;
        }
        over.store(true, Ordering::Relaxed);
    };
    let (stored, (), ()) = tokio::join!(uploads, forwards, rotations);

    assert!(stored.len() > 2 && forwarded.into_inner() > 2);
    let current = follow(companion);
    assert_ne!(current.kid(), first.kid());
    assert_eq!(companion.state.ring.published().seq(), seq + 3);
    done(companion, &["rewrap"]).await;
    let entries = listed(&ann).await;
    let listed: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry["id"].as_str())
        .collect();
    assert!(stored.iter().all(|id| listed.contains(&id.as_str())));
    for entry in &entries {
        assert_eq!(kid_of(entry), current.kid());
        assert_eq!(entry["needsReentry"], false);
        let claims = opened(companion, entry);
        assert_eq!((claims.key.expose(), claims.sub.as_str()), (KEY, "ann"));
        assert_eq!(entry["id"], claims.rid);
        forward(&ann, &claims.rid).await.expect(200);
    }
    let after = entries.iter().find(|entry| entry["id"] == kept).unwrap();
    assert_eq!(opened(companion, after), before, "the claims are the same");
}

pub async fn an_upload_under_an_older_key_is_stored_under_the_current_one(companion: &Companion) {
    let ann = companion.user("ann");
    let first = companion.sealing_key();
    done(companion, &["keys", "rotate"]).await;
    let current = follow(companion);
    let id = new_id();
    let claims = ann.claims(&id);
    let mut upload = upload_to(&ann, &id, &first);
    let sealed = SealedKey::seal(&claims, &first).unwrap().to_json();
    upload["sealedKey"] = serde_json::from_str(&sealed).unwrap();
    let stored = ann.post("/api-keys", &upload).await.expect(201).json();
    assert_eq!(kid_of(&stored), current.kid());
    assert_eq!(opened(companion, &stored), claims);
    let again = ann.post("/api-keys", &upload).await.expect(201).json();
    assert_eq!(again, stored, "the same request again rewrites nothing");
    forward(&ann, &id).await.expect(200);
}

pub async fn a_rewrap_that_was_killed_goes_on_where_it_was(companion: &Companion) {
    let ann = companion.user("ann");
    let first = companion.sealing_key();
    for _ in 0..200 {
        let id = new_id();
        let sealed = SealedKey::seal(&ann.claims(&id), &first).unwrap();
        plant(companion, &id, &sealed.to_json(), first.kid()).await;
    }
    // A kill that comes too late, because this machine is busy, is tried again with another key.
    let (current, entries, moved) = loop {
        done(companion, &["keys", "rotate"]).await;
        let current = follow(companion);
        kill_a_rewrap(companion);
        let entries = listed(&ann).await;
        let moved = entries.iter().filter(|row| kid_of(row) == current.kid());
        let moved = moved.count();
        assert!(moved >= 64, "{moved}");
        if moved < 200 {
            break (current, entries, moved);
        }
    };
    let waiting = entries.iter().find(|entry| kid_of(entry) != current.kid());
    let waiting = waiting.unwrap()["id"].as_str().unwrap().to_owned();
    forward(&ann, &waiting).await.expect(200);
    ann.delete(&format!("/api-keys/{waiting}"))
        .await
        .expect(204);

    let printed = done(companion, &["rewrap"]).await;
    let last = format!("{} entries moved to the current key, 0 have", 199 - moved);
    assert!(printed.contains(&last), "{printed}");
    let entries = listed(&ann).await;
    assert_eq!(entries.len(), 199);
    for entry in &entries {
        assert_eq!(kid_of(entry), current.kid());
        assert_eq!(entry["id"], opened(companion, entry).rid);
    }
    forward(&ann, &waiting).await.refused(409, "no_credential");
}

/// Kills it as soon as it has told of its first entries.
fn kill_a_rewrap(companion: &Companion) {
    let mut command = command(companion, &["rewrap"]);
    let mut rewrap = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(rewrap.stdout.take().unwrap());
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    rewrap.kill().unwrap();
    rewrap.wait().unwrap();
    assert_eq!(line, "64 entries moved so far\n");
}

pub async fn only_the_ciphertext_that_was_read_is_replaced(companion: &Companion) {
    let ann = companion.user("ann");
    let store = &companion.state.store;
    let [replaced, revoked, moved] = [ann.add().await, ann.add().await, ann.add().await];
    let read = store.sealed_to_others("another", None, 10).await.unwrap();
    let of = |id: &str| read.iter().find(|entry| entry.id == id).unwrap();
    let mut claims = ann.claims(&replaced);
    claims.iat += 1;
    let newer = json!({ "sealedKey": ann.seal(&claims) });
    ann.patch(&format!("/api-keys/{replaced}"), &newer)
        .await
        .expect(200);
    ann.delete(&format!("/api-keys/{revoked}"))
        .await
        .expect(204);
    assert!(!store.rewrap(of(&replaced), "{}", "k").await.unwrap());
    assert!(!store.rewrap(of(&revoked), "{}", "k").await.unwrap());
    assert!(store.rewrap(of(&moved), "{}", "k").await.unwrap());
    assert!(!store.rewrap(of(&moved), "{}", "k").await.unwrap());
    forward(&ann, &replaced).await.expect(200);
}

pub async fn what_no_key_opens_has_to_be_entered_again(companion: &Companion) {
    let ann = companion.user("ann");
    let good = ann.add().await;
    let sealed = listed(&ann).await[0]["sealedKey"].clone();
    let kid = companion.sealing_key().kid().to_owned();
    let mut broken = sealed.clone();
    broken["tag"] = "AAAAAAAAAAAAAAAAAAAAAA".into();
    let mut foreign = sealed.clone();
    foreign["recipients"][0]["header"]["kid"] = "foreign".into();
    let lost = [new_id(), new_id(), new_id()];
    plant(companion, &lost[0], &broken.to_string(), &kid).await;
    plant(companion, &lost[1], &foreign.to_string(), "foreign").await;
    // Good in itself, and another entry's.
    plant(companion, &lost[2], &sealed.to_string(), &kid).await;
    done(companion, &["keys", "rotate"]).await;
    for moved in [1, 0] {
        let printed = done(companion, &["rewrap"]).await;
        let said = format!("{moved} entries moved to the current key, 3 have to be");
        assert!(printed.contains(&said), "{printed}");
    }
    let marked = async || {
        let entries = listed(&ann).await;
        let marked = entries.iter().filter(|entry| entry["needsReentry"] == true);
        let ids = marked.map(|entry| entry["id"].as_str().unwrap().to_owned());
        ids.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(marked().await, lost.iter().cloned().collect());
    // That the ring has their key does not make them good.
    let knows = |_: &str| true;
    companion.state.store.mark_by_ring(knows).await.unwrap();
    let still = marked().await;
    assert!(
        still.contains(&lost[0]) && still.contains(&lost[2]),
        "{still:?}"
    );
    assert_eq!(companion.state.store.needing(&kid).await.unwrap(), 0);
    forward(&ann, &good).await.expect(200);
}

pub async fn a_key_is_retired_once_no_entry_needs_it(companion: &Companion) {
    let ann = companion.user("ann");
    let stored = ann.add().await;
    let old = companion.sealing_key();
    let file = companion
        .folder
        .path()
        .join(format!("keys/key-{}.pem", old.kid()));
    let retire = ["keys", "retire", old.kid()];

    let (good, printed) = run(companion, &retire).await;
    assert!(!good && printed.contains("is the current key"), "{printed}");
    done(companion, &["keys", "rotate"]).await;
    follow(companion);
    assert!(session(&ann, &old).await.status.is_success());

    let (good, printed) = run(companion, &retire).await;
    assert!(
        !good && printed.contains("1 entries are sealed to"),
        "{printed}"
    );
    assert!(printed.contains("keyseal-server rewrap"), "{printed}");
    assert!(file.exists());
    let listed = done(companion, &["keys", "list"]).await;
    assert!(listed.contains("nothing new is taken under it"), "{listed}");
    // The running companion saw it by itself.
    let late = upload_to(&ann, &new_id(), &old);
    ann.post("/api-keys", &late)
        .await
        .refused(422, "unknown_kid");
    session(&ann, &old).await.refused(422, "unknown_kid");
    session(&ann, &companion.sealing_key()).await.expect(200);
    forward(&ann, &stored).await.expect(200);

    let cancel = ["keys", "retire", "--cancel", old.kid()];
    done(companion, &cancel).await;
    follow(companion);
    session(&ann, &old).await.expect(200);
    let (good, printed) = run(companion, &cancel).await;
    assert!(!good && printed.contains("no retirement"), "{printed}");

    done(companion, &["rewrap"]).await;
    let noted = done(companion, &["audit"]).await;
    assert!(noted.contains("entries.rewrap  moved 1, lost 0"), "{noted}");
    assert!(
        noted.contains(&format!("keys.keep  {}", old.kid())),
        "{noted}"
    );
    done(companion, &retire).await;
    assert!(!file.exists());
    follow(companion);
    assert!(!companion.state.ring.kids().contains(&old.kid().to_owned()));
    forward(&ann, &stored).await.expect(200);
    let (good, printed) = run(companion, &retire).await;
    assert!(!good && printed.contains("is not here"), "{printed}");
}

/// A request under a new session that is sealed to this key.
async fn session(user: &User<'_>, key: &PublicKey) -> Answer {
    let now = clock::seconds();
    let session = Session::start(&user.sub, &user.token, now, now + 600, key).unwrap();
    let path = "/forward/demo/v1/models";
    let claims = keyseal::envelope::RequestClaims {
        key: Secret::new(KEY.into()),
        provider: "demo".into(),
        sub: user.sub.clone(),
        m: "GET".into(),
        p: path.into(),
        iat: now,
        jti: new_id(),
        host: None,
    };
    let request = Request::get(path)
        .header("authorization", format!("Bearer {}", user.token))
        .header("keyseal-session", session.jwe())
        .header("keyseal-key", session.seal_request(&claims).unwrap());
    let request = request.body(Body::empty()).unwrap();
    user.companion.call(request).await
}

/// Both replicas, of which only the command touched the folder.
pub async fn replicas_follow_a_rotation_together(cluster: &Postgres) {
    let (one, other) = Companion::replicas(cluster).await;
    let (here, there) = (one.user("ann"), other.user("ann"));
    let old = one.sealing_key();
    let first = here.add().await;

    done(&one, &["keys", "rotate"]).await;
    let new = follow(&one);
    // What one has learned is good at the other at once.
    let id = new_id();
    there
        .post("/api-keys", &upload_to(&there, &id, &new))
        .await
        .expect(201);
    session(&there, &new).await.expect(200);
    done(&other, &["rewrap"]).await;
    for user in [&here, &there] {
        for id in [&first, &id] {
            forward(user, id).await.expect(200);
        }
    }
    done(&one, &["keys", "retire", old.kid()]).await;
    for user in [&here, &there] {
        let late = upload_to(user, &new_id(), &old);
        user.post("/api-keys", &late)
            .await
            .refused(422, "unknown_kid");
        for id in [&first, &id] {
            forward(user, id).await.expect(200);
        }
    }
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_rotation_writes_no_key_anywhere() {
    let process = Process::start(&Setup::default());
    let (id, before) = process.add("ann").await;
    let mut printed = String::new();
    for args in [&["keys", "rotate"][..], &["rewrap"]] {
        let output = Command::new(BINARY)
            .args(args)
            .args(["--config", "keyseal.toml"])
            .env_clear()
            .current_dir(process.folder.path())
            .output()
            .unwrap();
        assert!(output.status.success());
        for part in [output.stdout, output.stderr] {
            printed.push_str(&String::from_utf8(part).unwrap());
        }
    }
    assert!(
        printed.contains("1 entries moved to the current key"),
        "{printed}"
    );
    let ann = token(&json!({ "sub": "ann" }));
    let path = format!("/api/v1/api-keys/{id}");
    let after = process
        .send(&ann, "GET", &path, Vec::new())
        .await
        .expect(200);
    assert_ne!(
        kid_of(&after.json()),
        kid_of(&json!({ "sealedKey": before }))
    );

    let encoded = keyseal::envelope::encode_base64url(KEY.as_bytes());
    for needle in [KEY, encoded.as_str()] {
        assert!(!printed.contains(needle) && !process.output().contains(needle));
        assert_eq!(process.files_with(needle), Vec::<std::path::PathBuf>::new());
    }
    assert!(!printed.contains("PRIVATE"));
    // Of what was sealed to the old key nothing is left in the database.
    let data = process.folder.path().join("data");
    let old = before["ciphertext"].as_str().unwrap();
    assert!(files_with(&data, old).is_empty());

    let planted = data.join("planted");
    std::fs::write(&planted, format!("x{KEY}{encoded}{old}")).unwrap();
    for needle in [KEY, &encoded, old] {
        let found = files_with(process.folder.path(), needle);
        assert_eq!(found, std::slice::from_ref(&planted));
    }
}
