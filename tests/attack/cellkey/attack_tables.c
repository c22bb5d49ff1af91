/*
 * Attacks on what is withheld. T40: a linear program (glpk) against random tables of two and three keys, with
 * cells of nobody and of few: first by somebody who knows all that is shown and every margin exactly, then by
 * somebody who has asked for the margins and for parts of the table too, and knows how far noise reaches.
 */
#include <glpk.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "cells.h"

enum { PROTECT = 10, NOISE_MOST = 12, TABLES = 80, QUESTIONS = 6 };

/* --- T40 ------------------------------------------------------------------------------------------------------------ */

/* The attacker's unknowns are the cells of the largest table: town, young, male. */
static struct cells_question whole_table(bool three)
{
    struct cells_question q = cells_all();
    q.by_town = q.by_male = true;
    q.by_young = three;
    return q;
}

/* Does cell `at` of the large table count in cell `part` of a question that divides less or asks for less? */
static bool counts_in(const struct cells_question *large, size_t at, const struct cells_question *q,
                      size_t part)
{
    size_t male = at % 2, young = large->by_young ? at / 2 % 2 : 1;
    size_t town = at / (large->by_young ? 4 : 2);
    if (large->by_young && q->age[1] < CELLS_AGE_MAX && young == 0) {
        return false;
    }
    size_t own = q->by_town ? town : 0;
    own = q->by_young ? 2 * own + young : own;
    own = q->by_male ? 2 * own + male : own;
    return own == part;
}

static glp_prob *program_new(size_t n_cells)
{
    glp_prob *lp = glp_create_prob();
    glp_add_cols(lp, (int)n_cells);
    for (size_t i = 0; i < n_cells; i++) {
        glp_set_col_bnds(lp, (int)i + 1, GLP_LO, 0, 0);
    }
    return lp;
}

static void known(glp_prob *lp, size_t cell, double lo, double hi)
{
    glp_set_col_bnds(lp, (int)cell + 1, lo == hi ? GLP_FX : GLP_DB, lo < 0 ? 0 : lo, hi);
}

/* The sum over the cells that count in `part` is from lo to hi. */
static void known_sum(glp_prob *lp, const struct cells_question *large,
                      const struct cells_question *q, size_t part, double lo, double hi)
{
    int at[CELLS_MOST + 1], n = 0;
    double one[CELLS_MOST + 1];
    for (size_t i = 0; i < cells_in(large); i++) {
        if (counts_in(large, i, q, part)) {
            at[++n] = (int)i + 1;
            one[n] = 1;
        }
    }
    int row = glp_add_rows(lp, 1);
    glp_set_row_bnds(lp, row, lo == hi ? GLP_FX : GLP_DB, lo, hi);
    glp_set_mat_row(lp, row, n, at, one);
}

/* How far apart the least and the largest possible value of a cell are. */
static double width_of(glp_prob *lp, size_t cell)
{
    double end[2] = {0, 0};
    glp_smcp how;
    glp_init_smcp(&how);
    how.msg_lev = GLP_MSG_OFF;
    how.presolve = GLP_OFF;
    glp_set_obj_coef(lp, (int)cell + 1, 1);
    for (int i = 0; i < 2; i++) {
        glp_set_obj_dir(lp, i == 0 ? GLP_MIN : GLP_MAX);
        glp_std_basis(lp);
        int failed = glp_simplex(lp, &how);
        int status = glp_get_status(lp);
        end[i] = status == GLP_UNBND ? 1e9 : glp_get_obj_val(lp);
        if (failed != 0 || (status != GLP_OPT && status != GLP_UNBND)) {
            fail_msg("the linear program has no answer: %d", status);
        }
    }
    glp_set_obj_coef(lp, (int)cell + 1, 0);
    return end[1] - end[0];
}

/* A namespace of few people, unevenly spread. */
static void uneven(struct cells *c)
{
    for (size_t i = 0; i < c->n_people; i++) {
        struct cells_person *p = &c->people[i];
        uint64_t town = attack_below(CELLS_TOWNS);
        p->town = (int64_t)attack_below(town + 1);
        p->male = attack_below((uint64_t)(p->town + 2)) == 0;
        p->age = (int64_t)attack_below(CELLS_AGE_MAX + 1);
        p->age = p->male && p->town == 3 ? 70 : p->age; /* nobody young */
    }
}

/* Every shown cell and every margin, exactly: the sums over one key, which all others follow from. */
static void know_exactly(glp_prob *lp, const struct cells *c, const struct cells_question *large,
                         const struct cells_answer *a)
{
    int64_t exact[CELLS_MOST];
    cells_exact(c, large, exact);
    for (size_t i = 0; i < cells_in(large); i++) {
        if (!a->withheld[i]) {
            known(lp, i, (double)exact[i], (double)exact[i]);
        }
    }
    for (size_t key = 0; key < 3; key++) {
        struct cells_question q = *large;
        q.by_town = q.by_town && key != 0;
        q.by_young = q.by_young && key != 1;
        q.by_male = q.by_male && key != 2;
        if (key == 1 && !large->by_young) {
            continue;
        }
        cells_exact(c, &q, exact);
        for (size_t i = 0; i < cells_in(&q); i++) {
            known_sum(lp, large, &q, i, (double)exact[i], (double)exact[i]);
        }
    }
}

