/*
 * Expressions as infix text. The list is walked once, from the first position to the one asked for,
 * and each position's text is built from its arguments' texts, so there is no recursion. Shared
 * arguments are written out where they are used; a text that would grow past RENDER_EXPR_MAX is cut
 * and ends in an ellipsis, so that a hostile plan can't make the reviewer's text explode (columns are
 * shown in steps instead, render_steps.c). Arguments
 * of infix operators are always in parentheses unless they are a column, a literal or a call: no
 * reader has to know precedences.
 */
#include "render_internal.h"

#include "base/time.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* Characters that are not seen, or that change how others are seen, by their UTF-8: lead bytes, and
 * the range of the last one. */
struct unseen {
    uint8_t n;
    uint8_t lead[2];
    uint8_t from, to;
};

static const struct unseen UNSEEN[] = {
    {2, {0xC2}, 0x80, 0x9F},       /* control characters */
    {2, {0xC2}, 0xAD, 0xAD},       /* soft hyphen */
    {2, {0xD8}, 0x9C, 0x9C},       /* Arabic letter mark */
    {3, {0xE2, 0x80}, 0x8B, 0x8F}, /* width zero, direction */
    {3, {0xE2, 0x80}, 0xA8, 0xAE}, /* line and paragraph, embedding and override */
    {3, {0xE2, 0x81}, 0xA0, 0xAF}, /* joiner, invisible operators, isolates */
    {3, {0xEF, 0xBB}, 0xBF, 0xBF}, /* width zero, no break */
};

/* Bytes of the unseen character at p; 0 when it is another. */
static size_t unseen(const uint8_t *p, size_t n)
{
    if (p[0] < 0x20 || p[0] == 0x7F) {
        return 1;
    }
    for (size_t i = 0; i < sizeof(UNSEEN) / sizeof(UNSEEN[0]); i++) {
        const struct unseen *u = &UNSEEN[i];
        if (n >= u->n && memcmp(p, u->lead, u->n - 1U) == 0 && p[u->n - 1] >= u->from &&
            p[u->n - 1] <= u->to) {
            return u->n;
        }
    }
    return 0;
}

struct sy_view render_clean(struct sy_arena *arena, struct sy_view v, size_t max)
{
    size_t n = v.n < max ? v.n : max;
    while (n < v.n && n > 0 && (v.p[n] & 0xC0) == 0x80) {
        n--; /* not inside a character */
    }
    struct sy_view copy = sy_arena_copy(arena, sy_view(v.p, n));
    uint8_t *p = (uint8_t *)(uintptr_t)copy.p;
    for (size_t i = 0; i < copy.n;) {
        size_t k = unseen(p + i, copy.n - i);
        memset(p + i, '?', k);
        i += k > 0 ? k : 1;
    }
    return copy;
}

static bool is_word_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

const char *render_name(struct sy_arena *arena, struct sy_view v)
{
    struct sy_view copy = render_clean(arena, v, RENDER_NAME_MAX);
    uint8_t *p = (uint8_t *)(uintptr_t)copy.p;
    bool plain = copy.n > 0;
    for (size_t i = 0; i < copy.n; i++) {
        plain = plain && is_word_byte(p[i]);
        p[i] = p[i] == '"' ? (uint8_t)'?' : p[i];
    }
    return sy_arena_printf(arena, plain ? "%.*s" : "\"%.*s\"", SY_PV(copy));
}

char *render_fixed(struct sy_arena *arena, uint64_t v, uint64_t digits)
{
    while (digits > 0 && v % 10 == 0) {
        v /= 10;
        digits--;
    }
    return render_decimal(arena, (int64_t)v, digits);
}

