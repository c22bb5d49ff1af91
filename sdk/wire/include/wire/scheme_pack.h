/*
 * The part of a policy pack that holds the scheme's terms: windows, quorums, clauses, duties (docs/scheme).
 * Each section is there or not; a section that is not there demands nothing. Norms differ by province and by
 * year, so none of these is in the code.
 *
 * Days are working days of the calendar unless a name says otherwise; money is in fen (0.01 yuan).
 */
#ifndef WIRE_SCHEME_PACK_H
#define WIRE_SCHEME_PACK_H

#include "wire/schema.h"

/* utc_offset_s: of the district's clock (28800). holidays, workdays: days since 1970-01-01, ascending: weekdays
 * that are free, and Saturdays or Sundays that are worked (调休). */
#define SY_PACK_CALENDAR_FIELDS(F, S, L)                                                           \
    F(i64s, holidays, "holidays", SY_OPT)                                                          \
    F(i64, utc_offset_s, "utc_offset_s", 0)                                                        \
    F(i64s, workdays, "workdays", SY_OPT)
SY_RECORD(pack_calendar, SY_PACK_CALENDAR_FIELDS)

/* A code with its title, for people. */
#define SY_PACK_CODE_FIELDS(F, S, L)                                                               \
    F(str, code, "code", 0)                                                                        \
    F(str, title, "title", SY_OPT)
SY_RECORD(pack_code, SY_PACK_CODE_FIELDS)

/* separated: nobody has two of the duties system, security, audit. training_days: how many calendar days a training
 * counts at most; when it is given, business acts need one that is still valid and a signed confidentiality
 * agreement (article 25). two_person: methods that two members sign under one header. */
#define SY_PACK_STAFF_FIELDS(F, S, L)                                                              \
    F(bool, separated, "separated", SY_OPT)                                                        \
    F(u64, training_days, "training_days", SY_OPT)                                                 \
    F(strs, two_person, "two_person", SY_OPT)
SY_RECORD(pack_staff, SY_PACK_STAFF_FIELDS)

/* A ground on which an agreement ends (article 15). cause: the party is banned for ban_years. evaluated: its last
 * evaluation is a failing one (article 30). own: the party itself may ask for it. */
#define SY_PACK_ENDING_FIELDS(F, S, L)                                                             \
    F(bool, cause, "cause", SY_OPT)                                                                \
    F(str, code, "code", 0)                                                                        \
    F(bool, evaluated, "evaluated", SY_OPT)                                                        \
    F(bool, own, "own", SY_OPT)                                                                    \
    F(str, title, "title", SY_OPT)
SY_RECORD(pack_ending, SY_PACK_ENDING_FIELDS)

/* Qualification and agreements (articles 9, 10, 12-15, 31, 36). term_years: longest agreement; renew_months: how
 * long before its end a party applies again; incident_years: without a security incident before an application;
 * notice_days: of public notice (0: it is over at once); scheme_ends: UTC seconds, after which nothing is agreed; lists: negative lists
 * that an applicant is not on; aspects: what the experts' opinion scores; clauses: what every agreement says. */
#define SY_PACK_QUALIFY_FIELDS(F, S, L)                                                            \
    L(pack_code, aspects, "aspects", SY_OPT)                                                       \
    F(u64, ban_years, "ban_years", 0)                                                              \
    L(pack_code, clauses, "clauses", 0)                                                            \
    L(pack_ending, endings, "endings", 0)                                                          \
    F(u64, incident_years, "incident_years", 0)                                                    \
    L(pack_code, lists, "lists", 0)                                                                \
    F(u64, notice_days, "notice_days", 0)                                                          \
    F(u64, renew_months, "renew_months", 0)                                                        \
    F(i64, scheme_ends, "scheme_ends", 0)                                                          \
    F(u64, term_years, "term_years", 0)
SY_RECORD(pack_qualify, SY_PACK_QUALIFY_FIELDS)

/* An update cycle: its code, and the calendar days after which data of it are stale (0: never). */
#define SY_PACK_CYCLE_FIELDS(F, S, L)                                                              \
    F(str, code, "code", 0)                                                                        \
    F(u64, days, "days", SY_OPT)                                                                   \
    F(str, title, "title", SY_OPT)
SY_RECORD(pack_cycle, SY_PACK_CYCLE_FIELDS)

/* The catalogue (articles 2, 6-8, 17, 18). credit: data of credit reporting may be described. stale_blocks,
 * ticket_blocks: no new grant over stale data, or over data with a quality ticket that is overdue. */
#define SY_PACK_CATALOGUE_FIELDS(F, S, L)                                                          \
    F(bool, credit, "credit", SY_OPT)                                                              \
    L(pack_cycle, cycles, "cycles", 0)                                                             \
    F(bool, stale_blocks, "stale_blocks", SY_OPT)                                                  \
    F(bool, ticket_blocks, "ticket_blocks", SY_OPT)                                                \
    F(u64, ticket_days, "ticket_days", 0)
SY_RECORD(pack_catalogue, SY_PACK_CATALOGUE_FIELDS)

/* Applications for scenes (articles 17, 18). reason_min: fewest characters of a field's reason; rounds_max: how
 * often one scene may be returned and filed again; review_days: after which an undecided application lapses. */
#define SY_PACK_SCENE_FIELDS(F, S, L)                                                              \
    F(u64, reason_min, "reason_min", 0)                                                            \
    F(u64, review_days, "review_days", 0)                                                          \
    F(u64, rounds_max, "rounds_max", 0)
SY_RECORD(pack_scene, SY_PACK_SCENE_FIELDS)

