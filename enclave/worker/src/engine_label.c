/*
 * Labels as codes: literals, maps between label sets, order, patterns and prefixes. A declared label
 * is its position in the type's set, an open one its position in the run's dictionary; what a pattern
 * matches is settled here, on the public set, so no text enters the engine.
 */
#include <inttypes.h>

#include "engine_internal.h"

enum { LIKE_RUNS_MAX = 8 };

/* --- codes -------------------------------------------------------------------------------------------- */

bool sql_literal_text(const struct sql_at *a, size_t i, struct sy_view *ret)
{
    const struct sy_plan_expr *e = &a->scope->exprs[i];
    const struct sy_run_job *job = a->s->job->def;
    if (sy_view_is(e->op, "str")) {
        *ret = e->s;
        return true;
    }
    if (sy_view_is(e->op, "param") && a->scope->types[i].kind == SY_TYPE_STR) {
        *ret = job->plan.params[e->i].asserted ? engine_asserted(job, (size_t)e->i)
                                               : job->plan.params[e->i].values[job->params[e->i]];
        return true;
    }
    return false;
}

/* Position of a text, looked for from `near` on: neighbours in one set are mostly so in the other. */
static int64_t position_near(const struct sy_view *labels, size_t n, struct sy_view text,
                             size_t near)
{
    for (size_t k = 0; k < n; k++) {
        size_t i = near + k < n ? near + k : near + k - n;
        if (sy_view_eq(labels[i], text)) {
            return (int64_t)i;
        }
    }
    return -1; /* no code: never equal */
}

static int64_t code_of(const struct sql_at *a, const struct sy_type *to, struct sy_view text)
{
    if (!to->open) {
        return position_near(to->labels, to->n_labels, text, 0);
    }
    const struct engine_column *c = engine_text_column(a->s->job, to, NULL);
    return c == NULL ? -1 : position_near(c->def->dict, c->def->n_dict, text, 0);
}

static bool starts_with(const struct sy_type *whole, const struct sy_type *part)
{
    if (whole->open || part->open || whole->labels == part->labels) {
        return true;
    }
    for (size_t i = 0; i < part->n_labels; i++) {
        if (i >= whole->n_labels || !sy_view_eq(whole->labels[i], part->labels[i])) {
            return false;
        }
    }
    return true;
}

/* --- maps --------------------------------------------------------------------------------------------- */

bool sql_map_open(struct sql *s, const struct sy_type *from, const struct sy_type *to)
{
    if (from->nothing || starts_with(to, from)) {
        return false;
    }
    int64_t code = 0;
    sql_put(s, "[");
    for (size_t k = 0; k < from->n_labels; k++) {
        code =
            position_near(to->labels, to->n_labels, from->labels[k], code < 0 ? 0 : (size_t)code);
        sql_put(s, "%s%" PRId64, k == 0 ? "" : ",", code);
    }
    sql_put(s, "][(");
    return true;
}

void sql_map_close(struct sql *s)
{
    sql_put(s, ")::BIGINT+1]");
}

void sql_put_label(const struct sql_at *a, size_t i, const struct sy_type *to)
{
    struct sy_view text;
    if (sql_literal_text(a, i, &text)) {
        sql_put(a->s, "%" PRId64, code_of(a, to, text));
        return;
    }
    bool mapped = sql_map_open(a->s, &a->scope->types[i], to);
    sql_put_expr(a, i);
    if (mapped) {
        sql_map_close(a->s);
    }
}

/* --- order -------------------------------------------------------------------------------------------- */

