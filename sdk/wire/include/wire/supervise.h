/*
 * Supervision (the scheme, articles 23 to 32; docs/scheme/supervision.md): inspections and their findings, orders to
 * correct, incidents, the emergency plan and its drills, evaluations, the yearly report, public disclosure, and the
 * list of what is due. Arguments first, then the row that the state keeps of it: lists and details show rows.
 *
 * An act that made something is named later by its entry in the log (`inspection`, `order`, `incident`). Digests are
 * SHA-256 of documents that stay with whoever wrote them. Times are UTC seconds, `days` working days of the pack's
 * calendar. Texts: 1 to SY_SUPERVISE_TEXT_MAX bytes of UTF-8 without control characters.
 */
#ifndef WIRE_SUPERVISE_H
#define WIRE_SUPERVISE_H

#include "wire/schema.h"

enum {
    SY_SUPERVISE_TEXT_MAX = 4000,
    SY_SUPERVISE_DAYS_MAX = 366,  /* of a deadline */
    SY_SUPERVISE_LIST_MAX = 256,  /* findings of an inspection; what an act names */
    SY_SUPERVISE_NOTES_MAX = 64,  /* of an incident */
    SY_SUPERVISE_SCORES_MAX = 64, /* of an evaluation */
    SY_SUPERVISE_YEAR_MIN = 2000
};

/* --- inspections (article 27) ------------------------------------------------------------------- */
/* inspect.open (agency, security, a sector's department). party: an operator or developer. scope, each once: business |
 * system | usage | security. */
#define SY_INSPECT_OPEN_FIELDS(F, S, L)                                                            \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(str, party, "party", 0)                                                                      \
    F(strs, scope, "scope", 0)                                                                     \
    F(str, title, "title", 0)
SY_RECORD(inspect_open, SY_INSPECT_OPEN_FIELDS)

/* inspect.finding (whoever opened it): what is to be mended, within so many days. */
#define SY_INSPECT_FINDING_FIELDS(F, S, L)                                                         \
    F(u64, days, "days", 0)                                                                        \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(u64, inspection, "inspection", 0)                                                            \
    F(str, text, "text", 0)
SY_RECORD(inspect_finding, SY_INSPECT_FINDING_FIELDS)

/* inspect.mend (the inspected party). finding: its number, from 1. */
#define SY_INSPECT_MEND_FIELDS(F, S, L)                                                            \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(u64, finding, "finding", 0)                                                                  \
    F(u64, inspection, "inspection", 0)                                                            \
    F(str, text, "text", 0)
SY_RECORD(inspect_mend, SY_INSPECT_MEND_FIELDS)

/* inspect.close (whoever opened it, or the agency), when every finding is mended. */
#define SY_INSPECT_CLOSE_FIELDS(F, S, L)                                                           \
    F(u64, inspection, "inspection", 0)                                                            \
    F(str, text, "text", SY_OPT)
SY_RECORD(inspect_close, SY_INSPECT_CLOSE_FIELDS)

/* late: mended after `due`. */
#define SY_FINDING_FIELDS(F, S, L)                                                                 \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(i64, due, "due", 0)                                                                          \
    F(u64, entry, "entry", 0)                                                                      \
    F(bool, late, "late", SY_OPT)                                                                  \
    F(b32, mend_digest, "mend_digest", SY_OPT)                                                     \
    F(i64, mended, "mended", SY_OPT)                                                               \
    F(str, text, "text", 0)
SY_RECORD(finding, SY_FINDING_FIELDS)

#define SY_INSPECTION_FIELDS(F, S, L)                                                              \
    F(str, by, "by", 0)                                                                            \
    F(i64, closed, "closed", SY_OPT)                                                               \
    L(finding, findings, "findings", SY_OPT)                                                       \
    S(inspect_open, open, "open", 0)                                                               \
    F(i64, opened, "opened", 0)
SY_RECORD(inspection, SY_INSPECTION_FIELDS)

/* --- orders to correct (article 32) -------------------------------------------------------------- */
/* order.correct (agency, a sector's department): from this entry on the party's access is closed and its grants are
 * suspended. ground: of the pack's. inspection: whose findings it rests on. */
#define SY_ORDER_CORRECT_FIELDS(F, S, L)                                                           \
    F(u64, days, "days", 0)                                                                        \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(str, ground, "ground", 0)                                                                    \
    F(u64, inspection, "inspection", SY_OPT)                                                       \
    F(str, party, "party", 0)                                                                      \
    F(str, text, "text", 0)
