/*
 * Catalogue records of the scheme: what a department describes a dataset with (the national core metadata), the
 * operator's operation catalogue that is derived from it, demand that the catalogue does not meet, and tickets
 * about the quality of data. Types, classes, grades and value sets stand in the dataset's definition
 * (wire/catalog.h), which these records name and never repeat.
 *
 * Identifiers and codes: 1..64 bytes; a code may have capitals and '/' too. Texts: plain UTF-8, as long as each
 * rule says. Days are of the pack's clock, numbered from 1970-01-01.
 *
 * Source: scheme articles 2, 6-8, 17, 18; national guide to catalogues of government information resources (core
 * metadata); DB37/T 2885-2016.
 */
#ifndef WIRE_CATALOGUE_H
#define WIRE_CATALOGUE_H

#include "wire/schema.h"

enum {
    SY_ENTRY_TEXT_MAX = 2000,  /* bytes of an abstract, of a lawful basis, of a reason */
    SY_ENTRY_LABEL_MAX = 256,  /* bytes of a name, of a system, of a scene */
    SY_ENTRY_CLASSES_MAX = 4,  /* 类 项 目 细目 */
    SY_ENTRY_RELATED_MAX = 64, /* of related resources, of demands met, of scenes offered for */
    SY_TICKET_TEXT_MAX = 500   /* bytes of a ticket's text */
};

/* Sharing (共享属性) or opening (开放属性). kind: unconditional | conditional | none. condition: on what condition, or
 * by which provision not at all; required but for unconditional. method: how it is handed over. */
#define SY_ENTRY_ACCESS_FIELDS(F, S, L)                                                            \
    F(str, condition, "condition", SY_OPT)                                                         \
    F(str, kind, "kind", 0)                                                                        \
    F(str, method, "method", SY_OPT)
SY_RECORD(entry_access, SY_ENTRY_ACCESS_FIELDS)

/* An information item (信息项): a field of the definition under its official name. code: of the item in the national or
 * provincial register of items. An item with a code has one source (一数一源): this dataset, or `from`, the dataset
 * that it was taken over from (一源多用). */
#define SY_ENTRY_ITEM_FIELDS(F, S, L)                                                              \
    F(str, code, "code", SY_OPT)                                                                   \
    F(str, field, "field", 0)                                                                      \
    F(str, from, "from", SY_OPT)                                                                   \
    F(str, name, "name", 0)
SY_RECORD(entry_item, SY_ENTRY_ITEM_FIELDS)

/* catalog.describe (department): one version of a dataset's entry. version counts from 1; prev: SHA-256 of the
 * canonical version before (none of the first), so that an entry's history is a chain which the department has
 * signed. class_path: from class to detail (类/项/目/细目). res_code: of the resource (信息资源代码), the dataset's for
 * good. provider_code: 统一社会信用代码. update_cycle: a code of the pack. published: day of first publication.
 * time_from, time_to: what time the data are about, "2024", "2024-06" or "2024-06-30"; no end: it goes on. region:
 * code of the administrative division. demands: those that this entry meets, by entry. secret: it holds state
 * secrets; credit: it is data of credit reporting (article 2). */
#define SY_ENTRY_FIELDS(F, S, L)                                                                   \
    F(str, abstract, "abstract", 0)                                                                \
    F(strs, class_path, "class_path", 0)                                                           \
    F(bool, credit, "credit", SY_OPT)                                                              \
    F(str, dataset, "dataset", 0)                                                                  \
    F(u64s, demands, "demands", SY_OPT)                                                            \
    F(str, format, "format", 0)                                                                    \
    L(entry_item, items, "items", 0)                                                               \
    F(str, lawful_basis, "lawful_basis", SY_OPT)                                                   \
    S(entry_access, open, "open", 0)                                                               \
    F(b32, prev, "prev", SY_OPT)                                                                   \
    F(str, provider, "provider", 0)                                                                \
    F(str, provider_code, "provider_code", 0)                                                      \
    F(i64, published, "published", 0)                                                              \
    F(str, region, "region", 0)                                                                    \
    F(strs, related, "related", SY_OPT)                                                            \
    F(str, res_code, "res_code", 0)                                                                \
    F(bool, secret, "secret", SY_OPT)                                                              \
    S(entry_access, share, "share", 0)                                                             \
    F(str, source_system, "source_system", 0)                                                      \
    F(str, time_from, "time_from", 0)                                                              \
    F(str, time_to, "time_to", SY_OPT)                                                             \
    F(str, update_cycle, "update_cycle", 0)                                                        \
    F(u64, version, "version", 0)
SY_RECORD(entry, SY_ENTRY_FIELDS)

/* catalog.approve (agency): about version `version` of the dataset's entry, whose SHA-256 is `digest`. decision:
 * approve (it is in the catalogue from here on) | return (to the department, which describes again). */
