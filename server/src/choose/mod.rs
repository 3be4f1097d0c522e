//! Picks the credential that serves a request.
