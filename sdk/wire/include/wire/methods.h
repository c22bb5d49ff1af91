/*
 * Every method: its arguments and its result, as canonical records. The table of methods (who may
 * call what, in which form) is policies/rules/src/methods.c; this header is what callers need.
 *
 * Identifiers of parties, datasets, scenes, models' short names: 1..64 bytes of [a-z0-9._-].
 * Budgets: rho in 1e-9 zCDP, delta in 1e-15. Times: UTC seconds.
 */
#ifndef WIRE_METHODS_H
#define WIRE_METHODS_H

#include "wire/application.h"
#include "wire/catalog.h"
#include "wire/envelope.h"
#include "wire/plan.h"

/* --- status.ping (no envelope; params []) -> map below, in clear ------------------------------ */
#define SY_PING_FIELDS(F, S, L)                                                                    \
    F(b32, box, "box", 0)                                                                          \
    F(b32, domain, "domain", 0)                                                                    \
    F(str, log, "log", 0)                                                                          \
    F(str, purpose, "purpose", 0)                                                                  \
    F(u64, size, "size", 0)                                                                        \
    F(i64, time, "time", 0)                                                                        \
    F(str, version, "version", 0)                                                                  \
    F(b32, warden, "warden", 0)
SY_RECORD(ping, SY_PING_FIELDS)

/* --- parties ---------------------------------------------------------------------------------- */
/* role: agency operator department developer security auditor buyer issuer. tls = SHA-256 of the client
 * certificate's DER. staff: members have been enrolled, with keys of their own (wire/staff.h). status: active
 * revoked. */
#define SY_PARTY_FIELDS(F, S, L)                                                                   \
    F(b32, box, "box", 0)                                                                          \
    F(str, name, "name", 0)                                                                        \
    F(str, party, "party", 0)                                                                      \
    F(str, role, "role", 0)                                                                        \
    F(b32, sign, "sign", 0)                                                                        \
    F(bool, staff, "staff", SY_OPT)                                                                \
    F(str, status, "status", 0)                                                                    \
    F(b32, tls, "tls", 0)
SY_RECORD(party, SY_PARTY_FIELDS)

/* An invitation, signed by the agency's key over its canonical bytes; ctx = "shuyu-invite-1". It
 * also tells the invited what to pin: domain id, box key, log vkey, warden key. */
#define SY_INVITE_FIELDS(F, S, L)                                                                  \
    F(b32, box, "box", 0)                                                                          \
    F(str, ctx, "ctx", 0)                                                                          \
    F(b32, domain, "domain", 0)                                                                    \
    F(i64, expiry, "expiry", 0)                                                                    \
    F(str, log, "log", 0)                                                                          \
    F(str, name, "name", 0)                                                                        \
    F(b16, nonce, "nonce", 0)                                                                      \
    F(str, party, "party", 0)                                                                      \
    F(str, role, "role", 0)                                                                        \
    F(b32, warden, "warden", 0)
SY_RECORD(invite, SY_INVITE_FIELDS)

/* party.enrol: signed by the new key `sign`; header.party = invite.party. */
#define SY_ENROL_FIELDS(F, S, L)                                                                   \
    F(b32, box, "box", 0)                                                                          \
    F(bin, invite, "invite", 0)                                                                    \
    F(bin, invite_sig, "invite_sig", 0)                                                            \
    F(b32, sign, "sign", 0)                                                                        \
    F(b32, tls, "tls", 0)
SY_RECORD(enrol, SY_ENROL_FIELDS)

/* pack.adopt (agency): the compiled pack, see policies/packs and wire/pack.h. */
#define SY_PACK_ADOPT_FIELDS(F, S, L) F(bin, pack, "pack", 0)
SY_RECORD(pack_adopt, SY_PACK_ADOPT_FIELDS)

/* witness.adopt (agency): who cosigns the log's checkpoints, a c2sp.org/tlog-policy text (proof/policy.h) that
 * names the domain's log. At most SY_WITNESSES_MAX witnesses, whose cosignatures fit into SY_COSIGNED_MAX. */
