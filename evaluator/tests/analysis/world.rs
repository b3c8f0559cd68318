//! Rules from a few lines of text, and the program that they compile to.

use crossfade_evaluator::analysis::{Always, Difference, always, difference, unreached};
use crossfade_evaluator::compile::compile;
use crossfade_evaluator::diagnostic::Diagnostic;
use crossfade_evaluator::program::{Instance, Program};
use crossfade_evaluator::rules::{Rules, load};
use serde_json::json;

const CONTEXT: &str = "attributes:
  user_id: { type: string }
  country: { type: string }
  level: { type: int }
  score: { type: double }
  beta: { type: bool }
  since: { type: timestamp }
  app: { type: semver }
  roles: { type: list(string) }
";

/// Rules and an instance of what they compile to.
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) instance: Instance,
}

impl World {
    /// A feature `f` with a boolean variable `on`, false by default, and these rules, each in YAML's flow style.
    pub(crate) fn new(targeting: &[String]) -> World {
        let targeting = targeting
            .iter()
            .fold(String::new(), |text, rule| text + "  - { " + rule + " }\n");
        let feature = format!(
            "feature: f\nvariables: {{ on: {{ type: boolean }} }}\n\
             variations: {{ no: {{ on: false }}, yes: {{ on: true }} }}\ntargeting:\n{targeting}default: no\n"
        );
        let files = [
            ("context.yaml", CONTEXT),
            ("f.yaml", feature.as_str()),
            ("segments/few.txt", "IN\nISN\n"),
        ];
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect();
        let loaded = load(&files);
        let rules = loaded
            .rules
            .unwrap_or_else(|| panic!("{feature}\n{:?}", loaded.diagnostics));
        let program = Program::load(&compile(&rules).expect("a module")).expect("a program");
        let instance = program.instance().expect("an instance");
        World { rules, instance }
    }

    /// Rules that are conditions and nothing else, by turns serving `yes` and `no`.
    pub(crate) fn of(conditions: &[&str]) -> World {
        let rule = |(nth, condition): (usize, &&str)| {
            let serve = ["yes", "no"][nth % 2];
            format!("name: r{nth}, when: {}, serve: {serve}", json!(condition))
        };
        World::new(&conditions.iter().enumerate().map(rule).collect::<Vec<_>>())
    }

    pub(crate) fn always_on(&self, from_ms: i64) -> Always {
        always(&self.rules, &self.instance, "on", &json!(true), from_ms).expect("a variable")
    }

    pub(crate) fn unreached(&self) -> Vec<Diagnostic> {
        unreached(&self.rules)
    }

    pub(crate) fn changes_to(&self, after: &World, from_ms: i64) -> Difference {
        difference(
            (&self.rules, &self.instance),
            (&after.rules, &after.instance),
            from_ms,
        )
    }
}
