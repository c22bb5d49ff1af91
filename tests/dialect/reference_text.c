#include "reference_text.h"

#include "base/time.h"
#include "check.h"
#include "wire/plan_type.h"

static struct sy_view param_text(const struct sy_plan *p, struct sy_view name, size_t *ret_n,
                                 const uint64_t *params, struct sy_arena *arena)
{
    struct sy_view best = {0};
    *ret_n = 0;
    for (size_t i = 0; i < p->n_params; i++) {
        const struct sy_plan_param *d = &p->params[i];
        if (d->name.n < *ret_n || !sy_view_starts(name, d->name)) {
            continue;
        }
        struct sy_view rest = sy_view(name.p + d->name.n, name.n - d->name.n), v;
        bool period = sy_view_is(d->kind, "period");
        bool start = period && sy_view_starts(rest, sy_view_str("_start"));
        bool end = period && sy_view_starts(rest, sy_view_str("_end"));
        v = d->values[params[i]];
        *ret_n = d->name.n + (start ? 6 : end ? 4 : 0);
        if (start || end) {
            int64_t first, last;
            int y, m, day;
            assert_true(sy_plan_period(d, params[i], &first, &last));
            sy_date_of_days((int32_t)(start ? first : last), &y, &m, &day);
            best = sy_view_str(sy_arena_printf(arena, "DATE '%04d-%02d-%02d'", y, m, day));
        } else if (sy_view_is(d->kind, "int") || sy_view_is(d->kind, "bool")) {
            best = v;
        } else {
            const char *type = sy_view_is(d->kind, "date") ? "DATE " : "";
            best = sy_view_str(sy_arena_printf(arena, "%s'%.*s'", type, SY_PV(v)));
        }
    }
    return best;
}

struct sy_view reference_text(const struct sy_plan *plan, struct sy_view sql,
                              const uint64_t *params, struct sy_arena *arena)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(1 << 20);
    for (size_t i = 0; i < sql.n; i++) {
        size_t n = 0;
        struct sy_view v = {0};
        if (sql.p[i] == '$') {
            v = param_text(plan, sy_view(sql.p + i + 1, sql.n - i - 1), &n, params, arena);
        }
        check_ok(n == 0 ? sy_buf_add(&b, sql.p + i, 1) : sy_buf_add_view(&b, v));
        i += n;
    }
    while (b.n > 0 && (b.p[b.n - 1] == ';' || b.p[b.n - 1] == '\n' || b.p[b.n - 1] == ' ')) {
        b.n--;
    }
    return sy_arena_copy(arena, sy_buf_view(&b));
}
