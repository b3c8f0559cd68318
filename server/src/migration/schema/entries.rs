//! Takes the script that `pg_dump` writes apart: an entry an object, each under a comment that names it.

use std::collections::HashSet;
use std::fmt;

/// One object of a dump, with the statements that make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is, in `pg_dump`'s words, such as `FK CONSTRAINT`.
    pub kind: String,
    /// Its schema; `-` where it has none.
    pub schema: String,
    /// Its name; for a constraint, its table's before it.
    pub name: String,
    /// The statements.
    pub sql: String,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.to_lowercase();
        if self.schema == "-" {
            write!(f, "{kind} {}", self.name)
        } else {
            write!(f, "{kind} {}.{}", self.schema, self.name)
        }
    }
}

/// The entries of a script, without those that are Crossfade's.
pub(super) fn entries(script: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let lines = top_level_lines(script);
    let mut at = 0;
    while let Some(&(line, is_top_level)) = lines.get(at) {
        let header = lines.get(at + 1).and_then(|(header, _)| Entry::named_by(header));
        if is_top_level
            && line == "--"
            && let Some(entry) = header
        {
            entries.push(entry);
            at += 3;
            continue;
        }
        // What comes before the first entry are settings of its own session, and `\restrict` is for psql.
        if let Some(entry) = entries.last_mut()
            && !(is_top_level && (line.starts_with('\\') || line.starts_with("--") || line.is_empty()))
        {
            entry.sql.push_str(line);
            entry.sql.push('\n');
        }
        at += 1;
    }
    entries.retain(|entry| !entry.is_ours());
    entries
}

/// Primary keys, with the attachments of partitions' keys to theirs, and everything else.
pub(super) fn keys_apart(entries: Vec<Entry>) -> (Vec<Entry>, Vec<Entry>) {
    let keys: HashSet<(String, String)> = entries
        .iter()
        .filter(|entry| entry.kind == "CONSTRAINT" && entry.sql.contains(" PRIMARY KEY ("))
        // A table's name and the key's, with a blank between them.
        .filter_map(|entry| Some((entry.schema.clone(), entry.name.rsplit_once(' ')?.1.to_owned())))
        .collect();
    entries.into_iter().partition(|entry| {
        let name = match entry.kind.as_str() {
            "CONSTRAINT" => entry.name.rsplit_once(' ').map(|(_, name)| name),
            "INDEX ATTACH" => Some(entry.name.as_str()),
            _ => None,
        };
        name.is_some_and(|name| keys.contains(&(entry.schema.clone(), name.to_owned())))
    })
}

impl Entry {
    /// `-- Name: orders; Type: TABLE; Schema: public; Owner: shop`
    fn named_by(header: &str) -> Option<Self> {
        let rest = header.strip_prefix("-- Name: ")?;
        let (rest, _owner) = rest.rsplit_once("; Owner:")?;
        let (rest, schema) = rest.rsplit_once("; Schema: ")?;
        let (name, kind) = rest.rsplit_once("; Type: ")?;
        Some(Self {
            kind: kind.to_owned(),
            schema: schema.to_owned(),
            name: name.to_owned(),
            sql: String::new(),
        })
    }

    /// Capture puts its triggers on the user's tables; new gets its own when it needs them.
    fn is_ours(&self) -> bool {
        let is_trigger = self.kind == "TRIGGER" && self.sql.contains(" EXECUTE FUNCTION crossfade.");
        is_trigger || (self.kind == "COMMENT" && self.sql.starts_with("COMMENT ON EXTENSION "))
    }
}

/// The lines of a script, each with whether it begins outside of every literal: the body of a function may hold
/// anything, a dump of its own included.
fn top_level_lines(script: &str) -> Vec<(&str, bool)> {
    let mut inside = Inside::Nothing;
    script
        .lines()
        .map(|line| {
            let is_top_level = inside == Inside::Nothing;
            inside = after(line, std::mem::take(&mut inside));
            (line, is_top_level)
        })
        .collect()
}

/// What a place in a script is inside of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    Literal {
        with_escapes: bool,
    },
    Identifier,
    /// With its tag, both dollars included.
    Dollars(String),
}

