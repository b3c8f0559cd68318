//! Rules of the protocol that can be left out, to see that the checker notices.

/// A rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A mirror reads the primary first and takes its locks on the secondary afterwards.
    LockAfterRead,
    /// A mirror drops every entry up to the highest number that it has read, not exactly those it has read.
    DropByRange,
    /// Changes are mirrored, and their entries dropped, while existing rows are still being copied.
    CopyWithoutRule,
    /// A chunk is copied though the secondary's record says that it is there.
    CopyTwice,
    /// A reader's position is only the user's latest transaction, not the range back to the first that is pending.
    PositionOfOneTransaction,
    /// Who was served from the primary is not held to what was seen there.
    ForgetReadsOfPrimary,
    /// A mirror drops its entries before the secondary has committed.
    DropBeforeCommit,
}
