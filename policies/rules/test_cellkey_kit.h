/*
 * A domain in memory whose datasets are of grade 2, for the tests of the cell-key method: residents (one row
 * a person), visits (up to 20 rows a person), areas (public). Every call makes a fresh, sound copy.
 */
#ifndef RULES_TEST_CELLKEY_KIT_H
#define RULES_TEST_CELLKEY_KIT_H

#include "test_kit.h"

/* Columns of the scans. */
enum { R_ID, R_AGE, R_TOWN, R_MALE, R_BORN, R_FEE };
enum { V_ID, V_DAY, V_DEPT, V_COST, V_DELTA };

struct sy_pack *ck_pack(struct kit *k, uint64_t version);
struct sy_dataset_def *ck_residents(struct kit *k);
struct sy_dataset_def *ck_visits(struct kit *k);
struct sy_dataset_def *ck_areas(struct kit *k);

/* Everything up to a published catalogue. */
void ck_domain(struct kit *k);
struct sy_proposal *ck_proposal(struct kit *k, const char *developer);
/* Apply, all reviews; k->grant is the grant. mask: of the field age; NULL: none. */
void ck_grant(struct kit *k, const char *developer, const char *age_mask);

/* --- plans: what they are made of, one line an expression ------------------------------------------- */

#define CK_COL(n)                                                                                  \
    {                                                                                              \
        .op = "col", .i = (n)                                                                      \
    }
#define CK_INT(n)                                                                                  \
    {                                                                                              \
        .op = "int", .i = (n)                                                                      \
    }
#define CK_DATE(n)                                                                                 \
    {                                                                                              \
        .op = "date", .i = (n)                                                                     \
    }
#define CK_STR(t)                                                                                  \
    {                                                                                              \
        .op = "str", .s = (t)                                                                      \
    }
#define CK_PARAM(n)                                                                                \
    {                                                                                              \
        .op = "param", .i = (n)                                                                    \
    }
#define CK_F1(f, a)                                                                                \
    {                                                                                              \
        .op = (f), .args = {(a)}, .n_args = 1                                                      \
    }
#define CK_F2(f, a, b)                                                                             \
    {                                                                                              \
        .op = (f), .args = {(a), (b)}, .n_args = 2                                                 \
    }
#define CK_F3(f, a, b, c)                                                                          \
    {                                                                                              \
        .op = (f), .args = {(a), (b), (c)}, .n_args = 3                                            \
    }
#define CK_TRUNC(a, t)                                                                             \
    {                                                                                              \
        .op = "trunc", .args = {(a)}, .n_args = 1, .s = (t)                                        \
    }

/* A list of expressions; the last one is what it is about. */
struct ck_list {
    const struct kit_expr *e;
    size_t n;
};
#define CK(...)                                                                                    \
    ((struct ck_list){(const struct kit_expr[]){__VA_ARGS__},                                      \
                      sizeof((const struct kit_expr[]){__VA_ARGS__}) / sizeof(struct kit_expr)})

#define CK_NONE ((struct ck_list){NULL, 0})

/* One block over residents: units, where ... (n 0: all), by one key (n 0: none) with these labels, of which
 * the last may stand for NULL. */
struct sy_plan *ck_plan(struct kit *k, struct ck_list where, struct ck_list key,
                        const char *const *labels, size_t n_labels, bool nullable);
/* The plan with a parameter `p` of whole numbers. */
struct sy_plan *ck_with_param(struct kit *k, struct sy_plan *p, const char *const *values,
                              size_t n);
/* Its manifest, named `name`. */
struct sy_model_def *ck_def(struct kit *k, const struct sy_plan *p, const char *name);

/* Register and approve as `developer` under k->grant, then run with p = value (NULL: no parameter): the
 * code of the run. k->model is the model. */
int32_t ck_ask(struct kit *k, const char *developer, const struct sy_plan *p, const char *name,
               const char *value);
/* Run k->model again. */
int32_t ck_run(struct kit *k, const char *developer, const struct sy_plan *p, const char *value);

#endif
