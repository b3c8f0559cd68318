;; Membership in long lists: open addressing in tables that compile/layout.rs lays out.

;; The hash of a string, computed once a call. compile/hash.rs lays tables out by the same function.
(func $hash (param $text i32) (result i64)
  (local $hash i64) (local $at i32) (local $end i32)
  (if (i64.ne (local.tee $hash (i64.load offset=24 (local.get $text))) (i64.const 0))
    (then (return (local.get $hash))))
  (local.set $at (i32.load offset=8 (local.get $text)))
  (local.set $end (i32.add (local.get $at) (i32.load offset=4 (local.get $text))))
  (local.set $hash (i64.mul (i64.load32_u offset=4 (local.get $text)) (i64.const 0x9e3779b97f4a7c15)))
  (block $done
    (loop $word
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $hash
        (i64.mul (i64.xor (local.get $hash) (i64.load (local.get $at))) (i64.const 0xd6e8feb86659fd93)))
      (local.set $hash (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $word)))
  (local.set $hash (i64.or (local.get $hash) (i64.const 1)))
  (i64.store offset=24 (local.get $text) (local.get $hash))
  (local.get $hash))

;; Whether a table of strings holds this one. The table: u32 mask (places less one), u32 unused, then
;; places of a u32 hash and the u32 address of (u32 length, u32 unused, padded bytes), 0 where empty.
;; At least half of the places are empty, so the search ends.
(func $in_strings (export "in_strings") (param $text i32) (param $table i32) (result i32)
  (local $hash i64) (local $mask i32) (local $at i32) (local $place i64) (local $found i32)
  (local.set $hash (call $hash (local.get $text)))
  (local.set $mask (i32.load (local.get $table)))
  (local.set $at (i32.wrap_i64 (i64.shr_u (local.get $hash) (i64.const 32))))
  (loop $next
    (local.set $at (i32.and (local.get $at) (local.get $mask)))
    (local.set $place
      (i64.load offset=8 (i32.add (local.get $table) (i32.shl (local.get $at) (i32.const 3)))))
    (local.set $found (i32.wrap_i64 (i64.shr_u (local.get $place) (i64.const 32))))
    (if (i32.eqz (local.get $found)) (then (return (i32.const 0))))
    (if (i32.eq (i32.wrap_i64 (local.get $place)) (i32.wrap_i64 (local.get $hash)))
      (then
        (if (i32.eq (i32.load (local.get $found)) (i32.load offset=4 (local.get $text)))
          (then
            (if (call $same_bytes
                  (i32.add (local.get $found) (i32.const 8))
                  (i32.load offset=8 (local.get $text))
                  (i32.load offset=4 (local.get $text)))
              (then (return (i32.const 1))))))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br $next))
  (unreachable))

;; Whether a table of longs holds this one. The table: i64 mask (places less one), i64 the value that stands for
;; "empty" and is no value of the table, then the places. At least half of them are empty.
(func $in_longs (export "in_longs") (param $value i64) (param $table i32) (result i32)
  (local $at i32) (local $mask i32) (local $found i64) (local $empty i64)
  (local.set $mask (i32.load (local.get $table)))
  (local.set $empty (i64.load offset=8 (local.get $table)))
  (if (i64.eq (local.get $value) (local.get $empty)) (then (return (i32.const 0))))
  (local.set $at
    (i32.wrap_i64 (i64.shr_u (i64.mul (local.get $value) (i64.const 0x9e3779b97f4a7c15)) (i64.const 32))))
  (loop $next
    (local.set $at (i32.and (local.get $at) (local.get $mask)))
    (local.set $found
      (i64.load offset=16 (i32.add (local.get $table) (i32.shl (local.get $at) (i32.const 3)))))
    (if (i64.eq (local.get $found) (local.get $value)) (then (return (i32.const 1))))
    (if (i64.eq (local.get $found) (local.get $empty)) (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br $next))
  (unreachable))