/* Labels of an ascending set that come before text; with `equal`, text itself counts as before. */
static size_t labels_before(const struct sy_type *t, struct sy_view text, bool equal)
{
    size_t lo = 0;
    size_t hi = t->n_labels;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = sy_view_cmp(t->labels[mid], text);
        if (c < 0 || (equal && c == 0)) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

static bool is_less(const char *op)
{
    return op[0] == '<';
}

static bool or_equal(const char *op)
{
    return op[1] == '=';
}

/* label OP text: the codes on one side of a position. */
static void label_against_text(const struct sql_at *a, size_t label, const char *op,
                               struct sy_view text)
{
    const struct sy_type *t = &a->scope->types[label];
    bool through =
        is_less(op) == or_equal(op); /* <= and > cut after the text, < and >= before it */
    sql_put(a->s, "((");
    sql_put_expr(a, label);
    sql_put(a->s, ")::BIGINT%s%zu)", is_less(op) ? "<" : ">=", labels_before(t, text, through));
}

static void text_against_text(const struct sql_at *a, const char *op, struct sy_view x,
                              struct sy_view y)
{
    int c = is_less(op) ? sy_view_cmp(x, y) : sy_view_cmp(y, x);
    sql_put(a->s, "%s", c < 0 || (c == 0 && or_equal(op)) ? "true" : "false");
}

static const char *mirrored(const char *op)
{
    return is_less(op) ? (or_equal(op) ? ">=" : ">") : (or_equal(op) ? "<=" : "<");
}

void sql_put_label_order(const struct sql_at *a, const char *op)
{
    const struct sy_plan_expr *e = sql_at_expr(a);
    struct sy_view text[2];
    bool left = sql_literal_text(a, (size_t)e->args[0], &text[0]);
    bool right = sql_literal_text(a, (size_t)e->args[1], &text[1]);
    if (left && right) {
        text_against_text(a, op, text[0], text[1]);
    } else if (left) {
        label_against_text(a, (size_t)e->args[1], mirrored(op), text[0]);
    } else if (right) {
        label_against_text(a, (size_t)e->args[0], op, text[1]);
    } else { /* one set, by typing */
        sql_put(a->s, "((");
        sql_put_arg(a, 0);
        sql_put(a->s, ")::BIGINT%s(", op);
        sql_put_arg(a, 1);
        sql_put(a->s, ")::BIGINT)");
    }
}

/* --- patterns ------------------------------------------------------------------------------------------ */

/* Bytes of the character at `at`; labels and patterns are valid UTF-8. */
static size_t character(struct sy_view v, size_t at)
{
    size_t n = 1;
    while (at + n < v.n && (v.p[at + n] & 0xc0) == 0x80) {
        n++;
    }
    return n;
}

/* After a mismatch only the last % can take more. */
bool sql_like(struct sy_view text, struct sy_view pattern)
{
    size_t t = 0;
    size_t p = 0;
    size_t star = SIZE_MAX; /* position after the last % */
    size_t from = 0;        /* where what follows it was last tried */
    while (t < text.n) {
        size_t n = character(text, t);
        if (p < pattern.n && pattern.p[p] == '%') {
            star = ++p;
            from = t;
        } else if (p < pattern.n && pattern.p[p] == '_') {
            p++;
            t += n;
        } else if (p + n <= pattern.n && memcmp(pattern.p + p, text.p + t, n) == 0) {
            p += n;
            t += n;
        } else if (star != SIZE_MAX) {
            from += character(text, from);
            t = from;
            p = star;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '%') {
        p++;
    }
    return p == pattern.n;
}

/* Runs of neighbouring matches. */
static size_t like_runs(const struct sy_type *t, struct sy_view pattern)
{
    size_t n = 0;
    bool before = false;
    for (size_t i = 0; i < t->n_labels; i++) {
        bool match = sql_like(t->labels[i], pattern);
        n += match && !before ? 1 : 0;
        before = match;
    }
    return n;
}

static void put_runs(const struct sql_at *a, const struct sy_type *t, struct sy_view pattern)
{
    size_t n = 0;
    sql_put(a->s, "(");
    for (size_t i = 0; i < t->n_labels; i++) {
        size_t first = i;
        while (i < t->n_labels && sql_like(t->labels[i], pattern)) {
            i++;
        }
        if (i > first) {
            sql_put(a->s, "%s", n++ == 0 ? "" : " OR ");
            sql_put_arg(a, 0);
            sql_put(a->s, " BETWEEN %zu AND %zu", first, i - 1);
        }
    }
    sql_put(a->s, ")");
}

static void put_table(const struct sql_at *a, const struct sy_type *t, struct sy_view pattern)
{
    sql_put(a->s, "[");
    for (size_t i = 0; i < t->n_labels; i++) {
        sql_put(a->s, "%s%s", i == 0 ? "" : ",",
                sql_like(t->labels[i], pattern) ? "true" : "false");
    }
    sql_put(a->s, "][(");
    sql_put_arg(a, 0);
    sql_put(a->s, ")::BIGINT+1]");
}

/* Ranges of a column's codes when they are few, else a table by code. */
void sql_put_like(const struct sql_at *a)
{
    const struct sy_plan_expr *e = sql_at_expr(a);
    const struct sy_type *t = sql_at_type(a, 0);
    struct sy_view text;
    if (sql_literal_text(a, (size_t)e->args[0], &text)) {
        sql_put(a->s, "%s", sql_like(text, e->s) ? "true" : "false");
        return;
    }
    size_t runs = like_runs(t, e->s);
    if (t->nothing || t->n_labels == 0) {
        sql_put(a->s, "NULL::BOOLEAN");
    } else if (runs == 0) {
        sql_put(a->s, "((");
        sql_put_arg(a, 0);
        sql_put(a->s, ")::BIGINT<0)"); /* false, or NULL for NULL */
    } else if (runs <= LIKE_RUNS_MAX && sy_view_is(a->scope->exprs[e->args[0]].op, "col")) {
        put_runs(a, t, e->s);
    } else {
        put_table(a, t, e->s);
    }
}

/* --- prefixes ------------------------------------------------------------------------------------------- */

static struct sy_view prefix_of(struct sy_view label, int64_t characters)
{
    size_t n = 0;
    for (int64_t i = 0; i < characters && n < label.n; i++) {
        n += character(label, n);
    }
    return sy_view(label.p, n);
}

void sql_put_prefix(const struct sql_at *a)
{
    const struct sy_plan_expr *e = sql_at_expr(a);
    const struct sy_type *from = sql_at_type(a, 0);
    const struct sy_type *to = &a->scope->types[a->i];
    struct sy_view text;
    if (sql_literal_text(a, (size_t)e->args[0], &text)) {
        sql_put(a->s, "%" PRId64, code_of(a, to, prefix_of(text, e->i)));
        return;
    }
    if (from->nothing || from->n_labels == 0) {
        sql_put(a->s, "NULL::INTEGER");
        return;
    }
    int64_t code = 0;
    sql_put(a->s, "[");
    for (size_t k = 0; k < from->n_labels; k++) {
        code = position_near(to->labels, to->n_labels, prefix_of(from->labels[k], e->i),
                             code < 0 ? 0 : (size_t)code);
        sql_put(a->s, "%s%" PRId64, k == 0 ? "" : ",", code);
    }
    sql_put(a->s, "][(");
    sql_put_arg(a, 0);
    sql_map_close(a->s);
}
