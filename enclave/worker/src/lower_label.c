/*
 * Patterns and prefixes of declared labels. What is matched is the public value set, once, while the
 * plan is typed; a stored text is never looked into, so no pattern can spell out what a row holds.
 */
#include "base/weak.h"
#include "lower_func.h"

/* Only a declared set may be looked into. */
static sy_status check_declared(const struct call *k, size_t x)
{
    const struct sy_type *t = &k->c->list->t[x];
    bool declared = t->kind == SY_TYPE_STR && (!t->open || sy_weak(SY_WEAK_PATTERNS_ON_TEXT));
    return declared ? SY_OK
                    : lower_refuse_named(k->c->b, REFUSE_PATTERN, k->pos,
                                         sy_view_str(ast_str(k->node, "function_name")), NULL);
}

static sy_status fn_like(struct call *k, size_t *ret)
{
    struct sy_view pattern;
    SY_TRY(check_declared(k, k->args[0]));
    if (!fn_text(k, 1, &pattern)) {
        return fn_refuse(k, "the pattern must be a literal");
    }
    uint64_t *arg = sy_arena_alloc(k->c->b->arena, 1, sizeof *arg);
    if (arg == NULL) {
        return lower_no_memory(k->c->b);
    }
    *arg = k->args[0];
    struct sy_plan_expr e = {.op = sy_view_str("like"), .s = pattern, .args = arg, .n_args = 1};
    return expr_add(k->c, &e, k->pos, ret);
}

static sy_status fn_not_like(struct call *k, size_t *ret)
{
    SY_TRY(fn_like(k, ret));
    return expr_op(k->c, "not", ret, 1, k->pos, ret);
}

static sy_status first_characters(const struct call *k, size_t x, int64_t n, size_t *ret)
{
    uint64_t *arg = sy_arena_alloc(k->c->b->arena, 1, sizeof *arg);
    SY_TRY(check_declared(k, x));
    if (arg == NULL) {
        return lower_no_memory(k->c->b);
    }
    if (n < 1) {
        return fn_refuse(k, "at least one character, as a literal");
    }
    *arg = x;
    struct sy_plan_expr e = {.op = sy_view_str("prefix"), .i = n, .args = arg, .n_args = 1};
    return expr_add(k->c, &e, k->pos, ret);
}

static int64_t characters(struct sy_view text)
{
    int64_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        n += (text.p[i] & 0xc0) != 0x80 ? 1 : 0; /* not a continuation byte of UTF-8 */
    }
    return n;
}

/* x starts with t when its first characters, as many as t has, are t. */
static sy_status fn_starts_with(struct call *k, size_t *ret)
{
    struct sy_view text;
    size_t args[2] = {0, k->args[1]};
    SY_TRY(check_declared(k, k->args[0]));
    if (!fn_text(k, 1, &text)) {
        return fn_refuse(k, "what it starts with must be a literal");
    }
    SY_TRY(first_characters(k, k->args[0], characters(text), &args[0]));
    return expr_op(k->c, "eq", args, 2, k->pos, ret);
}

static sy_status fn_left(struct call *k, size_t *ret)
{
    int64_t n = 0;
    (void)fn_whole(k, 1, &n);
    return first_characters(k, k->args[0], n, ret);
}

static sy_status fn_substring(struct call *k, size_t *ret)
{
    int64_t from = 0;
    int64_t n = 0;
    if (!fn_whole(k, 1, &from) || from != 1) {
        return fn_refuse(k, "only from the first character on");
    }
    (void)fn_whole(k, 2, &n);
    return first_characters(k, k->args[0], n, ret);
}

#define STARTS "label, literal -> condition"
#define FIRST  "label, literal n -> label"

const struct function LOWER_LABELS[] = {
    {"~~", "like", 2, 2, fn_like, "label, literal pattern -> condition (x LIKE 'I%')", "none",
     false},
    {"!~~", "not(like)", 2, 2, fn_not_like, "label, literal pattern -> condition (x NOT LIKE 'I%')",
     "none", false},
    {"starts_with", "eq(prefix)", 2, 2, fn_starts_with, STARTS, "none", false},
    {"prefix", "eq(prefix)", 2, 2, fn_starts_with, STARTS, "none", false},
    {"^@", "eq(prefix)", 2, 2, fn_starts_with, STARTS, "none", false},
    {"left", "prefix", 2, 2, fn_left, FIRST, "shorter labels: whole", false},
    {"substr", "prefix", 3, 3, fn_substring, "label, 1, literal n -> label",
     "shorter labels: whole", false},
    {"substring", "prefix", 3, 3, fn_substring, "label, 1, literal n -> label",
     "shorter labels: whole", false},
};
const size_t LOWER_N_LABELS = sizeof LOWER_LABELS / sizeof LOWER_LABELS[0];
