/*
 * Data products (articles 11, 19-22; docs/scheme/products.md): what a developer offers of an approved model, how
 * it is judged, registered and sold, and how a buyer calls it.
 *
 * A product is immutable: its id is SHA-256("shuyu-product-1" || canonical sy_product) (proof/ids.h), and a changed
 * product is another one. It names one model (by hash), the grant under which that runs, the data it comes from and
 * what it may be used for; the rules compare each of these with grant, model and catalogue, and believe none.
 *
 * Rows of the state that buyers and developers list are here too, so that whoever reads them needs no record of
 * the rules: product/HEX sy_product_row, product_report/HEX sy_product_report_row, subscription/HEX/BUYER
 * sy_subscription, meter/HEX/BUYER/YYYYMM sy_product_meter, misuse/HEX/PARTY sy_product_misuse. HEX is the product's id.
 *
 * Money is in fen (0.01 yuan). Months are YYYYMM of the pack's clock, e.g. 202611.
 */
#ifndef WIRE_PRODUCT_H
#define WIRE_PRODUCT_H

#include "wire/methods.h"

enum { SY_PRODUCT_USES_MAX = 16, SY_PRODUCT_TEXT_MAX = 256, SY_PRODUCT_CHECKS = 5 };

/* --- the product -------------------------------------------------------------------------------- */

/* One thing that it may be used for: a code that buyers name, with its title. */
#define SY_PRODUCT_USE_FIELDS(F, S, L)                                                             \
    F(str, code, "code", 0)                                                                        \
    F(str, title, "title", 0)
SY_RECORD(product_use, SY_PRODUCT_USE_FIELDS)

/* One dataset that the model reads, and why that is lawful (article 19 (2)). */
#define SY_PRODUCT_SOURCE_FIELDS(F, S, L)                                                          \
    F(str, basis, "basis", 0)                                                                      \
    F(str, dataset, "dataset", 0)
SY_RECORD(product_source, SY_PRODUCT_SOURCE_FIELDS)

/* A developer's own data that the product's grant names (wire/own.h), and where that came from: whoever buys the product
 * knows that it may be in it. Computed, never stated. */
#define SY_PRODUCT_FUSED_FIELDS(F, S, L)                                                           \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, source, "source", 0)
SY_RECORD(product_fused, SY_PRODUCT_FUSED_FIELDS)

/* One column of an answer: kind, mechanism, name and scale as its columns will have them (sy_answer_column; a
 * key's mechanism is empty, a question about nobody). title, measure (人, 元, ...): for people. */
#define SY_PRODUCT_COLUMN_FIELDS(F, S, L)                                                          \
    F(str, kind, "kind", 0)                                                                        \
    F(str, measure, "measure", SY_OPT)                                                             \
    F(str, mechanism, "mechanism", SY_OPT)                                                         \
    F(str, name, "name", 0)                                                                        \
    F(u64, scale, "scale", SY_OPT)                                                                 \
    F(str, title, "title", SY_OPT)
SY_RECORD(product_column, SY_PRODUCT_COLUMN_FIELDS)

/* product.submit (developer; header.grant = grant).
 * cap: most that one buyer pays for it in a month, 0: no such limit; columns, params: the schema of a call, the
 * model's; fee_permille: the operator's part of what buyers pay; form: component 组件 | model 模型 | verification 核验 |
 * service 服务 | tool 工具 | report 报告; klass: public (public interest: free or at most at cost) | industry (paid);
 * price: of one call; purpose, scene: the grant's, word for word; uses: what buyers may call it for, all within
 * that purpose, as reviewers see to. */
#define SY_PRODUCT_FIELDS(F, S, L)                                                                 \
    F(u64, cap, "cap", SY_OPT)                                                                     \
    L(product_column, columns, "columns", 0)                                                       \
    F(u64, fee_permille, "fee_permille", SY_OPT)                                                   \
    F(str, form, "form", 0)                                                                        \
    F(b32, grant, "grant", 0)                                                                      \
    F(str, klass, "klass", 0)                                                                      \
    F(b32, model, "model", 0)                                                                      \
    F(str, name, "name", 0)                                                                        \
    L(plan_param, params, "params", SY_OPT)                                                        \
    F(u64, price, "price", SY_OPT)                                                                 \
    F(str, purpose, "purpose", 0)                                                                  \
    F(str, scene, "scene", 0)                                                                      \
    L(product_source, sources, "sources", 0)                                                       \
    F(str, title, "title", 0)                                                                      \
    L(product_use, uses, "uses", 0)                                                                \
    F(str, version, "version", 0)
