//! Small models, in every order. `cargo xtask models --deep` runs larger ones.

use broadway_models::{MODELS, Size, explore};

#[test]
fn nothing_is_lost_doubled_or_stuck_in_any_order() {
    for model in MODELS {
        println!("{}", model.name);
        assert!(explore(model, Size::Small).orders > 1, "it has one order: it checks nothing");
    }
}