char *render_decimal(struct sy_arena *arena, int64_t v, uint64_t scale)
{
    uint64_t m = v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v;
    uint64_t one = 1;
    for (uint64_t i = 0; i < scale && i < 18; i++) {
        one *= 10;
    }
    const char *sign = v < 0 ? "-" : "";
    if (scale == 0) {
        return sy_arena_printf(arena, "%s%llu", sign, (unsigned long long)m);
    }
    return sy_arena_printf(arena, "%s%llu.%0*llu", sign, (unsigned long long)(m / one),
                           (int)(scale < 18 ? scale : 18), (unsigned long long)(m % one));
}

/* One expression being written. */
struct writer {
    const struct render_scope *s;
    const struct sy_plan_expr *e;
    const struct sy_view *texts; /* of the earlier positions */
    struct sy_buf *b;
};

typedef sy_status write_fn(struct writer *w, const char *word);

static struct sy_view arg(struct writer *w, size_t i)
{
    return i < w->e->n_args ? w->texts[w->e->args[i]] : (struct sy_view){0};
}

/* Does the text stand by itself between operators? */
static bool is_atom(const struct writer *w, size_t i)
{
    static const char *const OPEN[] = {"add", "sub", "mul", "div", "mod",     "eq",
                                       "ne",  "lt",  "le",  "gt",  "ge",      "and",
                                       "or",  "not", "neg", "in",  "is_null", "like"};
    uint64_t at = w->e->args[i];
    struct sy_view op = w->s->exprs[at].op;
    if (w->s->given != NULL && w->s->given[at].n > 0) {
        return true; /* a name */
    }
    for (size_t k = 0; k < sizeof(OPEN) / sizeof(OPEN[0]); k++) {
        if (sy_view_is(op, OPEN[k])) {
            return false;
        }
    }
    return true;
}

static sy_status put_arg(struct writer *w, size_t i)
{
    bool atom = i >= w->e->n_args || is_atom(w, i);
    SY_TRY(sy_buf_add_str(w->b, atom ? "" : "("));
    SY_TRY(sy_buf_add_view(w->b, arg(w, i)));
    return sy_buf_add_str(w->b, atom ? "" : ")");
}

static sy_status put_infix(struct writer *w, const char *word)
{
    for (size_t i = 0; i < w->e->n_args; i++) {
        if (i > 0) {
            SY_TRY(sy_buf_printf(w->b, " %s ", word));
        }
        SY_TRY(put_arg(w, i));
    }
    return SY_OK;
}

static sy_status put_prefix(struct writer *w, const char *word)
{
    SY_TRY(sy_buf_add_str(w->b, word));
    return put_arg(w, 0);
}

static sy_status put_postfix(struct writer *w, const char *word)
{
    SY_TRY(put_arg(w, 0));
    return sy_buf_add_str(w->b, word);
}

static sy_status put_call(struct writer *w, const char *word)
{
    SY_TRY(sy_buf_printf(w->b, "%s(", word));
    for (size_t i = 0; i < w->e->n_args; i++) {
        SY_TRY(sy_buf_add_str(w->b, i > 0 ? ", " : ""));
        SY_TRY(sy_buf_add_view(w->b, arg(w, i)));
    }
    return sy_buf_add_str(w->b, ")");
}

static sy_status put_in(struct writer *w, const char *word)
{
    SY_TRY(put_arg(w, 0));
    SY_TRY(sy_buf_printf(w->b, " %s (", word));
    for (size_t i = 1; i < w->e->n_args; i++) {
        SY_TRY(sy_buf_add_str(w->b, i > 1 ? ", " : ""));
        SY_TRY(sy_buf_add_view(w->b, arg(w, i)));
    }
    return sy_buf_add_str(w->b, ")");
}

