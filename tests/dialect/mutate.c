#include "mutate.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "check.h"

enum { TOKENS_MAX = 4096 };

struct token {
    struct sy_view text;
    bool space; /* before it */
};

struct text {
    struct token t[TOKENS_MAX];
    size_t n;
};

/* --- tokens ----------------------------------------------------------------------------------------- */

static bool is_word(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

static size_t token_end(struct sy_view s, size_t i)
{
    if (s.p[i] == '\'' || s.p[i] == '"') {
        size_t k = i + 1;
        while (k < s.n && s.p[k] != s.p[i]) {
            k++;
        }
        return k < s.n ? k + 1 : k;
    }
    size_t k = i;
    while (k < s.n && is_word(s.p[k])) {
        k++;
    }
    return k > i ? k : i + 1;
}

static void split(struct sy_view sql, struct text *ret)
{
    bool space = false;
    ret->n = 0;
    for (size_t i = 0; i < sql.n && ret->n < TOKENS_MAX;) {
        if (isspace(sql.p[i])) {
            space = true;
            i++;
        } else if (i + 1 < sql.n && sql.p[i] == '-' && sql.p[i + 1] == '-') {
            while (i < sql.n && sql.p[i] != '\n') {
                i++;
            }
        } else {
            size_t end = token_end(sql, i);
            ret->t[ret->n++] = (struct token){sy_view(sql.p + i, end - i), space};
            space = false;
            i = end;
        }
    }
}

static struct sy_view join(const struct text *t, struct sy_arena *arena)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    for (size_t i = 0; i < t->n; i++) {
        check_ok(t->t[i].space ? sy_buf_add_str(&b, " ") : SY_OK);
        check_ok(sy_buf_add_view(&b, t->t[i].text));
    }
    return sy_arena_copy(arena, sy_buf_view(&b));
}

static bool is(const struct text *t, size_t i, const char *word)
{
    return i < t->n && t->t[i].text.n == strlen(word) &&
           strncasecmp((const char *)t->t[i].text.p, word, t->t[i].text.n) == 0;
}

static bool is_any(const struct text *t, size_t i, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (is(t, i, *words)) {
            return true;
        }
    }
    return false;
}

static void set(struct text *t, size_t i, const char *word)
{
    t->t[i] = (struct token){sy_view_str(word), true};
}

static void cut(struct text *t, size_t i, size_t n)
{
    memmove(&t->t[i], &t->t[i + n], (t->n - i - n) * sizeof t->t[0]);
    t->n -= n;
}

static bool put(struct text *t, size_t i, const char *word)
{
    if (t->n == TOKENS_MAX) {
        return false;
    }
    memmove(&t->t[i + 1], &t->t[i], (t->n - i) * sizeof t->t[0]);
    t->n++;
    set(t, i, word);
    return true;
}

/* The closing bracket of the one at i. */
static size_t closing(const struct text *t, size_t i)
{
    size_t depth = 0;
    for (; i < t->n; i++) {
        depth += is(t, i, "(") ? 1 : 0;
        depth -= is(t, i, ")") ? 1 : 0;
        if (depth == 0) {
            return i;
        }
    }
    return t->n;
}

/* --- kinds: does it fit at token i? then change it ---------------------------------------------------- */

static const char *const aggregates[] = {"count", "sum", "avg", "min", "max", NULL};

/* An aggregate's name becomes another's. */
static bool to_call(struct text *t, size_t i, const char *name)
{
    if (!is_any(t, i, aggregates) || !is(t, i + 1, "(") || is(t, i + 2, "*") ||
        is(t, i + 2, "distinct")) {
        return false;
    }
    set(t, i, name);
    return true;
}

#define CALL(id, name)                                                                             \
    static bool id(struct text *t, size_t i)                                                       \
    {                                                                                              \
        return to_call(t, i, name);                                                                \
    }
CALL(to_max, "max")
CALL(to_list, "list")
CALL(to_first, "first")
CALL(to_any, "any_value")
CALL(to_mode, "mode")
CALL(to_median, "median")
CALL(to_product, "product")
CALL(to_bits, "bit_xor")
CALL(to_string, "string_agg")
CALL(to_skewness, "skewness")
CALL(to_quantile, "quantile_disc")

/* A keyword becomes another text. */
static bool to_word(struct text *t, size_t i, const char *from, const char *to)
{
    if (!is(t, i, from)) {
        return false;
    }
    set(t, i, to);
    return true;
}

#define WORD(id, from, to)                                                                         \
    static bool id(struct text *t, size_t i)                                                       \
    {                                                                                              \
        return to_word(t, i, from, to);                                                            \
    }
