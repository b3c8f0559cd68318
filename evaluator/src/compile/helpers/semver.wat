;; Versions, https://semver.org/spec/v2.0.0.html

;; Whether the record is a version; its string is parsed the first time it is asked.
(func $semver (export "semver") (param $record i32) (result i32)
  (local $tag i32)
  (local.set $tag (i32.load (local.get $record)))
  (if (i32.eq (local.get $tag) (i32.const 10))
    (then
      (local.set $tag (select (i32.const 11) (i32.const 12) (call $parse_semver (local.get $record))))
      (i32.store (local.get $record) (local.get $tag))))
  (i32.eq (local.get $tag) (i32.const 11)))

;; Writes address and length of major, minor and patch at +32, +40 and +48, and at +56 of what stands between - and +;
;; answers whether it is a version.
(func $parse_semver (param $record i32) (result i32)
  (local $at i32) (local $end i32) (local $stop i32) (local $part i32)
  (local.set $at (i32.load offset=8 (local.get $record)))
  (local.set $end (i32.add (local.get $at) (i32.load offset=4 (local.get $record))))
  (loop $next
    (local.set $stop (call $number_end (local.get $at) (local.get $end)))
    (if (i32.eqz (local.get $stop)) (then (return (i32.const 0))))
    (call $note_part (local.get $record) (local.get $part) (local.get $at) (local.get $stop))
    (local.set $at (local.get $stop))
    (local.set $part (i32.add (local.get $part) (i32.const 1)))
    (if (i32.lt_u (local.get $part) (i32.const 3))
      (then
        (if (i32.eqz (call $is_byte (local.get $at) (local.get $end) (i32.const 46)))
          (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))))
  (call $note_part (local.get $record) (i32.const 3) (local.get $at) (local.get $at))
  (if (call $is_byte (local.get $at) (local.get $end) (i32.const 45))
    (then
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (local.set $stop (call $identifiers (local.get $at) (local.get $end) (i32.const 1)))
      (if (i32.eqz (local.get $stop)) (then (return (i32.const 0))))
      (call $note_part (local.get $record) (i32.const 3) (local.get $at) (local.get $stop))
      (local.set $at (local.get $stop))))
  (if (call $is_byte (local.get $at) (local.get $end) (i32.const 43))
    (then
      (local.set $at
        (call $identifiers (i32.add (local.get $at) (i32.const 1)) (local.get $end) (i32.const 0)))
      (if (i32.eqz (local.get $at)) (then (return (i32.const 0))))))
  (i32.eq (local.get $at) (local.get $end)))

(func $note_part (param $record i32) (param $part i32) (param $start i32) (param $end i32)
  (local.set $record (i32.add (local.get $record) (i32.shl (local.get $part) (i32.const 3))))
  (i32.store offset=32 (local.get $record) (local.get $start))
  (i32.store offset=36 (local.get $record) (i32.sub (local.get $end) (local.get $start))))

(func $is_byte (param $at i32) (param $end i32) (param $byte i32) (result i32)
  (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
  (i32.eq (i32.load8_u (local.get $at)) (local.get $byte)))

;; The address after a number without leading zeros, or 0.
(func $number_end (param $at i32) (param $end i32) (result i32)
  (local $start i32)
  (local.set $start (local.get $at))
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (br_if $done (i32.gt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)) (i32.const 9)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
  (if (i32.eq (local.get $at) (local.get $start)) (then (return (i32.const 0))))
  (if (i32.and
        (i32.eq (i32.load8_u (local.get $start)) (i32.const 48))
        (i32.gt_u (i32.sub (local.get $at) (local.get $start)) (i32.const 1)))
    (then (return (i32.const 0))))
  (local.get $at))

;; Identifiers of letters, digits and hyphens, parted by dots, each not empty, up to + or the end; where `strict`,
;; numbers without leading zeros. The address after them, or 0.
(func $identifiers (param $at i32) (param $end i32) (param $strict i32) (result i32)
  (local $start i32) (local $byte i32) (local $numeric i32)
  (local.set $start (local.get $at))
  (local.set $numeric (i32.const 1))
  (loop $next
    (local.set $byte (i32.const 43))
    (if (i32.lt_u (local.get $at) (local.get $end))
      (then (local.set $byte (i32.load8_u (local.get $at)))))
    (if (i32.or (i32.eq (local.get $byte) (i32.const 46)) (i32.eq (local.get $byte) (i32.const 43)))
      (then
        (if (i32.eq (local.get $at) (local.get $start)) (then (return (i32.const 0))))
        (if (i32.and (local.get $strict)
              (i32.and (local.get $numeric)
                (i32.and
                  (i32.gt_u (i32.sub (local.get $at) (local.get $start)) (i32.const 1))
                  (i32.eq (i32.load8_u (local.get $start)) (i32.const 48)))))
          (then (return (i32.const 0))))
        (if (i32.eq (local.get $byte) (i32.const 43)) (then (return (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $start (local.get $at))
        (local.set $numeric (i32.const 1))
        (br $next)))
    (if (i32.gt_u (i32.sub (local.get $byte) (i32.const 48)) (i32.const 9))
      (then
        (local.set $numeric (i32.const 0))
        ;; Upper and lower case differ in one bit.
        (if (i32.and
              (i32.gt_u
                (i32.sub (i32.or (local.get $byte) (i32.const 32)) (i32.const 97))
                (i32.const 25))
              (i32.ne (local.get $byte) (i32.const 45)))
          (then (return (i32.const 0))))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br $next))
  (unreachable))

;; The order of two parsed versions, https://semver.org/spec/v2.0.0.html#spec-item-11: -1, 0 or 1.
(func $compare_semver (export "compare_semver") (param $left i32) (param $right i32) (result i32)
  (local $order i32) (local $part i32) (local $at i32)
  (loop $next
    (local.set $at (i32.shl (local.get $part) (i32.const 3)))
    (local.set $order
      (call $compare_numbers
        (i32.load offset=32 (i32.add (local.get $left) (local.get $at)))
        (i32.load offset=36 (i32.add (local.get $left) (local.get $at)))
        (i32.load offset=32 (i32.add (local.get $right) (local.get $at)))
        (i32.load offset=36 (i32.add (local.get $right) (local.get $at)))))
    (if (local.get $order) (then (return (local.get $order))))
    (local.set $part (i32.add (local.get $part) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $part) (i32.const 3))))
  ;; A pre-release comes before its release.
  (if (i32.eqz (i32.load offset=60 (local.get $left)))
    (then (return (i32.ne (i32.load offset=60 (local.get $right)) (i32.const 0)))))
  (if (i32.eqz (i32.load offset=60 (local.get $right))) (then (return (i32.const -1))))
  (call $compare_pre_releases
    (i32.load offset=56 (local.get $left))
    (i32.add (i32.load offset=56 (local.get $left)) (i32.load offset=60 (local.get $left)))
    (i32.load offset=56 (local.get $right))
    (i32.add (i32.load offset=56 (local.get $right)) (i32.load offset=60 (local.get $right)))))

;; The order of two numbers in decimal digits without leading zeros, of any length: the longer is the greater.
(func $compare_numbers (param $a i32) (param $a_length i32) (param $b i32) (param $b_length i32) (result i32)
  (if (i32.ne (local.get $a_length) (local.get $b_length))
    (then (return (select (i32.const -1) (i32.const 1) (i32.lt_u (local.get $a_length) (local.get $b_length))))))
  (call $compare_bytes
    (local.get $a) (local.get $a_length)
    (local.get $b) (local.get $b_length)))

(func $compare_pre_releases (param $a i32) (param $a_end i32) (param $b i32) (param $b_end i32) (result i32)
  (local $a_stop i32) (local $b_stop i32) (local $a_numeric i32) (local $b_numeric i32) (local $order i32)
  (loop $next
    (local.set $a_stop (call $identifier_end (local.get $a) (local.get $a_end)))
    (local.set $b_stop (call $identifier_end (local.get $b) (local.get $b_end)))
    (local.set $a_numeric (call $all_digits (local.get $a) (local.get $a_stop)))
    (local.set $b_numeric (call $all_digits (local.get $b) (local.get $b_stop)))
    ;; A number comes before a word.
    (if (i32.ne (local.get $a_numeric) (local.get $b_numeric))
      (then (return (i32.sub (local.get $b_numeric) (local.get $a_numeric)))))
    (local.set $order
      (if (result i32) (local.get $a_numeric)
        (then
          (call $compare_numbers
            (local.get $a) (i32.sub (local.get $a_stop) (local.get $a))
            (local.get $b) (i32.sub (local.get $b_stop) (local.get $b))))
        (else
          (call $compare_bytes
            (local.get $a) (i32.sub (local.get $a_stop) (local.get $a))
            (local.get $b) (i32.sub (local.get $b_stop) (local.get $b))))))
    (if (local.get $order) (then (return (local.get $order))))
    ;; All equal so far: the one with more identifiers is the greater.
    (if (i32.eq (local.get $a_stop) (local.get $a_end))
      (then (return (i32.sub (i32.const 0) (i32.ne (local.get $b_stop) (local.get $b_end))))))
    (if (i32.eq (local.get $b_stop) (local.get $b_end)) (then (return (i32.const 1))))
    (local.set $a (i32.add (local.get $a_stop) (i32.const 1)))
    (local.set $b (i32.add (local.get $b_stop) (i32.const 1)))
    (br $next))
  (unreachable))

(func $identifier_end (param $at i32) (param $end i32) (result i32)
  (block $done
    (loop $next
      (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
      (br_if $done (i32.eq (i32.load8_u (local.get $at)) (i32.const 46)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $next)))
  (local.get $at))

(func $all_digits (param $at i32) (param $end i32) (result i32)
  (loop $next
    (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 1))))
    (if (i32.gt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)) (i32.const 9))
      (then (return (i32.const 0))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br $next))
  (unreachable))
