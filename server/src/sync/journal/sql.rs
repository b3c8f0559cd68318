//! The statements that capture, read and write the rows of one table, written from its description.
//!
//! Values travel as one text a column and are cast where they arrive; every name is quoted, every operator
//! qualified, so that no search path changes the meaning.

use std::fmt::Write as _;

use crate::catalog::{Column, Generated, Table, quote_identifier};

/// The script that puts the capture triggers on a table and its partitions: one function a table, whose
/// statements PostgreSQL plans once a session.
pub(super) fn capture_table(table: &Table, partitions: &[String]) -> String {
    let oid = table.oid;
    let settings = if table
        .key_columns()
        .all(|column| text_ignores_settings(&column.type_name))
    {
        ""
    } else {
        "set datestyle = 'ISO, YMD' set intervalstyle = 'postgres' set timezone = 'UTC' \
         set extra_float_digits = 1 set bytea_output = 'hex' set lc_monetary = 'C' "
    };
    let written = note_keys(table, &["new_rows"]);
    let deleted = note_keys(table, &["old_rows"]);
    let updated = note_keys(table, &["new_rows", "old_rows"]);
    // It runs with its owner's rights, so that whoever may write the table is captured; that is safe because
    // every name in it is qualified.
    let mut script = format!(
        "create or replace function crossfade.capture_{oid}() returns trigger language plpgsql security definer \
         {settings}as $capture$\n\
         begin\n\
         if pg_catalog.current_setting('crossfade.mirror', true) operator(pg_catalog.=) 'on' then\n\
         perform crossfade.meet_mirror();\n\
         return null;\n\
         end if;\n\
         case tg_op\n\
         when 'INSERT' then\n{written}\
         when 'UPDATE' then\n{updated}\
         when 'DELETE' then\n{deleted}\
         else insert into crossfade.journal (relation, keys) values ({oid}, null);\n\
         end case;\n\
         return null;\n\
         end $capture$;\n"
    );
    for target in std::iter::once(&table.quoted()).chain(partitions) {
        for (event, transition) in [
            ("insert", "referencing new table as new_rows"),
            (
                "update",
                "referencing new table as new_rows old table as old_rows",
            ),
            ("delete", "referencing old table as old_rows"),
            ("truncate", ""),
        ] {
            _ = writeln!(
                script,
                "create or replace trigger crossfade_{event} after {event} on {target} {transition} \
                 for each statement execute function crossfade.capture_{oid}();\n\
                 alter table {target} enable always trigger crossfade_{event};"
            );
        }
    }
    _ = writeln!(
        script,
        "insert into crossfade.captured (relation, schema_name, table_name) values ({oid}, {}, {}) \
         on conflict (relation) do update set schema_name = excluded.schema_name, table_name = excluded.table_name;",
        crate::catalog::quote_literal(&table.schema),
        crate::catalog::quote_literal(&table.name),
    );
    script
}

/// Notes the keys of the rows in these transition tables: one entry for up to a thousand rows, at a third of the
/// cost of an entry a row; in chunks of a thousand for more.
fn note_keys(table: &Table, transitions: &[&str]) -> String {
    let oid = table.oid;
    let names: Vec<String> = table
        .key_columns()
        .map(|column| quote_identifier(&column.name))
        .collect();
    let texts: Vec<String> = names
        .iter()
        .map(|name| format!("r.{name}::pg_catalog.text"))
        .collect();
    let texts = texts.join(", ");
    let few = |rows: &str| {
        format!(
            "(select array(select array[{texts}] from {rows} r limit {limit}) as keys)",
            limit = ENTRY_KEYS + 1
        )
    };
    let count =
        |of: &str| format!("pg_catalog.array_length({of}.keys, 1) operator(pg_catalog.<=) {ENTRY_KEYS}");
    let (keys, from, all) = match transitions {
        [rows] => ("n.keys".to_owned(), format!("{} n", few(rows)), format!("select r.* from {rows} r")),
        // An update that leaves the keys as they are gives the same list twice; any other notes both.
        _ => (
            "case when n.keys operator(pg_catalog.=) o.keys then n.keys else n.keys operator(pg_catalog.||) o.keys end"
                .to_owned(),
            format!("{} n, {} o", few("new_rows"), few("old_rows")),
            "select r.* from new_rows r union all select r.* from old_rows r".to_owned(),
        ),
    };
    let key_columns = names.join(", ");
    let all = all.replace(
        "r.*",
        &names
            .iter()
            .map(|name| format!("r.{name}"))
            .collect::<Vec<_>>()
            .join(", "),
    );
    format!(
        "insert into crossfade.journal (relation, keys) select {oid}, {keys} from {from} where {few_enough};\n\
         if not found then\n\
         insert into crossfade.journal (relation, keys)\n\
         select {oid}, pg_catalog.array_agg(array[{texts}]) from (\n\
         select {key_columns}, (pg_catalog.row_number() over () operator(pg_catalog.-) 1)\n\
         operator(pg_catalog./) {ENTRY_KEYS} as chunk from ({all}) every) r group by r.chunk;\n\
         end if;\n",
        few_enough = count("n"),
    )
}

