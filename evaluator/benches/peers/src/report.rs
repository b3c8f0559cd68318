//! What was measured, as a table for people and as JSON for programs.

use serde_json::{Value, json};

use crate::contender::Contender;

/// How many times faster than the fastest peer Crossfade is to be, contexts read from a slice.
const GOAL: f64 = 2.3;

/// One workload's figures.
pub(crate) struct Column {
    name: &'static str,
    unit: &'static str,
    /// By engine, form and nanoseconds, in the order of the contenders.
    figures: Vec<(&'static str, &'static str, f64)>,
}

impl Column {
    pub(crate) fn new(name: &'static str, unit: &'static str, contenders: &[Contender]) -> Self {
        let figures = contenders.iter().map(|it| (it.engine, it.form, it.median_ns()));
        Self {
            name,
            unit,
            figures: figures.collect(),
        }
    }

    /// The first contender's figure.
    fn ours(&self) -> f64 {
        self.figures.first().map_or(f64::NAN, |(_, _, ns)| *ns)
    }

    fn of(&self, engine: &str, form: &str) -> Option<f64> {
        let mut figures = self.figures.iter();
        figures
            .find(|(its_engine, its_form, _)| *its_engine == engine && *its_form == form)
            .map(|(_, _, ns)| *ns)
    }

    /// The fastest of those that are neither ours nor native code, and how many times our time it takes.
    fn fastest_peer(&self) -> Option<(&'static str, f64)> {
        let peers = self
            .figures
            .iter()
            .filter(|(engine, _, _)| !matches!(*engine, "Crossfade" | "native Rust"));
        peers
            .min_by(|(_, _, one), (_, _, other)| one.total_cmp(other))
            .map(|(engine, _, ns)| (*engine, ns / self.ours()))
    }

    /// Where the goal is missed, in words.
    pub(crate) fn missed(&self) -> Option<String> {
        let (engine, times) = self.fastest_peer()?;
        // Not a number is no figure to be proud of either.
        (times.is_nan() || times < GOAL)
            .then(|| format!("{}: {times:.2} times {engine}, the goal is {GOAL}", self.name))
    }

    /// "W1 2.4 times datalogic-rs"
    pub(crate) fn summary(&self) -> String {
        match self.fastest_peer() {
            Some((engine, times)) => format!("{} {times:.1} times {engine}", self.name),
            None => format!("{} {}", self.name, time(self.ours())),
        }
    }

    pub(crate) fn json(&self) -> Value {
        let figures = self.figures.iter().map(|(engine, form, ns)| {
            json!({ "engine": engine, "form": form, "ns": ns, "times_ours": ns / self.ours() })
        });
        json!({ "workload": self.name, "unit": self.unit, "goal": GOAL, "figures": figures.collect::<Vec<_>>() })
    }
}

/// A row for each engine and form, in Markdown.
pub(crate) fn table(columns: &[Column]) -> String {
    let mut text = String::from("| engine | form |");
    for column in columns {
        text += &format!(" {}: {} |", column.name, column.unit);
    }
    text += "\n|---|---|";
    text += &"---|".repeat(columns.len());
    let mut rows: Vec<(&str, &str)> = Vec::new();
    for (engine, form, _) in columns.iter().flat_map(|column| &column.figures) {
        if !rows.contains(&(engine, form)) {
            rows.push((engine, form));
        }
    }
    for (engine, form) in rows {
        text += &format!("\n| {engine} | {form} |");
        for column in columns {
            text += &match column.of(engine, form) {
                Some(ns) if engine == "Crossfade" => format!(" **{}** |", time(ns)),
                Some(ns) => format!(" {} ({}) |", time(ns), times(ns / column.ours())),
                None => " – |".to_owned(),
            };
        }
    }
    text
}

/// "41 ns", "5.6 µs", "271 ms"
fn time(ns: f64) -> String {
    let (figure, unit) = match ns {
        ..1e3 => (ns, "ns"),
        ..1e6 => (ns / 1e3, "µs"),
        _ => (ns / 1e6, "ms"),
    };
    format!("{} {unit}", significant(figure))
}

/// "0.3 ×", "12 ×"
fn times(ratio: f64) -> String {
    format!("{} ×", significant(ratio))
}

fn significant(figure: f64) -> String {
    if figure < 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.0}")
    }
}
