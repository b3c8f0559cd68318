;; Strings: equality, order, parts.

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

;; Whether the bytes at `a` and at `b`, which need not be padded, are equal.
(func $same_part (param $a i32) (param $b i32) (param $length i32) (result i32)
  (local $end i32)
  (local.set $end (i32.add (local.get $a) (i32.and (local.get $length) (i32.const -8))))
  (block $words
    (loop $word
      (br_if $words (i32.ge_u (local.get $a) (local.get $end)))
      (if (i64.ne (i64.load (local.get $a)) (i64.load (local.get $b))) (then (return (i32.const 0))))
      (local.set $a (i32.add (local.get $a) (i32.const 8)))
      (local.set $b (i32.add (local.get $b) (i32.const 8)))
      (br $word)))
  (local.set $end (i32.add (local.get $a) (i32.and (local.get $length) (i32.const 7))))
  (loop $byte
    (if (i32.ge_u (local.get $a) (local.get $end)) (then (return (i32.const 1))))
    (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))) (then (return (i32.const 0))))
    (local.set $a (i32.add (local.get $a) (i32.const 1)))
    (local.set $b (i32.add (local.get $b) (i32.const 1)))
    (br $byte))
  (unreachable))

(func $starts_with (export "starts_with") (param $text i32) (param $prefix i32) (result i32)
  (if (i32.lt_u (i32.load offset=4 (local.get $text)) (i32.load offset=4 (local.get $prefix)))
    (then (return (i32.const 0))))
  (call $same_part
    (i32.load offset=8 (local.get $text))
    (i32.load offset=8 (local.get $prefix))
    (i32.load offset=4 (local.get $prefix))))

(func $ends_with (export "ends_with") (param $text i32) (param $suffix i32) (result i32)
  (if (i32.lt_u (i32.load offset=4 (local.get $text)) (i32.load offset=4 (local.get $suffix)))
    (then (return (i32.const 0))))
  (call $same_part
    (i32.sub
      (i32.add (i32.load offset=8 (local.get $text)) (i32.load offset=4 (local.get $text)))
      (i32.load offset=4 (local.get $suffix)))
    (i32.load offset=8 (local.get $suffix))
    (i32.load offset=4 (local.get $suffix))))

(func $contains (export "contains") (param $text i32) (param $part i32) (result i32)
  (local $at i32) (local $last i32) (local $bytes i32) (local $length i32) (local $first i32)
  (local.set $length (i32.load offset=4 (local.get $part)))
  (if (i32.eqz (local.get $length)) (then (return (i32.const 1))))
  (if (i32.lt_u (i32.load offset=4 (local.get $text)) (local.get $length)) (then (return (i32.const 0))))
  (local.set $at (i32.load offset=8 (local.get $text)))
  (local.set $last
    (i32.sub (i32.add (local.get $at) (i32.load offset=4 (local.get $text))) (local.get $length)))
  (local.set $bytes (i32.load offset=8 (local.get $part)))
  (local.set $first (i32.load8_u (local.get $bytes)))
  (loop $next
    (if (i32.eq (i32.load8_u (local.get $at)) (local.get $first))
      (then
        (if (call $same_part (local.get $at) (local.get $bytes) (local.get $length))
          (then (return (i32.const 1))))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $next (i32.le_u (local.get $at) (local.get $last))))
  (i32.const 0))

;; size(text): the bytes that begin a code point.
(func $code_points (export "code_points") (param $text i32) (result i64)
  (local $at i32) (local $end i32) (local $count i64)
  (local.set $at (i32.load offset=8 (local.get $text)))
  (local.set $end (i32.add (local.get $at) (i32.load offset=4 (local.get $text))))
  (block $done
    (loop $byte
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (local.set $count
        (i64.add (local.get $count)
          (i64.extend_i32_u
            (i32.ne (i32.and (i32.load8_u (local.get $at)) (i32.const 0xc0)) (i32.const 0x80)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $byte)))
  (local.get $count))

;; left + right, of two strings; 0 if there is no room.
(func $join_strings (export "join_strings") (param $left i32) (param $right i32) (result i32)
  (local $record i32) (local $bytes i32) (local $length i32) (local $room i32)
  ;; Both are in memory already, so that the sum is below 2^32.
  (local.set $length (i32.add (i32.load offset=4 (local.get $left)) (i32.load offset=4 (local.get $right))))
  (local.set $room (i32.and (i32.add (local.get $length) (i32.const 15)) (i32.const -8)))
  (if (i32.lt_u (local.get $room) (local.get $length)) (then (return (i32.const 0))))
  (if (i32.eqz (local.tee $record (call $reserve (i32.const 64)))) (then (return (i32.const 0))))
  (if (i32.eqz (local.tee $bytes (call $reserve (local.get $room)))) (then (return (i32.const 0))))
  ;; Zeros at the start and the end first: the head is read as a whole, and so is the last word.
  (i64.store (local.get $bytes) (i64.const 0))
  (i64.store (i32.add (local.get $bytes) (i32.and (local.get $length) (i32.const -8))) (i64.const 0))
  (call $copy (local.get $bytes) (i32.load offset=8 (local.get $left)) (i32.load offset=4 (local.get $left)))
  (call $copy
    (i32.add (local.get $bytes) (i32.load offset=4 (local.get $left)))
    (i32.load offset=8 (local.get $right))
    (i32.load offset=4 (local.get $right)))
  (i32.store (local.get $record) (i32.const 6))
  (i32.store offset=4 (local.get $record) (local.get $length))
  (i64.store offset=8 (local.get $record) (i64.extend_i32_u (local.get $bytes)))
  (i64.store offset=16 (local.get $record) (i64.load (local.get $bytes)))
  (i64.store offset=24 (local.get $record) (i64.const 0))
  (local.get $record))
