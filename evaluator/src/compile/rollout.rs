//! Windows, rollouts and weights: who of those that match a rule is served, and what.

use wasm_encoder::ValType;

use super::CompileError;
use super::code::{Label, Local, long, word};
use super::helpers;
use super::lower::Lowering;
use crate::condition::{AttributeId, Type};
use crate::program::abi::{self, Outcome, Why, record};
use crate::rules::{Rollout, Serve, Share, TargetingRule, Window, buckets};

/// As many hashes as there are.
const EVERYBODY: u64 = 1 << 32;

/// What a rule buckets by: where the text is, and the seed.
#[derive(Debug, Clone, Copy)]
struct Bucketed {
    slot: u32,
    /// The offset of the text's address in the slot; its length stands four bytes off.
    address: u32,
    length: u32,
    seed: u32,
}

impl Lowering<'_> {
    /// Branches to `next` outside the window.
    pub(super) fn window(&mut self, window: Window, next: Label) {
        if let Some(from_ms) = window.from_ms {
            self.now_ms();
            self.code.put().i64_const(from_ms).i64_lt_s();
            self.code.br_if(next);
        }
        if let Some(to_ms) = window.to_ms {
            self.now_ms();
            self.code.put().i64_const(to_ms).i64_ge_s();
            self.code.br_if(next);
        }
    }

    /// Returns from the feature's function with what the rule serves, or branches to `next` where the context is
    /// outside its rollout.
    pub(super) fn serve(
        &mut self,
        rule: &TargetingRule,
        position: u16,
        next: Label,
    ) -> Result<(), CompileError> {
        match &rule.rollout {
            None => self.serve_within(rule, position, Why::Matched, next),
            Some(Rollout::Fixed(share)) => match buckets::within_rollout(share.0) {
                EVERYBODY => self.serve_within(rule, position, Why::Matched, next),
                0 => {
                    self.code.br(next);
                    Ok(())
                }
                within => {
                    let by = self.bucketed(rule, next)?;
                    self.hash(by, helpers::ROLLOUT);
                    self.code
                        .put()
                        .i32_const((within as u32).cast_signed())
                        .i32_ge_u();
                    self.code.br_if(next);
                    self.serve_within(rule, position, Why::Split, next)
                }
            },
            Some(Rollout::Steps(steps)) => self.serve_by_steps(rule, steps, position, next),
            Some(Rollout::Linear {
                from_ms,
                to_ms,
                start,
                end,
            }) => {
                let share = self.code.local(ValType::F64);
                self.now_ms();
                self.code.put().i64_const(*from_ms).i64_const(*to_ms);
                self.code.put().f64_const(start.0.into()).f64_const(end.0.into());
                self.code.call(helpers::LINEAR_SHARE);
                self.code.tee(share);
                self.code.put().f64_const(0.0.into()).f64_le();
                self.code.br_if(next);
                let not_all = self.code.block();
                self.code.get(share);
                self.code.put().f64_const(1.0.into()).f64_lt();
                self.code.br_if(not_all);
                self.serve_within(rule, position, Why::Matched, next)?;
                self.code.end();
                let by = self.bucketed(rule, next)?;
                self.hash(by, helpers::ROLLOUT);
                self.code
                    .put()
                    .f64_convert_i32_u()
                    .f64_const(buckets::MAX_HASH.into())
                    .f64_div();
                self.code.get(share);
                self.code.put().f64_gt();
                self.code.br_if(next);
                self.code.release(share);
                self.serve_within(rule, position, Why::Split, next)
            }
        }
    }

    fn serve_by_steps(
        &mut self,
        rule: &TargetingRule,
        steps: &[(i64, Share)],
        position: u16,
        next: Label,
    ) -> Result<(), CompileError> {
        let within = self.code.local(ValType::I64);
        self.code.put().i64_const(0);
        self.code.set(within);
        for (from_ms, share) in steps {
            self.code
                .put()
                .i64_const(buckets::within_rollout(share.0).cast_signed());
            self.code.get(within);
            self.now_ms();
            self.code.put().i64_const(*from_ms).i64_ge_s().select();
            self.code.set(within);
        }
        let not_all = self.code.block();
        self.code.get(within);
        self.code.put().i64_const(EVERYBODY.cast_signed()).i64_ne();
        self.code.br_if(not_all);
        self.serve_within(rule, position, Why::Matched, next)?;
        self.code.end();
        self.code.get(within);
        self.code.put().i64_eqz();
        self.code.br_if(next);
        let by = self.bucketed(rule, next)?;
        self.hash(by, helpers::ROLLOUT);
        self.code.put().i64_extend_i32_u();
        self.code.get(within);
        self.code.put().i64_ge_u();
        self.code.br_if(next);
        self.code.release(within);
        self.serve_within(rule, position, Why::Split, next)
    }

    /// Returns with what the rule serves to whoever is within its rollout.
    fn serve_within(
        &mut self,
        rule: &TargetingRule,
        position: u16,
        why: Why,
        next: Label,
    ) -> Result<(), CompileError> {
        let outcome = |variation: usize, why| Outcome {
            variation: variation as u16,
            rule: Some(position),
            why,
        };
        let weights = match &rule.serve {
            Serve::One(variation) => {
                self.answer(outcome(*variation, why));
                return Ok(());
            }
            Serve::Weighted(weights) => weights,
        };
        match weights.split_last() {
            None => {
                return Err(CompileError::Dangling {
                    what: "weighted variation",
                });
            }
            Some(((only, _), [])) => self.answer(outcome(*only, why)),
            Some(((last, _), others)) => {
                let by = self.bucketed(rule, next)?;
                self.hash(by, helpers::BUCKET);
                let hash = self.code.local(ValType::I32);
                self.code.set(hash);
                self.weighted(others, hash, |variation| outcome(variation, Why::Split));
                self.code.release(hash);
                // The shares add up to 1, and so the last has all that is left.
                self.answer(outcome(*last, Why::Split));
            }
        }
        Ok(())
    }

    fn weighted(&mut self, weights: &[(usize, Share)], hash: Local, outcome: impl Fn(usize) -> Outcome) {
        let mut sum = 0.0;
        for (variation, share) in weights {
            sum += share.0;
            let other = self.code.block();
            let below = buckets::below(sum);
            if below < EVERYBODY {
                self.code.get(hash);
                self.code.put().i32_const((below as u32).cast_signed()).i32_ge_u();
                self.code.br_if(other);
            }
            self.answer(outcome(*variation));
            self.code.end();
        }
    }

    /// What to bucket by; branches to `next` where the context does not have it.
    fn bucketed(&mut self, rule: &TargetingRule, next: Label) -> Result<Bucketed, CompileError> {
        let by: AttributeId = rule.by.ok_or(CompileError::Dangling {
            what: "attribute to bucket by",
        })?;
        let slot = self.layout.slot(by)?;
        let (address, length) = match self.attribute_type(by)? {
            Type::String => (record::VALUE, record::LENGTH),
            Type::Int | Type::Uint | Type::Double => (record::TEXT, record::TEXT + 4),
            _ => {
                return Err(CompileError::IllTyped {
                    what: "an attribute to bucket by that has no text",
                });
            }
        };
        self.code.address(slot);
        self.code.put().i32_load(word(record::TAG)).i32_eqz();
        self.code.br_if(next);
        Ok(Bucketed {
            slot,
            address,
            length,
            seed: buckets::seed_of_salt(&rule.salt),
        })
    }

    /// Pushes the hash that the helper computes.
    fn hash(&mut self, by: Bucketed, helper: helpers::Helper) {
        self.code.address(by.slot);
        self.code.put().i32_load(word(by.address));
        self.code.address(by.slot);
        self.code
            .put()
            .i32_load(word(by.length))
            .i32_const(by.seed.cast_signed());
        self.code.call(helper);
    }

    /// Returns from the feature's function.
    pub(super) fn answer(&mut self, outcome: Outcome) {
        self.code.put().i64_const(outcome.pack()).return_();
    }

    /// Pushes the context's moment in milliseconds.
    pub(super) fn now_ms(&mut self) {
        self.code.put().i32_const(0).i64_load(long(abi::NOW));
    }
}
