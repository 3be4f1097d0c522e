//! `keys_dir`: whether the ring can be read, and how long its key set is good.

use std::{fs, os::unix::fs::PermissionsExt};

use rustix::fs::{Access, access};

use super::Report;
use crate::{
    clock,
    config::{Config, secret},
    unwrap::ring::KeyRing,
};

const ABOUT: &str = "keys";

/// What stands in the folder.
pub enum Ring {
    /// Nothing yet: a first start makes it, where the database holds no keys.
    Absent,
    /// It is there and cannot be used, as was said.
    Unreadable,
    /// The ring.
    Read(KeyRing),
}

pub fn examine(report: &mut Report, config: &Config) -> Ring {
    let dir = &config.keys_dir;
    let Ok(meta) = fs::metadata(dir) else {
        return Ring::Absent;
    };
    let mode = meta.permissions().mode() & 0o7777;
    if mode & 0o002 != 0 && mode & 0o1000 == 0 {
        report.problem(
            ABOUT,
            format!(
                "{} may be written by every user (mode {mode:04o}).",
                dir.display()
            ),
            "chmod 700 it.",
        );
    }
    let local = dir.join("local.secret");
    if config.is_local()
        && local.exists()
        && let Err(reason) = secret::check_mode(&local)
    {
        report.problem(
            ABOUT,
            format!("{} {reason}.", local.display()),
            "Then start again.",
        );
    }
    if fs::read_dir(dir)
        .is_ok_and(|mut files| files.all(|file| file.is_ok_and(|file| file.file_name() == ".lock")))
    {
        return Ring::Absent;
    }
    let ring = match KeyRing::read(dir) {
        Ok(ring) => ring,
        Err(error) => {
            report.problem(
                ABOUT,
                format!("{error}."),
                "Mend that, or restore the folder from its backup.",
            );
            return Ring::Unreadable;
        }
    };
    let published = ring.published();
    let older = ring.kids().len() - published.keys().len();
    report.ok(
        ABOUT,
        format!(
            "Key set {} is signed, its current key is {}, and {older} older ones open what is stored.",
            published.seq(),
            ring.current_kid()
        ),
    );
    signature(report, config, &ring);
    Ring::Read(ring)
}

/// Whom it is signed for, until when, and whether it can be signed again.
fn signature(report: &mut Report, config: &Config, ring: &KeyRing) {
    let (published, now) = (ring.published(), clock::seconds());
    let until = clock::rfc3339(published.exp() * 1_000_000);
    let dir = &config.keys_dir;
    let has_identity = dir.join("identity.pem").exists();
    let can_sign = has_identity && access(dir, Access::WRITE_OK).is_ok();
    let other = published.issuer() != config.public_url() && config.listen.port() != 0;
    if other {
        let says = format!(
            "The key set is signed for {}, and the companion is {}.",
            published.issuer(),
            config.public_url()
        );
        match can_sign {
            true => report.warning(
                ABOUT,
                says,
                "The next start signs it again; browsers know the companion by its address.",
            ),
            false => report.problem(ABOUT, says, "Sign it again where the identity is kept."),
        }
    }
    match (now >= published.exp(), published.is_due(now), can_sign) {
        (true, _, false) => report.problem(
            ABOUT,
            format!("The key set ended on {until}: browsers refuse it."),
            "Sign it again where the identity is kept.",
        ),
        (true, _, true) => report.warning(
            ABOUT,
            format!("The key set ended on {until}."),
            "A running companion signs it again: start it.",
        ),
        (false, true, false) => report.warning(
            ABOUT,
            format!("The key set is good until {until}, and cannot be signed again here."),
            "Sign it where the identity is kept.",
        ),
        _ => report.ok(ABOUT, format!("The key set is good until {until}.")),
    }
}