/// Keys that one entry of the journal holds at most, but for an update that changes keys: twice as many.
const ENTRY_KEYS: usize = 1_000;

/// Reads rows by key: one `text[]` of the key's values for each key column is bound. Yields the key's place in
/// those arrays (from 1), the table's shape, and the row's image, null where there is no such row.
pub(super) fn read_rows(table: &Table) -> String {
    format!(
        "select k.place, (select c.xmin::text from pg_class c where c.oid = {oid}), r.image {from}",
        oid = table.oid,
        from = each_key_with_image(table),
    )
}

/// Reads rows by key, bound as for [`read_rows`]. Yields the key's place in those arrays (from 1), the row's image,
/// null where there is no such row, and false.
pub(super) fn read_images(table: &Table) -> String {
    format!("select k.place, r.image, false {}", each_key_with_image(table))
}

/// Each key bound and the image of its row. Each is looked up by itself (`offset 0` keeps the planner from joining): a
/// plan that was made while the table was small is kept while it grows, and must not be one that reads all of it.
fn each_key_with_image(table: &Table) -> String {
    format!(
        "from {keys} left join lateral \
         (select {image} as image from {table} t where {matches} offset 0) r on true",
        image = image_of_row(table),
        keys = unnested_keys(table, " with ordinality", ", place"),
        table = table.quoted(),
        matches = key_matches(table),
    )
}

/// The same, and at the end whether the journal holds a change of the key, all in one statement. With a large
/// backlog, or where equal keys can have different texts, every key of the table counts as changed.
pub(super) fn read_images_and_pending(table: &Table) -> String {
    let width = table.key.len();
    let named = table.key_columns().all(|column| column.text_is_identity);
    let most_values = if named { MOST_LOOKED_THROUGH * width } else { 0 };
    let key: Vec<String> = (1..=width).map(|n| format!("k.k{n}")).collect();
    // `unnest` gives the values of all keys in one row after the other.
    format!(
        "with backlog as materialized (\
         select coalesce(sum(cardinality(j.keys)), 0) > {most_values} or coalesce(bool_or(j.keys is null), false) \
         as is_all from crossfade.journal j where j.relation = {oid}), \
         pending as (\
         select distinct array_agg(u.value order by u.at) as key from crossfade.journal j \
         cross join unnest(j.keys) with ordinality as u(value, at) \
         where j.relation = {oid} and not (select b.is_all from backlog b) \
         group by j.txid, j.id, (u.at - 1) / {width}) \
         select k.place, {image}, b.is_all or p.key is not null \
         from {keys} cross join backlog b left join {table} t on {matches} \
         left join pending p on p.key = array[{key}]",
        oid = table.oid,
        image = image_if_present(table),
        keys = unnested_keys(table, " with ordinality", ", place"),
        table = table.quoted(),
        matches = key_matches(table),
        key = key.join(", "),
    )
}

/// To look through so many keys of the journal takes some 0.2 s.
const MOST_LOOKED_THROUGH: usize = 20_000;

/// The image of the joined row `t`, null where the join found none.
fn image_if_present(table: &Table) -> String {
    let first_key = table
        .key_columns()
        .next()
        .map_or_else(String::new, |column| quote_identifier(&column.name));
    format!(
        "case when t.{first_key} is not null then {} end",
        image_of_row(table)
    )
}

