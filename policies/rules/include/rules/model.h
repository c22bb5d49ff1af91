/*
 * Models and runs as the state knows them: what the warden needs beside a verdict, by the same
 * functions that decide uses.
 *
 * Threads: pure over a state nobody writes meanwhile. Source: DESIGN sections 3, 4.
 */
#ifndef RULES_MODEL_H
#define RULES_MODEL_H

#include "rules/plan_check.h"
#include "rules/rows.h"
#include "rules/state.h"

/* A grant with its account, proposal, catalogue and the pack in force. */
struct rules_grant {
    uint8_t id[32];
    struct sy_row_grant row;
    struct sy_row_account account;
    struct sy_proposal proposal;
    struct rules_defs defs; /* masked, in the proposal's order */
    struct sy_pack pack;
};

/* Read grant `id`, whatever its status. SY_E_GRANT when there is none; SY_E_NO_MEMORY;
 * SY_E_INTERNAL. Views are borrowed from the state, lists live in the arena; *ret is zeroed on
 * error. */
SY_MUST sy_status rules_grant_read(const struct rules_state *s, const uint8_t id[32],
                                   struct sy_arena *arena, struct rules_grant *ret,
                                   struct sy_error *reterr);

/* Is it in force at `now`? OK, SY_E_SUSPENDED, SY_E_GRANT (revoked), SY_E_EXPIRED (after not_after
 * or marked so; before not_before too), SY_E_OVERRUN (more overruns than allowed: stopped for
 * review). */
SY_MUST sy_status rules_grant_in_force(const struct sy_row_grant *row,
                                       const struct sy_proposal *proposal, int64_t now,
                                       struct sy_error *reterr);

/* May a charge under grant `id` be run again now (audit.rerun)? OK while the grant is active; SY_E_SUSPENDED: not
 * now, its shares are not here; SY_E_GRANT, SY_E_EXPIRED: never again; field "charge". */
SY_MUST sy_status rules_rerun_in_force(const struct rules_state *s, const uint8_t id[32],
                                       int64_t now, struct sy_arena *arena,
                                       struct sy_error *reterr);

struct rules_model {
    struct sy_row_model row;
    struct sy_model_def def;
    struct sy_plan plan;
    struct rules_grant grant;
    struct rules_plan_facts facts; /* under the current pack and grant */
};

/* Read model `id` with all it needs and check its plan again. SY_E_NOT_FOUND, SY_E_GRANT, or an
 * error of rules_plan_check; *ret is zeroed then. */
SY_MUST sy_status rules_model_read(const struct rules_state *s, const uint8_t id[32],
                                   struct sy_arena *arena, struct rules_model *ret,
                                   struct sy_error *reterr);

/* Does the pack have answers of this model's grade wait for a quorum of the log's witnesses? */
bool rules_model_waits(const struct rules_model *m);

/* --- model.check ------------------------------------------------------------------------------------
 * decide says whether the asker may ask; then the warden reads under what the model is judged, has it
 * lowered with ret->defs (a refusal of the worker is the result), and else has the plan judged. */

/* What a model.check is judged under: grant `grant`, or, when that is all zero, the draft in
 * check.proposal, which comes back without a row and id. As rules_grant_read, and the decoder's errors
 * for a draft. */
SY_MUST sy_status rules_check_read(const struct rules_state *s, const uint8_t grant[32],
                                   const struct sy_check *check, struct sy_arena *arena,
                                   struct rules_grant *ret, struct sy_error *reterr);

/* Judge a lowered plan as model.register would. OK: *ret is filled, refused or not (refused: code,
 * block, construct = the error's field, reason); lists and texts in the arena, `plan` borrowed.
 * SY_E_NO_MEMORY and errors from inside otherwise; *ret is zeroed then. */
SY_MUST sy_status rules_check_plan(const struct rules_grant *g, const struct sy_model_def *def,
                                   struct sy_view plan, struct sy_arena *arena,
                                   struct sy_check_result *ret, struct sy_error *reterr);

/* The data versions a run of `plan` reads: the latest published version of each of plan.sources, in
 * that order: what belongs into inputs.data of a charge. SY_E_STATE when a dataset has no version.
 * */
SY_MUST sy_status rules_run_data(const struct rules_state *s, const struct sy_plan *plan,
                                 struct sy_arena *arena, struct sy_data_ref **ret, size_t *ret_n,
                                 struct sy_error *reterr);

/* What became of charge `charge`. *ret_answered false (then *ret is untouched): nothing yet, or there is no such
 * charge. SY_E_INTERNAL, SY_E_NO_MEMORY: nobody can say. */
SY_MUST sy_status rules_charge_answer(const struct rules_state *s, uint64_t charge,
                                      struct sy_row_answer *ret, bool *ret_answered,
                                      struct sy_error *reterr);

/* Positions of a run's parameters in plan.params' declared values, in plan order. SY_E_FIELD (field
 * = "params.NAME") when one is missing, unknown, given twice or not a declared value. */
SY_MUST sy_status rules_run_params(const struct sy_plan *plan, const struct sy_run *run,
                                   struct sy_arena *arena, uint64_t **ret, size_t *ret_n,
                                   struct sy_error *reterr);

#endif
