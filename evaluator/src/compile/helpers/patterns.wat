;; Patterns: the walk through a table that compile/pattern.rs lays out.

;; text.matches(pattern). The table: u32 stride as a shift, u32 the first matching state, 256 bytes of classes, then
;; for each state a row of u16 states, by class; the last class used is the text's end. State 0 never
;; matches; the search begins in state 1.
(func $matches (export "matches") (param $text i32) (param $table i32) (result i32)
  (local $at i32) (local $end i32) (local $state i32) (local $shift i32) (local $first i32) (local $rows i32)
  (local.set $at (i32.load offset=8 (local.get $text)))
  (local.set $end (i32.add (local.get $at) (i32.load offset=4 (local.get $text))))
  (local.set $shift (i32.load (local.get $table)))
  (local.set $first (i32.load offset=4 (local.get $table)))
  (local.set $rows (i32.add (local.get $table) (i32.const 264)))
  (local.set $state (i32.const 1))
  (block $ended
    (loop $byte
      (if (i32.ge_u (local.get $state) (local.get $first)) (then (return (i32.const 1))))
      (if (i32.eqz (local.get $state)) (then (return (i32.const 0))))
      (br_if $ended (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $state
        (call $next_state (local.get $rows) (local.get $state) (local.get $shift)
          (i32.load8_u offset=8 (i32.add (local.get $table) (i32.load8_u (local.get $at))))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $byte)))
  (i32.ge_u
    (call $next_state (local.get $rows) (local.get $state) (local.get $shift)
      (i32.sub (i32.shl (i32.const 1) (local.get $shift)) (i32.const 1)))
    (local.get $first)))

(func $next_state (param $rows i32) (param $state i32) (param $shift i32) (param $class i32) (result i32)
  (i32.load16_u
    (i32.add (local.get $rows)
      (i32.shl
        (i32.add (i32.shl (local.get $state) (local.get $shift)) (local.get $class))
        (i32.const 1)))))