enum { SY_WITNESSES_MAX = 16, SY_POLICY_MAX = 32768, SY_COSIGNED_MAX = 4096 };
#define SY_WITNESS_ADOPT_FIELDS(F, S, L) F(str, policy, "policy", 0)
SY_RECORD(witness_adopt, SY_WITNESS_ADOPT_FIELDS)

/* witness.status (every party): how the witnesses stand. state: new (not asked to the end yet), good (its last
 * answer was a cosignature), silent (no answer), refuses (answers, but does not cosign), stale (its clock is
 * wrong), claims (it says that it saw another log than this one, and shows no checkpoint of it), unasked (the policy has no URL for it). size, time: of its last cosignature, as it states them; quorum_size,
 * quorum_time: of the newest checkpoint that a quorum has cosigned; zero: none yet. held: a witness claims another
 * log and no quorum has answered that: nothing is charged. */
#define SY_WITNESS_PEER_FIELDS(F, S, L)                                                            \
    F(str, name, "name", 0)                                                                        \
    F(u64, size, "size", SY_OPT)                                                                   \
    F(str, state, "state", 0)                                                                      \
    F(u64, time, "time", SY_OPT)                                                                   \
    F(str, url, "url", SY_OPT)
SY_RECORD(witness_peer, SY_WITNESS_PEER_FIELDS)
#define SY_WITNESS_STATUS_FIELDS(F, S, L)                                                          \
    F(bool, held, "held", SY_OPT)                                                                  \
    F(str, policy, "policy", SY_OPT)                                                               \
    F(bool, quorum, "quorum", SY_OPT)                                                              \
    F(u64, quorum_size, "quorum_size", SY_OPT)                                                     \
    F(u64, quorum_time, "quorum_time", SY_OPT)                                                     \
    F(u64, size, "size", 0)                                                                        \
    L(witness_peer, witnesses, "witnesses", SY_OPT)
SY_RECORD(witness_status, SY_WITNESS_STATUS_FIELDS)

/* --- datasets --------------------------------------------------------------------------------- */
/* dataset.define (department): args = sy_dataset_def.
 * dataset.share (who holds a share of its key; read): the caller's share, sealed box to its box key. SY_E_NOT_FOUND
 * when the agency, or the dataset's own department, holds none. */
#define SY_DATASET_REF_FIELDS(F, S, L) F(str, dataset, "dataset", 0)
SY_RECORD(dataset_ref, SY_DATASET_REF_FIELDS)
#define SY_SEALED_SHARE_FIELDS(F, S, L)                                                            \
    F(str, dataset, "dataset", 0)                                                                  \
    F(bin, sealed, "sealed", 0)
SY_RECORD(sealed_share, SY_SEALED_SHARE_FIELDS)

/* dataset.ingest (department, local socket only, with the raw file's descriptor): starts an attempt.
 * Progress comes as notifications "progress" [attempt bin, rows, bytes]; the result when published is
 * sy_ingest_result. */
#define SY_INGEST_FIELDS(F, S, L)                                                                  \
    F(str, dataset, "dataset", 0)                                                                  \
    F(u64, file_bytes, "file_bytes", SY_OPT)
SY_RECORD(ingest, SY_INGEST_FIELDS)
#define SY_INGEST_RESULT_FIELDS(F, S, L)                                                           \
    S(quality, quality, "quality", 0)                                                              \
    F(u64, rows, "rows", SY_OPT)                                                                   \
    F(u64, version, "version", 0)
SY_RECORD(ingest_result, SY_INGEST_RESULT_FIELDS)

/* --- scenes and grants ------------------------------------------------------------------------ */
/* mask: "" none | drop | pseudonym | band:W (integers: floor to a multiple of W from lo) |
 * date:month | date:year | prefix:N (codes). */
#define SY_PROP_FIELD_FIELDS(F, S, L)                                                              \
    F(str, mask, "mask", SY_OPT)                                                                   \
    F(str, name, "name", 0)                                                                        \
    F(str, reason, "reason", SY_OPT)
SY_RECORD(prop_field, SY_PROP_FIELD_FIELDS)
#define SY_PROP_DATASET_FIELDS(F, S, L)                                                            \
    F(str, dataset, "dataset", 0)                                                                  \
    L(prop_field, fields, "fields", 0)
