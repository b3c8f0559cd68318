;; The helpers: what rules call but do not repeat.
;;
;; The files of this folder are joined and assembled when the crate is built (build.rs), and copied, verbatim
;; and first in every index space, into each module that the compiler writes. So a function here has one number everywhere, and what
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

(memory (export "memory") 1)

;; Copies bytes between two places that do not overlap, by words and then one by one. Not by `memory.copy`: whoever bounds a module's
;; time counts instructions, and that one could move a gigabyte. So modules with such instructions are not loaded.
(func $copy (param $to i32) (param $from i32) (param $bytes i32)
  (local $end i32)
  (local.set $end (i32.add (local.get $from) (i32.and (local.get $bytes) (i32.const -8))))
  (block $words
    (loop $word
      (br_if $words (i32.ge_u (local.get $from) (local.get $end)))
      (i64.store (local.get $to) (i64.load (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 8)))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (br $word)))
  (local.set $end (i32.add (local.get $end) (i32.and (local.get $bytes) (i32.const 7))))
  (block $rest
    (loop $byte
      (br_if $rest (i32.ge_u (local.get $from) (local.get $end)))
      (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br $byte))))