#define SY_ENTRY_REVIEW_FIELDS(F, S, L)                                                            \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, decision, "decision", 0)                                                                \
    F(b32, digest, "digest", 0)                                                                    \
    F(str, opinion, "opinion", SY_OPT)                                                             \
    F(u64, version, "version", 0)
SY_RECORD(entry_review, SY_ENTRY_REVIEW_FIELDS)

/* catalog.withdraw (the dataset's department, agency): out of the catalogue; the item codes are free again. */
#define SY_ENTRY_WITHDRAW_FIELDS(F, S, L)                                                          \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, text, "text", 0)
SY_RECORD(entry_withdraw, SY_ENTRY_WITHDRAW_FIELDS)

/* catalog.offer (operator): the dataset in the operation catalogue (授权运营数据资源目录), derived from version `version`
 * of its entry, whose SHA-256 is `digest`. industry, scenes: whom and what it is for; delivery: in what form. */
#define SY_OFFER_FIELDS(F, S, L)                                                                   \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, delivery, "delivery", 0)                                                                \
    F(b32, digest, "digest", 0)                                                                    \
    F(str, industry, "industry", 0)                                                                \
    F(strs, scenes, "scenes", 0)                                                                   \
    F(u64, version, "version", 0)
SY_RECORD(offer, SY_OFFER_FIELDS)
/* catalog.unoffer (operator): args sy_dataset_ref (wire/methods.h). */

/* demand.file (operator): data that a developer's scene needs and the catalogue has not (article 18). sector: the
 * department in charge of the sector, which reviews beside the agency. items: what data; scene: what for. */
#define SY_DEMAND_FIELDS(F, S, L)                                                                  \
    F(str, developer, "developer", 0)                                                              \
    F(str, items, "items", 0)                                                                      \
    F(str, scene, "scene", 0)                                                                      \
    F(str, sector, "sector", 0)                                                                    \
    F(str, title, "title", 0)
SY_RECORD(demand, SY_DEMAND_FIELDS)

/* demand.review (agency, and the demand's sector department): decision approve | reject. demand: by entry. */
#define SY_DEMAND_REVIEW_FIELDS(F, S, L)                                                           \
    F(str, decision, "decision", 0)                                                                \
    F(u64, demand, "demand", 0)                                                                    \
    F(str, opinion, "opinion", SY_OPT)
SY_RECORD(demand_review, SY_DEMAND_REVIEW_FIELDS)

/* ticket.open (developer, operator; header.grant = the grant under which it was found): a problem of quality. field:
 * which one; none: the dataset. quality: completeness | consistency | accuracy | timeliness (article 8). rule: code
 * of what does not hold. found_by: use | run | check | complaint. text: for people, and never a value of the data: no
 * long numbers. */
#define SY_TICKET_FIELDS(F, S, L)                                                                  \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, field, "field", SY_OPT)                                                                 \
    F(str, found_by, "found_by", 0)                                                                \
    F(str, quality, "quality", 0)                                                                  \
    F(str, rule, "rule", 0)                                                                        \
    F(str, text, "text", SY_OPT)
SY_RECORD(ticket, SY_TICKET_FIELDS)

/* ticket.fix (the dataset's department): data version `version`, published since, fixes it. ticket: by entry. */
#define SY_TICKET_FIX_FIELDS(F, S, L)                                                              \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, text, "text", SY_OPT)                                                                   \
    F(u64, ticket, "ticket", 0)                                                                    \
    F(u64, version, "version", 0)
SY_RECORD(ticket_fix, SY_TICKET_FIX_FIELDS)

/* ticket.close (who opened it, agency). outcome: solved (after a fix) | unsolved (after a fix: it is open again,
 * with the deadline it had) | withdrawn (before one). */
#define SY_TICKET_CLOSE_FIELDS(F, S, L)                                                            \
    F(str, dataset, "dataset", 0)                                                                  \
    F(str, outcome, "outcome", 0)                                                                  \
    F(str, text, "text", SY_OPT)                                                                   \
    F(u64, ticket, "ticket", 0)
SY_RECORD(ticket_close, SY_TICKET_CLOSE_FIELDS)

/* --- rows of the state (rules/rows_scheme.h), as state.list gives them ------------------------------------ */

/* entry/DATASET. approved: the version that is in the catalogue; 0: none is. described: the last version, of digest
 * `digest`. status, of the last act: described (the agency has not decided) | approved | returned | withdrawn. */
#define SY_ENTRY_ROW_FIELDS(F, S, L)                                                               \
    F(u64, approved, "approved", SY_OPT)                                                           \
    F(str, department, "department", 0)                                                            \
    F(u64, described, "described", 0)                                                              \
    F(b32, digest, "digest", 0)                                                                    \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, status, "status", 0)