SY_RECORD(prop_dataset, SY_PROP_DATASET_FIELDS)

/* scene.apply (developer). The grant's id = SHA-256("shuyu-proposal-1" || canonical proposal).
 * application: none or one (wire/application.h). rho/delta/cells: the share reserved in every unit namespace the datasets touch. calls: runs in all.
 * overruns: runs that may overrun before the scene stops for human review. */
#define SY_PROPOSAL_FIELDS(F, S, L)                                                                \
    L(application, application, "application", SY_OPT)                                             \
    F(u64, calls, "calls", 0)                                                                      \
    F(u64, cells, "cells", SY_OPT)                                                                 \
    L(prop_dataset, datasets, "datasets", 0)                                                       \
    F(u64, delta, "delta", SY_OPT)                                                                 \
    F(str, developer, "developer", 0)                                                              \
    F(b32, domain, "domain", 0)                                                                    \
    F(strs, mechanisms, "mechanisms", 0)                                                           \
    F(i64, not_after, "not_after", 0)                                                              \
    F(i64, not_before, "not_before", 0)                                                            \
    F(u64, overruns, "overruns", SY_OPT)                                                           \
    F(str, purpose, "purpose", 0)                                                                  \
    F(u64, rho, "rho", SY_OPT)                                                                     \
    F(str, scene, "scene", 0)                                                                      \
    F(str, title, "title", 0)
SY_RECORD(proposal, SY_PROPOSAL_FIELDS)

/* scene.first_review (operator), scene.consent (department), scene.final_review (agency): args below,
 * header.grant = the proposal hash. decision: approve | reject | return (for correction; where the pack has a section
 * for scenes, and then `opinion` says what is to be corrected). */
#define SY_REVIEW_FIELDS(F, S, L)                                                                  \
    F(str, compliance, "compliance", SY_OPT)                                                       \
    F(str, decision, "decision", 0)                                                                \
    F(str, feasibility, "feasibility", SY_OPT)                                                     \
    F(str, opinion, "opinion", SY_OPT)                                                             \
    F(str, risk, "risk", SY_OPT)                                                                   \
    F(str, value, "value", SY_OPT)
SY_RECORD(review, SY_REVIEW_FIELDS)

/* Secret of an approving consent, of an approving final review and of a resumption: the sender's share of each dataset
 * of the grant of whose key it holds one. Never logged; its digest is. After a suspension a department that holds shares
 * consents again (header.grant: the grant), and deposits them with that, before the agency resumes. */
#define SY_SHARE_FIELDS(F, S, L)                                                                   \
    F(str, dataset, "dataset", 0)                                                                  \
    F(b32, share, "share", 0)
SY_RECORD(share, SY_SHARE_FIELDS)
#define SY_SHARES_FIELDS(F, S, L) L(share, shares, "shares", 0)
SY_RECORD(shares, SY_SHARES_FIELDS)

/* scene.suspend, scene.lift, scene.resume, scene.revoke (header.grant). ground: a code of the pack. */
#define SY_ORDER_FIELDS(F, S, L)                                                                   \
    F(str, ground, "ground", 0)                                                                    \
    F(str, text, "text", SY_OPT)
SY_RECORD(order, SY_ORDER_FIELDS)

/* domain.promote (agency, with the operator's signature under the same header; on the standby's own host):
 * the folder `seat` leads from here on, in noise epoch `epoch`. size, root: of the log that it goes on from,
 * this entry not counted. */
#define SY_PROMOTE_FIELDS(F, S, L)                                                                 \
    F(u64, epoch, "epoch", 0)                                                                      \
    F(b32, root, "root", 0)                                                                        \
    F(b32, seat, "seat", 0)                                                                        \
    F(u64, size, "size", 0)                                                                        \
    F(str, text, "text", SY_OPT)
SY_RECORD(promote, SY_PROMOTE_FIELDS)

/* budget.recover (agency): give back part of what a namespace has spent, within what the pack allows a
 * year (wire/pack.h). ground: a code of the pack. */
#define SY_RECOVER_FIELDS(F, S, L)                                                                 \
    F(u64, delta, "delta", SY_OPT)                                                                 \
    F(str, ground, "ground", 0)                                                                    \
    F(str, ns, "ns", 0)                                                                            \
    F(u64, rho, "rho", SY_OPT)                                                                     \
    F(str, text, "text", SY_OPT)
