/*
 * The rows of the scheme (docs/scheme), and their keys. Same notation as rules/rows.h.
 *
 *   standing/PARTY     sy_row_standing            may it take part?
 *   outbox/PLATFORM/N/KIND     sy_sync_waiting    what a platform is to be told; N = entry of the act (wire/sync.h)
 *   delivered/PLATFORM/N/KIND  sy_sync_done       what it has taken
 *   pulled/PLATFORM            sy_sync_cursor     how far its announcements were read
 *   district/PLATFORM/CODE     sy_sync_known      what it announced
 *   staff/PARTY/ID     sy_staff                   a member of a party (wire/staff.h)
 *   key/HEX            sy_held_key                (replica) a member's key or certificate, or one that is retired (wire/staff.h)
 *   entry/DATASET      sy_entry_row               (wire/catalogue.h) its place in the catalogue
 *   described/DATASET/N sy_described              version N of its core metadata, 20 decimal digits
 *   rescode/CODE       sy_code_row                the dataset that has this resource code, for good
 *   source/ITEM        sy_code_row                the dataset that is the source of this item
 *   offer/DATASET      sy_offer_row               the operator's operation catalogue
 *   updated/DATASET    sy_updated                 its latest data version
 *   demand/N           sy_demand_row              N = entry, 20 decimal digits
 *   ticket/DATASET/N   sy_ticket_row              N likewise
 *   announcement/HEX   sy_row_announcement        HEX = its id (proof/ids.h), likewise the next three
 *   qualify/HEX        sy_row_qualify             an application for qualification
 *   notice/HEX         sy_row_notice              its public notice; HEX = the application's id
 *   agreement/HEX      sy_row_agreement
 *   applicant/PARTY    sy_row_applicant           its last application
 *   product/HEX        sy_product_row             (wire/product.h, likewise the next four) HEX = its id
 *   product_report/HEX sy_product_report_row      the last machine-made report, for reviewers
 *   product_test/HEX   sy_product_test_row        (wire/product_test.h) tests inside the domain, for reviewers
 *   product_tries/HEX  sy_product_tries           how many, of all products of model HEX
 *   subscription/HEX/BUYER sy_subscription
 *   meter/HEX/BUYER/YYYYMM sy_product_meter       a buyer's calls of one month
 *   misuse/HEX/PARTY   sy_product_misuse          calls refused as disguised use
 *   inspection/N       sy_inspection              (wire/supervise.h, likewise the rest) N = entry, 20 decimal digits
 *   correction/N       sy_correction              an order to correct
 *   incident/N         sy_incident
 *   emergency          sy_emergency               the emergency plan in force
 *   drill/N            sy_drill
 *   evaluation/PARTY/N sy_evaluation
 *   annual/YEAR        sy_annual                  the operator's report, 4 decimal digits
 *   disclosure/YEAR/PARTY sy_disclosure
 */
#ifndef RULES_ROWS_SCHEME_H
#define RULES_ROWS_SCHEME_H

#include "rules/rows.h"
#include "wire/catalogue.h"
#include "wire/qualify.h"

/* ---- common ---- */

/* A party's standing; no row: nothing is known against it. agreement: in force, or the last one; ban_until: no
 * application before this time (UTC s; 0: no ban); closed: entry + 1 of the correction order that closed its access. */
#define SY_ROW_STANDING_FIELDS(F, S, L)                                                            \
    F(b32, agreement, "agreement", SY_OPT)                                                         \
    F(i64, ban_until, "ban_until", SY_OPT)                                                         \
    F(u64, closed, "closed", SY_OPT)
SY_RECORD(row_standing, SY_ROW_STANDING_FIELDS)

/* ---- staff ---- */

/* "staff/PARTY/ID"; with an empty id the prefix of all members. */
struct rules_key rules_key_staff(struct sy_view party, struct sy_view id);

/* ---- qualification ---- */

/* Announcements, applications, notices and agreements: wire/qualify.h. */

#define SY_ROW_APPLICANT_FIELDS(F, S, L) F(b32, application, "application", 0)
SY_RECORD(row_applicant, SY_ROW_APPLICANT_FIELDS)

/* ---- catalogue ---- */

/* ---- applications ---- */

/* ---- products ---- */

/* ---- supervision ---- */

#endif