static sy_status put_case(struct writer *w, const char *word)
{
    size_t n = w->e->n_args;
    SY_TRY(sy_buf_add_str(w->b, word));
    for (size_t i = 0; i + 1 < n; i += 2) {
        SY_TRY(sy_buf_add_str(w->b, " when "));
        SY_TRY(sy_buf_add_view(w->b, arg(w, i)));
        SY_TRY(sy_buf_add_str(w->b, " then "));
        SY_TRY(sy_buf_add_view(w->b, arg(w, i + 1)));
    }
    if (n % 2 == 1) {
        SY_TRY(sy_buf_add_str(w->b, " else "));
        SY_TRY(sy_buf_add_view(w->b, arg(w, n - 1)));
    }
    return sy_buf_add_str(w->b, " end");
}

static sy_status put_col(struct writer *w, const char *word)
{
    (void)word;
    size_t i = (size_t)w->e->i;
    return i < w->s->n_cols ? sy_buf_add_view(w->b, w->s->cols[i]) : sy_buf_add_str(w->b, "?");
}

static sy_status put_param(struct writer *w, const char *word)
{
    size_t i = (size_t)w->e->i;
    if (i >= w->s->plan->n_params) {
        return sy_buf_add_str(w->b, "?");
    }
    struct sy_view name = render_clean(w->s->arena, w->s->plan->params[i].name, 64);
    return sy_buf_printf(w->b, "%s%.*s", word, SY_PV(name));
}

static sy_status put_int(struct writer *w, const char *word)
{
    (void)word;
    char *text = render_decimal(w->s->arena, w->e->i, w->e->scale);
    return text == NULL ? sy_status_of(SY_E_NO_MEMORY) : sy_buf_add_str(w->b, text);
}

/* 'text', a quote inside doubled. */
static sy_status quote(struct writer *w, struct sy_view v)
{
    struct sy_view text = render_clean(w->s->arena, v, RENDER_NAME_MAX);
    SY_TRY(sy_buf_add_str(w->b, "'"));
    for (size_t i = 0; i < text.n; i++) {
        SY_TRY(sy_buf_add(w->b, &text.p[i], 1));
        SY_TRY(sy_buf_add_str(w->b, text.p[i] == '\'' ? "'" : ""));
    }
    return sy_buf_add_str(w->b, "'");
}

static sy_status put_str(struct writer *w, const char *word)
{
    (void)word;
    return quote(w, w->e->s);
}

static sy_status put_like(struct writer *w, const char *word)
{
    SY_TRY(put_arg(w, 0));
    SY_TRY(sy_buf_printf(w->b, " %s ", word));
    return quote(w, w->e->s);
}

/* date_trunc('month', d) */
static sy_status put_trunc(struct writer *w, const char *word)
{
    SY_TRY(sy_buf_printf(w->b, "%s(", word));
    SY_TRY(quote(w, w->e->s));
    return sy_buf_printf(w->b, ", %.*s)", SY_PV(arg(w, 0)));
}

/* period_start($year) */
static sy_status put_period(struct writer *w, const char *word)
{
    SY_TRY(sy_buf_printf(w->b, "%s(", word));
    SY_TRY(put_param(w, "$"));
    return sy_buf_add_str(w->b, ")");
}

static sy_status put_bool(struct writer *w, const char *word)
{
    (void)word;
    return sy_buf_add_str(w->b, w->e->i != 0 ? "true" : "false");
}

static sy_status put_date(struct writer *w, const char *word)
{
    char text[21];
    sy_time_format(w->e->i * 86400, text);
    return sy_buf_printf(w->b, "%s'%.10s'", word, text);
}

static sy_status put_word(struct writer *w, const char *word)
{
    return sy_buf_add_str(w->b, word);
}

/* A function of a value and a number: rescale(x, 2), prefix(x, 3). */
static sy_status put_digits(struct writer *w, const char *word)
{
    return sy_buf_printf(w->b, "%s(%.*s, %lld)", word, SY_PV(arg(w, 0)), (long long)w->e->i);
}

struct op_text {
    const char *op;
    const char *word;
    write_fn *put;
};