SY_RECORD(recover, SY_RECOVER_FIELDS)

/* What one namespace is charged for a run. cells: of g2 figures. left, spent (rho), cells_left, cells_spent:
 * of the grant's share after it; in answers only. */
#define SY_SPEND_FIELDS(F, S, L)                                                                   \
    F(u64, cells, "cells", SY_OPT)                                                                 \
    F(u64, cells_left, "cells_left", SY_OPT)                                                       \
    F(u64, cells_spent, "cells_spent", SY_OPT)                                                     \
    F(u64, delta, "delta", SY_OPT)                                                                 \
    F(u64, left, "left", SY_OPT)                                                                   \
    F(str, ns, "ns", 0)                                                                            \
    F(u64, rho, "rho", SY_OPT)                                                                     \
    F(u64, spent, "spent", SY_OPT)
SY_RECORD(spend, SY_SPEND_FIELDS)

/* --- models ----------------------------------------------------------------------------------- */
/* One bound narrower than the catalogue's: the sum behind the block's column `figure` clamps each row
 * to [lo, hi] (decimal texts). */
#define SY_MODEL_CLAMP_FIELDS(F, S, L)                                                             \
    F(str, figure, "figure", 0)                                                                    \
    F(str, hi, "hi", 0)                                                                            \
    F(str, lo, "lo", 0)
SY_RECORD(model_clamp, SY_MODEL_CLAMP_FIELDS)

/* One block: a SELECT whose groups and aggregates leave under one mechanism. groups, rows as in
 * wire/plan.h; rho, delta: its price for the namespace it protects. threshold: cells leave through
 * noisy thresholds although their keys are declared. unit: the column, as its FROM names it, by which
 * contributions are bounded; "" where there is only one choice, else the dataset's own unit. tree: as in
 * wire/plan.h. shape: what is done to its released figures: "nonnegative", "round:N" (decimal), in this order. */
#define SY_MODEL_BLOCK_FIELDS(F, S, L)                                                             \
    L(model_clamp, clamps, "clamps", SY_OPT)                                                       \
    F(u64, delta, "delta", SY_OPT)                                                                 \
    F(u64, groups, "groups", 0)                                                                    \
    F(str, mechanism, "mechanism", 0)                                                              \
    F(str, name, "name", 0)                                                                        \
    F(u64, rho, "rho", SY_OPT)                                                                     \
    F(u64, rows, "rows", 0)                                                                        \
    F(strs, shape, "shape", SY_OPT)                                                                \
    F(str, sql, "sql", 0)                                                                          \
    F(bool, threshold, "threshold", SY_OPT)                                                        \
    F(str, tree, "tree", SY_OPT)                                                                   \
    F(str, unit, "unit", SY_OPT)
SY_RECORD(model_block, SY_MODEL_BLOCK_FIELDS)

/* model.register (developer; header.grant): the manifest. post: a SELECT over the blocks' names, whose
 * result is the answer; required when there are several blocks. definition: where the indicator's
 * definition comes from; version: the developer's own. */
#define SY_MODEL_DEF_FIELDS(F, S, L)                                                               \
    L(model_block, blocks, "blocks", 0)                                                            \
    F(str, definition, "definition", SY_OPT)                                                       \
    F(str, name, "name", 0)                                                                        \
    L(plan_param, params, "params", SY_OPT)                                                        \
    F(str, post, "post", SY_OPT)                                                                   \
    F(str, purpose, "purpose", SY_OPT)                                                             \
    F(str, title, "title", 0)                                                                      \
    F(str, version, "version", SY_OPT)
SY_RECORD(model_def, SY_MODEL_DEF_FIELDS)
/* Result of model.register; model = SHA-256("shuyu-model-1" || grant || SHA-256(plan) ||
 * SHA-256(canonical model_def)). rendering: what the reviewer reads. */
#define SY_MODEL_RESULT_FIELDS(F, S, L)                                                            \
    F(b32, model, "model", 0)                                                                      \
    F(bin, plan, "plan", 0)                                                                        \
    F(str, rendering, "rendering", 0)
