/*
 * What: table-driven reading of YAML. Why: one place for positions in messages, units of measure and
 * the refusal of unknown keys (a misspelt limit must never be a missing limit). Numbers are read
 * from their text into integers, exactly; no floating point.
 */
#include "cli/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arith.h"

sy_status cli_yaml_fail(const struct cli_yaml *y, const yaml_node_t *at, struct sy_error *reterr,
                        const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    size_t line = at == NULL ? 1 : at->start_mark.line + 1;
    size_t column = at == NULL ? 1 : at->start_mark.column + 1;
    return sy_fail(reterr, SY_E_FIELD, NULL, "%s:%zu:%zu: %s", y->file, line, column, text);
}

sy_status cli_yaml_open(const char *path, struct cli_yaml *ret, struct sy_error *reterr)
{
    *ret = (struct cli_yaml){.file = path};
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        return sy_fail(reterr, SY_E_NOT_FOUND, NULL, "%s: cannot be opened", path);
    }
    yaml_parser_t parser;
    sy_status s = SY_OK;
    if (!yaml_parser_initialize(&parser)) {
        fclose(f);
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    yaml_parser_set_input_file(&parser, f);
    if (!yaml_parser_load(&parser, &ret->doc)) {
        s = sy_fail(reterr, SY_E_FIELD, NULL, "%s:%zu:%zu: %s", path, parser.problem_mark.line + 1,
                    parser.problem_mark.column + 1, parser.problem ? parser.problem : "not YAML");
    }
    yaml_parser_delete(&parser);
    fclose(f);
    ret->open = sy_ok(s);
    return s;
}

void cli_yaml_close(struct cli_yaml *y)
{
    if (y->open) {
        yaml_document_delete(&y->doc);
        y->open = false;
    }
}

yaml_node_t *cli_yaml_root(struct cli_yaml *y)
{
    return yaml_document_get_root_node(&y->doc);
}

static struct sy_view scalar(const yaml_node_t *n)
{
    return n == NULL || n->type != YAML_SCALAR_NODE
               ? (struct sy_view){0}
               : sy_view(n->data.scalar.value, n->data.scalar.length);
}

/* --- numbers ------------------------------------------------------------------------------------------ */

/* A decimal number's digits as one integer, and the power of ten that goes with it. */
struct number {
    uint64_t digits;
    int power;
};

/* digits[.digits] from *i on; false when there are none or too many. */
static bool parse_digits(struct sy_view v, size_t *i, struct number *ret)
{
    size_t n = 0;
    bool point = false;
    for (; *i < v.n && ((v.p[*i] >= '0' && v.p[*i] <= '9') || (v.p[*i] == '.' && !point)); ++*i) {
        if (v.p[*i] == '.') {
            point = true;
            continue;
        }
        if (!sy_mul_u64(ret->digits, 10, &ret->digits) ||
            !sy_add_u64(ret->digits, (uint64_t)(v.p[*i] - '0'), &ret->digits)) {
            return false;
        }
        ret->power -= point;
        n++;
    }
    return n > 0;
}

/* e[-]digits from *i on: at most two digits; nothing there is fine too. */
static bool parse_exponent(struct sy_view v, size_t *i, struct number *ret)
{
    int e = 0, sign = 1;
    if (*i == v.n || (v.p[*i] != 'e' && v.p[*i] != 'E')) {
        return true;
    }
    ++*i;
    if (*i < v.n && v.p[*i] == '-') {
        sign = -1;
        ++*i;
    }
    size_t from = *i;
    for (; *i < v.n && *i - from < 2 && v.p[*i] >= '0' && v.p[*i] <= '9'; ++*i) {
        e = e * 10 + (v.p[*i] - '0');
    }
    ret->power += sign * e;
    return *i > from;
}

