/*
 * Qualification and agreements: how an organisation becomes the operator or a developer (articles 9, 10, 12 to 15, 31
 * and 36 of the scheme; docs/scheme/qualification.md).
 *
 * The papers themselves (licences, minutes, commitments) stay with those who keep them: the ledger holds the SHA-256
 * of each, so that nobody can change one afterwards. Texts are permanent and read by reviewers: no names of persons.
 * Identifiers: SHA-256 over a context string and the canonical arguments (proof/ids.h). Times: UTC seconds.
 */
#ifndef WIRE_QUALIFY_H
#define WIRE_QUALIFY_H

#include "wire/schema.h"

/* qualify.announce: whom the scheme looks for, on which conditions, and until when. kind: operator (the agency's) |
 * developer (agency and operator: each sends the very same record, and it is open when both have). Applications
 * are taken from `opens` to `closes`. */
#define SY_ANNOUNCEMENT_FIELDS(F, S, L)                                                            \
    F(i64, closes, "closes", 0)                                                                    \
    F(str, conditions, "conditions", 0)                                                            \
    F(b32, domain, "domain", 0)                                                                    \
    F(str, kind, "kind", 0)                                                                        \
    F(i64, opens, "opens", 0)                                                                      \
    F(str, title, "title", 0)
SY_RECORD(announcement, SY_ANNOUNCEMENT_FIELDS)

/* A statement about one negative list of the pack: clear = the applicant is not on it; evidence: of the extract. */
#define SY_QUALIFY_LIST_FIELDS(F, S, L)                                                            \
    F(bool, clear, "clear", SY_OPT)                                                                \
    F(str, code, "code", 0)                                                                        \
    F(b32, evidence, "evidence", 0)
SY_RECORD(qualify_list, SY_QUALIFY_LIST_FIELDS)

/* A supporting paper. */
#define SY_QUALIFY_PAPER_FIELDS(F, S, L)                                                           \
    F(b32, digest, "digest", 0)                                                                    \
    F(str, title, "title", 0)
SY_RECORD(qualify_paper, SY_QUALIFY_PAPER_FIELDS)

/* A security incident that the applicant has had. */
#define SY_QUALIFY_INCIDENT_FIELDS(F, S, L)                                                        \
    F(str, text, "text", 0)                                                                        \
    F(i64, time, "time", 0)
SY_RECORD(qualify_incident, SY_QUALIFY_INCIDENT_FIELDS)

/* qualify.apply (operator, developer): for itself. announcement: its id. officer: the duty or staff identifier of who
 * answers for data security, officer_unit: the unit that manages it. incidents: all that it has had, however old;
 * incidents_evidence: of the statement that there were no others. plan: first plan of scenes (developers).
 * subject: its name as registered; credit_code: 统一社会信用代码 (wire/catalogue.h). */
#define SY_QUALIFY_APPLY_FIELDS(F, S, L)                                                           \
    F(b32, announcement, "announcement", 0)                                                        \
    F(str, credit_code, "credit_code", 0)                                                          \
    F(b32, domain, "domain", 0)                                                                    \
    L(qualify_paper, evidence, "evidence", SY_OPT)                                                 \
    L(qualify_incident, incidents, "incidents", SY_OPT)                                            \
    F(b32, incidents_evidence, "incidents_evidence", SY_OPT)                                       \
    L(qualify_list, lists, "lists", SY_OPT)                                                        \
    F(str, officer, "officer", SY_OPT)                                                             \
    F(str, officer_unit, "officer_unit", SY_OPT)                                                   \
    F(str, operations, "operations", SY_OPT)                                                       \
    F(str, party, "party", 0)                                                                      \
    F(str, plan, "plan", SY_OPT)                                                                   \
    F(str, subject, "subject", 0)                                                                  \
    F(str, team, "team", SY_OPT)
SY_RECORD(qualify_apply, SY_QUALIFY_APPLY_FIELDS)

/* --- what follows on an application: header.subject = its id --------------------------------------- */

/* Points for one aspect, 0 to 100. */
#define SY_QUALIFY_SCORE_FIELDS(F, S, L)                                                           \
    F(str, aspect, "aspect", 0)                                                                    \
    F(u64, points, "points", SY_OPT)
SY_RECORD(qualify_score, SY_QUALIFY_SCORE_FIELDS)

/* qualify.opinion (agency on an operator, operator on a developer): what the experts found. digest: of the signed
 * opinion; experts: how many sat. */
#define SY_QUALIFY_OPINION_FIELDS(F, S, L)                                                         \
    F(b32, digest, "digest", 0)                                                                    \
    F(u64, experts, "experts", 0)                                                                  \
    L(qualify_score, scores, "scores", SY_OPT)                                                     \
    F(str, text, "text", SY_OPT)
