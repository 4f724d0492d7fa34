//! How long something took, by the clock and by the processors.

use std::{fs, time::Instant};

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Time {
    pub(crate) clock: f64,
    /// Of this process's children that have ended, in user mode.
    pub(crate) processors: f64,
}

impl Time {
    /// Of each measure by itself.
    pub(crate) fn median(times: Vec<Self>) -> Self {
        let of = |measure: fn(&Self) -> f64| {
            let mut values: Vec<f64> = times.iter().map(measure).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Self { clock: of(|time| time.clock), processors: of(|time| time.processors) }
    }
}

pub(crate) fn watched(run: impl FnOnce() -> Result<(), String>) -> Result<Time, String> {
    let (start, before) = (Instant::now(), children()?);
    run()?;
    Ok(Time { clock: start.elapsed().as_secs_f64() * 1000.0, processors: children()? - before })
}

/// The kernel counts in hundredths of a second.
fn children() -> Result<f64, String> {
    let stat = fs::read_to_string("/proc/self/stat").map_err(|error| format!("this needs Linux: {error}"))?;
    user_time_of_children(&stat).ok_or_else(|| format!("/proc/self/stat is not understood: {stat}"))
}

/// The fourteenth field behind the command's name, which is in parentheses and may contain anything.
fn user_time_of_children(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').nth(13)?.parse::<f64>().ok()? * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_each_measure() {
        let times = [(3.0, 1.0), (1.0, 5.0), (2.0, 9.0)];
        let times = times.map(|(clock, processors)| Time { clock, processors });
        assert_eq!(Time::median(times.to_vec()), Time { clock: 2.0, processors: 5.0 });
    }

    #[test]
    fn the_children_are_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 5 6 0 0 11 12 130 14 20 0 1 0 9";
        assert_eq!(user_time_of_children(stat), Some(1300.0));
    }
}
