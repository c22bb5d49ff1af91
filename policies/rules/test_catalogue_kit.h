/* Descriptions, offers and tickets over the kit's domain: the steps, each with sound arguments. */
#ifndef RULES_TEST_CATALOGUE_KIT_H
#define RULES_TEST_CATALOGUE_KIT_H

#include "test_kit.h"
#include "wire/catalogue.h"

enum { CAT_TICKET_DAYS = 10, CAT_MONTH_DAYS = 31, CAT_DAY_S = 86400 };

/* The kit's pack with a catalogue: cycles monthly (31 days) and never; ten days for a ticket; nothing blocks. The
 * section is the caller's to change before it is adopted. */
struct sy_pack *cat_pack(struct kit *k, uint64_t version);
struct sy_pack_catalogue *cat_terms(struct sy_pack *p);

/* kit_catalogue, then that pack (version 2) adopted; with "security" and "bureau" (a department) enrolled. */
void cat_domain(struct kit *k);

/* A sound description of a dataset: the next version, with the digest of the one before. */
struct sy_entry *cat_entry(struct kit *k, const struct sy_dataset_def *d);
int32_t cat_describe(struct kit *k, const struct sy_entry *e); /* by the dataset's department */

/* The agency on the version that waits; opinion "seen". */
int32_t cat_decide(struct kit *k, const char *dataset, const char *decision);
int32_t cat_withdraw(struct kit *k, const char *party, const char *dataset);

/* A sound offer of what is in the catalogue, or of what waits when nothing is. */
struct sy_offer *cat_offer_of(struct kit *k, const char *dataset);
int32_t cat_offer(struct kit *k, const char *dataset);

/* Describe and approve, and offer, each of the kit's four datasets. */
void cat_approved(struct kit *k);
void cat_offered(struct kit *k);

/* From an offered domain to a grant over all four. */
void cat_granted(struct kit *k);

/* Rows; all zero when there is none. */
struct sy_entry_row cat_entry_row(struct kit *k, const char *dataset);
struct sy_ticket_row cat_ticket_row(struct kit *k, const char *dataset, uint64_t ticket);
struct sy_demand_row cat_demand_row(struct kit *k, uint64_t demand);
bool cat_has_row(struct kit *k, const char *key);

/* Is the row shown to this party? */
bool cat_sees(struct kit *k, const char *party, const char *key);

/* ticket.open by a party under the kit's grant, about persons.weight; rule NULL: "bounds". */
struct sy_ticket *cat_ticket(struct kit *k, const char *rule);
int32_t cat_open(struct kit *k, const char *party, const struct sy_ticket *t);

#endif