SY_RECORD(order_correct, SY_ORDER_CORRECT_FIELDS)

/* order.mend (the party): it has done what the order asks for. */
#define SY_ORDER_MEND_FIELDS(F, S, L)                                                              \
    F(b32, digest, "digest", 0)                                                                    \
    F(u64, order, "order", 0)                                                                      \
    F(str, text, "text", 0)
SY_RECORD(order_mend, SY_ORDER_MEND_FIELDS)

/* order.mended (whoever gave the order, or the agency), on the party's report. decision: accept (access opens again) |
 * reject. */
#define SY_ORDER_MENDED_FIELDS(F, S, L)                                                            \
    F(str, decision, "decision", 0)                                                                \
    F(u64, order, "order", 0)                                                                      \
    F(str, text, "text", SY_OPT)
SY_RECORD(order_mended, SY_ORDER_MENDED_FIELDS)

/* order.cancel (agency), after the deadline: the party's grants are revoked. */
#define SY_ORDER_CANCEL_FIELDS(F, S, L)                                                            \
    F(u64, order, "order", 0)                                                                      \
    F(str, text, "text", SY_OPT)
SY_RECORD(order_cancel, SY_ORDER_CANCEL_FIELDS)

/* status: open | mended | cancelled; the last two are final, but that access opens again after a cancelled one too
 * (reopened). reported, evidence: of the party's report that waits for a decision, or was accepted. */
#define SY_CORRECTION_FIELDS(F, S, L)                                                              \
    F(str, by, "by", 0)                                                                            \
    F(i64, cancelled, "cancelled", SY_OPT)                                                         \
    F(i64, due, "due", 0)                                                                          \
    F(b32, evidence, "evidence", SY_OPT)                                                           \
    F(i64, issued, "issued", 0)                                                                    \
    F(i64, mended, "mended", SY_OPT)                                                               \
    S(order_correct, order, "order", 0)                                                            \
    F(i64, reopened, "reopened", SY_OPT)                                                           \
    F(i64, reported, "reported", SY_OPT)                                                           \
    F(str, status, "status", 0)
SY_RECORD(correction, SY_CORRECTION_FIELDS)

/* --- incidents (article 28) ---------------------------------------------------------------------- */
/* What an incident stops: all grants, or those that read these datasets and those named (32 bytes each); nothing,
 * when all are absent. */
#define SY_AFFECTED_FIELDS(F, S, L)                                                                \
    F(bool, all, "all", SY_OPT)                                                                    \
    F(strs, datasets, "datasets", SY_OPT)                                                          \
    F(bins, grants, "grants", SY_OPT)
SY_RECORD(affected, SY_AFFECTED_FIELDS)

/* incident.report (every party, about what is its own to stop). found: when it was found, as the reporter
 * states; left out: just now. kind: leak 泄露 | tamper 篡改 | misuse 滥用 | linkage 隐含关系 | availability 可用性. */
#define SY_INCIDENT_REPORT_FIELDS(F, S, L)                                                         \
    S(affected, affected, "affected", SY_OPT)                                                      \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(i64, found, "found", SY_OPT)                                                                 \
    F(str, kind, "kind", 0)                                                                        \
    F(str, text, "text", 0)
SY_RECORD(incident_report, SY_INCIDENT_REPORT_FIELDS)

/* The result of what stops grants: incident.report, incident.update, order.correct. left: grants that are stopped by it, and
 * of which the warden could not erase the deposited key shares yet; it goes on trying. The stop itself stands. */
#define SY_STOPPED_FIELDS(F, S, L) F(u64, left, "left", SY_OPT)
SY_RECORD(stopped, SY_STOPPED_FIELDS)

/* incident.update (who reported it, agency, operator, security): more is known, more is stopped. */
#define SY_INCIDENT_UPDATE_FIELDS(F, S, L)                                                         \
    S(affected, affected, "affected", SY_OPT)                                                      \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(u64, incident, "incident", 0)                                                                \
    F(str, text, "text", 0)
SY_RECORD(incident_update, SY_INCIDENT_UPDATE_FIELDS)

/* incident.close (agency). Grants are resumed one by one (scene.resume). */
#define SY_INCIDENT_CLOSE_FIELDS(F, S, L)                                                          \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(u64, incident, "incident", 0)                                                                \
    F(str, measures, "measures", 0)
SY_RECORD(incident_close, SY_INCIDENT_CLOSE_FIELDS)

