/*
 * A domain under supervision for the tests: the kit's domain with an approved grant of acme's, a pack with a calendar
 * and a section for supervision, a security authority, and two sectors: health, in charge of its own data and the
 * clinic's, which acme uses; and roads, whose data nobody uses.
 */
#ifndef RULES_TEST_SUPERVISE_KIT_H
#define RULES_TEST_SUPERVISE_KIT_H

#include "test_kit.h"

#include "rules/calendar.h"
#include "rules/control.h"
#include "rules/supervise.h"

enum { SUP_HOURS = 2, SUP_DAY = 86400 };

/* The pack, version `version`; a test may change it before it is adopted. */
struct sy_pack *sup_pack(struct kit *k, uint64_t version);
/* Up to an approved grant, and the pack adopted as version 2; sup_ready: up to an approved model. */
void sup_granted(struct kit *k);
void sup_ready(struct kit *k);

/* A second grant of acme's, on a scene of its own, without births; k->grant and k->model stay. */
void sup_second(struct kit *k, uint8_t ret[32]);

/* Acts. What they made is the entry before k->entry. */
int32_t sup_open(struct kit *k, const char *by, const char *party);
int32_t sup_finding(struct kit *k, const char *by, uint64_t inspection, uint64_t days);
int32_t sup_mend(struct kit *k, const char *by, uint64_t inspection, uint64_t finding);
int32_t sup_close(struct kit *k, const char *by, uint64_t inspection);
int32_t sup_order(struct kit *k, const char *by, const char *party, const char *ground);
int32_t sup_order_mend(struct kit *k, const char *by, uint64_t order);
int32_t sup_order_mended(struct kit *k, const char *by, uint64_t order, const char *decision);
int32_t sup_order_cancel(struct kit *k, uint64_t order);
int32_t sup_incident(struct kit *k, const char *by, const struct sy_affected *affected,
                     int64_t found);
int32_t sup_evaluate(struct kit *k, const char *party, const char *outcome);
int32_t sup_annual(struct kit *k, uint64_t year); /* with the state's own figures */
int32_t sup_disclose(struct kit *k, const char *by, uint64_t year);

/* Rows. */
struct sy_row_grant sup_grant(struct kit *k, const uint8_t id[32]);
bool sup_is(struct kit *k, const uint8_t id[32], const char *status);
struct sy_inspection sup_inspection(struct kit *k, uint64_t entry);
struct sy_correction sup_correction(struct kit *k, uint64_t entry);
struct sy_incident sup_incident_row(struct kit *k, uint64_t entry);
uint64_t sup_closed(struct kit *k, const char *party); /* of its standing */

/* An item of what is due; NULL: not in the list. */
const struct sy_due_item *sup_due(struct kit *k, const char *caller, uint64_t within_s,
                                  const char *code, const char *id);

/* First second of a local day. */
int64_t sup_date(int64_t year, int64_t month, int64_t day);

#endif
