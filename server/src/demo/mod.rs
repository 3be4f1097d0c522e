//! The built-in provider of `serve --demo`.
