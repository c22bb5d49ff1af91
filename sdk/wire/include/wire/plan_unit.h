/*
 * Whose rows are these? The privacy unit, tracked through every relation of a plan (DESIGN section
 * 4.2). The worker's binder tracks what it lowers, for good refusals; policies/rules tracks the
 * finished plan again with the same functions and trusts nothing else.
 *
 * A dataset may have several unit columns (a birth names the child and the mother), and each unit
 * owns the row. A *track* of a relation is one way to say whose its rows are: a namespace and a set
 * of columns such that every row belongs to the one unit that all the marked columns hold, and taking
 * that unit out of the data (as the holder of those columns) takes exactly its rows out of the
 * relation and moves no other row. A scan has one track per unit column it reads; each operator keeps
 * the tracks for which its rule holds (docs/privacy/dialect.md has the proofs):
 *
 *   scan      one track for each unit column read (the dataset's `unit` first)
 *   filter, project       all tracks whose columns stay (a project must keep one column of a track)
 *   reduce    tracks with a marked column among the group keys
 *   window    tracks with a marked column among the partition's expressions. Functions that break ties
 *             by every column (row_number, lag, lead, first, frame "rows") need the order to be complete
 *             without looking at other units: every unit column of the input must hold the track's unit
 *             or NULL, since codes of other units say nothing about this one's rows
 *   union     tracks that every input has, on the same column positions, in one namespace
 *   join      one side public: the protected side's tracks (inner; left with the protected side on
 *             the left). Both protected: for each pair of tracks of one namespace whose columns the
 *             condition equates in a top-level AND, one track (inner: both sides' marks; left: the
 *             left's). A left join that keeps public rows beside protected ones is lost
 *   semi, anti            right side public: the left's tracks. Protected: as join, the left's marks
 * A protected relation without a track is refused.
 *
 * Other owners. Under a track by one column, the unit in another column of the same row moves rows too.
 * `others` bounds that: for each namespace, how many units of the track (t) one such unit can reach,
 * the sum over all scans below of the caps (`rows`) of the unit columns that the track does not use.
 * A unit column that a model does not read owns the row all the same. Without a cap there is no bound,
 * and the track does not exist. A figure whose one-unit sensitivity is D then moves by at most
 * D x (2 t) for a unit of another namespace, and D x (1 + 2 t) for one of the track's own.
 *
 * Rows whose unit is NULL belong to nobody and are dropped before anything is counted.
 * Threads: pure. Source: DESIGN section 4.2; docs/privacy/dialect.md.
 */
#ifndef WIRE_PLAN_UNIT_H
#define WIRE_PLAN_UNIT_H

#include "wire/plan_type.h"

enum { SY_TRACKS_MAX = 8, SY_TRACK_OTHERS_MAX = 8 };

/* How many units of the track one unit of `ns`, owning rows through other columns, can reach. */
struct sy_track_other {
    struct sy_view ns;
    uint64_t units; /* >= 1 */
};

struct sy_track {
    struct sy_view ns;
    bool *unit;  /* per column: holds the row's unit */
    bool *maybe; /* per column: holds the row's unit or NULL (all of `unit`, and what an outer
                         * join may have left empty) */
    uint64_t units_max; /* distinct units at most */
    struct sy_track_other others[SY_TRACK_OTHERS_MAX];
    size_t n_others;
};

struct sy_rel_units {
    bool is_protected; /* else public: no tracks, and rows that no unit changes */
    size_t n_cols;
    struct sy_track tracks[SY_TRACKS_MAX];
    size_t n_tracks; /* >= 1 when protected */
};

/* Track relation i of `rels`; types as sy_type_rel left them for 0..i, units[0..i) tracked. Lists in the
 * arena. SY_E_PRIVACY: no track is left, with the reason and "rels[i]" as the field; SY_E_LIMIT: more
 * tracks or namespaces than the maxima; SY_E_NO_MEMORY. */
SY_MUST sy_status sy_unit_rel(const struct sy_plan_rel *rels, size_t i,
                              const struct sy_rel_types *types, struct sy_rel_units *units,
                              struct sy_arena *arena, struct sy_error *reterr);

/* The track of a relation in which `column` holds the unit; NULL when there is none. */
const struct sy_track *sy_unit_track(const struct sy_rel_units *u, size_t column);

/* First column that a track marks. */
size_t sy_track_column(const struct sy_track *t, size_t n_cols);

#endif
