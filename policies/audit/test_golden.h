/*
 * Golden outputs: what a small log looks like. Digests become H1, H2 ... in the order of first appearance, so
 * that only the form is compared, and who shares a digest with whom.
 */
#ifndef AUDIT_TEST_GOLDEN_H
#define AUDIT_TEST_GOLDEN_H

#include "base/view.h"

/* Compare with golden/NAME; or, when SHUYU_GOLDEN names a folder, write it there. */
void check_golden(const char *name, struct sy_view found);

#endif
