//! How log lines are written: for people, or as one JSON object a line.

use std::io::{self, Write};

use log::Record;
use serde::Serialize;

use crate::config::LogFormat;

/// Begins to log what `RUST_LOG` says, or else `filter`.
pub(super) fn start(filter: &str, format: LogFormat) {
    let mut builder = env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(filter));
    if format == LogFormat::Json {
        builder.format(|out, record| write_json(out, record, jiff::Timestamp::now()));
    }
    builder.init();
}

#[derive(Serialize)]
struct Line<'r> {
    time: jiff::Timestamp,
    level: &'static str,
    target: &'r str,
    message: String,
}

fn write_json(out: &mut impl Write, record: &Record<'_>, time: jiff::Timestamp) -> io::Result<()> {
    let line = Line {
        time,
        level: record.level().as_str(),
        target: record.target(),
        message: record.args().to_string(),
    };
    serde_json::to_writer(&mut *out, &line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use log::Level;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_line_of_json_is_one_line_whatever_is_said() {
        let mut out = Vec::new();
        let record = |message: &str, out: &mut Vec<u8>| {
            let time = jiff::Timestamp::UNIX_EPOCH;
            let mut builder = Record::builder();
            let builder = builder.level(Level::Warn).target("crossfade::flags");
            write_json(out, &builder.args(format_args!("{message}")).build(), time).unwrap();
        };
        record("two\nlines and a \"quote\"", &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        let expected = json!({
            "time": "1970-01-01T00:00:00Z", "level": "WARN", "target": "crossfade::flags",
            "message": "two\nlines and a \"quote\"",
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }
}
