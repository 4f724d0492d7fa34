//! Panics that a simulation makes, or expects of `test_message` in a drain, are not printed; all others are.

use std::{
    any::Any,
    panic::{set_hook, take_hook},
    sync::Once,
};

use broadway::PushError;

/// What a panic says. A literal, as in `panic!("it hangs")`, is no `String`.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without text")
}

/// Told panics are silent from here on.
pub(super) fn panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            let text = panic_text(panic.payload());
            if text != "told to panic" && text != PushError::Draining.to_string() {
                others(panic);
            }
        }));
    });
}