/* digits[.digits][e[-]digits] -> value x 10^power, exactly; false when it is not whole then. */
static bool parse_scaled(struct sy_view v, int power, uint64_t *ret)
{
    struct number x = {.power = power};
    size_t i = 0;
    if (!parse_digits(v, &i, &x) || !parse_exponent(v, &i, &x) || i != v.n) {
        return false;
    }
    for (; x.power > 0; x.power--) {
        if (!sy_mul_u64(x.digits, 10, &x.digits)) {
            return false;
        }
    }
    for (; x.power < 0; x.power++) {
        if (x.digits % 10 != 0) {
            return false;
        }
        x.digits /= 10;
    }
    *ret = x.digits;
    return true;
}

struct suffix {
    const char *text;
    uint64_t factor;
};

static bool parse_unit(struct sy_view v, const struct suffix *table, size_t n, uint64_t *ret)
{
    for (size_t i = 0; i < n; i++) {
        size_t k = strlen(table[i].text);
        uint64_t m;
        if (v.n > k && memcmp(v.p + v.n - k, table[i].text, k) == 0 &&
            parse_scaled(sy_view(v.p, v.n - k), 0, &m) && sy_mul_u64(m, table[i].factor, &m)) {
            *ret = m;
            return true;
        }
    }
    return false;
}

static bool read_count(struct sy_view v, void *ret)
{
    return parse_scaled(v, 0, ret);
}
static bool read_nano(struct sy_view v, void *ret)
{
    return parse_scaled(v, 9, ret);
}
static bool read_femto(struct sy_view v, void *ret)
{
    return parse_scaled(v, 15, ret);
}

