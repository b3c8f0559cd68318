;; Rollouts: MurmurHash3 x86-32, https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp

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

;; The share at `now` of a rollout that grows linearly between two instants.
(func $linear_share (export "linear_share")
  (param $now i64) (param $from i64) (param $to i64) (param $start f64) (param $end f64) (result f64)
  (if (i64.le_s (local.get $now) (local.get $from)) (then (return (local.get $start))))
  (if (i64.ge_s (local.get $now) (local.get $to)) (then (return (local.get $end))))
  (f64.add (local.get $start)
    (f64.mul (f64.sub (local.get $end) (local.get $start))
      (f64.div
        (f64.convert_i64_u (i64.sub (local.get $now) (local.get $from)))
        (f64.convert_i64_u (i64.sub (local.get $to) (local.get $from)))))))
