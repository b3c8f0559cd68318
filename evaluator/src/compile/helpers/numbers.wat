;; Numbers: comparison across types, arithmetic that knows when it has no answer.

;; Numbers of different types compare by value: -1, 0 or 1, and 2 if one of them is not a number.

(func $compare_int_uint (export "compare_int_uint") (param $int i64) (param $uint i64) (result i32)
  (if (i32.or (i64.lt_s (local.get $int) (i64.const 0)) (i64.lt_u (local.get $int) (local.get $uint)))
    (then (return (i32.const -1))))
  (i64.ne (local.get $int) (local.get $uint)))

;; Beside a double, an int counts as the double nearest to it: so all implementations of CEL have it, and its
;; conformance tests, where 9223372036854775807 >= 9223372036854775808.0.

(func $compare_doubles (param $a f64) (param $b f64) (result i32)
  (if (f64.ne (local.get $b) (local.get $b)) (then (return (i32.const 2))))
  (i32.sub (f64.gt (local.get $a) (local.get $b)) (f64.lt (local.get $a) (local.get $b))))

(func $compare_int_double (export "compare_int_double") (param $int i64) (param $double f64) (result i32)
  (call $compare_doubles (f64.convert_i64_s (local.get $int)) (local.get $double)))

(func $compare_uint_double (export "compare_uint_double") (param $uint i64) (param $double f64) (result i32)
  (call $compare_doubles (f64.convert_i64_u (local.get $uint)) (local.get $double)))

;; Arithmetic yields a value and whether there is one: overflow and division by zero are unknown.

(func $add_int (export "add_int") (param $a i64) (param $b i64) (result i64 i32)
  (local $sum i64)
  (local.set $sum (i64.add (local.get $a) (local.get $b)))
  ;; Overflow: the operands have one sign and the sum another.
  (local.get $sum)
  (i64.ge_s
    (i64.and (i64.xor (local.get $a) (local.get $sum)) (i64.xor (local.get $b) (local.get $sum)))
    (i64.const 0)))

(func $subtract_int (export "subtract_int") (param $a i64) (param $b i64) (result i64 i32)
  (local $difference i64)
  (local.set $difference (i64.sub (local.get $a) (local.get $b)))
  (local.get $difference)
  (i64.ge_s
    (i64.and (i64.xor (local.get $a) (local.get $b)) (i64.xor (local.get $a) (local.get $difference)))
    (i64.const 0)))

(func $multiply_int (export "multiply_int") (param $a i64) (param $b i64) (result i64 i32)
  (local $product i64)
  (local.set $product (i64.mul (local.get $a) (local.get $b)))
  (if (i64.eqz (local.get $a)) (then (return (i64.const 0) (i32.const 1))))
  ;; The least int by -1 would trap in the division that checks.
  (if (i32.and (i64.eq (local.get $a) (i64.const -1)) (i64.eq (local.get $b) (i64.const 0x8000000000000000)))
    (then (return (i64.const 0) (i32.const 0))))
  (local.get $product)
  (i64.eq (i64.div_s (local.get $product) (local.get $a)) (local.get $b)))

(func $divide_int (export "divide_int") (param $a i64) (param $b i64) (result i64 i32)
  (if (i64.eqz (local.get $b)) (then (return (i64.const 0) (i32.const 0))))
  (if (i32.and (i64.eq (local.get $b) (i64.const -1)) (i64.eq (local.get $a) (i64.const 0x8000000000000000)))
    (then (return (i64.const 0) (i32.const 0))))
  (i64.div_s (local.get $a) (local.get $b))
  (i32.const 1))

(func $remainder_int (export "remainder_int") (param $a i64) (param $b i64) (result i64 i32)
  (if (i64.eqz (local.get $b)) (then (return (i64.const 0) (i32.const 0))))
  (if (i32.and (i64.eq (local.get $b) (i64.const -1)) (i64.eq (local.get $a) (i64.const 0x8000000000000000)))
    (then (return (i64.const 0) (i32.const 0))))
  (i64.rem_s (local.get $a) (local.get $b))
  (i32.const 1))

(func $add_uint (export "add_uint") (param $a i64) (param $b i64) (result i64 i32)
  (i64.add (local.get $a) (local.get $b))
  (i64.ge_u (i64.add (local.get $a) (local.get $b)) (local.get $a)))

(func $subtract_uint (export "subtract_uint") (param $a i64) (param $b i64) (result i64 i32)
  (i64.sub (local.get $a) (local.get $b))
  (i64.ge_u (local.get $a) (local.get $b)))

(func $multiply_uint (export "multiply_uint") (param $a i64) (param $b i64) (result i64 i32)
  (if (i64.eqz (local.get $a)) (then (return (i64.const 0) (i32.const 1))))
  (i64.mul (local.get $a) (local.get $b))
  (i64.eq (i64.div_u (i64.mul (local.get $a) (local.get $b)) (local.get $a)) (local.get $b)))

(func $divide_uint (export "divide_uint") (param $a i64) (param $b i64) (result i64 i32)
  (if (i64.eqz (local.get $b)) (then (return (i64.const 0) (i32.const 0))))
  (i64.div_u (local.get $a) (local.get $b))
  (i32.const 1))

(func $remainder_uint (export "remainder_uint") (param $a i64) (param $b i64) (result i64 i32)
  (if (i64.eqz (local.get $b)) (then (return (i64.const 0) (i32.const 0))))
  (i64.rem_u (local.get $a) (local.get $b))
  (i32.const 1))

;; int(double) and uint(double): towards zero; both ends of the range of int are left out, as cel-go has it.

(func $int_of_double (export "int_of_double") (param $double f64) (result i64 i32)
  (if (i32.and
        (f64.gt (local.get $double) (f64.const -0x1p63))
        (f64.lt (local.get $double) (f64.const 0x1p63)))
    (then (return (i64.trunc_f64_s (local.get $double)) (i32.const 1))))
  (i64.const 0)
  (i32.const 0))

(func $uint_of_double (export "uint_of_double") (param $double f64) (result i64 i32)
  (if (i32.and
        (f64.ge (local.get $double) (f64.const 0))
        (f64.lt (local.get $double) (f64.const 0x1p64)))
    (then (return (i64.trunc_f64_u (local.get $double)) (i32.const 1))))
  (i64.const 0)
  (i32.const 0))