SY_RECORD(product, SY_PRODUCT_FIELDS)

/* One signed review, of the report with this digest. decision: approve | return | reject; opinion: why not, for
 * the developer. */
#define SY_PRODUCT_OPINION_FIELDS(F, S, L)                                                         \
    F(str, decision, "decision", 0)                                                                \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, opinion, "opinion", SY_OPT)                                                             \
    F(str, party, "party", 0)                                                                      \
    F(b32, report, "report", 0)                                                                    \
    F(str, role, "role", 0)
SY_RECORD(product_opinion, SY_PRODUCT_OPINION_FIELDS)

/* Row product/HEX. status: submitted | returned | rejected | published | withdrawn; the second, third and last
 * are final. entry: of the submission; exchange: number at the data exchange; ground: of the withdrawal; product: the
 * canonical sy_product; published: entry, 0: not yet; registration: code of the public-data register; report:
 * SHA-256 of the last canonical sy_product_report, on which the opinions are; reports: how many were made.
 * A published product whose grant has stopped answers nothing either: calls look at the grant too. */
#define SY_PRODUCT_ROW_FIELDS(F, S, L)                                                             \
    F(str, developer, "developer", 0)                                                              \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, exchange, "exchange", SY_OPT)                                                           \
    L(product_fused, fused, "fused", SY_OPT)                                                       \
    F(str, ground, "ground", SY_OPT)                                                               \
    L(product_opinion, opinions, "opinions", SY_OPT)                                               \
    F(bin, product, "product", 0)                                                                  \
    F(u64, published, "published", SY_OPT)                                                         \
    F(str, registration, "registration", SY_OPT)                                                   \
    F(b32, report, "report", SY_OPT)                                                               \
    F(u64, reports, "reports", SY_OPT)                                                             \
    F(str, status, "status", 0)
SY_RECORD(product_row, SY_PRODUCT_ROW_FIELDS)

/* --- the five checks ------------------------------------------------------------------------------ */

/* How one figure leaves, computed from plan, pack and catalogue: grade of what shaped it; noise and half as in
 * sy_check_figure; ns: whose units it protects, "" unprotected; tau: a cell needs so large a noisy number of units;
 * units_min: a cell needs so many units; bare: it would leave unprotected although somebody's units shape it. */
#define SY_PRODUCT_FIGURE_FIELDS(F, S, L)                                                          \
    F(bool, bare, "bare", SY_OPT)                                                                  \
    F(str, block, "block", 0)                                                                      \
    F(u64, grade, "grade", 0)                                                                      \
    F(u64, half, "half", SY_OPT)                                                                   \
    F(str, mechanism, "mechanism", 0)                                                              \
    F(str, name, "name", 0)                                                                        \
    F(u64, noise, "noise", SY_OPT)                                                                 \
    F(str, ns, "ns", SY_OPT)                                                                       \
    F(u64, scale, "scale", SY_OPT)                                                                 \
    F(i64, tau, "tau", SY_OPT)                                                                     \
    F(u64, units_min, "units_min", SY_OPT)
SY_RECORD(product_figure, SY_PRODUCT_FIGURE_FIELDS)

/* A field that the model reads, its grade and class, as the grant's mask leaves it. */
#define SY_PRODUCT_READ_FIELDS(F, S, L)                                                            \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, field, "field", 0)                                                                      \
    F(u64, grade, "grade", 0)                                                                      \
    F(str, mask, "mask", SY_OPT)
SY_RECORD(product_read, SY_PRODUCT_READ_FIELDS)

/* One of the five checks of article 19, in its order: purpose | sources | exposure | personal | other. findings:
 * what stands against it, one line each; passed: none. */
#define SY_PRODUCT_CHECK_FIELDS(F, S, L)                                                           \
    F(str, code, "code", 0)                                                                        \
    F(strs, findings, "findings", SY_OPT)                                                          \
    F(bool, passed, "passed", SY_OPT)
SY_RECORD(product_check, SY_PRODUCT_CHECK_FIELDS)

/* The machine-made report: result of product.report (agency, security; header.subject = product), whose SHA-256
 * the reviews sign. advantage: by how many in 1000 an attacker who knows everything else can at most tell better
 * than by guessing whether one unit is in the data, from one answer that is charged; advantage_all: from all that
 * the grant can ever be charged; 1000: nothing is ruled out (the cell-key method has no bound, and says so). grade: of
 * the answer; number: of this product's reports, from 1, so that no two are alike; rows: the most an answer has; spends:
 * price of a call; calls: charged questions that the grant can still pay; support: the least of the parameters' declared
 * supports, 0: none is declared. */
