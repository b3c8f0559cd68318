;; Records and lists that rules build. The room is the context's: the host takes it back before the next one.

;; Room for so many bytes, a multiple of eight, after the context's own; 0 if there is none. The room is
;; the context's: the host takes it all back before the next one.
(func $reserve (export "reserve") (param $bytes i32) (result i32)
  (local $at i32) (local $end i32) (local $pages i32)
  (local.set $at (i32.load offset=8 (i32.const 0)))
  (local.set $end (i32.add (local.get $at) (local.get $bytes)))
  (if (i32.lt_u (local.get $end) (local.get $at)) (then (return (i32.const 0))))
  ;; Pages up to the end, rounded up without overflow.
  (local.set $pages
    (i32.add (i32.shr_u (local.get $end) (i32.const 16))
             (i32.ne (i32.and (local.get $end) (i32.const 0xffff)) (i32.const 0))))
  (if (i32.gt_u (local.get $pages) (memory.size))
    (then
      (if (i32.eq (memory.grow (i32.sub (local.get $pages) (memory.size))) (i32.const -1))
        (then (return (i32.const 0))))))
  (i32.store offset=8 (i32.const 0) (local.get $end))
  (local.get $at))

(func $copy_record (export "copy_record") (param $from i32) (param $to i32)
  (call $copy (local.get $to) (local.get $from) (i32.const 64)))

;; The record of `count` elements at `elements`, which are reserved already; 0 if there is no room.
(func $list (export "list") (param $elements i32) (param $count i32) (result i32)
  (local $record i32)
  (if (i32.eqz (local.tee $record (call $reserve (i32.const 64)))) (then (return (i32.const 0))))
  (i32.store (local.get $record) (i32.const 7))
  (i32.store offset=4 (local.get $record) (local.get $count))
  (i64.store offset=8 (local.get $record) (i64.extend_i32_u (local.get $elements)))
  (local.get $record))

;; left + right, of two lists; 0 if there is no room.
(func $join_lists (export "join_lists") (param $left i32) (param $right i32) (result i32)
  (local $elements i32) (local $left_bytes i32) (local $right_bytes i32)
  ;; Both are in memory already, so that no size overflows.
  (local.set $left_bytes (i32.shl (i32.load offset=4 (local.get $left)) (i32.const 6)))
  (local.set $right_bytes (i32.shl (i32.load offset=4 (local.get $right)) (i32.const 6)))
  (local.set $elements (call $reserve (i32.add (local.get $left_bytes) (local.get $right_bytes))))
  (if (i32.eqz (local.get $elements)) (then (return (i32.const 0))))
  (call $copy (local.get $elements) (i32.load offset=8 (local.get $left)) (local.get $left_bytes))
  (call $copy
    (i32.add (local.get $elements) (local.get $left_bytes))
    (i32.load offset=8 (local.get $right))
    (local.get $right_bytes))
  (call $list (local.get $elements)
    (i32.add (i32.load offset=4 (local.get $left)) (i32.load offset=4 (local.get $right)))))

;; list[index]: the element's record, 0 where there is none.
(func $element (export "element") (param $list i32) (param $index i64) (result i32)
  (if (i64.ge_u (local.get $index) (i64.load32_u offset=4 (local.get $list))) (then (return (i32.const 0))))
  (i32.add
    (i32.load offset=8 (local.get $list))
    (i32.shl (i32.wrap_i64 (local.get $index)) (i32.const 6))))
