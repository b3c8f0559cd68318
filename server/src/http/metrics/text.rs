//! Prometheus' text format, version 0.0.4:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.

use std::fmt::{Display, Write as _};

use crate::routing::{BOUNDS, Histogram};

/// An exposition in the making.
#[derive(Debug, Default)]
pub(super) struct Text(String);

/// What a family's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Durations by bucket.
    Histogram,
}

/// The samples of one name.
pub(super) struct Family<'t> {
    text: &'t mut String,
    name: &'static str,
}

type Label<'l> = (&'static str, &'l str);

impl Text {
    /// Begins the samples of a name.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> Family<'_> {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        Family {
            text: &mut self.0,
            name,
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

impl Family<'_> {
    /// One number.
    pub(super) fn sample(&mut self, labels: &[Label<'_>], value: impl Display) {
        self.line("", labels, None, value);
    }

    /// All buckets of one histogram, each with those before it in it.
    pub(super) fn histogram(&mut self, labels: &[Label<'_>], histogram: &Histogram) {
        let (counts, sum) = histogram.snapshot();
        let ends = BOUNDS.iter().map(|(_, name)| *name).chain(["+Inf"]);
        let mut total = 0;
        for (end, count) in ends.zip(counts) {
            total += count;
            self.line("_bucket", labels, Some(("le", end)), total);
        }
        self.line("_sum", labels, None, sum);
        self.line("_count", labels, None, total);
    }

    fn line(&mut self, suffix: &str, labels: &[Label<'_>], last: Option<Label<'_>>, value: impl Display) {
        self.text.push_str(self.name);
        self.text.push_str(suffix);
        for (position, (name, value)) in labels.iter().copied().chain(last).enumerate() {
            let before = if position == 0 { '{' } else { ',' };
            _ = write!(self.text, "{before}{name}=\"{}\"", escaped(value));
        }
        if !labels.is_empty() || last.is_some() {
            self.text.push('}');
        }
        _ = writeln!(self.text, " {value}");
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_family_has_its_help_its_type_and_escaped_labels() {
        let mut text = Text::default();
        let mut family = text.family("visits_total", Kind::Counter, "How many came");
        family.sample(&[("rule", "a \"b\" \\ c\nd"), ("side", "new")], 7);
        family.sample(&[], 8);
        let expected = "# HELP visits_total How many came\n# TYPE visits_total counter\n\
                        visits_total{rule=\"a \\\"b\\\" \\\\ c\\nd\",side=\"new\"} 7\nvisits_total 8\n";
        assert_eq!(text.finish(), expected);
    }

    #[test]
    fn buckets_add_up() {
        let histogram = Histogram::default();
        histogram.observe(Duration::from_millis(3));
        histogram.observe(Duration::from_mins(1));
        let mut text = Text::default();
        text.family("took", Kind::Histogram, "It took")
            .histogram(&[("side", "old")], &histogram);
        let text = text.finish();
        for line in [
            "took_bucket{side=\"old\",le=\"0.0025\"} 0",
            "took_bucket{side=\"old\",le=\"0.005\"} 1",
            "took_bucket{side=\"old\",le=\"10\"} 1",
            "took_bucket{side=\"old\",le=\"+Inf\"} 2",
            "took_sum{side=\"old\"} 60.003",
            "took_count{side=\"old\"} 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
    }
}
