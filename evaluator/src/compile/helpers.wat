;; The helpers: what rules call but do not repeat.
;;
;; They are assembled when the crate is built and copied, verbatim and first in every index space,
;; into each module that the compiler writes. So a function here has one number everywhere, and what
;; a person reads here is what runs. Those that rules call are exported.
;;
;; A "record" is the address of 64 bytes that hold one value. Attributes (slots), list elements and
;; literals are records of one layout, described in program/abi.rs:
;;
;;    +0  u32 tag      0 missing, 1 false, 2 true, 3 int, 4 uint, 5 double, 6 string, 7 list, …
;;    +4  u32 length   of a string in bytes, of a list in elements; -1 where missing
;;    +8  u64 value    a number's bits; or, in its low half, the address of bytes or elements
;;   +16  u64 head     the first eight bytes of a string, padded with zeros
;;   +24  u64 hash     of a string, 0 until computed
;;   +32 … +63         what is parsed from a string: a version, a timestamp
;;
;; The bytes of every string are followed by zeros up to a multiple of eight, and an empty string by
;; eight: so strings are compared and hashed by words.

(module
  (memory (export "memory") 1)

  ;; ---------------------------------------------------------------- strings

  ;; Whether `length` bytes at `a` and at `b` are equal; both padded.
  (func $same_bytes (param $a i32) (param $b i32) (param $length i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $a) (local.get $length)))
    (loop $word
      (if (i32.ge_u (local.get $a) (local.get $end)) (then (return (i32.const 1))))
      (if (i64.ne (i64.load (local.get $a)) (i64.load (local.get $b))) (then (return (i32.const 0))))
      (local.set $a (i32.add (local.get $a) (i32.const 8)))
      (local.set $b (i32.add (local.get $b) (i32.const 8)))
      (br $word))
    (unreachable))

  ;; left == right, of two string records.
  (func $equal_strings (export "equal_strings") (param $left i32) (param $right i32) (result i32)
    (if (i32.ne (i32.load offset=4 (local.get $left)) (i32.load offset=4 (local.get $right)))
      (then (return (i32.const 0))))
    (if (i64.ne (i64.load offset=16 (local.get $left)) (i64.load offset=16 (local.get $right)))
      (then (return (i32.const 0))))
    (call $same_bytes
      (i32.load offset=8 (local.get $left))
      (i32.load offset=8 (local.get $right))
      (i32.load offset=4 (local.get $left))))

  ;; The order of two runs of bytes, unsigned: -1, 0 or 1. Byte order of UTF-8 is the order of code points.
  (func $compare_bytes
    (param $a i32) (param $a_length i32) (param $b i32) (param $b_length i32) (result i32)
    (local $end i32) (local $x i32) (local $y i32)
    (local.set $end (i32.add (local.get $a)
      (select (local.get $a_length) (local.get $b_length) (i32.lt_u (local.get $a_length) (local.get $b_length)))))
    (block $prefix
      (loop $byte
        (br_if $prefix (i32.ge_u (local.get $a) (local.get $end)))
        (local.set $x (i32.load8_u (local.get $a)))
        (local.set $y (i32.load8_u (local.get $b)))
        (if (i32.ne (local.get $x) (local.get $y))
          (then (return (select (i32.const -1) (i32.const 1) (i32.lt_u (local.get $x) (local.get $y))))))
        (local.set $a (i32.add (local.get $a) (i32.const 1)))
        (local.set $b (i32.add (local.get $b) (i32.const 1)))
        (br $byte)))
    (i32.sub (i32.gt_u (local.get $a_length) (local.get $b_length))
             (i32.lt_u (local.get $a_length) (local.get $b_length))))

  ;; The order of two strings: -1, 0 or 1.
  (func $compare_strings (export "compare_strings") (param $left i32) (param $right i32) (result i32)
    (call $compare_bytes
      (i32.load offset=8 (local.get $left)) (i32.load offset=4 (local.get $left))
      (i32.load offset=8 (local.get $right)) (i32.load offset=4 (local.get $right))))

  ;; ------------------------------------------------------------- membership

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

  ;; --------------------------------------------------------------- rollouts

  ;; MurmurHash3 x86-32, https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp

  (func $murmur_mix (param $hash i32) (param $block i32) (result i32)
    (i32.add (i32.const 0xe6546b64)
      (i32.mul (i32.const 5)
        (i32.rotl
          (i32.xor (local.get $hash)
            (i32.mul (i32.const 0x1b873593)
              (i32.rotl (i32.mul (local.get $block) (i32.const 0xcc9e2d51)) (i32.const 15))))
          (i32.const 13)))))

  ;; `tail`: the last zero to three bytes, in the low end of the word; `length`: of the whole.
  (func $murmur_end (param $hash i32) (param $tail i32) (param $length i32) (result i32)
    (local.set $hash
      (i32.xor (local.get $hash)
        (i32.mul (i32.const 0x1b873593)
          (i32.rotl (i32.mul (local.get $tail) (i32.const 0xcc9e2d51)) (i32.const 15)))))
    (local.set $hash (i32.xor (local.get $hash) (local.get $length)))
    (local.set $hash (i32.mul (i32.const 0x85ebca6b)
      (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 16)))))
    (local.set $hash (i32.mul (i32.const 0xc2b2ae35)
      (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 13)))))
    (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 16))))

  ;; murmur3(text, seed), of `length` padded bytes at `at`.
  (func $bucket (export "bucket") (param $at i32) (param $length i32) (param $seed i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -4))))
    (block $blocks
      (loop $block
        (br_if $blocks (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $seed (call $murmur_mix (local.get $seed) (i32.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $block)))
    ;; The padding ends at a multiple of eight, so that a word of nothing but tail is there, or a whole one if there is no tail.
    (call $murmur_end (local.get $seed)
      (call $tail (local.get $at) (local.get $length))
      (local.get $length)))

  ;; The zero to three bytes at `at` that are past the last block, padded with zeros.
  (func $tail (param $at i32) (param $length i32) (result i32)
    (if (result i32) (i32.and (local.get $length) (i32.const 3))
      (then (i32.load (local.get $at)))
      (else (i32.const 0))))

  ;; murmur3(text + "_rollout", seed). The suffix is eight bytes, so two more blocks whatever the tail.
  (func $rollout (export "rollout") (param $at i32) (param $length i32) (param $seed i32) (result i32)
    (local $end i32) (local $shift i64) (local $last i64)
    (local.set $end (i32.add (local.get $at) (i32.and (local.get $length) (i32.const -4))))
    (block $blocks
      (loop $block
        (br_if $blocks (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $seed (call $murmur_mix (local.get $seed) (i32.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $block)))
    (local.set $shift (i64.extend_i32_u (i32.shl (i32.and (local.get $length) (i32.const 3)) (i32.const 3))))
    ;; "_rollout" little-endian
    (local.set $last
      (i64.or
        (i64.extend_i32_u (call $tail (local.get $at) (local.get $length)))
        (i64.shl (i64.const 0x74756f6c6c6f725f) (local.get $shift))))
    (local.set $seed (call $murmur_mix (local.get $seed) (i32.wrap_i64 (local.get $last))))
    (local.set $seed (call $murmur_mix (local.get $seed) (i32.wrap_i64 (i64.shr_u (local.get $last) (i64.const 32)))))
    (call $murmur_end (local.get $seed)
      ;; What the shift pushed out; nothing where it is 0, though a shift by 64 is one by 0.
      (if (result i32) (i64.eqz (local.get $shift))
        (then (i32.const 0))
        (else (i32.wrap_i64
          (i64.shr_u (i64.const 0x74756f6c6c6f725f) (i64.sub (i64.const 64) (local.get $shift))))))
      (i32.add (local.get $length) (i32.const 8))))
)
