//! How a secret is read from a flag or the environment: clap's own parser would quote a wrong one in its message.

use std::ffi::OsStr;
use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;

/// Parses by `FromStr` and says what is wrong in that error's words alone.
#[derive(Debug, Clone)]
pub(super) struct Secret<T>(PhantomData<T>);

/// A parser for clap's `value_parser`.
pub(super) fn secret<T>() -> Secret<T> {
    Secret(PhantomData)
}

impl<T> TypedValueParser for Secret<T>
where
    T: FromStr + Clone + Send + Sync + 'static,
    T::Err: Display,
{
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        let fault = match value.to_str().map(str::parse) {
            Some(Ok(parsed)) => return Ok(parsed),
            Some(Err(error)) => T::Err::to_string(&error),
            None => "not UTF-8".to_owned(),
        };
        let name = argument.and_then(clap::Arg::get_long).unwrap_or("value");
        Err(clap::Error::raw(ErrorKind::ValueValidation, format!("--{name}: {fault}\n")).with_cmd(command))
    }
}
