;; Timestamps as texts.

;; The number that `count` decimal digits at `at` make, -1 if they are not all digits.
(func $digits (param $at i32) (param $count i32) (result i64)
  (local $value i64) (local $digit i32) (local $end i32)
  (local.set $end (i32.add (local.get $at) (local.get $count)))
  (loop $next
    (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $value))))
    (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
    (if (i32.gt_u (local.get $digit) (i32.const 9)) (then (return (i64.const -1))))
    (local.set $value
      (i64.add (i64.mul (local.get $value) (i64.const 10)) (i64.extend_i32_u (local.get $digit))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br $next))
  (unreachable))

;; Whether the record is a timestamp; its string is parsed the first time it is asked.
(func $timestamp (export "timestamp") (param $record i32) (result i32)
  (local $tag i32)
  (local.set $tag (i32.load (local.get $record)))
  (if (i32.eq (local.get $tag) (i32.const 8))
    (then
      (local.set $tag (select (i32.const 9) (i32.const 12) (call $parse_timestamp (local.get $record))))
      (i32.store (local.get $record) (local.get $tag))))
  (i32.eq (local.get $tag) (i32.const 9)))

;; RFC 3339, https://www.rfc-editor.org/rfc/rfc3339#section-5.6: 2026-12-01T09:00:00[.123]Z or with an offset;
;; nanoseconds, further digits cut off; the years 1 to 9999. Writes seconds and nanoseconds, answers whether it is one.
(func $parse_timestamp (param $record i32) (result i32)
  (local $at i32) (local $end i32) (local $year i64) (local $month i64) (local $day i64)
  (local $hour i64) (local $minute i64) (local $second i64) (local $nanos i64) (local $scale i64)
  (local $byte i32) (local $sign i64) (local $seconds i64)
  (local.set $at (i32.load offset=8 (local.get $record)))
  (local.set $end (i32.add (local.get $at) (i32.load offset=4 (local.get $record))))
  (if (i32.lt_u (i32.load offset=4 (local.get $record)) (i32.const 20)) (then (return (i32.const 0))))
  (local.set $year (call $digits (local.get $at) (i32.const 4)))
  (local.set $month (call $digits (i32.add (local.get $at) (i32.const 5)) (i32.const 2)))
  (local.set $day (call $digits (i32.add (local.get $at) (i32.const 8)) (i32.const 2)))
  (local.set $hour (call $digits (i32.add (local.get $at) (i32.const 11)) (i32.const 2)))
  (local.set $minute (call $digits (i32.add (local.get $at) (i32.const 14)) (i32.const 2)))
  (local.set $second (call $digits (i32.add (local.get $at) (i32.const 17)) (i32.const 2)))
  (if (i32.ne (i32.load8_u offset=4 (local.get $at)) (i32.const 45)) (then (return (i32.const 0))))
  (if (i32.ne (i32.load8_u offset=7 (local.get $at)) (i32.const 45)) (then (return (i32.const 0))))
  ;; Both letters may be small; a small letter differs in one bit.
  (if (i32.ne (i32.or (i32.load8_u offset=10 (local.get $at)) (i32.const 32)) (i32.const 116))
    (then (return (i32.const 0))))
  (if (i32.ne (i32.load8_u offset=13 (local.get $at)) (i32.const 58)) (then (return (i32.const 0))))
  (if (i32.ne (i32.load8_u offset=16 (local.get $at)) (i32.const 58)) (then (return (i32.const 0))))
  ;; What is not a number is -1, and so above every bound.
  (if (i64.gt_u (i64.sub (local.get $year) (i64.const 1)) (i64.const 9998)) (then (return (i32.const 0))))
  (if (i64.gt_u (i64.sub (local.get $month) (i64.const 1)) (i64.const 11)) (then (return (i32.const 0))))
  (if (i64.gt_u (i64.sub (local.get $day) (i64.const 1)) (i64.const 30)) (then (return (i32.const 0))))
  (if (i64.gt_u (local.get $hour) (i64.const 23)) (then (return (i32.const 0))))
  (if (i64.gt_u (local.get $minute) (i64.const 59)) (then (return (i32.const 0))))
  (if (i64.gt_u (local.get $second) (i64.const 59)) (then (return (i32.const 0))))
  (local.set $seconds (call $day_of_date (local.get $year) (local.get $month) (local.get $day)))
  ;; The 31st of a shorter month would be a day of the next.
  (call $date_of_day (local.get $seconds))
  (if (i64.ne (local.get $day)) (then (return (i32.const 0))))
  (drop) (drop)
  (local.set $seconds
    (i64.add
      (i64.mul (local.get $seconds) (i64.const 86400))
      (i64.add (i64.mul (local.get $hour) (i64.const 3600))
        (i64.add (i64.mul (local.get $minute) (i64.const 60)) (local.get $second)))))
  (local.set $at (i32.add (local.get $at) (i32.const 19)))
  (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 46))
    (then
      (local.set $scale (i64.const 100000000))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
      (if (i64.lt_s (call $digits (local.get $at) (i32.const 1)) (i64.const 0)) (then (return (i32.const 0))))
      (block $fraction
        (loop $digit
          (br_if $fraction (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $byte (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
          (br_if $fraction (i32.gt_u (local.get $byte) (i32.const 9)))
          (local.set $nanos
            (i64.add (local.get $nanos)
              (i64.mul (i64.extend_i32_u (local.get $byte)) (local.get $scale))))
          (local.set $scale (i64.div_u (local.get $scale) (i64.const 10)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $digit)))))
  (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const 0))))
  (local.set $byte (i32.load8_u (local.get $at)))
  (local.set $at (i32.add (local.get $at) (i32.const 1)))
  (if (i32.ne (i32.or (local.get $byte) (i32.const 32)) (i32.const 122))
    (then
      ;; A positive offset is ahead of UTC, so that UTC is less.
      (local.set $sign
        (select (i64.const -60) (i64.const 60) (i32.eq (local.get $byte) (i32.const 43))))
      (if (i32.and (i32.ne (local.get $byte) (i32.const 43)) (i32.ne (local.get $byte) (i32.const 45)))
        (then (return (i32.const 0))))
      (if (i32.ne (i32.sub (local.get $end) (local.get $at)) (i32.const 5)) (then (return (i32.const 0))))
      (local.set $hour (call $digits (local.get $at) (i32.const 2)))
      (local.set $minute (call $digits (i32.add (local.get $at) (i32.const 3)) (i32.const 2)))
      (if (i32.ne (i32.load8_u offset=2 (local.get $at)) (i32.const 58)) (then (return (i32.const 0))))
      (if (i64.gt_u (local.get $hour) (i64.const 23)) (then (return (i32.const 0))))
      (if (i64.gt_u (local.get $minute) (i64.const 59)) (then (return (i32.const 0))))
      (local.set $seconds
        (i64.add (local.get $seconds)
          (i64.mul (local.get $sign)
            (i64.add (i64.mul (local.get $hour) (i64.const 60)) (local.get $minute)))))
      (local.set $at (local.get $end))))
  (if (i32.ne (local.get $at) (local.get $end)) (then (return (i32.const 0))))
  (if (i32.or
        (i64.lt_s (local.get $seconds) (i64.const -62135596800))
        (i64.gt_s (local.get $seconds) (i64.const 253402300799)))
    (then (return (i32.const 0))))
  (i64.store offset=32 (local.get $record) (local.get $seconds))
  (i64.store offset=40 (local.get $record) (local.get $nanos))
  (i32.const 1))