#define SY_PRODUCT_REPORT_FIELDS(F, S, L)                                                          \
    F(u64, advantage, "advantage", SY_OPT)                                                         \
    F(u64, advantage_all, "advantage_all", SY_OPT)                                                 \
    F(u64, calls, "calls", SY_OPT)                                                                 \
    L(product_check, checks, "checks", 0)                                                          \
    L(product_figure, figures, "figures", SY_OPT)                                                  \
    L(product_fused, fused, "fused", SY_OPT)                                                       \
    F(u64, grade, "grade", 0)                                                                      \
    F(u64, number, "number", 0)                                                                    \
    F(b32, product, "product", 0)                                                                  \
    L(product_read, reads, "reads", SY_OPT)                                                        \
    F(u64, rows, "rows", SY_OPT)                                                                   \
    L(spend, spends, "spends", SY_OPT)                                                             \
    F(u64, support, "support", SY_OPT)                                                             \
    F(i64, time, "time", 0)
SY_RECORD(product_report, SY_PRODUCT_REPORT_FIELDS)

/* Row product_report/HEX: the last report, for reviewers. */
#define SY_PRODUCT_REPORT_ROW_FIELDS(F, S, L)                                                      \
    F(u64, entry, "entry", 0)                                                                      \
    F(bin, report, "report", 0)
SY_RECORD(product_report_row, SY_PRODUCT_REPORT_ROW_FIELDS)

/* product.review (the roles that the pack names; header.subject): signed over product and report. */
#define SY_PRODUCT_REVIEW_FIELDS(F, S, L)                                                          \
    F(str, decision, "decision", 0)                                                                \
    F(str, opinion, "opinion", SY_OPT)                                                             \
    F(b32, report, "report", 0)
SY_RECORD(product_review, SY_PRODUCT_REVIEW_FIELDS)
/* product.publish (agency; header.subject): no arguments.
 * product.withdraw (developer, agency, security, department; header.subject): args = sy_order. */

/* product.register (agency, operator; header.subject): one code or both; each once. */
#define SY_PRODUCT_CODES_FIELDS(F, S, L)                                                           \
    F(str, exchange, "exchange", SY_OPT)                                                           \
    F(str, registration, "registration", SY_OPT)
SY_RECORD(product_codes, SY_PRODUCT_CODES_FIELDS)

/* --- buyers --------------------------------------------------------------------------------------- */

/* product.subscribe (buyer; header.subject). contract: SHA-256 of what both sides signed on paper, if anything;
 * no_redistribution: accepted, as it must be; price: of the product, as the buyer understands it; purpose: code of
 * one of its uses. */
#define SY_SUBSCRIBE_FIELDS(F, S, L)                                                               \
    F(b32, contract, "contract", SY_OPT)                                                           \
    F(bool, no_redistribution, "no_redistribution", SY_OPT)                                        \
    F(u64, price, "price", SY_OPT)                                                                 \
    F(str, purpose, "purpose", 0)
SY_RECORD(subscribe, SY_SUBSCRIBE_FIELDS)

/* product.unsubscribe (buyer: its own; agency: anybody's; header.subject). */
#define SY_UNSUBSCRIBE_FIELDS(F, S, L)                                                             \
    F(str, buyer, "buyer", 0)                                                                      \
    F(str, text, "text", SY_OPT)
SY_RECORD(unsubscribe, SY_UNSUBSCRIBE_FIELDS)

/* Row subscription/HEX/BUYER. status: active | ended. */
#define SY_SUBSCRIPTION_FIELDS(F, S, L)                                                            \
    F(str, buyer, "buyer", 0)                                                                      \
    F(b32, contract, "contract", SY_OPT)                                                           \
    F(u64, entry, "entry", 0)                                                                      \
    F(u64, price, "price", SY_OPT)                                                                 \
    F(b32, product, "product", 0)                                                                  \
    F(str, purpose, "purpose", 0)                                                                  \
    F(str, status, "status", 0)
SY_RECORD(subscription, SY_SUBSCRIPTION_FIELDS)

/* product.call (buyer; header.grant = the product's grant, header.subject = product). model, price: what the buyer
 * takes the product for; refused when it is another (SY_E_STATE). purpose: the code it subscribed with; another one
 * is disguised use (SY_E_DISGUISED). params: as of a run, each declared parameter once. */
