//! Prints what the pipeline says of itself.

use tracing_subscriber::{
    Layer, filter::Targets, fmt, fmt::format::FmtSpan, layer::SubscriberExt, util::SubscriberInitExt,
};

/// From here on spans, as they end, and events go to standard error. Single messages would be too much.
pub(crate) fn start() {
    let lines = fmt::layer().with_ansi(false).with_writer(std::io::stderr).with_span_events(FmtSpan::CLOSE);
    let pipeline = Targets::new().with_target("broadway", tracing_subscriber::filter::LevelFilter::DEBUG);
    tracing_subscriber::registry().with(lines.with_filter(pipeline)).init();
}
