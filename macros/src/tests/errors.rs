//! Errors that no fixture can show alone: the compiler has one of its own beside them.

use proc_macro2::TokenStream;

use crate::entry::expand;

#[test]
fn a_signature_that_cannot_be_parsed_is_an_error() {
    let attribute: TokenStream = "producers(default(module = Sqs::new())), processors(default())".parse().unwrap();
    let item: TokenStream = "impl Orders { async fn handle_message(&self, message: ) {} }".parse().unwrap();
    let output = expand(attribute, item.clone()).to_string();
    assert!(output.starts_with(&item.to_string()));
    assert_eq!(output.matches("compile_error").count(), 1, "{output}");
    assert!(output.contains("the signature of `handle_message` could not be parsed"), "{output}");
}

/// The compiler says of `#[broadway = ".."]` that it cannot be written so, and hands the text over.
#[test]
fn a_text_in_place_of_the_topology_is_one_error() {
    let item: TokenStream =
        "impl Orders { async fn handle_message(&self, message: &mut OrdersMessage) {} }".parse().unwrap();
    let output = expand("\"orders\"".parse().unwrap(), item).to_string();
    assert_eq!(output.matches("compile_error").count(), 1, "{output}");
    assert!(output.contains("the pipeline has no topology"), "{output}");
}
