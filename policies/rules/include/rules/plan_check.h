/*
 * The plan check: may this plan run under this grant and this pack, and if so, at what noise, in
 * which slot, within which caps. Decides from plan, catalogue, grant and pack alone, never from
 * data.
 *
 * In this order (the first failure is the verdict):
 *   SY_E_PLAN          schema version; a program present; several blocks without a post stage
 *   SY_E_FIELD_DENIED  a scan of a dataset or field outside the grant (field = "dataset.field")
 *   SY_E_ROW_LEVEL     no aggregated figure in the output: rows would leave
 *   SY_E_PLAN          a source whose digest is not the catalogue's; typing (wire/plan_type.h):
 *                      structure, types, totality, labels, clamps
 *   SY_E_PRIVACY       the unit is lost (wire/plan_unit.h); a block whose namespace or unit is not
 *                      that of a track of its relation; open or sparse keys over rows that further
 *                      units own (their reach has no threshold); a parameter of a plan over protected
 *                      data whose declared support is below the pack's; a mechanism that the pack's table
 *                      does not allow for the grade of an output column, or that the grant does not
 *                      name; "exact" over anything protected or above g1; a plan about one subject that
 *                      is not one block of one declared key, free of charge, over at most one row a unit,
 *                      owned by nobody else, all of whose parameters are asserted; an asserted parameter
 *                      of any other plan; a plan that reads a developer's own data whose blocks are
 *                      not noised, or in which own rows of a unit count without a department's
 *   SY_E_LIMIT         cells, groups or rows beyond the pack; more columns or namespaces than a run
 *                      may have; a sum that could leave +-2^62; more cells could occur than a
 *                      worker's result carries; one protected row could meet more than RULES_FAN_MAX
 *                      public ones
 *   SY_E_BUDGET        a price that is zero, above the pack's price of one run for its namespace, or
 *                      too small for any noise scale
 *   SY_E_PLAN          the post stage (wire/post.h)
 *
 * Price. A block's rho is what one unit of its track costs: a sensitivity D noised at D^2 / (2 rho).
 * A unit that owns rows through other columns reaches t units of the track (wire/plan_unit.h), so the
 * release moves by at most F x D with F = 2 t for a unit of another namespace and F = 1 + 2 t for one
 * of the same, which costs rho x F^2 (Gaussian, zCDP; Laplace: eps x F). Every namespace that owns rows
 * is charged; blocks add up.
 *
 * The work of the post stage is bounded by its typing (SY_POST_VALUES_MAX, SY_POST_WORK_MAX).
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
#include "wire/plan_unit.h"
#include "wire/post.h"

enum {
    RULES_LABEL_BYTES_MAX = SY_LABEL_BYTES_MAX, /* widest open-key label an answer may carry */
    RULES_RUN_COLUMNS_MAX = 56, /* that one run reads, over all its scans: one descriptor each */
    RULES_RUN_SPACES_MAX = 8,   /* namespaces that the blocks of a run protect: a key column each */
    RULES_SUBJECT_LABELS_MAX = 32, /* answers that a question about one subject may have */
    RULES_FAN_MAX = 1 << 20, /* public rows that one protected row may meet, all joins together */
    RULES_PROOF_BYTES =
        28672 /* a reply's three proofs, the cosigned checkpoint and signature, but what the plan adds */
};

/* The catalogue as one grant shows it. Of a protected dataset the unit columns that were not granted
 * follow behind the granted fields, because they own its rows all the same (wire/plan_unit.h); a plan
 * that reads one is refused. */
struct rules_defs {
    struct sy_dataset_def *defs; /* masked: granted fields, types as the masks leave them */
    const uint8_t **digests;     /* of the full entries, 32 bytes each */
    uint64_t *granted;           /* how many fields of each, the first ones, are granted */
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
    uint64_t half;  /* of the 95 % interval, in the same units; 0 = exact */
    uint32_t scale; /* decimal digits */
    uint64_t grade;
    struct sy_view
        values_ns;  /* different units of another namespace are counted: whose; else empty */
    int64_t lo, hi; /* what the bounded figure of any one cell can be, before noise */
    uint8_t measure
        [16]; /* cellkey: what is counted or summed, whatever its alias, order or place: noise
                          * is a function of contributors, measure and exact value only. Figures that are
                          * equal for all data have equal measures (count of a unit's only row: units) */
};

/* The trees that a block's cells are the leaves of, by its last key (docs/privacy/trees.md); leaves 0: none.
 * The block has n_cells / leaves of them, alike. fan: children of a node; nodes: leaves and inner ones. */
struct rules_tree_facts {
    uint64_t leaves, fan, levels, nodes;
};

struct rules_block_facts {
    struct sy_view ns;
    const struct sy_track *track; /* whose rows it bounds, and who else owns them; NULL: public */
    enum rules_noise kind;        /* NONE: exact, or cellkey */
    bool
        cellkey; /* g2: noise by record keys, pack.cellkey[0] (look at this before kind); half is set,
                   * noise is 0 */
    struct sy_view klass; /* of the unit columns read, if a number's (wire/identity.h) */
    bool subject;         /* one subject's cell, docs/privacy/subject.md; kind is NONE */
    struct rules_tree_facts
        tree;         /* its one figure: reach and noise are of a node, scale is 3; half is of a
                                   * leaf; lo and hi of a cell, as always, in whole counts */
    bool open;        /* cells leave through thresholds: some key is open, or the block is sparse */
    uint64_t n_cells; /* declared cells; open: the most that may be kept (pack.cells_max) */
    uint64_t units_max; /* distinct units a cell can hold at most; 0 when unprotected */
    struct rules_key_facts *keys;
    size_t n_keys;
    struct rules_figure_facts *figures;
    size_t n_figures;
    uint64_t units_noise; /* open: scale of the threshold's count */
    int64_t tau;          /* open: a cell is shown iff its noised count of units reaches it */
    uint64_t rho, delta; /* what the block costs the namespace it protects, per unit of its track */
    uint64_t grade;
};

struct rules_plan_facts {
    struct rules_block_facts *blocks; /* plan.n_blocks */
    size_t n_blocks;
    struct sy_spend
        *spends; /* price of one run, by namespace, ascending; none: nothing protected */
    size_t n_spends;
    uint64_t rows_max;        /* largest max_rows among the scanned datasets */
    size_t size_class;        /* position in pack.sizes */
    struct sy_pack_size size; /* its slot and caps */
    uint64_t cells_max;       /* cells over all blocks */
    uint64_t worker_cells; /* cells of one block that a worker's result must have room for: all that
                                * can occur, so that no row decides whether it is cut off */
    struct sy_post_types post; /* n_rels 0: no post stage */
    struct sy_view *shaped;    /* with a post stage: per column of the answer, sy_shape_labels */
    uint64_t rows_out;         /* most rows of the answer */
    size_t answer_bytes;       /* bound on the canonical sy_answer, a multiple of SY_REPLY_BLOCK */
    size_t reply_bytes;        /* length to pad the run's sy_reply to: answer and proofs */
    uint64_t grade;            /* of the answer */
};

/* Check a plan. OK: *ret is filled, its lists in the arena, views borrowed from plan and catalogue.
 * Errors: above, and SY_E_NO_MEMORY; *ret is zeroed. Cost: linear in the plan, times columns. */
SY_MUST sy_status rules_plan_check(const struct rules_plan_case *c, struct sy_arena *arena,
                                   struct rules_plan_facts *ret, struct sy_error *reterr);

#endif
