//! Bounded worlds: who writes what, who reads, what may break.

use crate::state::Key;

/// What a write does to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Inserts the key's row, or updates it.
    Put(Key),
    /// Deletes the key's row.
    Delete(Key),
    /// Empties the table.
    Truncate,
}

/// One transaction.
#[derive(Debug, Clone)]
pub struct Write {
    /// All of it.
    pub changes: Vec<Change>,
    /// The flags say that its mirror is to be awaited.
    pub awaited: bool,
}

/// What one session does: its writes in their order, and reads of any key at any time between them.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// Its transactions.
    pub writes: Vec<Write>,
    /// How many reads.
    pub reads: u8,
    /// The client sends back the position of earlier answers; else only the server's memory holds it.
    pub carries_position: bool,
}

impl Script {
    /// A session that writes without waiting for the mirror, one transaction a change.
    pub fn writes(changes: &[Change]) -> Self {
        Self::of_writes(changes, false)
    }

    /// A session that waits for the mirror of each change.
    pub fn awaited_writes(changes: &[Change]) -> Self {
        Self::of_writes(changes, true)
    }

    /// A session that only reads.
    pub fn reads(reads: u8) -> Self {
        Self::default().and_reads(reads)
    }

    /// The same, and this many reads.
    #[must_use]
    pub fn and_reads(mut self, reads: u8) -> Self {
        self.reads = reads;
        self
    }

    /// The same, and then the writes of another.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.writes.extend(other.writes);
        self
    }

    /// The same, with a client that sends positions back.
    #[must_use]
    pub fn carrying_positions(mut self) -> Self {
        self.carries_position = true;
        self
    }

    fn of_writes(changes: &[Change], awaited: bool) -> Self {
        let writes = changes.iter().map(|change| Write {
            changes: vec![*change],
            awaited,
        });
        Self {
            writes: writes.collect(),
            ..Self::default()
        }
    }
}

/// A bounded world.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is about.
    pub name: &'static str,
    /// For each key, whether it has a row at first.
    pub rows: Vec<bool>,
    /// The secondary has these rows already, and the primary's record says so.
    pub copied: bool,
    /// Who writes and reads.
    pub sessions: Vec<Script>,
    /// Workers that mirror what is in the journal.
    pub workers: usize,
    /// Lanes that mirror what a write waits for.
    pub lanes: usize,
    /// Those who copy existing rows.
    pub copiers: usize,
    /// Entries that a worker takes at most.
    pub batch: usize,
    /// How many faults may happen, each between any two steps.
    pub faults: u8,
    /// The process of the server may be killed, with its memory; if not, only single mirrors and connections.
    pub server_may_die: bool,
}

impl Scenario {
    /// The worlds that are explored with every change of the code: seconds each.
    pub fn small() -> Vec<Self> {
        use Change::{Delete, Put, Truncate};
        let mirroring = Self {
            name: "two workers and an awaited mirror on the same key, and numbers that commit out of order",
            rows: vec![true, false],
            copied: true,
            sessions: vec![
                Script::awaited_writes(&[Delete(0), Put(0)]),
                Script::writes(&[Put(1)]),
            ],
            workers: 2,
            lanes: 1,
            copiers: 0,
            batch: 2,
            faults: 1,
            server_may_die: false,
        };
        vec![
            Self {
                name: "existing rows are copied while others change and are deleted",
                copied: false,
                copiers: 2,
                sessions: vec![
                    Script::awaited_writes(&[Delete(0)]),
                    Script::writes(&[Put(1), Put(0)]),
                ],
                workers: 1,
                ..mirroring.clone()
            },
            Self {
                name: "the table is emptied while a row is written again",
                sessions: vec![
                    Script::writes(&[Truncate, Put(0)]),
                    Script::awaited_writes(&[Put(1)]),
                ],
                ..mirroring.clone()
            },
            Self {
                name: "a user writes with and without waiting, and reads, while another writes",
                rows: vec![true, true],
                sessions: vec![
                    Script::writes(&[Put(0)])
                        .then(Script::awaited_writes(&[Put(1)]))
                        .and_reads(2),
                    Script::writes(&[Put(0)]),
                ],
                workers: 1,
                faults: 0,
                ..mirroring.clone()
            },
            Self {
                name: "the server dies, and clients bring their positions along",
                rows: vec![true, true],
                sessions: vec![
                    Script::writes(&[Put(0)]).and_reads(2).carrying_positions(),
                    Script::awaited_writes(&[Put(0)])
                        .and_reads(1)
                        .carrying_positions(),
                ],
                workers: 1,
                server_may_die: true,
                ..mirroring.clone()
            },
            mirroring,
        ]
    }

    /// Larger worlds, for a machine that has time: minutes.
    pub fn large() -> Vec<Self> {
        let mut scenarios = Self::small();
        for scenario in &mut scenarios {
            scenario.workers = 2;
            scenario.faults += 1;
        }
        scenarios
    }
}
