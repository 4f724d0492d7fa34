//! What the connectors ought to reach.

use broadway_benches::target::{
    Better::{self, Higher, Lower},
    Target,
};

const fn ratio(what: &'static str, better: Better, bound: f64, aim: f64) -> Target {
    Target { what, command: "cargo xtask bench --connectors", better, unit: "x", bound, aim }
}

/// As many receives are under way on both sides.
pub(crate) static SQS_RATE: Target = ratio("SQS against its client by hand", Higher, 0.95, 1.0);
/// SQS charges by request.
pub(crate) static SQS_REQUESTS: Target = ratio("requests a message against its client by hand", Lower, 1.0, 1.0);

/// A queue keeps more of a message, and an index: half is what that may cost.
pub(crate) static SQLITE_RATE: Target = ratio("SQLite against a bare table", Higher, 0.5, 1.0);