/// The image of the row `t`.
fn image_of_row(table: &Table) -> String {
    let columns: Vec<String> = table
        .written_columns()
        .map(|column| image_of(column, "t"))
        .collect();
    format!("array[{}]", columns.join(", "))
}

/// The keys of all rows, each as one `text[]`.
pub(super) fn read_keys(table: &Table) -> String {
    let key: Vec<String> = table.key_columns().map(|column| image_of(column, "t")).collect();
    format!("select array[{}] from {} t", key.join(", "), table.quoted())
}

/// Writes images: one `text[]` a written column is bound. A row that is there is made equal.
pub(super) fn upsert_rows(table: &Table) -> String {
    format!("{} {}", insert_rows(table), on_conflict_update(table))
}

/// What turns an insert of rows into making rows equal.
pub(super) fn on_conflict_update(table: &Table) -> String {
    let updates: Vec<String> = table
        .written_columns()
        .filter(|column| column.generated != Generated::AlwaysIdentity)
        .map(|column| format!("{0} = excluded.{0}", quote_identifier(&column.name)))
        .collect();
    let key: Vec<String> = table
        .key_columns()
        .map(|column| quote_identifier(&column.name))
        .collect();
    let action = if updates.is_empty() {
        "nothing".to_owned()
    } else {
        format!("update set {}", updates.join(", "))
    };
    format!("on conflict ({}) do {action}", key.join(", "))
}

fn insert_rows(table: &Table) -> String {
    let names: Vec<String> = table
        .written_columns()
        .map(|column| quote_identifier(&column.name))
        .collect();
    format!(
        "insert into {} ({}) overriding system value {}",
        table.quoted(),
        names.join(", "),
        typed_images(table)
    )
}

/// The bound images as rows of the written columns.
fn typed_images(table: &Table) -> String {
    let written: Vec<&Column> = table.written_columns().collect();
    let arrays: Vec<String> = (1..=written.len()).map(|n| format!("${n}::text[]")).collect();
    let aliases: Vec<String> = (1..=written.len()).map(|n| format!("c{n}")).collect();
    let values: Vec<String> = written
        .iter()
        .zip(1..)
        .map(|(column, n)| {
            format!(
                "{} as {}",
                typed(column, &format!("u.c{n}")),
                quote_identifier(&column.name)
            )
        })
        .collect();
    format!(
        "select {} from unnest({}) as u({})",
        values.join(", "),
        arrays.join(", "),
        aliases.join(", ")
    )
}

/// A unique index that is not the key.
pub(super) struct UniqueIndex {
    /// What it holds, as SQL over the table's columns, each with its equality.
    pub(super) expressions: Vec<(String, String)>,
    /// Which rows it holds, as SQL over the table's columns; all, if absent.
    pub(super) predicate: Option<String>,
}

/// The keys of rows that hold what the images need in a unique index: one `text[]` a written column is bound.
pub(super) fn rows_in_conflict(table: &Table, index: &UniqueIndex) -> String {
    let held: Vec<String> = index
        .expressions
        .iter()
        .zip(1..)
        .map(|((expression, _), n)| format!("({expression}) as e{n}"))
        .collect();
    let matches: Vec<String> = index
        .expressions
        .iter()
        .zip(1..)
        .map(|((_, equality), n)| format!("h.e{n} {equality} i.e{n}"))
        .collect();
    let predicate = index
        .predicate
        .as_ref()
        .map_or_else(String::new, |predicate| format!(" where {predicate}"));
    let key: Vec<String> = table.key_columns().map(|column| image_of(column, "r")).collect();
    let held = held.join(", ");
    format!(
        "select h.key from (select array[{key}] as key, {held} from {table} r{predicate}) h \
         join (select {held} from ({images}) r{predicate}) i on {matches}",
        key = key.join(", "),
        table = table.quoted(),
        images = typed_images(table),
        matches = matches.join(" and "),
    )
}

/// Deletes rows by key: one `text[]` for each key column is bound.
pub(super) fn delete_rows(table: &Table) -> String {
    format!(
        "delete from {} t using {} where {}",
        table.quoted(),
        unnested_keys(table, "", ""),
        key_matches(table)
    )
}

