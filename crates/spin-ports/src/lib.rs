//! spin-ports
