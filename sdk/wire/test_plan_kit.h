/*
 * Plans for tests, written as short texts. A list of expressions: tokens with blanks between, each
 * OP[:i][.k][~s][(a,b,...)], where the arguments are earlier positions: "col:3 date:17000 ge(0,1)".
 * Other lists are texts with commas.
 */
#ifndef WIRE_TEST_PLAN_KIT_H
#define WIRE_TEST_PLAN_KIT_H

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "test_plan_world.h"
#include "wire/plan_unit.h"

enum { KIT_RELS = 300 };

struct kit {
    struct sy_arena arena;
    struct sy_typer typer;
    struct sy_plan_rel rels[KIT_RELS];
    struct sy_rel_types types[KIT_RELS];
    struct sy_rel_units units[KIT_RELS];
    size_t n_rels;
    struct sy_error err;
};

/* What a relation is made of, as texts; NULL where there is nothing. */
struct kit_rel {
    const char *op, *source, *in, *names, *exprs, *outs, *fns, *kind, *desc;
    uint64_t n_keys, n_order, limit;
};

static inline size_t kit_count(const char *list, char sep)
{
    size_t n = list == NULL || *list == 0 ? 0 : 1;
    for (; n > 0 && *list != 0; list++) {
        n += *list == sep ? 1 : 0;
    }
    return n;
}

static inline struct sy_view *kit_texts(struct kit *k, const char *list, size_t *ret_n)
{
    *ret_n = kit_count(list, ',');
    struct sy_view *v = sy_arena_alloc(&k->arena, *ret_n + 1, sizeof *v);
    for (size_t i = 0; i < *ret_n; i++) {
        v[i] = sy_view(list, strcspn(list, ","));
        list += v[i].n + 1;
    }
    return v;
}

static inline uint64_t *kit_numbers(struct kit *k, const char *list, size_t *ret_n)
{
    struct sy_view *texts = kit_texts(k, list, ret_n);
    uint64_t *v = sy_arena_alloc(&k->arena, *ret_n + 1, sizeof *v);
    for (size_t i = 0; i < *ret_n; i++) {
        v[i] = strtoull((const char *)texts[i].p, NULL, 10);
    }
    return v;
}

static inline struct sy_plan_expr kit_expr(struct kit *k, const char *token)
{
    struct sy_plan_expr e = {.op = sy_view(token, strcspn(token, ":.~("))};
    token += e.op.n;
    if (*token == ':') {
        char *end;
        e.i = strtoll(token + 1, &end, 10);
        token = end;
    }
    if (*token == '.') {
        char *end;
        e.scale = strtoull(token + 1, &end, 10);
        token = end;
    }
    if (*token == '~') {
        e.s = sy_view(token + 1, strcspn(token + 1, "("));
        token += 1 + e.s.n;
    }
    if (*token == '(') {
        char *args = sy_arena_printf(&k->arena, "%.*s", (int)strcspn(token, ")") - 1, token + 1);
        e.args = kit_numbers(k, args, &e.n_args);
    }
    return e;
}

static inline struct sy_plan_expr *kit_exprs(struct kit *k, const char *list, size_t *ret_n)
{
    *ret_n = kit_count(list, ' ');
    struct sy_plan_expr *e = sy_arena_alloc(&k->arena, *ret_n + 1, sizeof *e);
    for (size_t i = 0; i < *ret_n; i++) {
        size_t n = strcspn(list, " ");
        e[i] = kit_expr(k, sy_arena_printf(&k->arena, "%.*s", (int)n, list));
        list += n + 1;
    }
    return e;
}

static inline void kit_start(struct kit *k, const struct sy_plan_param *params, size_t n_params)
{
    memset(k, 0, sizeof *k);
    check_ok(
        sy_typer_init(&k->typer, params, n_params, world_defs, WORLD_DEFS, &k->arena, &k->err));
}

/* The relation as a record, not yet typed. */
static inline size_t kit_put(struct kit *k, const struct kit_rel *s)
{
    struct sy_plan_rel *r = &k->rels[k->n_rels];
    *r = (struct sy_plan_rel){.op = sy_view_str(s->op),
                              .source = sy_view_str(s->source),
                              .kind = sy_view_str(s->kind),
                              .n_keys = s->n_keys,
                              .n_order = s->n_order,
                              .limit = s->limit};
    r->in = kit_numbers(k, s->in, &r->n_in);
    r->names = kit_texts(k, s->names, &r->n_names);
    r->exprs = kit_exprs(k, s->exprs, &r->n_exprs);
    r->outs = kit_numbers(k, s->outs, &r->n_outs);
    r->fns = kit_texts(k, s->fns, &r->n_fns);
    r->desc = kit_numbers(k, s->desc, &r->n_desc);
    return k->n_rels++;
}

/* Put it and type it. A refused one is taken away again. */
static inline sy_status kit_type(struct kit *k, const struct kit_rel *s)
{
    k->err = (struct sy_error){0};
    size_t i = kit_put(k, s);
    sy_status st = sy_type_rel(&k->typer, k->rels, i, k->types, &k->err);
    k->n_rels -= sy_ok(st) ? 0 : 1;
    return st;
}

/* Put it, type it and track it; a relation that is not tracked is taken away again. */
static inline sy_status kit_track(struct kit *k, const struct kit_rel *s)
{
    sy_status st = kit_type(k, s);
    if (!sy_ok(st)) {
        fail_msg("%s: %s: %s", s->op, k->err.field, k->err.reason);
    }
    st = sy_unit_rel(k->rels, k->n_rels - 1, k->types, k->units, &k->arena, &k->err);
    k->n_rels -= sy_ok(st) ? 0 : 1;
    return st;
}

/* As above, and it must work; its ordinal. */
static inline size_t kit_rel_tracked(struct kit *k, const struct kit_rel *s)
{
    sy_status st = kit_track(k, s);
    if (!sy_ok(st)) {
        fail_msg("%s: %s: %s", s->op, k->err.field, k->err.reason);
    }
    return k->n_rels - 1;
}

#define KIT_REL(k, ...) kit_rel_tracked((k), &(const struct kit_rel){__VA_ARGS__})

#define KIT_CLEANUP __attribute__((cleanup(kit_end)))
static inline void kit_end(struct kit *k)
{
    sy_arena_deinit(&k->arena);
}

#endif