/// Deletes all rows but those of the keys bound: one `text[]` for each key column.
pub(super) fn delete_all_rows_but(table: &Table) -> String {
    format!(
        "delete from {} t where not exists (select from {} where {})",
        table.quoted(),
        unnested_keys(table, "", ""),
        key_matches(table)
    )
}

fn unnested_keys(table: &Table, ordinality: &str, place: &str) -> String {
    let arrays: Vec<String> = (1..=table.key.len()).map(|n| format!("${n}::text[]")).collect();
    let aliases: Vec<String> = (1..=table.key.len()).map(|n| format!("k{n}")).collect();
    format!(
        "unnest({}){ordinality} as k({}{place})",
        arrays.join(", "),
        aliases.join(", ")
    )
}

fn key_matches(table: &Table) -> String {
    let matches: Vec<String> = table
        .key_columns()
        .zip(1..)
        .map(|(column, n)| {
            let equality = column.equality.as_deref().unwrap_or("=");
            format!(
                "t.{} {equality} k.k{n}::{}",
                quote_identifier(&column.name),
                column.type_name
            )
        })
        .collect();
    matches.join(" and ")
}

/// A column's value as text. The cast of `character(n)` to text drops its trailing blanks, which for a
/// `bpchar` without a length are part of the value; its output function keeps them.
fn image_of(column: &Column, row: &str) -> String {
    let name = quote_identifier(&column.name);
    if column.type_name == "bpchar" {
        format!("textin(bpcharout({row}.{name}))")
    } else {
        format!("{row}.{name}::text")
    }
}

/// A text as a value of the column's type. The cast of text to `regclass` looks a name up and knows no `-`, which
/// stands for none; its input function does.
fn typed(column: &Column, text: &str) -> String {
    if column.type_name == "regclass" {
        format!("regclassin(textout({text}))")
    } else {
        format!("{text}::{}", column.type_name)
    }
}

/// Types whose text does not depend on the writer's session settings.
fn text_ignores_settings(type_name: &str) -> bool {
    [
        "smallint", "integer", "bigint", "uuid", "text", "boolean", "oid", "name",
    ]
    .contains(&type_name)
        || type_name.starts_with("character")
        || type_name.starts_with("numeric")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, type_name: &str, generated: Generated) -> Column {
        Column {
            name: name.to_owned(),
            type_name: type_name.to_owned(),
            bare_type_name: type_name.to_owned(),
            not_null: true,
            has_default: false,
            generated,
            equality: Some("operator(pg_catalog.=)".to_owned()),
            text_is_identity: true,
        }
    }

    fn table() -> Table {
        Table {
            oid: 16_385,
            schema: "Shop".to_owned(),
            name: "line\"items".to_owned(),
            columns: vec![
                column("order", "bigint", Generated::No),
                column("at", "timestamp with time zone", Generated::No),
                column("serial", "integer", Generated::AlwaysIdentity),
                column("total", "numeric(10,2)", Generated::Expression),
            ],
            key: vec![0, 1],
            shape: "735".to_owned(),
        }
    }

    #[test]
    fn generated_columns_are_never_written_and_identities_only_inserted() {
        let sql = upsert_rows(&table());
        assert!(sql.starts_with(
            r#"insert into "Shop"."line""items" ("order", "at", "serial") overriding system value"#
        ));
        assert!(!sql.contains("total"));
        assert!(!sql.contains(r#""serial" = excluded"#));
        assert!(sql.ends_with(
            r#"on conflict ("order", "at") do update set "order" = excluded."order", "at" = excluded."at""#
        ));
    }

    #[test]
    fn a_key_whose_text_depends_on_settings_is_captured_under_pinned_ones() {
        let script = capture_table(&table(), &[]);
        assert!(script.contains("set timezone = 'UTC'"));
        let mut plain = table();
        plain.key = vec![0];
        assert!(!capture_table(&plain, &[]).contains("set timezone"));
    }

    #[test]
    fn triggers_stand_on_the_root_and_on_each_partition() {
        let script = capture_table(&table(), &["\"Shop\".\"items_2026\"".to_owned()]);
        assert_eq!(script.matches("create or replace trigger").count(), 8);
        assert_eq!(script.matches("enable always trigger").count(), 8);
    }
}