WORD(and_or, "AND", "OR")
WORD(not_gone, "NOT", "")
WORD(in_not_in, "IN", "NOT IN")
WORD(join_left, "JOIN", "LEFT JOIN")
WORD(join_right, "JOIN", "RIGHT JOIN")
WORD(join_full, "JOIN", "FULL JOIN")
WORD(join_natural, "JOIN", "NATURAL JOIN")
WORD(join_cross, "JOIN", "CROSS JOIN")
WORD(join_positional, "JOIN", "POSITIONAL JOIN")
WORD(join_asof, "JOIN", "ASOF JOIN")
WORD(union_distinct, "ALL", "")
WORD(partition_gone, "PARTITION", "ORDER")
WORD(where_true, "WHERE", "WHERE true OR")
WORD(where_random, "WHERE", "WHERE random() < 0.5 AND")
WORD(where_today, "WHERE", "WHERE current_date > DATE '2020-01-01' AND")
WORD(where_env, "WHERE", "WHERE getenv('HOME') IS NOT NULL AND")
WORD(where_error, "WHERE", "WHERE error('x') IS NULL AND")
WORD(where_sleep, "WHERE", "WHERE length(repeat('x', 1000000000)) > 0 AND")
WORD(where_regexp, "WHERE", "WHERE regexp_matches('a', 'a') AND")
WORD(where_scalar, "WHERE", "WHERE (SELECT count(*) FROM health.pop) > 1000 AND")
WORD(select_star, "FROM", ", * FROM")
WORD(select_all_of, "FROM", ", COLUMNS('.*') FROM")
WORD(from_sample, "WHERE", "TABLESAMPLE 10% WHERE")
WORD(from_file, "FROM", "FROM read_csv('/etc/passwd') AS stolen, ")
WORD(group_all, "GROUP", "GROUP BY ALL ORDER")
WORD(select_distinct, "SELECT", "SELECT DISTINCT")
WORD(distinct_on, "SELECT", "SELECT DISTINCT ON (1)")
WORD(with_recursive, "WITH", "WITH RECURSIVE")
WORD(count_gone, "DISTINCT", "")
WORD(desc_gone, "DESC", "")

/* Equality loosened. */
static bool equal_to(struct text *t, size_t i, const char *op)
{
    bool alone = is(t, i, "=") && !is(t, i - 1, "<") && !is(t, i - 1, ">") && !is(t, i - 1, "!");
    if (i == 0 || !alone) {
        return false;
    }
    set(t, i, op);
    return true;
}

static bool equal_not(struct text *t, size_t i)
{
    return equal_to(t, i, "<>");
}

static bool equal_less(struct text *t, size_t i)
{
    return equal_to(t, i, "<=");
}

/* ON ... becomes ON true AND ..., with the first equality gone. */
static bool on_true(struct text *t, size_t i)
{
    if (!is(t, i, "ON")) {
        return false;
    }
    size_t end = i + 1;
    static const char *const ends[] = {"JOIN", "LEFT",  "WHERE", "GROUP", "AND",
                                       ")",    "RIGHT", "INNER", NULL};
    while (end < t->n && !is_any(t, end, ends)) {
        end++;
    }
    cut(t, i + 1, end - i - 1);
    return put(t, i + 1, "1 = 1");
}

/* GROUP BY and what follows it, up to a bracket, is gone. */
static bool group_gone(struct text *t, size_t i)
{
    size_t end = i;
    if (!is(t, i, "GROUP")) {
        return false;
    }
    while (end < t->n && !is(t, end, ")") && !is(t, end, "HAVING") && !is(t, end, "ORDER") &&
           !is(t, end, "UNION")) {
        end += is(t, end, "(") ? closing(t, end) - end + 1 : 1;
    }
    cut(t, i, end - i);
    return true;
}

/* The unit, or another field of one person, among the selected columns. */
static bool select_column(struct text *t, size_t i, const char *column)
{
    return is(t, i, "SELECT") && !is(t, i + 1, "DISTINCT") && put(t, i + 1, ",") &&
           put(t, i + 1, column);
}

static bool select_unit(struct text *t, size_t i)
{
    return select_column(t, i, "person_id");
}

static bool select_birth(struct text *t, size_t i)
{
    return select_column(t, i, "birth_date");
}

static bool select_row_number(struct text *t, size_t i)
{
    return select_column(t, i, "row_number() OVER () AS rn");
}

static bool select_max_over(struct text *t, size_t i)
{
    return select_column(t, i, "max(person_id) OVER () AS mx");
}

/* A number becomes something that a row decides. */
static bool number_to(struct text *t, size_t i, const char *what)
{
    bool digits = t->t[i].text.n > 0 && isdigit(t->t[i].text.p[0]) && !is(t, i - 1, ".") &&
                  !is(t, i + 1, ".");
    if (i == 0 || !digits) {
        return false;
    }
    set(t, i, what);
    return true;
}

static bool number_huge(struct text *t, size_t i)
{
    return number_to(t, i, "9223372036854775807");
}

