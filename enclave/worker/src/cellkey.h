/*
 * Complementary withholding in the sealed worker: for each cell of a cellkey block that is withheld for
 * its own sake (wire/cellkey.h), a box that keeps it hidden from margins. The warden computes the first
 * again and checks the second; a cell is withheld when it is a corner of a box.
 *
 * Boxes are chosen one after the other in the order of the cells, each with as few newly withheld cells
 * as possible, and among those the smallest. In large tables not every box is tried: how many are is
 * fixed by the table's shape, so that the time is bounded whatever the data.
 *
 * Threads: pure over its arguments.
 */
#ifndef WORKER_CELLKEY_H
#define WORKER_CELLKEY_H

#include "wire/cellkey.h"

/* Boxes for `block`, whose cells the engine has filled in; in the arena. None at all, when there is a cell
 * for which no box was found: then the whole table is withheld. SY_E_FIELD: the block is none of declared
 * keys within SY_CELLKEY_WORK_MAX, or a cell does not fit it; SY_E_NO_MEMORY. */
SY_MUST sy_status worker_cellkey(const struct sy_plan_block *block,
                                 const struct sy_run_cellkey *rules, struct sy_arena *arena,
                                 struct sy_run_block *ret);

#endif
