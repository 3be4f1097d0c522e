//! Books what a request used.