SY_RECORD(qualify_opinion, SY_QUALIFY_OPINION_FIELDS)

/* qualify.decide (agency; on a developer the operator too): approve | reject, as a meeting decided. minutes: of it. */
#define SY_QUALIFY_DECIDE_FIELDS(F, S, L)                                                          \
    F(str, decision, "decision", 0)                                                                \
    F(b32, minutes, "minutes", SY_OPT)                                                             \
    F(str, text, "text", SY_OPT)
SY_RECORD(qualify_decide, SY_QUALIFY_DECIDE_FIELDS)

/* qualify.object (everybody enrolled but the applicant): against an application under public notice. behalf: by the
 * agency only, and always by it: for whom it objects, e.g. the number of a citizen's letter. */
#define SY_QUALIFY_OBJECT_FIELDS(F, S, L)                                                          \
    F(str, behalf, "behalf", SY_OPT)                                                               \
    F(b32, evidence, "evidence", SY_OPT)                                                           \
    F(str, text, "text", 0)
SY_RECORD(qualify_object, SY_QUALIFY_OBJECT_FIELDS)

/* qualify.settle (agency): objection number `objection` (from 1) is upheld, which ends the application, or dismissed.
 * text: why. */
#define SY_QUALIFY_SETTLE_FIELDS(F, S, L)                                                          \
    F(u64, objection, "objection", 0)                                                              \
    F(str, outcome, "outcome", 0)                                                                  \
    F(str, text, "text", 0)
SY_RECORD(qualify_settle, SY_QUALIFY_SETTLE_FIELDS)

/* qualify.withdraw (operator, developer): its own application. */
#define SY_QUALIFY_WITHDRAW_FIELDS(F, S, L) F(str, text, "text", SY_OPT)
SY_RECORD(qualify_withdraw, SY_QUALIFY_WITHDRAW_FIELDS)

/* --- agreements ------------------------------------------------------------------------------------ */

#define SY_AGREEMENT_CLAUSE_FIELDS(F, S, L)                                                        \
    F(str, code, "code", 0)                                                                        \
    F(str, text, "text", 0)
SY_RECORD(agreement_clause, SY_AGREEMENT_CLAUSE_FIELDS)

/* The dataset that stands for all of the catalogue, present and future; in the whole grant only. */
#define SY_AGREEMENT_ALL "*"

/* agreement.offer: the whole grant (agency to operator) or a developer's (operator to developer), for an approved
 * application. clauses: each that the pack names, once. fee: what the grantor is paid, in words; fee_permille: of
 * what products earn. parent: the whole grant that a developer's stands under; prev: the grantee's last agreement. */
#define SY_AGREEMENT_FIELDS(F, S, L)                                                               \
    F(b32, application, "application", 0)                                                          \
    L(agreement_clause, clauses, "clauses", SY_OPT)                                                \
    F(strs, datasets, "datasets", 0)                                                               \
    F(b32, domain, "domain", 0)                                                                    \
    F(str, fee, "fee", SY_OPT)                                                                     \
    F(u64, fee_permille, "fee_permille", SY_OPT)                                                   \
    F(str, grantee, "grantee", 0)                                                                  \
    F(str, grantor, "grantor", 0)                                                                  \
    F(i64, not_after, "not_after", 0)                                                              \
    F(i64, not_before, "not_before", 0)                                                            \
    F(b32, parent, "parent", SY_OPT)                                                               \
    F(b32, prev, "prev", SY_OPT)
SY_RECORD(agreement, SY_AGREEMENT_FIELDS)

/* agreement.accept (the grantee; header.subject = the agreement's id): commitment: of the signed data security
 * commitment (数据安全承诺书). */
#define SY_AGREEMENT_ACCEPT_FIELDS(F, S, L) F(b32, commitment, "commitment", SY_OPT)
SY_RECORD(agreement_accept, SY_AGREEMENT_ACCEPT_FIELDS)

/* agreement.file (operator): the accepted agreement is put on the agency's file under this number, and opens access. */
#define SY_AGREEMENT_FILE_FIELDS(F, S, L) F(str, filing_no, "filing_no", 0)
SY_RECORD(agreement_file, SY_AGREEMENT_FILE_FIELDS)

/* agreement.terminate (agency; the grantee on a ground that is its own): the qualification ends with it, at once.
 * ground: a code of pack.scheme.qualify.endings. */
#define SY_AGREEMENT_END_FIELDS(F, S, L)                                                           \
    F(str, ground, "ground", 0)                                                                    \
    F(str, text, "text", SY_OPT)
SY_RECORD(agreement_end, SY_AGREEMENT_END_FIELDS)

