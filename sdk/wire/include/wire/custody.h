/*
 * Who holds the shares of a dataset's key beside the platform. A pack says who is to (`custody`); the dataset's
 * definition and the commitments that were made with its key say who does, for as long as the dataset is there:
 *
 *   agency       the custodian's share, and the definition names the agency as custodian
 *   department   the custodian's share, and the definition names its own department as custodian
 *   both         the custodian's share with the agency, and a third share with the dataset's department
 *
 * Pure; nothing is allocated. Source: DESIGN section 2 ("approval is a key").
 */
#ifndef WIRE_CUSTODY_H
#define WIRE_CUSTODY_H

#include "wire/catalog.h"
#include "wire/event.h"

#define SY_CUSTODY_AGENCY     "agency"
#define SY_CUSTODY_DEPARTMENT "department"
#define SY_CUSTODY_BOTH       "both"

/* Which share a party holds. */
enum sy_holder { SY_HOLDER_NONE = 0, SY_HOLDER_CUSTODIAN, SY_HOLDER_DEPARTMENT };

/* Has the key a third share, its department's? keys: of the ledger, NULL when the dataset has none. */
bool sy_custody_third(const struct sy_dataset_keys *keys);

/* The share that `party` holds of this dataset's key. keys as above. */
enum sy_holder sy_custody_of(const struct sy_dataset_def *def, const struct sy_dataset_keys *keys,
                             struct sy_view party);

/* In words, for people who read a catalogue: one of the words above, "none" for a dataset without a custodian. */
const char *sy_custody_word(const struct sy_dataset_def *def, const struct sy_dataset_keys *keys);

#endif
