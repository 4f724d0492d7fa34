//! Lines over an axis of numbers.

use std::{error::Error, ops::Range, path::Path};

use plotters::{
    coord::ranged1d::{AsRangedCoord, ValueFormatter},
    prelude::*,
};

use super::{COLORS, FONT, SIZE};

/// What a picture shows.
pub(crate) struct Axes<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    pub(crate) log: Log,
}

/// The axis that is logarithmic; the other one is not.
#[derive(Clone, Copy)]
pub(crate) enum Log {
    X,
    Y,
}

/// A line.
pub(crate) struct Series<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: Vec<(f64, f64)>,
}

pub(super) fn draw(path: &Path, axes: &Axes<'_>, series: &[Series<'_>]) -> Result<(), Box<dyn Error>> {
    let points = || series.iter().flat_map(|series| &series.points);
    let (x, y) = (range(points().map(|point| point.0)), range(points().map(|point| point.1)));
    match axes.log {
        Log::X => on(path, axes, series, x.log_scale(), 0.0..y.end * 1.1),
        Log::Y => on(path, axes, series, 0.0..x.end * 1.05, (y.start / 1.5..y.end * 1.5).log_scale()),
    }
}

fn range(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    values.clone().fold(f64::MAX, f64::min)..values.fold(f64::MIN, f64::max)
}

fn on<X, Y>(path: &Path, axes: &Axes<'_>, series: &[Series<'_>], x: X, y: Y) -> Result<(), Box<dyn Error>>
where
    X: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
    Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
{
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area);
    chart.caption(axes.title, (FONT, 18)).margin(12).margin_right(28).x_label_area_size(44).y_label_area_size(60);
    let mut chart = chart.build_cartesian_2d(x, y)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(axes.x).y_desc(axes.y).label_style((FONT, 13)).axis_desc_style((FONT, 14));
    mesh.x_label_formatter(&f64::to_string).y_label_formatter(&f64::to_string);
    mesh.light_line_style(TRANSPARENT).draw()?;
    for (series, color) in series.iter().zip(COLORS.iter().cycle()) {
        let line = LineSeries::new(series.points.iter().copied(), color.stroke_width(2)).point_size(3);
        chart
            .draw_series(line)?
            .label(series.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    if series.len() > 1 {
        let mut legend = chart.configure_series_labels();
        legend.position(SeriesLabelPosition::UpperLeft).label_font((FONT, 13));
        legend.background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.2)).draw()?;
    }
    Ok(area.present()?)
}