/* --- rows of the state (rules/rows_scheme.h), which the command line reads too ----------------------- */

/* announcement: the canonical sy_announcement; entry: of the first who sent it; signed: the parties that did. */
#define SY_ROW_ANNOUNCEMENT_FIELDS(F, S, L)                                                        \
    F(bin, announcement, "announcement", 0)                                                        \
    F(u64, entry, "entry", 0)                                                                      \
    F(strs, signed_by, "signed_by", 0)
SY_RECORD(row_announcement, SY_ROW_ANNOUNCEMENT_FIELDS)

/* What experts found; points: the mean of their scores, 0 to 100. */
#define SY_ROW_QUALIFY_OPINION_FIELDS(F, S, L)                                                     \
    F(b32, digest, "digest", 0)                                                                    \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, experts, "experts", 0)                                                                  \
    F(str, party, "party", 0)                                                                      \
    F(u64, points, "points", SY_OPT)
SY_RECORD(row_qualify_opinion, SY_ROW_QUALIFY_OPINION_FIELDS)

#define SY_ROW_QUALIFY_DECISION_FIELDS(F, S, L)                                                    \
    F(str, decision, "decision", 0)                                                                \
    F(u64, entry, "entry", 0)                                                                      \
    F(b32, minutes, "minutes", SY_OPT)                                                             \
    F(str, party, "party", 0)
SY_RECORD(row_qualify_decision, SY_ROW_QUALIFY_DECISION_FIELDS)

/* outcome: upheld | dismissed, absent while it is open; settled: entry of that, 0 while it is open. */
#define SY_ROW_QUALIFY_OBJECTION_FIELDS(F, S, L)                                                   \
    F(str, behalf, "behalf", SY_OPT)                                                               \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, outcome, "outcome", SY_OPT)                                                             \
    F(str, party, "party", 0)                                                                      \
    F(u64, settled, "settled", SY_OPT)                                                             \
    F(str, text, "text", 0)
SY_RECORD(row_qualify_objection, SY_ROW_QUALIFY_OBJECTION_FIELDS)

/* application: the canonical sy_qualify_apply. kind: operator | developer. status: filed -> notice (approved, under
 * public notice or past it) -> agreed; filed -> rejected; notice -> upheld (an objection was); filed, notice ->
 * withdrawn, or ended (with the party's agreements). agreement: the last one offered for it, offers: how many were;
 * notice_until: the last second for objections. */
#define SY_ROW_QUALIFY_FIELDS(F, S, L)                                                             \
    F(b32, agreement, "agreement", SY_OPT)                                                         \
    F(bin, application, "application", 0)                                                          \
    L(row_qualify_decision, decisions, "decisions", SY_OPT)                                        \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, kind, "kind", 0)                                                                        \
    F(i64, notice_until, "notice_until", SY_OPT)                                                   \
    L(row_qualify_objection, objections, "objections", SY_OPT)                                     \
    F(u64, offers, "offers", SY_OPT)                                                               \
    L(row_qualify_opinion, opinions, "opinions", SY_OPT)                                           \
    F(str, party, "party", 0)                                                                      \
    F(str, status, "status", 0)
SY_RECORD(row_qualify, SY_ROW_QUALIFY_FIELDS)

/* What everybody may read of an approved application. from, until: the window for objections. */
#define SY_ROW_NOTICE_FIELDS(F, S, L)                                                              \
    F(u64, entry, "entry", 0)                                                                      \
    F(i64, from, "from", 0)                                                                        \
    F(str, kind, "kind", 0)                                                                        \
    F(str, party, "party", 0)                                                                      \
    F(str, subject, "subject", 0)                                                                  \
    F(i64, until, "until", 0)
SY_RECORD(row_notice, SY_ROW_NOTICE_FIELDS)

/* agreement: the canonical sy_agreement. status: offered -> accepted -> filed; each of them -> terminated. Expiry is
 * no status: it follows from the time. cascade: the agreement above, when its end ended this one; ended: UTC s.
 * cause: the ground of the ban that came after the end, when it ended on another one. */
#define SY_ROW_AGREEMENT_FIELDS(F, S, L)                                                           \
    F(bin, agreement, "agreement", 0)                                                              \
    F(b32, cascade, "cascade", SY_OPT)                                                             \
    F(str, cause, "cause", SY_OPT)                                                                 \
    F(b32, commitment, "commitment", SY_OPT)                                                       \
    F(i64, ended, "ended", SY_OPT)                                                                 \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, filing_no, "filing_no", SY_OPT)                                                         \
    F(str, ground, "ground", SY_OPT)                                                               \
    F(str, status, "status", 0)
SY_RECORD(row_agreement, SY_ROW_AGREEMENT_FIELDS)

#endif