SY_RECORD(entry_row, SY_ENTRY_ROW_FIELDS)

/* described/DATASET/N: version N, kept for good. meta: the canonical sy_entry; approved: entry + 1 of the agency's
 * approval (0: none); opinion: the agency's. */
#define SY_DESCRIBED_FIELDS(F, S, L)                                                               \
    F(u64, approved, "approved", SY_OPT)                                                           \
    F(u64, entry, "entry", 0)                                                                      \
    F(bin, meta, "meta", 0)                                                                        \
    F(str, opinion, "opinion", SY_OPT)                                                             \
    F(i64, time, "time", 0)
SY_RECORD(described, SY_DESCRIBED_FIELDS)

/* rescode/CODE, source/ITEM: whose it is. */
#define SY_CODE_ROW_FIELDS(F, S, L) F(str, dataset, "dataset", 0)
SY_RECORD(code_row, SY_CODE_ROW_FIELDS)

/* offer/DATASET. offer: the canonical sy_offer. */
#define SY_OFFER_ROW_FIELDS(F, S, L)                                                               \
    F(u64, entry, "entry", 0)                                                                      \
    F(bin, offer, "offer", 0)                                                                      \
    F(i64, time, "time", 0)
SY_RECORD(offer_row, SY_OFFER_ROW_FIELDS)

/* updated/DATASET: when its latest data version was published. */
#define SY_UPDATED_FIELDS(F, S, L)                                                                 \
    F(i64, time, "time", 0)                                                                        \
    F(u64, version, "version", 0)
SY_RECORD(updated, SY_UPDATED_FIELDS)

#define SY_DEMAND_OPINION_FIELDS(F, S, L)                                                          \
    F(str, decision, "decision", 0)                                                                \
    F(u64, entry, "entry", 0)                                                                      \
    F(str, opinion, "opinion", SY_OPT)                                                             \
    F(str, party, "party", 0)
SY_RECORD(demand_opinion, SY_DEMAND_OPINION_FIELDS)

/* demand/N. demand: the canonical sy_demand; met: the dataset whose approved entry meets it. status: filed | approved
 * | rejected | met. */
#define SY_DEMAND_ROW_FIELDS(F, S, L)                                                              \
    F(bin, demand, "demand", 0)                                                                    \
    F(str, met, "met", SY_OPT)                                                                     \
    L(demand_opinion, opinions, "opinions", SY_OPT)                                                \
    F(str, status, "status", 0)                                                                    \
    F(i64, time, "time", 0)
SY_RECORD(demand_row, SY_DEMAND_ROW_FIELDS)

/* ticket/DATASET/N. data: the data version when it was opened (0: none); deadline: for the fix, UTC s; fixed: the data
 * version that fixes it, since fixed_time; grant, party: who found it, under what. status: open | fixed | solved |
 * withdrawn. ticket: the canonical sy_ticket. */
#define SY_TICKET_ROW_FIELDS(F, S, L)                                                              \
    F(u64, data, "data", SY_OPT)                                                                   \
    F(i64, deadline, "deadline", 0)                                                                \
    F(str, department, "department", 0)                                                            \
    F(u64, fixed, "fixed", SY_OPT)                                                                 \
    F(i64, fixed_time, "fixed_time", SY_OPT)                                                       \
    F(b32, grant, "grant", 0)                                                                      \
    F(str, party, "party", 0)                                                                      \
    F(str, status, "status", 0)                                                                    \
    F(bin, ticket, "ticket", 0)                                                                    \
    F(i64, time, "time", 0)
SY_RECORD(ticket_row, SY_TICKET_ROW_FIELDS)

/* Is the ticket past its deadline, and not fixed? */
static inline bool sy_ticket_overdue(const struct sy_ticket_row *row, int64_t now)
{
    return sy_view_is(row->status, "open") && now > row->deadline;
}

/* --- what rules and command line must judge alike --------------------------------------------------------- */

/*
 * Are data of a cycle stale? day, updated: local days of now and of the latest data version (negative: there is none,
 * and whatever has to be updated is stale); days: of the cycle, 0: it never becomes stale. A cycle of one day is kept
 * by data of yesterday.
 */
bool sy_entry_stale(uint64_t days, int64_t updated, int64_t day);

/*
 * A unified social credit code (统一社会信用代码): 18 characters of the standard's set, the area's six digits, and the
 * check character. Any bytes. Threads: pure. Source: GB 32100-2015.
 */
enum { SY_ORG_CODE_CHARS = 18 };
bool sy_org_code_ok(struct sy_view text);

/* The check character of the first 17; '\0' when they are not of the set. */
char sy_org_code_check(const char *chars17);

#endif
