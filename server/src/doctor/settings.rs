//! The configuration, and each file of a secret that it names.

use std::{os::unix::fs::PermissionsExt, path::Path};

use super::Report;
use crate::config::{self, Config, ConfigError, NamedFile};

const ABOUT: &str = "config";
const AGAIN: &str = "Then run doctor again: what depends on it was not looked at.";

/// The configuration, where it can be used.
pub fn examine(report: &mut Report, file: Option<&Path>) -> Option<Config> {
    let named = match config::named_files(file) {
        Ok(named) => named,
        Err(error) => {
            unusable(report, &error);
            return None;
        }
    };
    for file in &named {
        secret(report, file);
    }
    match Config::load(file) {
        Ok(config) => {
            match file {
                Some(path) => report.ok(ABOUT, format!("{} is read.", path.display())),
                None => report.ok(
                    ABOUT,
                    "No file is named: defaults and environment are used.",
                ),
            }
            Some(config)
        }
        Err(error) => {
            unusable(report, &error);
            None
        }
    }
}

fn secret(report: &mut Report, file: &NamedFile) {
    let (what, path) = (&file.what, shown(&file.path));
    match &file.fault {
        None => {
            let mode = std::fs::metadata(&file.path).map(|meta| meta.permissions().mode() & 0o777);
            let mode = mode.unwrap_or_default();
            report.ok(
                "secret",
                format!("`{what}` is good: {path}, mode {mode:04o}."),
            );
        }
        Some(fault) => report.problem("secret", format!("`{what}` {path}: {fault}."), AGAIN),
    }
}

/// The secret itself may have been written where its file belongs.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let is_path = text.contains(['/', '.']) || text.len() < 16 || path.exists();
    match is_path {
        true => text,
        false => {
            "(no such file; it looks like a secret itself: put it into a file and name that)".into()
        }
    }
}

/// A parser's own words quote lines and values of the file: they are not passed on.
fn unusable(report: &mut Report, error: &ConfigError) {
    let says = match error {
        ConfigError::Read(error) => unread(error),
        ConfigError::Value { key, reason } => format!("`{key}` {}.", without_values(reason)),
        // Said already, of the file.
        ConfigError::Secret { what, .. } if report.count(super::Level::Problem) > 0 => {
            format!("{what} cannot be used, as said above.")
        }
        ConfigError::Secret { what, path, reason } => {
            format!("{what} {}: {reason}.", shown(path))
        }
    };
    report.problem(ABOUT, says, AGAIN);
}

fn unread(error: &::config::ConfigError) -> String {
    use ::config::ConfigError as Error;
    match error {
        Error::At {
            error,
            key: Some(key),
            ..
        } => format!("`{key}`: {}", unread(error)),
        Error::At { error, .. } => unread(error),
        Error::Type { key, expected, .. } => {
            let key = key.as_deref().unwrap_or("a value");
            format!("`{key}` must be {expected}.")
        }
        Error::FileParse { uri, cause } => {
            let text = cause.to_string();
            let place = text
                .lines()
                .next()
                .filter(|line| line.starts_with("TOML parse error"));
            let file = uri.as_deref().unwrap_or("the file");
            format!(
                "{file} is not TOML: {}.",
                place.unwrap_or("it cannot be parsed")
            )
        }
        Error::Message(text) if text.starts_with("unknown field") => format!("{text}."),
        Error::Foreign(cause) => format!("the file cannot be read: {cause}."),
        _ => "the file or a KEYSEAL__ variable cannot be read.".into(),
    }
}

/// What stands between backquotes and could hold a password is left out.
fn without_values(reason: &str) -> String {
    let parts = reason.split('`').enumerate().map(|(index, part)| {
        let quoted = index % 2 == 1;
        if quoted && part.contains('@') {
            "…"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("`")
}
