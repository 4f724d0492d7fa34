//! Pictures beside the tables, as SVG.

mod bars;
mod lines;

use std::path::PathBuf;

use plotters::style::RGBColor;

pub(crate) use bars::Bar;
pub(crate) use lines::{Axes, Log, Series};

const SIZE: (u32, u32) = (760, 400);
const FONT: &str = "sans-serif";
/// Told apart by those who see colours otherwise, too.
const COLORS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// A folder for pictures.
pub(crate) struct Plots(pub(crate) PathBuf);

impl Plots {
    pub(crate) fn lines(&self, file: &str, axes: &Axes<'_>, series: &[Series<'_>]) {
        lines::draw(&self.0.join(file), axes, series).unwrap_or_else(|error| panic!("cannot draw {file}: {error}"));
    }

    pub(crate) fn bars(&self, file: &str, title: &str, bars: &[Bar<'_>]) {
        bars::draw(&self.0.join(file), title, bars).unwrap_or_else(|error| panic!("cannot draw {file}: {error}"));
    }
}