#define SY_INCIDENT_NOTE_FIELDS(F, S, L)                                                           \
    S(affected, affected, "affected", SY_OPT)                                                      \
    F(str, by, "by", 0)                                                                            \
    F(b32, digest, "digest", SY_OPT)                                                               \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, text, "text", 0)                                                                        \
    F(i64, time, "time", 0)
SY_RECORD(incident_note, SY_INCIDENT_NOTE_FIELDS)

/* due: found + the pack's hours, absent without such a section; late: it was reported after that. stopped: when
 * grants were first stopped by it. close_by: until when it is to be dealt with. */
#define SY_INCIDENT_FIELDS(F, S, L)                                                                \
    F(str, by, "by", 0)                                                                            \
    F(i64, close_by, "close_by", SY_OPT)                                                           \
    F(i64, closed, "closed", SY_OPT)                                                               \
    F(b32, closing, "closing", SY_OPT)                                                             \
    F(i64, due, "due", SY_OPT)                                                                     \
    F(bool, late, "late", SY_OPT)                                                                  \
    F(str, measures, "measures", SY_OPT)                                                           \
    L(incident_note, notes, "notes", SY_OPT)                                                       \
    S(incident_report, report, "report", 0)                                                        \
    F(i64, reported, "reported", 0)                                                                \
    F(i64, stopped, "stopped", SY_OPT)
SY_RECORD(incident, SY_INCIDENT_FIELDS)

/* emergency.plan (agency, with the departments it names): the plan in force; version counts up. */
#define SY_EMERGENCY_PLAN_FIELDS(F, S, L)                                                          \
    F(strs, departments, "departments", SY_OPT)                                                    \
    F(b32, digest, "digest", 0)                                                                    \
    F(str, title, "title", 0)                                                                      \
    F(u64, version, "version", 0)
SY_RECORD(emergency_plan, SY_EMERGENCY_PLAN_FIELDS)
#define SY_EMERGENCY_FIELDS(F, S, L)                                                               \
    F(u64, entry, "entry", 0)                                                                      \
    S(emergency_plan, plan, "plan", 0)                                                             \
    F(i64, time, "time", 0)
SY_RECORD(emergency, SY_EMERGENCY_FIELDS)

/* drill.record (agency): a drill of the plan in force (its digest), held at `at` (left out: now), with an operator or developer
 * among the participants. digest: of what came of it. */
#define SY_DRILL_RECORD_FIELDS(F, S, L)                                                            \
    F(i64, at, "at", SY_OPT)                                                                       \
    F(b32, digest, "digest", 0)                                                                    \
    F(strs, participants, "participants", 0)                                                       \
    F(b32, plan, "plan", 0)                                                                        \
    F(str, text, "text", 0)
SY_RECORD(drill_record, SY_DRILL_RECORD_FIELDS)
#define SY_DRILL_FIELDS(F, S, L)                                                                   \
    S(drill_record, drill, "drill", 0)                                                             \
    F(i64, time, "time", 0)
SY_RECORD(drill, SY_DRILL_FIELDS)

/* --- evaluations (article 30) -------------------------------------------------------------------- */
#define SY_EVALUATION_SCORE_FIELDS(F, S, L)                                                        \
    F(str, item, "item", 0)                                                                        \
    F(u64, of, "of", 0)                                                                            \
    F(u64, score, "score", SY_OPT)
SY_RECORD(evaluation_score, SY_EVALUATION_SCORE_FIELDS)

/* evaluate.record (agency, with departments or by a third party that is named, its report's digest with it). outcome:
 * pass | improve | fail. */
#define SY_EVALUATE_FIELDS(F, S, L)                                                                \
    F(strs, departments, "departments", SY_OPT)                                                    \
    F(b32, digest, "digest", 0)                                                                    \
    F(i64, from, "from", 0)                                                                        \
    F(str, outcome, "outcome", 0)                                                                  \
    F(str, party, "party", 0)                                                                      \
    L(evaluation_score, scores, "scores", 0)                                                       \
    F(str, text, "text", SY_OPT)                                                                   \
    F(str, third, "third", SY_OPT)                                                                 \
    F(i64, to, "to", 0)
SY_RECORD(evaluate, SY_EVALUATE_FIELDS)
#define SY_EVALUATION_FIELDS(F, S, L)                                                              \
    S(evaluate, evaluate, "evaluate", 0)                                                           \
    F(i64, time, "time", 0)
SY_RECORD(evaluation, SY_EVALUATION_FIELDS)

