/*
 * What: the `application` of a scene file, as a table of keys (docs/packs.md).
 */
#include "compile_internal.h"

#include <string.h>

struct application_file {
    struct sy_application a;
    struct sy_view replaces, shrinks;
};

static const struct cli_key application_keys[] = {
    {"class", CLI_TEXT, true, offsetof(struct application_file, a.class_), 0},
    {"domain", CLI_TEXT, true, offsetof(struct application_file, a.domain), 0},
    {"market", CLI_TEXT, true, offsetof(struct application_file, a.market), 0},
    {"route", CLI_TEXT, true, offsetof(struct application_file, a.route), 0},
    {"benefit", CLI_TEXT, true, offsetof(struct application_file, a.benefit), 0},
    {"revenue_plan", CLI_TEXT, true, offsetof(struct application_file, a.revenue_plan), 0},
    {"products_planned", CLI_TEXTS, true, offsetof(struct application_file, a.products_planned),
     offsetof(struct application_file, a.n_products_planned)},
    {"own_data", CLI_TEXTS, false, offsetof(struct application_file, a.own_data),
     offsetof(struct application_file, a.n_own_data)},
    {"replaces", CLI_TEXT, false, offsetof(struct application_file, replaces), 0},
    {"shrinks", CLI_TEXT, false, offsetof(struct application_file, shrinks), 0},
};

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A whole id: 64 lower-case hexadecimal digits, or nothing. */
static bool read_id(struct sy_view text, uint8_t ret[32])
{
    for (size_t i = 0; i < text.n && text.n == 64; i += 2) {
        int hi = digit(text.p[i]), lo = digit(text.p[i + 1]);
        if (hi < 0 || lo < 0) {
            return false;
        }
        ret[i / 2] = (uint8_t)(hi << 4 | lo);
    }
    return text.n == 0 || text.n == 64;
}

sy_status cli_compile_application(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                                  struct sy_proposal *ret, struct sy_error *err)
{
    struct application_file f = {0};
    sy_status s;
    if (at == NULL) {
        return SY_OK;
    }
    SY_TRY(cli_yaml_fill(y, at, application_keys, N(application_keys), a, &f, err));
    if (!read_id(f.replaces, f.a.replaces) || !read_id(f.shrinks, f.a.shrinks)) {
        return cli_yaml_fail(y, at, err, "replaces and shrinks are whole ids: 64 digits");
    }
    ret->application = cli_alloc(a, 1, sizeof(*ret->application), err, &s);
    SY_TRY(s);
    ret->application[0] = f.a;
    ret->n_application = 1;
    return SY_OK;
}