/// What the end of a line is inside of.
fn after(line: &str, mut inside: Inside) -> Inside {
    let mut rest = line;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        inside = match (inside, c) {
            (Inside::Nothing, '-') if rest.starts_with("--") => return Inside::Nothing,
            (Inside::Nothing, '\'') => Inside::Literal {
                with_escapes: before == 'E',
            },
            (Inside::Nothing, '"') => Inside::Identifier,
            (Inside::Nothing, '$') if !before.is_alphanumeric() && before != '_' => match dollar_tag(rest) {
                Some(tag) => {
                    taken = tag.len();
                    Inside::Dollars(tag.to_owned())
                }
                None => Inside::Nothing,
            },
            (Inside::Literal { with_escapes: true }, '\\') => {
                taken += rest.chars().nth(1).map_or(0, char::len_utf8);
                Inside::Literal { with_escapes: true }
            }
            (Inside::Literal { .. }, '\'') | (Inside::Identifier, '"') => Inside::Nothing,
            (Inside::Dollars(tag), '$') if rest.starts_with(&tag) => {
                taken = tag.len();
                Inside::Nothing
            }
            (inside, _) => inside,
        };
        before = c;
        rest = &rest[taken..];
    }
    inside
}

/// `$tag$` at the beginning of a text.
fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[..end];
    tag[1..end - 1]
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_')
        .then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = r#"--
-- PostgreSQL database dump
--

\restrict abc

SET statement_timeout = 0;

--
-- Name: trap(); Type: FUNCTION; Schema: shop; Owner: me
--

CREATE FUNCTION shop.trap() RETURNS text LANGUAGE sql AS $_$
--
-- Name: inner; Type: TABLE; Schema: shop; Owner: me
--
select 'it''s $1$', E'\'', "odd ""$name"
$_$;


ALTER FUNCTION shop.trap() OWNER TO me;

--
-- Name: p p_pkey; Type: CONSTRAINT; Schema: shop; Owner: me
--

ALTER TABLE ONLY shop.p
    ADD CONSTRAINT p_pkey PRIMARY KEY (id);

--
-- Name: p p_name_key; Type: CONSTRAINT; Schema: shop; Owner: me
--

ALTER TABLE ONLY shop.p
    ADD CONSTRAINT p_name_key UNIQUE (name);

--
-- Name: p_pkey; Type: INDEX ATTACH; Schema: shop; Owner: me
--

ALTER INDEX shop.q_pkey ATTACH PARTITION shop.p_pkey;

--
-- Name: p crossfade_insert; Type: TRIGGER; Schema: shop; Owner: me
--

CREATE TRIGGER crossfade_insert AFTER INSERT ON shop.p FOR EACH STATEMENT EXECUTE FUNCTION crossfade.capture_1();

--
-- PostgreSQL database dump complete
--

\unrestrict abc
"#;

    #[test]
    fn a_dump_is_taken_apart_at_its_headers_and_nowhere_inside_of_a_literal() {
        let entries = entries(SCRIPT);
        let names: Vec<String> = entries.iter().map(ToString::to_string).collect();
        assert_eq!(
            names,
            [
                "function shop.trap()",
                "constraint shop.p p_pkey",
                "constraint shop.p p_name_key",
                "index attach shop.p_pkey"
            ]
        );
        assert!(entries[0].sql.contains("-- Name: inner;"));
        assert!(
            entries[0]
                .sql
                .ends_with("ALTER FUNCTION shop.trap() OWNER TO me;\n")
        );
        assert_eq!(
            entries[3].sql,
            "ALTER INDEX shop.q_pkey ATTACH PARTITION shop.p_pkey;\n"
        );
    }

    #[test]
    fn keys_come_before_the_copy_and_other_constraints_after_it() {
        let (keys, rest) = keys_apart(entries(SCRIPT));
        let names =
            |entries: &[Entry]| -> Vec<String> { entries.iter().map(|entry| entry.name.clone()).collect() };
        assert_eq!(names(&keys), ["p p_pkey", "p_pkey"]);
        assert_eq!(names(&rest), ["trap()", "p p_name_key"]);
    }
}
