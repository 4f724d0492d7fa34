//! Panics that a simulation makes, or expects of `test_message` in a drain, are not printed; all others are.

use std::{
    panic::{set_hook, take_hook},
    sync::Once,
};

use broadway::PushError;

/// Told panics are silent from here on.
pub(super) fn panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = take_hook();
        set_hook(Box::new(move |panic| {
            let text = panic.payload().downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.payload().downcast_ref::<String>().map(String::as_str));
            if text.is_none_or(|text| text != "told to panic" && text != PushError::Draining.to_string()) {
                others(panic);
            }
        }));
    });
}