SY_RECORD(model_result, SY_MODEL_RESULT_FIELDS)
/* model.review (operator; header.subject = model): args = sy_review. */

/* model.check (developer; operator and agency under a grant; read): would this model be accepted, what
 * does it do, what does it cost? Under header.grant, or, when that is zero, under `proposal` (a canonical sy_proposal of the caller
 * that need not be filed). Lowered by a worker without data; nothing is registered, no data touched. */
#define SY_CHECK_FIELDS(F, S, L)                                                                   \
    S(model_def, model, "model", 0)                                                                \
    F(bin, proposal, "proposal", SY_OPT)
SY_RECORD(check, SY_CHECK_FIELDS)
/* What leaves as one figure: noise = its scale (sigma or t; 0 exact), half = half-width of the 95 %
 * interval, both in units of 10^-scale; bound = most that one unit moves one cell. */
#define SY_CHECK_FIGURE_FIELDS(F, S, L)                                                            \
    F(str, block, "block", 0)                                                                      \
    F(u64, bound, "bound", SY_OPT)                                                                 \
    F(u64, half, "half", SY_OPT)                                                                   \
    F(str, mechanism, "mechanism", 0)                                                              \
    F(str, name, "name", 0)                                                                        \
    F(u64, noise, "noise", SY_OPT)                                                                 \
    F(u64, scale, "scale", SY_OPT)
SY_RECORD(check_figure, SY_CHECK_FIGURE_FIELDS)
/* refused = lowering or the plan check says no: code, block, construct, pos, reason, hint as in
 * sy_lower_result. Else plan, rendering, cells (declared, all blocks), slot and prices. */
#define SY_CHECK_RESULT_FIELDS(F, S, L)                                                            \
    F(str, block, "block", SY_OPT)                                                                 \
    F(u64, cells, "cells", SY_OPT)                                                                 \
    F(str, code, "code", SY_OPT)                                                                   \
    F(str, construct, "construct", SY_OPT)                                                         \
    L(check_figure, figures, "figures", SY_OPT)                                                    \
    F(str, hint, "hint", SY_OPT)                                                                   \
    F(bin, plan, "plan", SY_OPT)                                                                   \
    F(u64, pos, "pos", SY_OPT)                                                                     \
    F(str, reason, "reason", SY_OPT)                                                               \
    F(bool, refused, "refused", SY_OPT)                                                            \
    F(str, rendering, "rendering", SY_OPT)                                                         \
    F(u64, slot_ms, "slot_ms", SY_OPT)                                                             \
    L(spend, spends, "spends", SY_OPT)
SY_RECORD(check_result, SY_CHECK_RESULT_FIELDS)

/* --- runs ------------------------------------------------------------------------------------- */
/* model.run (developer; header.grant, header.subject = model). Each declared parameter once. */
#define SY_RUN_PARAM_FIELDS(F, S, L)                                                               \
    F(str, name, "name", 0)                                                                        \
    F(str, value, "value", 0)
SY_RECORD(run_param, SY_RUN_PARAM_FIELDS)
#define SY_RUN_FIELDS(F, S, L) L(run_param, params, "params", SY_OPT)
SY_RECORD(run, SY_RUN_FIELDS)

#define SY_DATA_REF_FIELDS(F, S, L)                                                                \
    F(str, dataset, "dataset", 0)                                                                  \
    F(b32, header, "header", 0)                                                                    \
    F(u64, version, "version", 0)
SY_RECORD(data_ref, SY_DATA_REF_FIELDS)

/* One output column, columnar over rows. kind: key | figure. Keys have `labels` positions... */
#define SY_ANSWER_COLUMN_FIELDS(F, S, L)                                                           \
    F(i64s, hi, "hi", SY_OPT)                                                                      \
    F(str, kind, "kind", 0)                                                                        \
    F(i64s, lo, "lo", SY_OPT)                                                                      \
    F(str, mechanism, "mechanism", SY_OPT)                                                         \
    F(str, name, "name", 0)                                                                        \
    F(u64, noise, "noise", SY_OPT)                                                                 \
    F(u64, scale, "scale", SY_OPT)                                                                 \
    F(str, shaped, "shaped", SY_OPT)                                                               \
    F(strs, texts, "texts", SY_OPT)                                                                \
    F(i64s, values, "values", SY_OPT)                                                              \
    F(u64s, withheld, "withheld", SY_OPT)
