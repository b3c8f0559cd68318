//! Everything that the databases and the processes between them hold at one moment.

/// A key of the one table of the model, as an index.
pub(crate) type Key = usize;

/// What a key's row is: its place in the key's history, and whether there is a row at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Cell {
    /// Counts the commits on the primary that changed the key. Two rows are equal when they come from one commit.
    pub(crate) version: u8,
    /// False where the key has no row.
    pub(crate) present: bool,
}

impl Cell {
    /// True when a comparison of both databases would find no difference here.
    pub(crate) fn equals(self, other: Self) -> bool {
        self.present == other.present && (!self.present || self.version == other.version)
    }
}

/// What an entry of the journal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Every row, after TRUNCATE.
    Table,
    /// One key.
    Key(Key),
}

/// A row of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    /// Given when the change is made, not when it is committed: so numbers become visible out of order.
    pub(crate) id: u8,
    pub(crate) transaction: u8,
    pub(crate) target: Target,
    /// Visible to others.
    pub(crate) committed: bool,
    /// The worker that holds the row's lock.
    pub(crate) claimed_by: Option<usize>,
}

/// Transactions whose changes a reader must see: all from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Position {
    pub(crate) first: u8,
    pub(crate) last: u8,
}

impl Position {
    /// The position that is reached when both are.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// `and` where either may be missing.
    pub(crate) fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        }
    }
}

/// What a session is doing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Idle,
    /// Has changed rows, which others cannot see and cannot change.
    Open {
        transaction: u8,
        changed: Vec<(Key, bool)>,
    },
    /// The primary has committed; the user has no answer yet.
    Committed {
        transaction: u8,
        /// The versions that the transaction made.
        wrote: Vec<(Key, u8)>,
        /// Its entries, as they were read before it committed.
        entries: Vec<Loaded>,
        /// A lane has taken it.
        asked: bool,
    },
    /// The position was asked, and the secondary may answer.
    ReadingSecondary,
    ReadingPrimary,
    /// The primary has answered; what is pending there is to be noted before the user sees it.
    Noting {
        key: Key,
        version: u8,
    },
}

/// One user, who does one thing after the other, or an application that writes to the primary directly.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Session {
    /// How many of its writes it has begun.
    pub(crate) begun: usize,
    pub(crate) reads_left: u8,
    pub(crate) phase: Phase,
    /// For each key the latest version that the user has written, with an answer, or has seen.
    pub(crate) floor: Vec<u8>,
    /// What the server remembers of the user.
    pub(crate) remembered: Option<Position>,
    /// What the user's client brings along.
    pub(crate) carried: Option<Position>,
}

/// How far a mirror is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Idle,
    /// Has read entries.
    Loaded,
    /// Holds its locks on the secondary, and has not read rows.
    Locked,
    /// Has read rows on the primary.
    Read,
    /// The secondary has committed.
    Applied,
}

/// An entry as a mirror has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Loaded {
    pub(crate) id: u8,
    pub(crate) target: Target,
    /// Every existing row had been copied when the entry was read.
    pub(crate) droppable: bool,
}

/// A worker, or a lane of awaited mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Mirror {
    pub(crate) stage: Stage,
    /// Holds advisory locks on the secondary.
    pub(crate) locked: bool,
    pub(crate) entries: Vec<Loaded>,
    /// The rows as read on the primary.
    pub(crate) rows: Vec<(Key, Cell)>,
    /// The sessions that wait for it, and the transaction of each.
    pub(crate) awaited_by: Vec<(usize, u8)>,
    /// A worker whose connection to the primary broke has lost its claims, and does not know it.
    pub(crate) lost_primary: bool,
}

impl Mirror {
    pub(crate) fn idle() -> Self {
        Self {
            stage: Stage::Idle,
            locked: false,
            entries: Vec::new(),
            rows: Vec::new(),
            awaited_by: Vec::new(),
            lost_primary: false,
        }
    }

    /// True when it mirrors the whole table, and so locks it.
    pub(crate) fn is_whole(&self) -> bool {
        self.entries.iter().any(|entry| entry.target == Target::Table)
    }

    /// True when it mirrors this key by itself.
    pub(crate) fn has_key(&self, key: Key) -> bool {
        self.entries.iter().any(|entry| entry.target == Target::Key(key))
    }
}

/// How far one who copies chunks is. A chunk is a key here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Copier {
    Idle,
    /// Holds the chunk's lock on the secondary.
    Locked(Key),
    /// Has read the chunk on the primary.
    Read(Key, Cell),
    /// The secondary has committed; the primary does not know it.
    Written(Key),
}

/// What is known of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Chunk {
    /// The secondary's record, written with the rows.
    pub(crate) written: bool,
    /// The primary's.
    pub(crate) noted: bool,
}

/// The world at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) primary: Vec<Cell>,
    pub(crate) secondary: Vec<Cell>,
    pub(crate) journal: Vec<Entry>,
    pub(crate) last_entry: u8,
    pub(crate) last_transaction: u8,
    pub(crate) sessions: Vec<Session>,
    /// The workers first, then the lanes.
    pub(crate) mirrors: Vec<Mirror>,
    pub(crate) copiers: Vec<Copier>,
    pub(crate) chunks: Vec<Chunk>,
    /// The primary's record says that the table is copied.
    pub(crate) copied: bool,
    pub(crate) faults_left: u8,
    /// A user was shown something older than what the user wrote or had seen.
    pub(crate) went_back: bool,
}

impl State {
    /// True when no committed change of these transactions is pending.
    pub(crate) fn is_reached(&self, position: Position) -> bool {
        !self
            .visible_entries()
            .any(|entry| (position.first..=position.last).contains(&entry.transaction))
    }

    /// The entries that are committed.
    pub(crate) fn visible_entries(&self) -> impl Iterator<Item = &Entry> {
        self.journal.iter().filter(|entry| entry.committed)
    }
}
