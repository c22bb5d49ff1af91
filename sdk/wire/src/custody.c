/*
 * Who holds the shares of a dataset's key. Invariant: a share of a dataset has one holder, and a party at most one
 * share of it (a third share is the department's only where the custodian is another).
 */
#include "wire/custody.h"

bool sy_custody_third(const struct sy_dataset_keys *keys)
{
    static const uint8_t none[32] = {0};
    return keys != NULL && memcmp(keys->department, none, sizeof(none)) != 0;
}

enum sy_holder sy_custody_of(const struct sy_dataset_def *def, const struct sy_dataset_keys *keys,
                             struct sy_view party)
{
    if (keys == NULL || party.n == 0) {
        return SY_HOLDER_NONE;
    }
    if (sy_view_eq(def->custodian, party)) {
        return SY_HOLDER_CUSTODIAN;
    }
    return sy_custody_third(keys) && sy_view_eq(def->department, party) ? SY_HOLDER_DEPARTMENT
                                                                        : SY_HOLDER_NONE;
}

const char *sy_custody_word(const struct sy_dataset_def *def, const struct sy_dataset_keys *keys)
{
    if (def->custodian.n == 0) {
        return "none";
    }
    if (sy_custody_third(keys)) {
        return SY_CUSTODY_BOTH;
    }
    return sy_view_eq(def->custodian, def->department) ? SY_CUSTODY_DEPARTMENT : SY_CUSTODY_AGENCY;
}
