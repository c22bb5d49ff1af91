/*
 * Values as text: parameters' declared values and group keys' labels. Parsing is exact or refused, so
 * that two texts never silently mean one value.
 */
#include "base/time.h"
#include "plan_type_internal.h"

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

bool sy_decimal_parse(struct sy_view text, uint32_t scale, int64_t *ret)
{
    size_t i = 0;
    bool negative = text.n > 0 && text.p[0] == '-';
    i += text.n > 0 && (text.p[0] == '-' || text.p[0] == '+') ? 1 : 0;
    sy_i128 v = 0;
    size_t digits = 0;
    for (; i < text.n && digit(text.p[i]) && digits < 20; i++, digits++) {
        v = v * 10 + (text.p[i] - '0');
    }
    uint32_t decimals = 0;
    if (digits > 0 && i + 1 < text.n && text.p[i] == '.') {
        for (i++; i < text.n && digit(text.p[i]) && decimals < scale; i++, decimals++) {
            v = v * 10 + (text.p[i] - '0');
        }
    }
    if (digits == 0 || i != text.n || scale > SY_PLAN_SCALE_MAX) {
        return false;
    }
    for (; decimals < scale; decimals++) {
        v *= 10;
    }
    return plan_value(negative ? -v : v, ret);
}

static bool parse_date(struct sy_view text, int64_t *ret)
{
    int64_t utc_s;
    if (text.n != 10 || !sy_ok(sy_time_parse(text, &utc_s))) {
        return false;
    }
    *ret = utc_s / 86400 - (utc_s % 86400 < 0 ? 1 : 0);
    return true;
}

static bool parse_bool(struct sy_view text, int64_t *ret)
{
    *ret = sy_view_is(text, "true") ? 1 : 0;
    return *ret == 1 || sy_view_is(text, "false");
}

bool sy_plan_param_value(const struct sy_plan_param *p, uint64_t position, int64_t *ret)
{
    if (position >= p->n_values) {
        return false;
    }
    struct sy_view text = p->values[position];
    if (sy_view_is(p->kind, "str") || sy_view_is(p->kind, "period")) {
        int64_t first;
        int64_t last;
        *ret = (int64_t)position;
        return sy_view_is(p->kind, "str") || sy_plan_period(p, position, &first, &last);
    }
    if (sy_view_is(p->kind, "int")) {
        return p->scale <= SY_PLAN_SCALE_MAX && sy_decimal_parse(text, (uint32_t)p->scale, ret);
    }
    if (sy_view_is(p->kind, "date")) {
        return parse_date(text, ret);
    }
    return sy_view_is(p->kind, "bool") && parse_bool(text, ret);
}

bool sy_plan_asserted_value(const struct sy_plan_param *p, struct sy_view text, int64_t *ret)
{
    struct sy_plan_param one = *p;
    uint64_t position;
    int64_t lo;
    int64_t hi;
    if (!p->asserted) {
        return false;
    }
    if (sy_view_is(p->kind, "str")) {
        bool known = sy_plan_param_position(p, text, &position);
        *ret = known ? (int64_t)position : 0;
        return known;
    }
    one.values = &text;
    one.n_values = 1;
    return p->n_values == 2 && sy_plan_param_value(p, 0, &lo) && sy_plan_param_value(p, 1, &hi) &&
           sy_plan_param_value(&one, 0, ret) && *ret >= lo && *ret <= hi;
}

bool sy_plan_param_position(const struct sy_plan_param *p, struct sy_view text, uint64_t *ret)
{
    for (size_t i = 0; i < p->n_values; i++) {
        if (sy_view_eq(p->values[i], text)) {
            *ret = i;
            return true;
        }
    }
    return false;
}

static enum sy_type_kind param_kind(struct sy_view kind)
{
    static const struct {
        const char *name;
        enum sy_type_kind kind;
    } kinds[] = {
        {"int", SY_TYPE_INT}, {"date", SY_TYPE_DATE}, {"bool", SY_TYPE_BOOL}, {"str", SY_TYPE_STR}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (sy_view_is(kind, kinds[i].name)) {
            return kinds[i].kind;
        }
    }
    return SY_TYPE_NONE;
}

/* An asserted value is not chosen from a list: numbers and days have two ends, labels their set. */
static sy_status check_asserted(const struct sy_plan_param *p, struct sy_error *err)
{
    bool listed = sy_view_is(p->kind, "str");
    int64_t lo;
    int64_t hi;
    if (!p->asserted || listed) {
        return SY_OK;
    }
    if (sy_view_is(p->kind, "period") || p->n_values != 2 || !sy_plan_param_value(p, 0, &lo) ||
        !sy_plan_param_value(p, 1, &hi) || lo >= hi) {
        return PLAN_FAIL(err, "v",
                         "an asserted number, date or bool has two values, its least and "
                         "its greatest");
    }
    return SY_OK;
}

static sy_status check_param(const struct sy_plan_param *p, struct sy_error *err)
{
    if (p->name.n == 0) {
        return PLAN_FAIL(err, "n", "the parameter has no name");
    }
    if (p->scale != 0 && (!sy_view_is(p->kind, "int") || p->scale > SY_PLAN_SCALE_MAX)) {
        return PLAN_FAIL(err, "s", "0 to %d decimal digits, for integers only", SY_PLAN_SCALE_MAX);
    }
    if (sy_view_is(p->kind, "period") ? !plan_calendar(p->calendar) : p->calendar.n != 0) {
        return PLAN_FAIL(err, "c", "a calendar is MM-DD, a day of every year; for periods only");
    }
    if (p->n_values == 0 || p->n_values > SY_PLAN_PARAM_VALUES_MAX) {
        return PLAN_FAIL(err, "v", "1 to %d declared values", SY_PLAN_PARAM_VALUES_MAX);
    }
    for (size_t i = 0; i < p->n_values; i++) {
        uint64_t first;
        if (!sy_plan_param_position(p, p->values[i], &first) || first != i) {
            return PLAN_FAIL(err, "v", "a value is declared twice");
        }
    }
    return check_asserted(p, err);
}

