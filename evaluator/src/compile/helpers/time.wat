;; Timestamps, as seconds since the Unix epoch and nanoseconds after them, and durations in nanoseconds.

;; a / b rounded down, for b > 0.
(func $floor_divide (export "floor_divide") (param $a i64) (param $b i64) (result i64)
  (i64.sub
    (i64.div_s (local.get $a) (local.get $b))
    (i64.extend_i32_u (i64.lt_s (i64.rem_s (local.get $a) (local.get $b)) (i64.const 0)))))

;; The order of two timestamps, each in seconds and nanoseconds: -1, 0 or 1.
(func $compare_times (export "compare_times")
  (param $a i64) (param $a_nanos i64) (param $b i64) (param $b_nanos i64) (result i32)
  (if (i64.eq (local.get $a) (local.get $b))
    (then (local.set $a (local.get $a_nanos)) (local.set $b (local.get $b_nanos))))
  (i32.sub (i64.gt_s (local.get $a) (local.get $b)) (i64.lt_s (local.get $a) (local.get $b))))

;; A timestamp and a duration in nanoseconds; there is none outside the years 1 to 9999.
(func $add_to_time (export "add_to_time")
  (param $seconds i64) (param $nanos i64) (param $duration i64) (result i64 i64 i32)
  (local.set $nanos
    (i64.add (local.get $nanos) (i64.rem_s (local.get $duration) (i64.const 1000000000))))
  (local.set $seconds
    (i64.add (i64.add (local.get $seconds) (i64.div_s (local.get $duration) (i64.const 1000000000)))
             (call $floor_divide (local.get $nanos) (i64.const 1000000000))))
  (local.set $nanos
    (i64.sub (local.get $nanos)
      (i64.mul (call $floor_divide (local.get $nanos) (i64.const 1000000000)) (i64.const 1000000000))))
  (local.get $seconds)
  (local.get $nanos)
  (i32.and
    (i64.ge_s (local.get $seconds) (i64.const -62135596800))
    (i64.le_s (local.get $seconds) (i64.const 253402300799))))

(func $subtract_from_time (export "subtract_from_time")
  (param $seconds i64) (param $nanos i64) (param $duration i64) (result i64 i64 i32)
  ;; The least duration has no opposite: half of it twice.
  (if (i64.eq (local.get $duration) (i64.const 0x8000000000000000))
    (then
      (call $add_to_time (local.get $seconds) (local.get $nanos) (i64.const 0x4000000000000000))
      (if (i32.eqz) (then (return (i64.const 0) (i64.const 0) (i32.const 0))))
      (local.set $nanos)
      (local.set $seconds)
      (local.set $duration (i64.const 0xc000000000000000))))
  (call $add_to_time (local.get $seconds) (local.get $nanos) (i64.sub (i64.const 0) (local.get $duration))))

;; The duration between two timestamps, in nanoseconds, where 64 bits hold it.
(func $between_times (export "between_times")
  (param $a i64) (param $a_nanos i64) (param $b i64) (param $b_nanos i64) (result i64 i32)
  (local $seconds i64) (local $ok i32) (local $nanos i64)
  (local.set $seconds (i64.sub (local.get $a) (local.get $b)))
  (local.set $nanos (i64.sub (local.get $a_nanos) (local.get $b_nanos)))
  ;; Of one sign, so that the product cannot overflow where the sum would not.
  (if (i32.and (i64.lt_s (local.get $seconds) (i64.const 0)) (i64.gt_s (local.get $nanos) (i64.const 0)))
    (then
      (local.set $seconds (i64.add (local.get $seconds) (i64.const 1)))
      (local.set $nanos (i64.sub (local.get $nanos) (i64.const 1000000000)))))
  (if (i32.and (i64.gt_s (local.get $seconds) (i64.const 0)) (i64.lt_s (local.get $nanos) (i64.const 0)))
    (then
      (local.set $seconds (i64.sub (local.get $seconds) (i64.const 1)))
      (local.set $nanos (i64.add (local.get $nanos) (i64.const 1000000000)))))
  (call $multiply_int (local.get $seconds) (i64.const 1000000000))
  (local.set $ok)
  (local.set $seconds)
  (if (i32.eqz (local.get $ok)) (then (return (i64.const 0) (i32.const 0))))
  (call $add_int (local.get $seconds) (local.get $nanos)))