static const struct op_text OPS[] = {
    {"col", "", put_col},
    {"param", "$", put_param},
    {"int", "", put_int},
    {"str", "", put_str},
    {"pstart", "period_start", put_period},
    {"pend", "period_end", put_period},
    {"date", "date ", put_date},
    {"bool", "", put_bool},
    {"null", "null", put_word},
    {"add", "+", put_infix},
    {"sub", "-", put_infix},
    {"mul", "*", put_infix},
    {"div", "/", put_infix},
    {"mod", "%", put_infix},
    {"neg", "-", put_prefix},
    {"abs", "abs", put_call},
    {"least", "least", put_call},
    {"greatest", "greatest", put_call},
    {"rescale", "rescale", put_digits},
    {"round", "round", put_digits},
    {"prefix", "prefix", put_digits},
    {"sqrt", "sqrt", put_call},
    {"exp", "exp", put_call},
    {"ln", "ln", put_call},
    {"eq", "=", put_infix},
    {"ne", "<>", put_infix},
    {"lt", "<", put_infix},
    {"le", "<=", put_infix},
    {"gt", ">", put_infix},
    {"ge", ">=", put_infix},
    {"and", "and", put_infix},
    {"or", "or", put_infix},
    {"not", "not ", put_prefix},
    {"is_null", " is null", put_postfix},
    {"in", "in", put_in},
    {"like", "like", put_like},
    {"case", "case", put_case},
    {"coalesce", "coalesce", put_call},
    {"year", "year", put_call},
    {"month", "month", put_call},
    {"day", "day", put_call},
    {"quarter", "quarter", put_call},
    {"isodow", "isodow", put_call},
    {"trunc", "date_trunc", put_trunc},
    {"years", "years", put_call},
    {"months", "months", put_call},
    {"add_months", "add_months", put_call},
    {"bool_int", "bool_int", put_call},
};

static sy_status put_expr(struct writer *w)
{
    for (size_t i = 0; i < sizeof(OPS) / sizeof(OPS[0]); i++) {
        if (sy_view_is(w->e->op, OPS[i].op)) {
            return OPS[i].put(w, OPS[i].word);
        }
    }
    return put_call(w, "?");
}

/* Mark what the wanted expression needs, so that others cost nothing. */
static bool *needed(const struct render_scope *s, uint64_t at)
{
    bool *need = sy_arena_alloc(s->arena, s->n_exprs + 1, sizeof(*need));
    if (need == NULL) {
        return NULL;
    }
    need[at] = true;
    for (size_t i = (size_t)at + 1; i-- > 0;) {
        bool named = i != at && s->given != NULL && s->given[i].n > 0;
        for (size_t k = 0; need[i] && !named && k < s->exprs[i].n_args; k++) {
            need[s->exprs[i].args[k]] = true;
        }
    }
    return need;
}

struct sy_view render_expr(const struct render_scope *s, uint64_t at)
{
    const struct sy_view none = {0};
    struct sy_view *texts = sy_arena_alloc(s->arena, s->n_exprs + 1, sizeof(*texts));
    bool *need = texts == NULL ? NULL : needed(s, at);
    if (need == NULL) {
        return none;
    }
    for (size_t i = 0; i <= at; i++) {
        SY_BUF_CLEANUP struct sy_buf b = sy_buf(RENDER_EXPR_MAX);
        struct writer w = {s, &s->exprs[i], texts, &b};
        if (!need[i]) {
            continue;
        }
        if (i != at && s->given != NULL && s->given[i].n > 0) {
            texts[i] = s->given[i];
            continue;
        }
        sy_status st = put_expr(&w);
        if (!sy_ok(st) && st.code != SY_E_LIMIT) {
            return none;
        }
        if (!sy_ok(st) && s->cut != NULL) {
            *s->cut = true;
        }
        texts[i] = sy_ok(st) ? sy_arena_copy(s->arena, sy_buf_view(&b)) : sy_view_str(ELLIPSIS);
        if (texts[i].p == NULL) {
            return none;
        }
    }
    return texts[at];
}
