//! Lying bars with a name each, and where each of them ought to reach.

use std::{error::Error, path::Path};

use plotters::prelude::*;

use super::{COLORS, FONT, SIZE};

/// A bar.
pub(crate) struct Bar<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: f64,
    pub(crate) target: Option<f64>,
}

pub(super) fn draw(path: &Path, title: &str, bars: &[Bar<'_>]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (SIZE.0, 90 + 34 * bars.len() as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let longest = bars.iter().map(|bar| bar.value.max(bar.target.unwrap_or(0.0))).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(&area);
    chart.caption(title, (FONT, 18)).margin(12).x_label_area_size(28).y_label_area_size(290);
    let mut chart = chart.build_cartesian_2d(0.0..longest * 1.12, (0..bars.len()).into_segmented())?;
    let name = |at: &SegmentValue<usize>| match at {
        SegmentValue::CenterOf(at) => bars.get(bars.len() - 1 - at).map_or_else(String::new, |bar| bar.name.to_owned()),
        _ => String::new(),
    };
    let mut mesh = chart.configure_mesh();
    mesh.disable_y_mesh().y_labels(bars.len()).y_label_formatter(&name).label_style((FONT, 13));
    mesh.light_line_style(TRANSPARENT).draw()?;
    for (at, bar) in bars.iter().rev().enumerate() {
        let (from, to) = (SegmentValue::Exact(at), SegmentValue::Exact(at + 1));
        let mut rectangle =
            Rectangle::new([(0.0, from.clone()), (bar.value, to.clone())], COLORS[0].mix(0.75).filled());
        rectangle.set_margin(6, 6, 0, 0);
        chart.draw_series([rectangle])?;
        let label = format!("{:.2}", bar.value);
        let end = bar.value.max(bar.target.unwrap_or(0.0));
        chart.draw_series([
            EmptyElement::at((end, SegmentValue::CenterOf(at))) + Text::new(label, (5, -6), (FONT, 13).into_font())
        ])?;
        if let Some(target) = bar.target {
            chart.draw_series([PathElement::new([(target, from), (target, to)], COLORS[1].stroke_width(3))])?;
        }
    }
    Ok(area.present()?)
}