SY_RECORD(answer_column, SY_ANSWER_COLUMN_FIELDS)
/* A key column has `texts`, one per row (a NULL key is the text "∅"). A figure column has `values`
 * and the 95 % interval [lo, hi] per row, all x 10^scale; `noise` is its noise scale (sigma for
 * gauss, t for laplace; 0 for ratios and figures of the post stage, whose interval says all; the
 * mechanism of the latter is "post"); `withheld` lists row numbers; `shaped` says what was done to the
 * released figures afterwards ("nonnegative, rounded to 10"), "" nothing.
 * `blind` is 32 bytes that only the warden and the party know: the log holds a commitment to the answer
 * together with its salt, and without them whoever reads the log could try the few answers that there
 * can be (yes, no, unknown). */
#define SY_ANSWER_FIELDS(F, S, L)                                                                  \
    F(b32, blind, "blind", SY_OPT)                                                                 \
    L(answer_column, columns, "columns", 0)                                                        \
    L(data_ref, data, "data", 0)                                                                   \
    F(b32, grant, "grant", 0)                                                                      \
    F(b32, model, "model", 0)                                                                      \
    F(u64, rows, "rows", SY_OPT)                                                                   \
    L(spend, spends, "spends", SY_OPT)                                                             \
    F(i64, time, "time", 0)
SY_RECORD(answer, SY_ANSWER_FIELDS)

/* --- re-runs ---------------------------------------------------------------------------------- */
/* audit.rerun (auditor, agency; local socket only): run the answered charge `charge` again, inside the domain,
 * on the data versions, parameters and noise it was answered with, and compare the commitments of the two
 * answers. */
#define SY_RERUN_FIELDS(F, S, L) F(u64, charge, "charge", 0)
SY_RECORD(rerun, SY_RERUN_FIELDS)
/* outcome: match | mismatch | unable; code: of an error, why it could not be run, else 0; answer: entry of the
 * answer it was compared with. */
#define SY_RERUN_RESULT_FIELDS(F, S, L)                                                            \
    F(u64, answer, "answer", 0)                                                                    \
    F(u64, charge, "charge", 0)                                                                    \
    F(u64, code, "code", SY_OPT)                                                                   \
    F(str, outcome, "outcome", 0)
SY_RECORD(rerun_result, SY_RERUN_RESULT_FIELDS)
/* audit.reran, the warden's own act: what came of the re-run that entry `rerun` asked for. */
#define SY_RERAN_FIELDS(F, S, L)                                                                   \
    F(u64, charge, "charge", 0)                                                                    \
    F(u64, code, "code", SY_OPT)                                                                   \
    F(str, outcome, "outcome", 0)                                                                  \
    F(u64, rerun, "rerun", 0)
SY_RECORD(reran, SY_RERAN_FIELDS)

/* --- reads (authorised by role, not logged when allowed) --------------------------------------- */
/* state.list: records of the state under a prefix the caller may see (rules decide): "party/",
 * "dataset/", "version/", "proposal/", "grant/", "account/", "model/", "budget/", "pack". `after` pages on. */
#define SY_LIST_FIELDS(F, S, L)                                                                    \
    F(str, after, "after", SY_OPT)                                                                 \
    F(str, prefix, "prefix", 0)
SY_RECORD(list, SY_LIST_FIELDS)
#define SY_STATE_ROW_FIELDS(F, S, L)                                                               \
    F(str, key, "key", 0)                                                                          \
    F(bin, value, "value", 0)
SY_RECORD(state_row, SY_STATE_ROW_FIELDS)
#define SY_STATE_ROWS_FIELDS(F, S, L)                                                              \
    F(bool, more, "more", SY_OPT)                                                                  \
    L(state_row, rows, "rows", SY_OPT)
SY_RECORD(state_rows, SY_STATE_ROWS_FIELDS)