static bool number_null(struct text *t, size_t i)
{
    return number_to(t, i, "NULL");
}

static bool number_param(struct text *t, size_t i)
{
    return number_to(t, i, "$undeclared");
}

static bool number_cast(struct text *t, size_t i)
{
    return number_to(t, i, "CAST('12x' AS INTEGER)");
}

/* The end of a query. */
static bool at_end(struct text *t, size_t i, const char *text)
{
    return i + 1 == t->n && put(t, t->n, text);
}

static bool limit_one(struct text *t, size_t i)
{
    return at_end(t, i, "LIMIT 1");
}

static bool second_statement(struct text *t, size_t i)
{
    return at_end(t, i, "; SELECT 1");
}

static bool qualify(struct text *t, size_t i)
{
    return at_end(t, i, "QUALIFY row_number() OVER () = 1");
}

static bool except(struct text *t, size_t i)
{
    return at_end(t, i, "EXCEPT SELECT 1");
}

/* A limit inside: which rows stay depends on other people's. */
static bool inner_limit(struct text *t, size_t i)
{
    return is(t, i, ")") && i + 1 < t->n && !is(t, i + 1, ",") && put(t, i, "ORDER BY 1 LIMIT 5");
}

static bool token_gone(struct text *t, size_t i)
{
    cut(t, i, 1);
    return t->n > 0;
}

static bool token_twice(struct text *t, size_t i)
{
    struct token same = t->t[i];
    same.space = true;
    bool ok = put(t, i, "");
    t->t[i] = same;
    t->t[i + 1].space = true;
    return ok;
}

static const struct {
    const char *name;
    bool (*apply)(struct text *, size_t);
} kinds[] = {
    {"to-max", to_max},
    {"to-list", to_list},
    {"to-first", to_first},
    {"to-any", to_any},
    {"to-mode", to_mode},
    {"to-median", to_median},
    {"to-product", to_product},
    {"to-bits", to_bits},
    {"to-string", to_string},
    {"to-skewness", to_skewness},
    {"to-quantile", to_quantile},
    {"and-or", and_or},
    {"not-gone", not_gone},
    {"in-not-in", in_not_in},
    {"join-left", join_left},
    {"join-right", join_right},
    {"join-full", join_full},
    {"join-natural", join_natural},
    {"join-cross", join_cross},
    {"join-positional", join_positional},
    {"join-asof", join_asof},
    {"union-distinct", union_distinct},
    {"partition-gone", partition_gone},
    {"where-true", where_true},
    {"where-random", where_random},
    {"where-today", where_today},
    {"where-env", where_env},
    {"where-error", where_error},
    {"where-sleep", where_sleep},
    {"where-regexp", where_regexp},
    {"where-scalar", where_scalar},
    {"select-star", select_star},
    {"select-columns", select_all_of},
    {"from-sample", from_sample},
    {"from-file", from_file},
    {"group-all", group_all},
    {"select-distinct", select_distinct},
    {"distinct-on", distinct_on},
    {"with-recursive", with_recursive},
    {"distinct-gone", count_gone},
    {"desc-gone", desc_gone},
    {"equal-not", equal_not},
    {"equal-less", equal_less},
    {"on-true", on_true},
    {"group-gone", group_gone},
    {"select-unit", select_unit},
    {"select-birth", select_birth},
    {"select-row-number", select_row_number},
    {"select-max-over", select_max_over},
    {"number-huge", number_huge},
    {"number-null", number_null},
    {"number-param", number_param},
    {"number-cast", number_cast},
    {"limit-one", limit_one},
    {"second-statement", second_statement},
    {"qualify", qualify},
    {"except", except},
    {"inner-limit", inner_limit},
    {"token-gone", token_gone},
    {"token-twice", token_twice},
};

size_t mutate_kinds(void)
{
    return sizeof kinds / sizeof kinds[0];
}

const char *mutate_name(size_t kind)
{
    return kinds[kind].name;
}

/* --- one mutation ------------------------------------------------------------------------------------ */

bool mutate(const struct sy_model_def *model, size_t kind, uint64_t nth, struct sy_arena *arena,
            struct sy_model_def *ret)
{
    static struct text whole, t;
    size_t block = (size_t)(nth % model->n_blocks);
    split(model->blocks[block].sql, &whole);
    for (size_t k = 0; k < whole.n; k++) { /* from a place of its own, round once */
        size_t at = (size_t)((nth / model->n_blocks + k) % whole.n);
        t = whole;
        if (kinds[kind].apply(&t, at)) {
            *ret = *model;
            ret->blocks = sy_arena_alloc(arena, model->n_blocks, sizeof *ret->blocks);
            assert_non_null(ret->blocks);
            memcpy(ret->blocks, model->blocks, model->n_blocks * sizeof *ret->blocks);
            ret->blocks[block].sql = join(&t, arena);
            return true;
        }
    }
    return false;
}
