//! Whatever is given as an option from outside: it is refused in words or taken, and the environment, a file and a line of
//! code say the same.

use broadway::{Builder, Overrides, OverridesError, stage::from_iter, topology::check as violations};
use futures::FutureExt;
use serde_json::{Value, json};

/// Lines of `path = value`, where the path has dots; a first byte `{` makes all of it a file.
pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.starts_with('{') {
        return match serde_json::from_str::<Overrides>(text) {
            Ok(overrides) => apply(overrides),
            Err(error) => assert!(!error.to_string().is_empty()),
        };
    }
    let mut all = Overrides::default();
    for line in text.lines() {
        let (path, value) = line.split_once('=').unwrap_or((line, ""));
        let (path, value) = (path.trim().to_ascii_lowercase(), value.trim());
        let code = Overrides::default().set(&path, value, "outside");
        let file = from_file(&path, value).map(|overrides| overrides.from("outside"));
        assert_eq!(shown(file), shown(code.clone()), "{line}");
        // Elsewhere two underscores are a dot.
        if !format!(".{path}.").replace('_', ".").contains("..") {
            let variable = (format!("ORDERS__{}", path.replace('.', "__").to_ascii_uppercase()), value.to_owned());
            let environment = Overrides::from_vars("ORDERS", [variable]).map(|overrides| overrides.from("outside"));
            assert_eq!(shown(environment.clone()), shown(code.clone()), "{line}");
            environment.err().into_iter().for_each(is_said);
        }
        match code {
            Ok(one) => all = all.and(one),
            Err(error) => is_said(error),
        }
    }
    apply(all);
}

fn from_file(path: &str, value: &str) -> Result<Overrides, serde_json::Error> {
    serde_json::from_value(
        path.rsplit('.')
            .fold(json!(value), |inside, name| Value::Object([(name.to_owned(), inside)].into_iter().collect())),
    )
}

/// As text, because a number that is none equals nothing.
fn shown<E>(overrides: Result<Overrides, E>) -> Option<String> {
    overrides.ok().map(|overrides| format!("{overrides:?}"))
}

fn is_said(error: OverridesError) {
    assert!(!error.to_string().is_empty());
}

fn apply(overrides: Overrides) {
    let lines = overrides.to_string().lines().count();
    let pipeline = Builder::<u8, ()>::new("fuzzed", |_| from_iter(0..1), |_| async { Ok(()) }.boxed());
    let setup = pipeline.topology(|topology| _ = topology.batcher("archive").batch_size(10)).configure();
    let before = setup.topology().clone();
    let setup = setup.overrides(overrides);
    assert!(lines > 0 || *setup.topology() == before, "nothing was given");
    assert!(violations(setup.topology()).iter().all(|violation| !violation.to_string().is_empty()));
    let _ = (setup.topology().diagram().to_string(), format!("{setup:?}"));
}
