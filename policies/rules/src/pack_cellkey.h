/* Private to the rules: the cell-key section of a pack (pack_cellkey.c). */
#ifndef RULES_PACK_CELLKEY_H
#define RULES_PACK_CELLKEY_H

#include "method.h"

/* May a pack say this? SY_E_FIELD or SY_E_PRIVACY with the key's path: parameters out of range, a table
 * that is no list of distributions of mean 0, or that shows what must not be shown. */
SY_MUST sy_status pack_cellkey_check(const struct sy_pack *p, struct sy_error *err);

/* Half-width of the 95 % interval of a count of units under an adopted pack: the smallest w with
 * P(|noise| <= w) >= 95 % in every row that may be shown, and what rounding adds. */
uint64_t pack_cellkey_half(const struct sy_pack_cellkey *c);

#endif