/* All that was ever released: the table, its margins, and the table of the young alone. */
static void know_releases(glp_prob *lp, struct cells *c, const struct cells_question *large,
                          const struct cells_answer *a)
{
    struct cells_question q[QUESTIONS];
    for (size_t i = 0; i < QUESTIONS; i++) {
        q[i] = *large;
        q[i].by_town = large->by_town && i != 0 && i != 3;
        q[i].by_young = large->by_young && i != 1 && i != 4 && i != 5;
        q[i].by_male = large->by_male && i != 2 && i != 3;
    }
    q[5].age[1] = large->by_young ? CELLS_OLD - 1 : q[5].age[1];
    for (size_t k = 0; k <= QUESTIONS; k++) {
        struct cells_answer part = *a;
        const struct cells_question *of = k == 0 ? large : &q[k - 1];
        if (k > 0 && cells_ask(c, of, &part) != 0) {
            continue;
        }
        for (size_t i = 0; i < cells_in(of); i++) {
            if (!part.withheld[i]) {
                double v = (double)part.n[i];
                known_sum(lp, large, of, i, v < NOISE_MOST ? 0 : v - NOISE_MOST, v + NOISE_MOST);
            }
        }
    }
}

struct count {
    size_t cells, narrow;
};

static void attack_table(struct cells *c, bool three, bool linked, struct count *ret)
{
    struct cells_question large = whole_table(three);
    struct cells_answer a;
    int64_t exact[CELLS_MOST];
    bool shown = false;
    if (cells_ask(c, &large, &a) != 0) {
        fail_msg("the table was refused: %.*s", SY_PV(c->k.verdict.reason));
    }
    for (size_t i = 0; i < cells_in(&large); i++) {
        shown = shown || !a.withheld[i];
    }
    if (!shown) {
        return; /* nothing was said, so nothing can be undone */
    }
    glp_prob *lp = program_new(cells_in(&large));
    if (linked) {
        know_releases(lp, c, &large, &a);
    } else {
        know_exactly(lp, c, &large, &a);
    }
    cells_exact(c, &large, exact);
    for (size_t i = 0; i < cells_in(&large); i++) {
        if (a.withheld[i] && exact[i] > 0) {
            ret->cells++;
            ret->narrow += width_of(lp, i) < PROTECT - 1e-6;
        }
    }
    glp_delete_prob(lp);
}

static struct attack_verdict t40(void)
{
    struct count count = {0, 0};
    for (size_t i = 0; i < attack_number(TABLES, 10 * TABLES); i++) {
        struct cells c;
        cells_open(&c, 100 + attack_below(900), 2000);
        uneven(&c);
        attack_table(&c, i % 2 == 1, i % 4 >= 2, &count);
        cells_close(&c);
    }
    if (count.cells < 50) {
        fail_msg("only %zu withheld cells in tables that show any", count.cells);
    }
    return attack_at_most("withheld cells known to fewer than ten units, share",
                          (double)count.narrow / (double)count.cells, 0);
}

/* --- few people ----------------------------------------------------------------------------------------------------- */

/* Cells of fewer than ten people that leave: of tables, and of questions without any key, which are one cell.
 * Nobody must look like few. */
static void count_few(struct cells *c, const struct cells_question *q, struct count *ret)
{
    struct cells_answer a;
    int64_t exact[CELLS_MOST];
    if (cells_ask(c, q, &a) != 0) {
        return;
    }
    cells_exact(c, q, exact);
    for (size_t i = 0; i < cells_in(q); i++) {
        ret->cells += exact[i] < PROTECT;
        ret->narrow += exact[i] < PROTECT && !a.withheld[i];
    }
}

static struct attack_verdict few(void)
{
    struct count count = {0, 0};
    for (size_t i = 0; i < attack_number(TABLES, 10 * TABLES); i++) {
        struct cells c;
        struct cells_question q = i % 2 == 0 ? whole_table(true) : cells_all();
        cells_open(&c, 100 + attack_below(300), 2000);
        uneven(&c);
        if (i % 2 != 0) {
            q.town = (int64_t)attack_below(CELLS_TOWNS);
            q.age[0] = (int64_t)attack_below(CELLS_AGE_MAX);
        }
        count_few(&c, &q, &count);
        cells_close(&c);
    }
    if (count.cells < 50) {
        fail_msg("only %zu small cells", count.cells);
    }
    return attack_at_most("cells of fewer than ten people that leave, share",
                          (double)count.narrow / (double)count.cells, 0);
}

int main(int argc, char **argv)
{
    static const struct attack attacks[] = {
        {"T40", "suppression undone by margins and linked releases", t40},
        {"FEW", "cells of few people, and of nobody", few},
    };
    return attack_main(argc, argv, attacks, LEN(attacks));
}