/* Fusion of a developer's own data (articles 18, 22; wire/own.h). bytes: most that one raw file may have; grade: least
 * grade of each field, and of membership, of own data about people. Without the section nothing is fused. */
#define SY_PACK_FUSION_FIELDS(F, S, L)                                                             \
    F(u64, bytes, "bytes", 0)                                                                      \
    F(u64, grade, "grade", 0)
SY_RECORD(pack_fusion, SY_PACK_FUSION_FIELDS)

/* Products (articles 11, 19-22). reviewers: roles that must approve before publication; reports_max: machine
 * reports of one product; price_max: of one call of an industry product; public_price_max: of one for the
 * public interest; public_calls: free calls of a buyer in a month; fee_permille_max: the operator's part;
 * advantage_max: by how many in 1000 an answer may tell better than a guess whether a unit is in the data (0: nothing
 * is asked); tests_max, test_ms: of tests inside the domain, 0: as wire/product_test.h has it; test_asked: nothing is
 * approved that has not passed one. */
#define SY_PACK_PRODUCT_FIELDS(F, S, L)                                                            \
    F(u64, advantage_max, "advantage_max", SY_OPT)                                                 \
    F(u64, fee_permille_max, "fee_permille_max", SY_OPT)                                           \
    F(u64, price_max, "price_max", SY_OPT)                                                         \
    F(u64, public_calls, "public_calls", SY_OPT)                                                   \
    F(u64, public_price_max, "public_price_max", SY_OPT)                                           \
    F(u64, reports_max, "reports_max", 0)                                                          \
    F(strs, reviewers, "reviewers", 0)                                                             \
    F(bool, test_asked, "test_asked", SY_OPT)                                                      \
    F(u64, test_ms, "test_ms", SY_OPT)                                                             \
    F(u64, tests_max, "tests_max", SY_OPT)
SY_RECORD(pack_product, SY_PACK_PRODUCT_FIELDS)

/* A sector (article 29): the department in charge of it, which supervises whoever uses its own data or those of
 * `departments`, and the operator. */
#define SY_PACK_SECTOR_FIELDS(F, S, L)                                                             \
    F(str, code, "code", 0)                                                                        \
    F(str, department, "department", 0)                                                            \
    F(strs, departments, "departments", SY_OPT)                                                    \
    F(str, title, "title", SY_OPT)
SY_RECORD(pack_sector, SY_PACK_SECTOR_FIELDS)

/* Supervision (articles 23-32). grounds: of correction orders; report_hours: from finding an incident to its
 * report; incident_days: to deal with it; disclosure_month, disclosure_day: of the year after, likewise report_month,
 * report_day. drill_months, evaluate_months, inspect_months: how often there is to be one at least (0: not said). */
#define SY_PACK_SUPERVISE_FIELDS(F, S, L)                                                          \
    F(u64, disclosure_day, "disclosure_day", 0)                                                    \
    F(u64, disclosure_month, "disclosure_month", 0)                                                \
    F(u64, drill_months, "drill_months", SY_OPT)                                                   \
    F(u64, evaluate_months, "evaluate_months", SY_OPT)                                             \
    L(pack_code, grounds, "grounds", 0)                                                            \
    F(u64, incident_days, "incident_days", SY_OPT)                                                 \
    F(u64, inspect_months, "inspect_months", SY_OPT)                                               \
    F(u64, report_day, "report_day", 0)                                                            \
    F(u64, report_hours, "report_hours", 0)                                                        \
    F(u64, report_month, "report_month", 0)                                                        \
    L(pack_sector, sectors, "sectors", SY_OPT)
SY_RECORD(pack_supervise, SY_PACK_SUPERVISE_FIELDS)

/* A platform beside the domain (article 16; wire/sync.h). key: signs its receipts and pages; push: kinds of items that
 * it is told of (catalogue registration product withdrawal); pull: its announcements are read, every `every_s`. */
#define SY_PACK_PLATFORM_FIELDS(F, S, L)                                                           \
    F(str, code, "code", 0)                                                                        \
    F(u64, every_s, "every_s", SY_OPT)                                                             \
    F(b32, key, "key", 0)                                                                          \
    F(bool, pull, "pull", SY_OPT)                                                                  \
    F(strs, push, "push", SY_OPT)                                                                  \
    F(str, title, "title", SY_OPT)                                                                 \
    F(str, url, "url", 0)
SY_RECORD(pack_platform, SY_PACK_PLATFORM_FIELDS)

#define SY_PACK_SYNC_FIELDS(F, S, L) L(pack_platform, platforms, "platforms", 0)
SY_RECORD(pack_sync, SY_PACK_SYNC_FIELDS)

/* Each none or one. */
#define SY_PACK_SCHEME_FIELDS(F, S, L)                                                             \
    L(pack_calendar, calendar, "calendar", SY_OPT)                                                 \
    L(pack_catalogue, catalogue, "catalogue", SY_OPT)                                              \
    L(pack_fusion, fusion, "fusion", SY_OPT)                                                       \
    L(pack_product, product, "product", SY_OPT)                                                    \
    L(pack_qualify, qualify, "qualify", SY_OPT)                                                    \
    L(pack_scene, scene, "scene", SY_OPT)                                                          \
    L(pack_staff, staff, "staff", SY_OPT)                                                          \
    L(pack_supervise, supervise, "supervise", SY_OPT)                                              \
    L(pack_sync, sync, "sync", SY_OPT)
SY_RECORD(pack_scheme, SY_PACK_SCHEME_FIELDS)

#endif