static bool read_seconds(struct sy_view v, void *ret)
{
    static const struct suffix t[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    return parse_unit(v, t, sizeof(t) / sizeof(t[0]), ret);
}

static bool read_millis(struct sy_view v, void *ret)
{
    static const struct suffix t[] = {{"ms", 1}, {"s", 1000}};
    return parse_unit(v, t, sizeof(t) / sizeof(t[0]), ret);
}

static bool read_mebi(struct sy_view v, void *ret)
{
    static const struct suffix t[] = {{"MiB", 1}, {"GiB", 1024}};
    return parse_unit(v, t, sizeof(t) / sizeof(t[0]), ret);
}

static bool read_bool(struct sy_view v, void *ret)
{
    bool yes = sy_view_is(v, "true") || sy_view_is(v, "yes");
    *(bool *)ret = yes;
    return yes || sy_view_is(v, "false") || sy_view_is(v, "no");
}

static bool read_b32(struct sy_view v, void *ret)
{
    uint8_t *bytes = ret;
    for (size_t i = 0; i < 64 && v.n == 64; i++) {
        int d = v.p[i] >= '0' && v.p[i] <= '9'   ? v.p[i] - '0'
                : v.p[i] >= 'a' && v.p[i] <= 'f' ? v.p[i] - 'a' + 10
                                                 : -1;
        if (d < 0) {
            return false;
        }
        bytes[i / 2] = (uint8_t)(i % 2 == 0 ? d << 4 : bytes[i / 2] | d);
    }
    return v.n == 64;
}

static const struct {
    const char *expected;
    bool (*read)(struct sy_view v, void *ret);
} readers[CLI_KIND_N] = {
    [CLI_BOOL] = {"true or false", read_bool},
    [CLI_COUNT] = {"a whole number", read_count},
    [CLI_NANO] = {"a number with at most 9 decimals", read_nano},
    [CLI_FEMTO] = {"a number like 1e-9, at least 1e-15", read_femto},
    [CLI_SECONDS] = {"a duration like 90s, 12h or 365d", read_seconds},
    [CLI_MILLIS] = {"a duration like 350ms or 2s", read_millis},
    [CLI_MEBI] = {"a size like 512MiB or 4GiB", read_mebi},
    [CLI_B32] = {"64 hexadecimal digits", read_b32},
};

bool cli_yaml_value(enum cli_kind kind, struct sy_view text, void *ret)
{
    return readers[kind].read(text, ret);
}

/* --- structs --------------------------------------------------------------------------------------------- */

static sy_status fill_texts(struct cli_yaml *y, const yaml_node_t *node, struct sy_arena *arena,
                            struct sy_view **ret, size_t *ret_n, struct sy_error *err)
{
    size_t n = 0;
    SY_TRY(cli_yaml_items(y, node, &n, err));
    struct sy_view *list = sy_arena_alloc(arena, n + 1, sizeof(*list));
    for (size_t i = 0; list != NULL && i < n; i++) {
        const yaml_node_t *item = cli_yaml_item(y, node, i);
        if (item->type != YAML_SCALAR_NODE) {
            return cli_yaml_fail(y, item, err, "expected a text");
        }
        list[i] = sy_arena_copy(arena, scalar(item));
    }
    *ret = list;
    *ret_n = n;
    return list != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
}

static sy_status fill_one(struct cli_yaml *y, yaml_node_t *node, const struct cli_key *k,
                          struct sy_arena *arena, uint8_t *ret, struct sy_error *err)
{
    void *at = ret + k->offset;
    if (k->kind == CLI_NODE) {
        memcpy(at, &node, sizeof(node));
        return SY_OK;
    }
    if (k->kind == CLI_TEXTS) {
        return fill_texts(y, node, arena, at, (size_t *)(void *)(ret + k->n_offset), err);
    }
    struct sy_view text = scalar(node);
    if (node->type != YAML_SCALAR_NODE || text.n == 0) {
        return cli_yaml_fail(y, node, err, "%s: expected a value", k->key);
    }
    if (k->kind == CLI_TEXT) {
        *(struct sy_view *)at = sy_arena_copy(arena, text);
        return SY_OK;
    }
    return readers[k->kind].read(text, at)
               ? SY_OK
               : cli_yaml_fail(y, node, err, "%s: expected %s", k->key, readers[k->kind].expected);
}

static const struct cli_key *find_key(const struct cli_key *keys, size_t n, struct sy_view name)
{
    for (size_t i = 0; i < n; i++) {
        if (sy_view_is(name, keys[i].key)) {
            return &keys[i];
        }
    }
    return NULL;
}

sy_status cli_yaml_fill(struct cli_yaml *y, const yaml_node_t *map, const struct cli_key *keys,
                        size_t n_keys, struct sy_arena *arena, void *ret, struct sy_error *reterr)
{
    uint64_t seen = 0;
    if (map == NULL || map->type != YAML_MAPPING_NODE) {
        return cli_yaml_fail(y, map, reterr, "expected keys and values");
    }
    for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top;
         p++) {
        yaml_node_t *name = yaml_document_get_node(&y->doc, p->key);
        const struct cli_key *k = find_key(keys, n_keys, scalar(name));
        if (k == NULL) {
            return cli_yaml_fail(y, name, reterr, "unknown key %.*s", SY_PV(scalar(name)));
        }
        uint64_t bit = UINT64_C(1) << (k - keys);
        if ((seen & bit) != 0) {
            return cli_yaml_fail(y, name, reterr, "%s comes twice", k->key);
        }
        seen |= bit;
        SY_TRY(fill_one(y, yaml_document_get_node(&y->doc, p->value), k, arena, ret, reterr));
    }
    for (size_t i = 0; i < n_keys; i++) {
        if (keys[i].required && (seen & UINT64_C(1) << i) == 0) {
            return cli_yaml_fail(y, map, reterr, "%s is missing", keys[i].key);
        }
    }
    return SY_OK;
}

sy_status cli_yaml_items(struct cli_yaml *y, const yaml_node_t *seq, size_t *ret_n,
                         struct sy_error *reterr)
{
    if (seq == NULL) {
        *ret_n = 0;
        return SY_OK;
    }
    if (seq->type != YAML_SEQUENCE_NODE) {
        return cli_yaml_fail(y, seq, reterr, "expected a list");
    }
    *ret_n = (size_t)(seq->data.sequence.items.top - seq->data.sequence.items.start);
    return SY_OK;
}

yaml_node_t *cli_yaml_item(struct cli_yaml *y, const yaml_node_t *seq, size_t i)
{
    return yaml_document_get_node(&y->doc, seq->data.sequence.items.start[i]);
}