/* --- the yearly report and public disclosure (article 31) ------------------------------------------ */
/* What the state counts. Of the year: corrections, evaluations, incidents, inspections, as they were ordered, recorded,
 * reported, opened in it. As they stand: datasets in the catalogue, developers enrolled, products published, scenes
 * whose grant lives, ended grants; runs: charged in all. */
#define SY_ANNUAL_FIGURES_FIELDS(F, S, L)                                                          \
    F(u64, corrections, "corrections", SY_OPT)                                                     \
    F(u64, datasets, "datasets", SY_OPT)                                                           \
    F(u64, developers, "developers", SY_OPT)                                                       \
    F(u64, ended, "ended", SY_OPT)                                                                 \
    F(u64, evaluations, "evaluations", SY_OPT)                                                     \
    F(u64, incidents, "incidents", SY_OPT)                                                         \
    F(u64, inspections, "inspections", SY_OPT)                                                     \
    F(u64, products, "products", SY_OPT)                                                           \
    F(u64, runs, "runs", SY_OPT)                                                                   \
    F(u64, scenes, "scenes", SY_OPT)
SY_RECORD(annual_figures, SY_ANNUAL_FIGURES_FIELDS)

/* report.annual (operator), of a year that is over: the document's digest, the figures of the state at that
 * moment (runs: at one among the last 256 entries), and what only the operator's books say (revenue, in fen). Sent again, it takes the place of the last. */
#define SY_ANNUAL_REPORT_FIELDS(F, S, L)                                                           \
    F(b32, digest, "digest", 0)                                                                    \
    S(annual_figures, figures, "figures", 0)                                                       \
    F(u64, revenue, "revenue", SY_OPT)                                                             \
    F(str, text, "text", SY_OPT)                                                                   \
    F(u64, year, "year", 0)
SY_RECORD(annual_report, SY_ANNUAL_REPORT_FIELDS)
/* first, late: of the first report for that year. */
#define SY_ANNUAL_FIELDS(F, S, L)                                                                  \
    F(u64, entry, "entry", 0)                                                                      \
    F(i64, first, "first", 0)                                                                      \
    F(bool, late, "late", SY_OPT)                                                                  \
    S(annual_report, report, "report", 0)                                                          \
    F(i64, time, "time", 0)
SY_RECORD(annual, SY_ANNUAL_FIELDS)

/* disclose.publish (agency, operator): the folder that `shuyu-audit disclose` made of the log's first `entries`
 * entries is public. digest: SHA-256 of its file SHA256SUMS. Again: in place of the last. */
#define SY_DISCLOSE_PUBLISH_FIELDS(F, S, L)                                                        \
    F(b32, digest, "digest", 0)                                                                    \
    F(u64, entries, "entries", 0)                                                                  \
    F(u64, year, "year", 0)
SY_RECORD(disclose_publish, SY_DISCLOSE_PUBLISH_FIELDS)
#define SY_DISCLOSURE_FIELDS(F, S, L)                                                              \
    S(disclose_publish, disclose, "disclose", 0)                                                   \
    F(u64, entry, "entry", 0)                                                                      \
    F(i64, first, "first", 0)                                                                      \
    F(bool, late, "late", SY_OPT)                                                                  \
    F(i64, time, "time", 0)
SY_RECORD(disclosure, SY_DISCLOSURE_FIELDS)

/* --- what is due ---------------------------------------------------------------------------------- */
/* due.list (every party; read): what the caller may see of what is due within within_s seconds, or over. code:
 * agreement | annual_report | correction | disclosure | drill | evaluation | finding | incident | inspection | notice |
 * renewal | ticket. id: the entry, the year, or the name of what is due. */
#define SY_DUE_ASK_FIELDS(F, S, L) F(u64, within_s, "within_s", SY_OPT)
SY_RECORD(due_ask, SY_DUE_ASK_FIELDS)
#define SY_DUE_ITEM_FIELDS(F, S, L)                                                                \
    F(str, code, "code", 0)                                                                        \
    F(i64, due, "due", 0)                                                                          \
    F(str, id, "id", 0)                                                                            \
    F(bool, over, "over", SY_OPT)                                                                  \
    F(str, party, "party", SY_OPT)
SY_RECORD(due_item, SY_DUE_ITEM_FIELDS)
#define SY_DUE_LIST_FIELDS(F, S, L)                                                                \
    L(due_item, items, "items", SY_OPT)                                                            \
    F(i64, time, "time", 0)
SY_RECORD(due_list, SY_DUE_LIST_FIELDS)

#endif
