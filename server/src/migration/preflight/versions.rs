//! Which PostgreSQL runs on either side.

use super::Check;
use super::examination::{Examination, Facts};
use crate::databases::Side;

const NAME: &str = "versions";

/// The first with `xid8`, partitioned tables in publications and `or replace` for what we need it for.
const OLDEST: u32 = 14;

/// Both are new enough, and new is not the older one.
pub(super) fn check(of: &Examination) -> Check {
    judge(of.facts(Side::Old), of.facts(Side::New))
}

fn judge(old: &Facts, new: &Facts) -> Check {
    let mut check = Check::new(NAME).saw(format!(
        "old is PostgreSQL {}, new is {}",
        old.version, new.version
    ));
    for (side, facts) in [(Side::Old, old), (Side::New, new)] {
        if facts.major_version() < OLDEST {
            check.block(format!(
                "{side} is PostgreSQL {}; {OLDEST} or newer is needed",
                facts.version
            ));
        }
    }
    if new.major_version() < old.major_version() {
        check.warn(format!(
            "new ({}) is an older version than old ({}): what old can do and new cannot will be refused when the schema \
             is applied",
            new.version, old.version
        ));
    }
    check
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::preflight::Verdict;

    fn facts(version_number: u32) -> Facts {
        Facts {
            database: "shop".to_owned(),
            role: "shop".to_owned(),
            is_superuser: false,
            version_number,
            version: format!("{}.{}", version_number / 10_000, version_number % 10_000),
        }
    }

    #[test]
    fn versions_that_are_too_old_block_and_a_step_back_warns() {
        assert_eq!(judge(&facts(150_018), &facts(180_004)).verdict, Verdict::Pass);
        assert_eq!(judge(&facts(180_004), &facts(150_018)).verdict, Verdict::Warn);
        let ancient = judge(&facts(120_022), &facts(180_004));
        assert_eq!(ancient.verdict, Verdict::Block);
        assert!(ancient.findings[0].evidence.contains("old is PostgreSQL 12.22"));
    }
}
