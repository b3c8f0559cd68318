//! Whose writes go to both databases in a soak, and who reads from new.

/// Users by number: dual writers, readers of new, and everyone else.
pub(super) const RULES: &str = r#"
feature: soak
variables:
  write: { type: boolean, description: Also write to new }
  read: { type: boolean, description: Read from new }
variations:
  nothing: { write: false, read: false }
  reads: { write: false, read: true }
  both: { write: true, read: true }
targeting:
  - { name: Dual, when: 'user_id in ["u0", "u1", "u2", "u3", "u4", "u5"]', serve: both }
  - { name: Readers, when: 'user_id in ["u6", "u7", "u8", "u9"]', serve: reads }
default: nothing
"#;
pub(super) const CONTEXT: &str = "attributes:\n  user_id: { type: string, description: The user }\n";