;; The civil date of a day counted from 1970-01-01: year, month 1 to 12, day 1 to 31.
;; https://howardhinnant.github.io/date_algorithms.html#civil_from_days
(func $date_of_day (param $day i64) (result i64 i64 i64)
  (local $era i64) (local $day_of_era i64) (local $year_of_era i64) (local $day_of_year i64) (local $month i64)
  (local.set $day (i64.add (local.get $day) (i64.const 719468)))
  (local.set $era (call $floor_divide (local.get $day) (i64.const 146097)))
  (local.set $day_of_era (i64.sub (local.get $day) (i64.mul (local.get $era) (i64.const 146097))))
  (local.set $year_of_era
    (i64.div_u
      (i64.sub
        (i64.add
          (i64.sub (local.get $day_of_era) (i64.div_u (local.get $day_of_era) (i64.const 1460)))
          (i64.div_u (local.get $day_of_era) (i64.const 36524)))
        (i64.div_u (local.get $day_of_era) (i64.const 146096)))
      (i64.const 365)))
  (local.set $day_of_year
    (i64.sub (local.get $day_of_era)
      (i64.sub
        (i64.add
          (i64.mul (i64.const 365) (local.get $year_of_era))
          (i64.div_u (local.get $year_of_era) (i64.const 4)))
        (i64.div_u (local.get $year_of_era) (i64.const 100)))))
  ;; From March, so that the leap day is the last of the year.
  (local.set $month
    (i64.div_u (i64.add (i64.mul (i64.const 5) (local.get $day_of_year)) (i64.const 2)) (i64.const 153)))
  (i64.add
    (i64.add (local.get $year_of_era) (i64.mul (local.get $era) (i64.const 400)))
    (i64.extend_i32_u (i64.ge_u (local.get $month) (i64.const 10))))
  (i64.add (local.get $month)
    (select (i64.const -9) (i64.const 3) (i64.ge_u (local.get $month) (i64.const 10))))
  (i64.add (i64.const 1)
    (i64.sub (local.get $day_of_year)
      (i64.div_u (i64.add (i64.mul (i64.const 153) (local.get $month)) (i64.const 2)) (i64.const 5)))))

;; The day, counted from 1970-01-01, of a civil date.
;; https://howardhinnant.github.io/date_algorithms.html#days_from_civil
(func $day_of_date (param $year i64) (param $month i64) (param $day i64) (result i64)
  (local $era i64) (local $year_of_era i64)
  (local.set $year (i64.sub (local.get $year) (i64.extend_i32_u (i64.le_s (local.get $month) (i64.const 2)))))
  (local.set $era (call $floor_divide (local.get $year) (i64.const 400)))
  (local.set $year_of_era (i64.sub (local.get $year) (i64.mul (local.get $era) (i64.const 400))))
  (i64.sub
    (i64.add
      (i64.mul (local.get $era) (i64.const 146097))
      (i64.add
        (i64.sub
          (i64.add
            (i64.mul (local.get $year_of_era) (i64.const 365))
            (i64.div_u (local.get $year_of_era) (i64.const 4)))
          (i64.div_u (local.get $year_of_era) (i64.const 100)))
        ;; The day of the year that begins in March.
        (i64.add
          (i64.div_u
            (i64.add
              (i64.mul (i64.const 153)
                (i64.add (local.get $month)
                  (select (i64.const -3) (i64.const 9) (i64.gt_s (local.get $month) (i64.const 2)))))
              (i64.const 2))
            (i64.const 5))
          (i64.sub (local.get $day) (i64.const 1)))))
    (i64.const 719468)))

(func $year_of (export "year_of") (param $seconds i64) (result i64)
  (call $date_of_day (call $floor_divide (local.get $seconds) (i64.const 86400)))
  (drop) (drop))

;; From 0.
(func $month_of (export "month_of") (param $seconds i64) (result i64)
  (local $month i64)
  (call $date_of_day (call $floor_divide (local.get $seconds) (i64.const 86400)))
  (drop) (local.set $month) (drop)
  (i64.sub (local.get $month) (i64.const 1)))

;; From 1.
(func $date_of (export "date_of") (param $seconds i64) (result i64)
  (local $date i64)
  (call $date_of_day (call $floor_divide (local.get $seconds) (i64.const 86400)))
  (local.set $date) (drop) (drop)
  (local.get $date))

;; From 0, Sunday; 1970-01-01 was a Thursday.
(func $day_of_week (export "day_of_week") (param $seconds i64) (result i64)
  (i64.rem_u
    (i64.add (call $floor_divide (local.get $seconds) (i64.const 86400)) (i64.const 7000004))
    (i64.const 7)))

;; From 0.
(func $day_of_year (export "day_of_year") (param $seconds i64) (result i64)
  (local $day i64)
  (local.set $day (call $floor_divide (local.get $seconds) (i64.const 86400)))
  (i64.sub (local.get $day)
    (call $day_of_date (call $year_of (local.get $seconds)) (i64.const 1) (i64.const 1))))

;; The second of the day.
(func $second_of_day (export "second_of_day") (param $seconds i64) (result i64)
  (i64.sub (local.get $seconds)
    (i64.mul (call $floor_divide (local.get $seconds) (i64.const 86400)) (i64.const 86400))))