static sy_status param_type(const struct sy_plan_param *p, struct sy_type *ret,
                            struct sy_error *err)
{
    *ret = (struct sy_type){.kind = param_kind(p->kind), .scale = (uint32_t)p->scale};
    for (size_t i = 0; i < p->n_values; i++) {
        int64_t v;
        if (ret->kind == SY_TYPE_NONE || !sy_plan_param_value(p, i, &v)) {
            return PLAN_FAIL(err, "v", "value %zu is not a valid %.*s", i, SY_PV(p->kind));
        }
        ret->lo = i == 0 ? v : sy_min_i64(ret->lo, v);
        ret->hi = i == 0 ? v : sy_max_i64(ret->hi, v);
    }
    if (ret->kind == SY_TYPE_STR) {
        ret->labels = p->values;
        ret->n_labels = p->n_values;
        ret->lo = 0;
        ret->hi = 0;
    }
    return SY_OK;
}

/* A period's own type stays NONE: it is no value, only its days are. */
static sy_status type_param(struct sy_typer *t, size_t i, struct sy_error *err)
{
    const struct sy_plan_param *p = &t->plan_params[i];
    SY_TRY(check_param(p, err));
    if (sy_view_is(p->kind, "period")) {
        return plan_period_type(p, &t->first_days[i], &t->last_days[i], err);
    }
    return param_type(p, &t->params[i], err);
}

sy_status sy_typer_init(struct sy_typer *t, const struct sy_plan_param *params, size_t n_params,
                        const struct sy_dataset_def *defs, size_t n_defs, struct sy_arena *arena,
                        struct sy_error *reterr)
{
    *t = (struct sy_typer){.plan_params = params,
                           .n_params = n_params,
                           .defs = defs,
                           .n_defs = n_defs,
                           .arena = arena};
    if (n_params > SY_PLAN_PARAMS_MAX) {
        return PLAN_FAIL(reterr, "params", "more than %d parameters", SY_PLAN_PARAMS_MAX);
    }
    t->params = sy_arena_alloc(arena, n_params + 1, sizeof *t->params);
    t->first_days = sy_arena_alloc(arena, n_params + 1, sizeof *t->first_days);
    t->last_days = sy_arena_alloc(arena, n_params + 1, sizeof *t->last_days);
    if (t->params == NULL || t->first_days == NULL || t->last_days == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    for (size_t i = 0; i < n_params; i++) {
        for (size_t j = 0; j < i; j++) {
            if (sy_view_eq(params[i].name, params[j].name)) {
                return PLAN_FAIL(reterr, "params", "two parameters are called %.*s",
                                 SY_PV(params[i].name));
            }
        }
        SY_TRY(plan_path(type_param(t, i, reterr), reterr, "params", i));
    }
    return SY_OK;
}

/* --- labels of keys ----------------------------------------------------------------------------- */

static sy_status int_labels(const struct sy_type *t, struct sy_arena *arena, struct sy_view **ret,
                            size_t *ret_n, struct sy_error *err)
{
    uint64_t span = (uint64_t)t->hi - (uint64_t)t->lo; /* lo <= hi: exact, up to 2^64 - 1 */
    if (t->nothing || t->scale != 0 || span >= SY_PLAN_INT_LABELS_MAX) {
        return PLAN_FAIL(err, "", "an integer key has no decimals and at most %d values; use CASE",
                         SY_PLAN_INT_LABELS_MAX);
    }
    size_t n = (size_t)span + 1;
    struct sy_view *labels = sy_arena_alloc(arena, n, sizeof *labels);
    for (size_t i = 0; labels != NULL && i < n; i++) {
        labels[i] = sy_view_str(sy_arena_printf(arena, "%lld", (long long)(t->lo + (int64_t)i)));
        if (labels[i].n == 0) {
            labels = NULL;
        }
    }
    *ret = labels;
    *ret_n = n;
    return labels == NULL ? sy_fail(err, SY_E_NO_MEMORY, NULL, NULL) : SY_OK;
}

sy_status sy_type_labels(const struct sy_type *t, struct sy_arena *arena,
                         const struct sy_view **ret_labels, size_t *ret_n, struct sy_error *reterr)
{
    static const struct sy_view booleans[2] = {{(const uint8_t *)"false", 5},
                                               {(const uint8_t *)"true", 4}};
    if (t->kind == SY_TYPE_STR) {
        *ret_labels = t->labels;
        *ret_n = t->n_labels;
        return t->nothing ? PLAN_FAIL(reterr, "", "a key that is always NULL") : SY_OK;
    }
    if (t->kind == SY_TYPE_BOOL) {
        *ret_labels = booleans;
        *ret_n = 2;
        return SY_OK;
    }
    if (t->kind != SY_TYPE_INT) {
        return PLAN_FAIL(reterr, "", "dates and units cannot be group keys");
    }
    struct sy_view *labels;
    SY_TRY(int_labels(t, arena, &labels, ret_n, reterr));
    *ret_labels = labels;
    return SY_OK;
}
