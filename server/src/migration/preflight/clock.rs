//! Whether the clocks of both databases and ours agree.

use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;

use super::examination::Examination;
use super::{Check, PreflightError};
use crate::databases::Side;

const NAME: &str = "clock";

/// More than this, and times of the two databases cannot be compared in reports and rules any more.
const TOLERATED: f64 = 1.0;

/// The quickest of some answers tells the time best.
const QUESTIONS: usize = 3;

#[derive(Deserialize)]
struct Row {
    seconds: f64,
}

/// How far a clock is ahead of ours, give or take.
#[derive(Debug, Clone, Copy)]
struct Skew {
    seconds: f64,
    uncertain: f64,
}

/// All three tell the same time.
pub(super) async fn check(of: &mut Examination) -> Result<Check, PreflightError> {
    let old = skew(of, Side::Old).await?;
    let new = skew(of, Side::New).await?;
    Ok(judge(old, new))
}

async fn skew(of: &mut Examination, side: Side) -> Result<Skew, PreflightError> {
    let mut best = Skew {
        seconds: 0.0,
        uncertain: f64::INFINITY,
    };
    for _ in 0..QUESTIONS {
        let (before, asked) = (SystemTime::now(), Instant::now());
        let question = "select extract(epoch from clock_timestamp())::float8 as seconds";
        let theirs: Row = of.ask_one(NAME, side, question).await?;
        let uncertain = asked.elapsed().as_secs_f64() / 2.0;
        let ours = before
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        if uncertain < best.uncertain {
            best = Skew {
                seconds: theirs.seconds - ours.as_secs_f64() - uncertain,
                uncertain,
            };
        }
    }
    Ok(best)
}

fn judge(old: Skew, new: Skew) -> Check {
    let shown = |skew: Skew| format!("{:+.3} s", skew.seconds);
    let mut check = Check::new(NAME).saw(format!(
        "old {}, new {} from ours, to {:.3} s",
        shown(old),
        shown(new),
        old.uncertain.max(new.uncertain)
    ));
    let apart = |difference: f64, uncertain: f64| difference.abs() - uncertain > TOLERATED;
    if apart(old.seconds - new.seconds, old.uncertain + new.uncertain) {
        check.warn(format!(
            "the clocks of old and new are {:.1} s apart: defaults such as now() will jump at the switch; set both by NTP",
            (old.seconds - new.seconds).abs()
        ));
    } else if apart(old.seconds, old.uncertain) || apart(new.seconds, new.uncertain) {
        check.warn(format!(
            "our clock is {:.1} s off those of the databases, and rules that depend on the time are decided by ours; set it \
             by NTP",
            old.seconds.abs().max(new.seconds.abs())
        ));
    }
    check
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migration::preflight::Verdict;

    fn at(seconds: f64) -> Skew {
        Skew {
            seconds,
            uncertain: 0.01,
        }
    }

    #[test]
    fn clocks_that_are_apart_are_told_and_a_slow_answer_is_not_taken_for_one() {
        assert_eq!(judge(at(0.2), at(-0.2)).verdict, Verdict::Pass);
        let apart = judge(at(0.0), at(90.0));
        assert!(
            apart.findings[0]
                .evidence
                .contains("old and new are 90.0 s apart")
        );
        assert!(
            judge(at(5.0), at(5.0)).findings[0]
                .evidence
                .starts_with("our clock is 5.0 s off")
        );
        let slow = Skew {
            seconds: 4.0,
            uncertain: 5.0,
        };
        assert_eq!(judge(slow, at(0.0)).verdict, Verdict::Pass);
    }
}
