/*
 * The plan check: may this plan run under this grant and this pack, and if so, at what noise, in
 * which slot, within which caps. Decides from plan, catalogue, grant and pack alone, never from
 * data.
 *
 * In this order (the first failure is the verdict):
 *   SY_E_PLAN          schema version; post stage or program present; more than one block (for now)
 *   SY_E_FIELD_DENIED  a scan of a dataset or field outside the grant (field = "dataset.field")
 *   SY_E_ROW_LEVEL     no aggregated figure in the output: rows would leave
 *   SY_E_PLAN          a source whose digest is not the catalogue's; typing (wire/plan_type.h):
 *                      structure, types, totality, labels, clamps
 *   SY_E_PRIVACY       the unit is lost: a scan of a protected dataset without its unit column, a
 *                      projection or reduction that drops it, a join of protected inputs that does
 *                      not equate their units in a top-level AND, an outer join that keeps public
 *                      rows beside protected ones, two namespaces in one relation; a block whose
 *                      namespace or unit is not the relation's; a mechanism that the pack's table
 *                      does not allow for the grade of an output column, or that the grant does not
 *                      name; "exact" over anything protected or above g1
 *   SY_E_LIMIT         cells, groups or rows beyond the pack; a sum that could leave +-2^62
 *   SY_E_BUDGET        a price that is zero, above the pack's price of one run, or too small for
 *                      any noise scale
 *
 * Stability, operator by operator (rules kept by src/plan_units.c): filter and projection keep each
 * unit's rows apart; a join on the unit pairs rows of the same unit only; a join to public rows
 * multiplies a unit's rows by public ones; semi and anti joins keep rows by the same unit's or by
 * public rows; a reduction that groups by the unit mixes rows of one unit only. So every row of
 * every relation belongs to one unit, and removing a unit removes exactly its rows.
 *
 * Threads: pure over its arguments. Source: DESIGN sections 4.2, 4.4, 6; scheme article 18.
 */
#ifndef RULES_PLAN_CHECK_H
#define RULES_PLAN_CHECK_H

#include "base/arena.h"
#include "rules/accountant.h"
#include "wire/catalog.h"
#include "wire/methods.h"
#include "wire/pack.h"
#include "wire/plan.h"

enum {
    RULES_LABEL_BYTES_MAX = SY_LABEL_BYTES_MAX, /* widest open-key label an answer may carry */
    RULES_PROOF_BYTES = 24576 /* a reply's three proofs and signature, but what the plan adds */
};

/* The catalogue as one grant shows it. */
struct rules_defs {
    struct sy_dataset_def *defs; /* masked: granted fields only, types as the masks leave them */
    const uint8_t **digests;     /* of the full entries, 32 bytes each */
    size_t n;
};

/* What is checked; all borrowed. */
struct rules_plan_case {
    const struct sy_plan *plan;
    const struct rules_defs *defs;
    const struct sy_pack *pack;
    const struct sy_proposal *proposal; /* of the grant */
};

struct rules_key_facts {
    uint64_t n_cells; /* labels, + 1 when nullable; 0 for an open key */
    bool open;
};

/* One figure of a block. */
struct rules_figure_facts {
    struct rules_reach reach;
    uint64_t rho;   /* its share */
    uint64_t noise; /* sigma or t, in units of 10^-scale; 0 = exact */
    uint32_t scale; /* decimal digits */
    uint64_t grade;
    int64_t lo, hi; /* what the bounded figure of any one cell can be, before noise */
};

struct rules_block_facts {
    struct sy_view ns;
    enum rules_noise kind; /* NONE: exact */
    bool open;             /* some key is open */
    uint64_t n_cells;      /* declared cells; open: the most that may be kept (pack.cells_max) */
    uint64_t units_max;    /* distinct units a cell can hold at most; 0 when unprotected */
    struct rules_key_facts *keys;
    size_t n_keys;
    struct rules_figure_facts *figures;
    size_t n_figures;
    uint64_t units_noise; /* open keys: scale of the threshold's count */
    int64_t tau;          /* open keys: shown iff the noised count reaches it */
    uint64_t rho, delta;  /* what the block costs */
    uint64_t grade;
};

struct rules_plan_facts {
    struct rules_block_facts *blocks; /* plan.n_blocks */
    size_t n_blocks;
    struct sy_view ns;        /* that pays; empty when nothing protected is read */
    uint64_t rho, delta;      /* price of one run */
    uint64_t rows_max;        /* largest max_rows among the scanned datasets */
    size_t size_class;        /* position in pack.sizes */
    struct sy_pack_size size; /* its slot and caps */
    uint64_t cells_max;       /* cells over all blocks */
    size_t answer_bytes;      /* bound on the canonical sy_answer, a multiple of SY_REPLY_BLOCK */
    size_t reply_bytes;       /* length to pad the run's sy_reply to: answer and proofs */
    uint64_t grade;           /* of the answer */
};

/* Check a plan. OK: *ret is filled, its lists in the arena, views borrowed from plan and catalogue.
 * Errors: above, and SY_E_NO_MEMORY; *ret is zeroed. Cost: linear in the plan, times columns. */
SY_MUST sy_status rules_plan_check(const struct rules_plan_case *c, struct sy_arena *arena,
                                   struct rules_plan_facts *ret, struct sy_error *reterr);

#endif