/* risk.report (operator, agency, security): linkage-risk figures, counted from the log alone
 * (rules/guard.h). spaces: the accounts, each what was spent, what grants hold, the cap. pairs: questions of
 * party `a` that overlap an earlier one of `b`, one for each; fields: g2 questions that narrow or divide by
 * it; refusals: by the guard, the last at `entry`; regions: g2 questions in all. */
#define SY_RISK_SPACE_FIELDS(F, S, L)                                                              \
    F(u64, cap_cells, "cap_cells", SY_OPT)                                                         \
    F(u64, cap_delta, "cap_delta", SY_OPT)                                                         \
    F(u64, cap_rho, "cap_rho", SY_OPT)                                                             \
    F(u64, held_cells, "held_cells", SY_OPT)                                                       \
    F(u64, held_delta, "held_delta", SY_OPT)                                                       \
    F(u64, held_rho, "held_rho", SY_OPT)                                                           \
    F(str, ns, "ns", 0)                                                                            \
    F(u64, spent_cells, "spent_cells", SY_OPT)                                                     \
    F(u64, spent_delta, "spent_delta", SY_OPT)                                                     \
    F(u64, spent_rho, "spent_rho", SY_OPT)
SY_RECORD(risk_space, SY_RISK_SPACE_FIELDS)
#define SY_RISK_PAIR_FIELDS(F, S, L)                                                               \
    F(str, a, "a", 0)                                                                              \
    F(str, b, "b", 0)                                                                              \
    F(u64, n, "n", 0)                                                                              \
    F(str, ns, "ns", 0)
SY_RECORD(risk_pair, SY_RISK_PAIR_FIELDS)
#define SY_RISK_FIELD_FIELDS(F, S, L)                                                              \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, field, "field", 0)                                                                      \
    F(u64, n, "n", 0)
SY_RECORD(risk_field, SY_RISK_FIELD_FIELDS)
#define SY_RISK_REFUSAL_FIELDS(F, S, L)                                                            \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, n, "n", 0)                                                                              \
    F(str, party, "party", 0)
SY_RECORD(risk_refusal, SY_RISK_REFUSAL_FIELDS)
#define SY_RISK_REPORT_FIELDS(F, S, L)                                                             \
    L(risk_field, fields, "fields", SY_OPT)                                                        \
    L(risk_pair, pairs, "pairs", SY_OPT)                                                           \
    L(risk_refusal, refusals, "refusals", SY_OPT)                                                  \
    F(u64, regions, "regions", SY_OPT)                                                             \
    L(risk_space, spaces, "spaces", SY_OPT)
SY_RECORD(risk_report, SY_RISK_REPORT_FIELDS)

/* log.entries (auditor, agency: all; a party: its own): bodies from entry `first` on. An entry that
 * the caller may not read comes with an empty body. */
#define SY_LOG_RANGE_FIELDS(F, S, L)                                                               \
    F(u64, first, "first", SY_OPT)                                                                 \
    F(u64, n, "n", 0)
SY_RECORD(log_range, SY_LOG_RANGE_FIELDS)
#define SY_LOG_ENTRY_FIELDS(F, S, L)                                                               \
    F(bin, body, "body", SY_OPT)                                                                   \
    F(u64, index, "index", SY_OPT)                                                                 \
    F(bin, leaf, "leaf", 0)                                                                        \
    F(b32, salt, "salt", SY_OPT)
SY_RECORD(log_entry, SY_LOG_ENTRY_FIELDS)
#define SY_LOG_ENTRIES_FIELDS(F, S, L)                                                             \
    F(str, checkpoint, "checkpoint", 0)                                                            \
    L(log_entry, entries, "entries", SY_OPT)
SY_RECORD(log_entries, SY_LOG_ENTRIES_FIELDS)

/* log.rotate (operator, then agency with the same arguments; the agency's is the one that takes effect): give
 * the log another key, in three stages. announce: the warden makes a key; log is empty. overlap: from here on
 * every checkpoint is signed by both; log: the new vkey, as announced. retire: only the new key signs, the
 * old one's secret is erased; log: the new vkey. The result says where the log stands then: stage single (one
 * key), announced or overlap; asked: the stage that waits for the agency; key: in force; next: follows it.
 * agency: with the agency's overlap, when its own signing key is another than genesis names: its requests
 * party.rotate, as logged (canonical sy_logged_request), oldest first, so that the order can be checked from genesis on. */
