//! Compares the structures of both databases and names each difference.

use std::fmt;

use serde::Serialize;

use super::{SchemaError, Structure};
use crate::catalog::quote_literal;
use crate::databases::{Databases, Side};

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// How many objects old has.
    pub objects: usize,
    /// Each object that is not the same, by kind and name.
    pub differences: Vec<Difference>,
}

/// An object that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is, such as `column`.
    pub object: String,
    /// Its name.
    pub name: String,
    /// How it differs.
    #[serde(flatten)]
    pub kind: DifferenceKind,
}

/// How an object differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum DifferenceKind {
    /// New lacks it.
    Missing {
        /// What it is on old.
        old: Option<String>,
    },
    /// Only new has it.
    Extra {
        /// What it is on new.
        new: Option<String>,
    },
    /// Both have it, and it is not the same.
    Different {
        /// What it is on old.
        old: Option<String>,
        /// What it is on new.
        new: Option<String>,
    },
}

impl Comparison {
    /// True where nothing differs.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Compares both databases as they are now.
pub async fn compare(databases: &Databases) -> Result<Comparison, SchemaError> {
    let old = Structure::read(databases, Side::Old).await?;
    let new = Structure::read(databases, Side::New).await?;
    let mut comparison = differences(&old, &new);
    let mut real = Vec::new();
    for difference in comparison.differences {
        if !is_only_written_differently(databases, &difference).await? {
            real.push(difference);
        }
    }
    comparison.differences = real;
    Ok(comparison)
}

fn differences(old: &Structure, new: &Structure) -> Comparison {
    let mut differences = Vec::new();
    for ((object, name), definition) in &old.0 {
        let kind = match new.0.get(&(object.clone(), name.clone())) {
            None => DifferenceKind::Missing {
                old: definition.clone(),
            },
            Some(there) if there != definition => DifferenceKind::Different {
                old: definition.clone(),
                new: there.clone(),
            },
            Some(_) => continue,
        };
        differences.push(Difference {
            object: object.clone(),
            name: name.clone(),
            kind,
        });
    }
    let extra = new.0.iter().filter(|(key, _)| !old.0.contains_key(*key));
    differences.extend(extra.map(|((object, name), definition)| Difference {
        object: object.clone(),
        name: name.clone(),
        kind: DifferenceKind::Extra {
            new: definition.clone(),
        },
    }));
    Comparison {
        objects: old.len(),
        differences,
    }
}

/// True where another version writes the same query with other words, as PostgreSQL 16 began to leave out names of tables
/// that need no telling: new is asked how it would write old's. What it makes for that is rolled back.
async fn is_only_written_differently(
    databases: &Databases,
    difference: &Difference,
) -> Result<bool, SchemaError> {
    let DifferenceKind::Different {
        old: Some(old),
        new: Some(new),
    } = &difference.kind
    else {
        return Ok(false);
    };
    let old = old.trim_end().trim_end_matches(';');
    let (make, ask) = match difference.object.as_str() {
        "view" | "materialized view" => (
            format!("create temp view crossfade_compared as {old}"),
            "select pg_get_viewdef('pg_temp.crossfade_compared'::regclass)".to_owned(),
        ),
        "function" | "procedure" => (
            old.to_owned(),
            format!(
                "select pg_get_functiondef({}::regprocedure)",
                quote_literal(&difference.name)
            ),
        ),
        _ => return Ok(false),
    };
    let mut client = databases.raw_mirror_session(Side::New).await?;
    let Ok(transaction) = client.transaction().await else {
        return Ok(false);
    };
    // Where new cannot make it, it differs for a reason.
    if transaction.batch_execute(&make).await.is_err() {
        return Ok(false);
    }
    let rewritten = match transaction.query_one(&ask, &[]).await {
        Ok(row) => row.try_get::<_, String>(0).ok(),
        Err(_) => None,
    };
    Ok(rewritten.as_ref() == Some(new))
}

/// A definition that a person is shown; a function's body is too long.
const SHOWN_CHARACTERS: usize = 100;

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        if self.is_equal() {
            writeln!(f, "equal: {} objects", self.objects)
        } else {
            writeln!(f, "{} of {} objects differ", self.differences.len(), self.objects)
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (object, name) = (&self.object, &self.name);
        match &self.kind {
            DifferenceKind::Missing { .. } => write!(f, "missing    {object} {name}"),
            DifferenceKind::Extra { .. } => write!(f, "extra      {object} {name}"),
            DifferenceKind::Different { old, new } => write!(
                f,
                "different  {object} {name}: {} on old, {} on new",
                shown(old.as_ref()),
                shown(new.as_ref())
            ),
        }
    }
}

fn shown(definition: Option<&String>) -> String {
    let text = definition.map(String::as_str).unwrap_or_default();
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    if line.is_empty() {
        return "plain".to_owned();
    }
    match line.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("`{}…`", &line[..end]),
        None => format!("`{line}`"),
    }
}