#define SY_PRODUCT_CALL_FIELDS(F, S, L)                                                            \
    F(b32, model, "model", 0)                                                                      \
    L(run_param, params, "params", SY_OPT)                                                         \
    F(u64, price, "price", SY_OPT)                                                                 \
    F(str, purpose, "purpose", 0)
SY_RECORD(product_call, SY_PRODUCT_CALL_FIELDS)

/* Result of product.call. answer: the canonical sy_answer, of the product's grant and model, to which the answer's
 * entry commits: SHA-256("shuyu-answer-1" || salt || answer). The reply has two proofs: this request's own entry
 * (a charge; or an answer, whose verdict.stored - 1 is the second proof's entry: the same question on the same data
 * has one answer, whoever of the buyers asked first), then the job.answer. Of a charge, salt = its inputs.salt and
 * the answer's inputs.charge = its index. fen: what this call is billed, its entry's verdict.fen. Passing it on is forbidden (article 22). */
#define SY_PRODUCT_ANSWER_FIELDS(F, S, L)                                                          \
    F(bin, answer, "answer", 0)                                                                    \
    F(str, buyer, "buyer", 0)                                                                      \
    F(u64, fen, "fen", SY_OPT)                                                                     \
    F(bool, no_redistribution, "no_redistribution", SY_OPT)                                        \
    F(b32, product, "product", 0)                                                                  \
    F(str, purpose, "purpose", 0)                                                                  \
    F(b32, salt, "salt", 0)
SY_RECORD(product_answer, SY_PRODUCT_ANSWER_FIELDS)

/* --- metering ------------------------------------------------------------------------------------- */

/* Row meter/HEX/BUYER/YYYYMM. calls: accepted, those that were refused after their charge (`refused`) too; fen: to
 * be paid, for none of the refused. */
#define SY_PRODUCT_METER_FIELDS(F, S, L)                                                           \
    F(str, buyer, "buyer", 0)                                                                      \
    F(u64, calls, "calls", 0)                                                                      \
    F(u64, fen, "fen", SY_OPT)                                                                     \
    F(u64, month, "month", 0)                                                                      \
    F(b32, product, "product", 0)                                                                  \
    F(u64, refused, "refused", SY_OPT)
SY_RECORD(product_meter, SY_PRODUCT_METER_FIELDS)

/* Row misuse/HEX/PARTY: calls of this product that were refused as disguised use; entry: of the last, field: what
 * did not fit (purpose | grant | buyer). */
#define SY_PRODUCT_MISUSE_FIELDS(F, S, L)                                                          \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, field, "field", 0)                                                                      \
    F(u64, n, "n", 0)                                                                              \
    F(str, party, "party", 0)                                                                      \
    F(b32, product, "product", 0)
SY_RECORD(product_misuse, SY_PRODUCT_MISUSE_FIELDS)

/* product.statement (buyer: its own lines; developer, operator, agency, auditor; read; header.subject). */
#define SY_PRODUCT_MONTH_FIELDS(F, S, L) F(u64, month, "month", 0)
SY_RECORD(product_month, SY_PRODUCT_MONTH_FIELDS)

/* A buyer's month. fee: the operator's part of fen, rounded down. */
#define SY_PRODUCT_LINE_FIELDS(F, S, L)                                                            \
    F(str, buyer, "buyer", 0)                                                                      \
    F(u64, calls, "calls", 0)                                                                      \
    F(u64, fee, "fee", SY_OPT)                                                                     \
    F(u64, fen, "fen", SY_OPT)                                                                     \
    F(u64, refused, "refused", SY_OPT)
SY_RECORD(product_line, SY_PRODUCT_LINE_FIELDS)

/* Its result; calls, fee, fen, refused: sums of the lines. */
#define SY_PRODUCT_STATEMENT_FIELDS(F, S, L)                                                       \
    F(u64, calls, "calls", SY_OPT)                                                                 \
    F(str, developer, "developer", 0)                                                              \
    F(u64, fee, "fee", SY_OPT)                                                                     \
    F(u64, fee_permille, "fee_permille", SY_OPT)                                                   \
    F(u64, fen, "fen", SY_OPT)                                                                     \
    F(str, klass, "klass", 0)                                                                      \
    L(product_line, lines, "lines", SY_OPT)                                                        \
    F(u64, month, "month", 0)                                                                      \
    F(str, name, "name", 0)                                                                        \
    F(u64, price, "price", SY_OPT)                                                                 \
    F(b32, product, "product", 0)                                                                  \
    F(u64, refused, "refused", SY_OPT)                                                             \
    F(str, title, "title", 0)
SY_RECORD(product_statement, SY_PRODUCT_STATEMENT_FIELDS)

#endif