#define SY_LOG_ROTATE_FIELDS(F, S, L)                                                              \
    F(bins, agency, "agency", SY_OPT)                                                              \
    F(str, log, "log", SY_OPT)                                                                     \
    F(str, stage, "stage", 0)
SY_RECORD(log_rotate, SY_LOG_ROTATE_FIELDS)
#define SY_LOG_ROTATED_FIELDS(F, S, L)                                                             \
    F(str, asked, "asked", SY_OPT)                                                                 \
    F(str, key, "key", 0)                                                                          \
    F(str, next, "next", SY_OPT)                                                                   \
    F(str, stage, "stage", 0)
SY_RECORD(log_rotated, SY_LOG_ROTATED_FIELDS)

/* log.keys (every party): the hand-overs of the log, oldest first: the agency's `overlap` of each, whose
 * receipt is against a checkpoint that both keys signed (proof/handover.h). genesis: canonical, for the
 * domain's id and the agency's key. */
#define SY_LOG_KEYS_FIELDS(F, S, L)                                                                \
    F(bin, genesis, "genesis", 0)                                                                  \
    L(entry_proof, proofs, "proofs", SY_OPT)
SY_RECORD(log_keys, SY_LOG_KEYS_FIELDS)

/* log.close (agency, with the operator's signature under the same header; on the domain's own host): this log ends
 * with this entry, and goes on as the one that `log` names, the vkey of the next log's first key (rules/shard.h).
 * root, size: of the log before this entry. agency: as in log.rotate. */
#define SY_LOG_CLOSE_FIELDS(F, S, L)                                                               \
    F(bins, agency, "agency", SY_OPT)                                                              \
    F(str, log, "log", 0)                                                                          \
    F(b32, root, "root", 0)                                                                        \
    F(u64, size, "size", 0)                                                                        \
    F(str, text, "text", SY_OPT)
SY_RECORD(log_close, SY_LOG_CLOSE_FIELDS)

/* log.open (warden), the first entry of a log that goes on from a closed one. checkpoint: the closed log's last;
 * log: the vkey that signed it; root, size: what it states; snapshot: SHA-256 of the state carried over, as
 * rules/snapshot.h writes it; state: its running digest. */
#define SY_LOG_OPEN_FIELDS(F, S, L)                                                                \
    F(str, checkpoint, "checkpoint", 0)                                                            \
    F(str, log, "log", 0)                                                                          \
    F(b32, root, "root", 0)                                                                        \
    F(u64, size, "size", 0)                                                                        \
    F(b32, snapshot, "snapshot", 0)                                                                \
    F(b32, state, "state", 0)
SY_RECORD(log_open, SY_LOG_OPEN_FIELDS)

/* log.growth (every party): of the log of this name, or the one in use, the newest checkpoint, and the proof (hashes
 * one after the other) that the log has only grown since it had `since` entries; none from 0, and none when there
 * never were so many. */
#define SY_LOG_SINCE_FIELDS(F, S, L)                                                               \
    F(str, log, "log", SY_OPT)                                                                     \
    F(u64, since, "since", SY_OPT)
SY_RECORD(log_since, SY_LOG_SINCE_FIELDS)
#define SY_LOG_GROWTH_FIELDS(F, S, L)                                                              \
    F(str, checkpoint, "checkpoint", 0)                                                            \
    F(bin, path, "path", SY_OPT)
SY_RECORD(log_growth, SY_LOG_GROWTH_FIELDS)

/* log.receipt (every party): the public leaf of an entry and its receipt, against the newest checkpoint with a
 * quorum of witnesses when that covers the entry (with their cosignatures), else against the newest one. */
#define SY_LOG_REF_FIELDS(F, S, L) F(u64, entry, "entry", SY_OPT)
SY_RECORD(log_ref, SY_LOG_REF_FIELDS)
#define SY_LOG_RECEIPT_FIELDS(F, S, L)                                                             \
    F(bin, leaf, "leaf", 0)                                                                        \
    F(str, receipt, "receipt", 0)
SY_RECORD(log_receipt, SY_LOG_RECEIPT_FIELDS)

#endif
