/*
 * What: the scheme's sections of a policy pack, as tables of keys (docs/packs.md). A section that the file does not
 * have is not there in the pack either: it demands nothing.
 */
#include "compile_internal.h"

#include <string.h>

#include "base/time.h"
#include "wire/pack.h"

/* --- values with a form of their own ----------------------------------------------------------------------- */

/* Dates (2026-01-01) to days since 1970-01-01. */
static sy_status read_days(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                           int64_t **ret, size_t *ret_n, struct sy_error *err)
{
    sy_status s;
    SY_TRY(cli_yaml_items(y, at, ret_n, err));
    int64_t *days = cli_alloc(a, *ret_n, sizeof(*days), err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < *ret_n; i++) {
        const yaml_node_t *item = cli_yaml_item(y, at, i);
        int64_t t = 1;
        if (item->type != YAML_SCALAR_NODE ||
            !sy_ok(sy_time_parse(
                sy_view((const char *)item->data.scalar.value, item->data.scalar.length), &t)) ||
            t % 86400 != 0) {
            return cli_yaml_fail(y, item, err, "a date is written 2026-01-01");
        }
        days[i] = t / 86400;
    }
    *ret = days;
    return SY_OK;
}

static const struct cli_key code_keys[] = {
    KEY(struct sy_pack_code, code, CLI_TEXT, true),
    KEY(struct sy_pack_code, title, CLI_TEXT, false),
};

static sy_status read_codes(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                            struct sy_pack_code **ret, size_t *ret_n, struct sy_error *err)
{
    return cli_fill_list(y, at, code_keys, N(code_keys), sizeof(**ret), a, (void **)ret, ret_n,
                         err);
}

/* --- sections ------------------------------------------------------------------------------------------------- */

struct calendar_file {
    struct sy_pack_calendar c;
    uint64_t offset_s;
    const yaml_node_t *holidays, *workdays;
};
static const struct cli_key calendar_keys[] = {
    {"ahead_of_utc", CLI_SECONDS, true, offsetof(struct calendar_file, offset_s), 0},
    {"holidays", CLI_NODE, false, offsetof(struct calendar_file, holidays), 0},
    {"workdays", CLI_NODE, false, offsetof(struct calendar_file, workdays), 0},
};

static sy_status fill_calendar(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                               void *ret, struct sy_error *err)
{
    struct calendar_file f = {0};
    SY_TRY(cli_yaml_fill(y, at, calendar_keys, N(calendar_keys), a, &f, err));
    SY_TRY(read_days(y, f.holidays, a, &f.c.holidays, &f.c.n_holidays, err));
    SY_TRY(read_days(y, f.workdays, a, &f.c.workdays, &f.c.n_workdays, err));
    f.c.utc_offset_s = (int64_t)f.offset_s;
    memcpy(ret, &f.c, sizeof(f.c));
    return SY_OK;
}

static const struct cli_key staff_keys[] = {
    KEY(struct sy_pack_staff, separated, CLI_BOOL, true),
    KEY(struct sy_pack_staff, training_days, CLI_COUNT, false),
    KEYS(struct sy_pack_staff, two_person, false),
};

static sy_status fill_staff(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                            void *ret, struct sy_error *err)
{
    return cli_yaml_fill(y, at, staff_keys, N(staff_keys), a, ret, err);
}

struct qualify_file {
    struct sy_pack_qualify q;
    struct sy_view scheme_ends;
    const yaml_node_t *clauses, *endings, *lists, *aspects;
};
static const struct cli_key qualify_keys[] = {
    {"term_years", CLI_COUNT, true, offsetof(struct qualify_file, q.term_years), 0},
    {"renew_months", CLI_COUNT, true, offsetof(struct qualify_file, q.renew_months), 0},
    {"ban_years", CLI_COUNT, true, offsetof(struct qualify_file, q.ban_years), 0},
    {"incident_years", CLI_COUNT, true, offsetof(struct qualify_file, q.incident_years), 0},
    {"notice_days", CLI_COUNT, true, offsetof(struct qualify_file, q.notice_days), 0},
    {"scheme_ends", CLI_TEXT, true, offsetof(struct qualify_file, scheme_ends), 0},
    {"clauses", CLI_NODE, true, offsetof(struct qualify_file, clauses), 0},
    {"endings", CLI_NODE, true, offsetof(struct qualify_file, endings), 0},
    {"lists", CLI_NODE, true, offsetof(struct qualify_file, lists), 0},
    {"aspects", CLI_NODE, false, offsetof(struct qualify_file, aspects), 0},
};
static const struct cli_key ending_keys[] = {
    KEY(struct sy_pack_ending, code, CLI_TEXT, true),
    KEY(struct sy_pack_ending, title, CLI_TEXT, false),
    KEY(struct sy_pack_ending, cause, CLI_BOOL, false),
    KEY(struct sy_pack_ending, evaluated, CLI_BOOL, false),
    KEY(struct sy_pack_ending, own, CLI_BOOL, false),
};

static sy_status fill_qualify(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                              void *ret, struct sy_error *err)
{
    struct qualify_file f = {0};
    SY_TRY(cli_yaml_fill(y, at, qualify_keys, N(qualify_keys), a, &f, err));
    if (!sy_ok(sy_time_parse(f.scheme_ends, &f.q.scheme_ends))) {
        return cli_yaml_fail(y, at, err, "scheme_ends is a time: 2030-03-04T00:00:00+08:00");
    }
    SY_TRY(read_codes(y, f.clauses, a, &f.q.clauses, &f.q.n_clauses, err));
    SY_TRY(read_codes(y, f.lists, a, &f.q.lists, &f.q.n_lists, err));
    SY_TRY(read_codes(y, f.aspects, a, &f.q.aspects, &f.q.n_aspects, err));
    SY_TRY(cli_fill_list(y, f.endings, ending_keys, N(ending_keys), sizeof(*f.q.endings), a,
                         (void **)&f.q.endings, &f.q.n_endings, err));
    memcpy(ret, &f.q, sizeof(f.q));
    return SY_OK;
}

struct catalogue_file {
    struct sy_pack_catalogue c;
    const yaml_node_t *cycles;
};
static const struct cli_key catalogue_keys[] = {
    {"credit", CLI_BOOL, false, offsetof(struct catalogue_file, c.credit), 0},
    {"stale_blocks", CLI_BOOL, false, offsetof(struct catalogue_file, c.stale_blocks), 0},
    {"ticket_blocks", CLI_BOOL, false, offsetof(struct catalogue_file, c.ticket_blocks), 0},
    {"ticket_days", CLI_COUNT, true, offsetof(struct catalogue_file, c.ticket_days), 0},
    {"cycles", CLI_NODE, true, offsetof(struct catalogue_file, cycles), 0},
};
static const struct cli_key cycle_keys[] = {
    KEY(struct sy_pack_cycle, code, CLI_TEXT, true),
    KEY(struct sy_pack_cycle, title, CLI_TEXT, false),
    KEY(struct sy_pack_cycle, days, CLI_COUNT, false),
};

static sy_status fill_catalogue(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                                void *ret, struct sy_error *err)
{
    struct catalogue_file f = {0};
    SY_TRY(cli_yaml_fill(y, at, catalogue_keys, N(catalogue_keys), a, &f, err));
    SY_TRY(cli_fill_list(y, f.cycles, cycle_keys, N(cycle_keys), sizeof(*f.c.cycles), a,
                         (void **)&f.c.cycles, &f.c.n_cycles, err));
    memcpy(ret, &f.c, sizeof(f.c));
    return SY_OK;
}

static const struct cli_key scene_keys[] = {
    KEY(struct sy_pack_scene, reason_min, CLI_COUNT, true),
    KEY(struct sy_pack_scene, review_days, CLI_COUNT, true),
    KEY(struct sy_pack_scene, rounds_max, CLI_COUNT, true),
};

static sy_status fill_scene(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                            void *ret, struct sy_error *err)
{
    return cli_yaml_fill(y, at, scene_keys, N(scene_keys), a, ret, err);
}

static const struct cli_key fusion_keys[] = {
    KEY(struct sy_pack_fusion, bytes, CLI_COUNT, true),
    KEY(struct sy_pack_fusion, grade, CLI_COUNT, true),
};

static sy_status fill_fusion(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                             void *ret, struct sy_error *err)
{
    return cli_yaml_fill(y, at, fusion_keys, N(fusion_keys), a, ret, err);
}

static const struct cli_key product_keys[] = {
    KEYS(struct sy_pack_product, reviewers, true),
    KEY(struct sy_pack_product, reports_max, CLI_COUNT, true),
    KEY(struct sy_pack_product, price_max, CLI_COUNT, false),
    KEY(struct sy_pack_product, public_price_max, CLI_COUNT, false),
    KEY(struct sy_pack_product, public_calls, CLI_COUNT, false),
    KEY(struct sy_pack_product, fee_permille_max, CLI_COUNT, false),
    KEY(struct sy_pack_product, advantage_max, CLI_COUNT, false),
    KEY(struct sy_pack_product, tests_max, CLI_COUNT, false),
    KEY(struct sy_pack_product, test_ms, CLI_COUNT, false),
    KEY(struct sy_pack_product, test_asked, CLI_BOOL, false),
};

static sy_status fill_product(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                              void *ret, struct sy_error *err)
{
    return cli_yaml_fill(y, at, product_keys, N(product_keys), a, ret, err);
}

static const struct cli_key sector_keys[] = {
    KEY(struct sy_pack_sector, code, CLI_TEXT, true),
    KEY(struct sy_pack_sector, title, CLI_TEXT, false),
    KEY(struct sy_pack_sector, department, CLI_TEXT, true),
    KEYS(struct sy_pack_sector, departments, false),
};

struct supervise_file {
    struct sy_pack_supervise s;
    const yaml_node_t *grounds, *sectors;
};
static const struct cli_key supervise_keys[] = {
    {"report_hours", CLI_COUNT, true, offsetof(struct supervise_file, s.report_hours), 0},
    {"disclosure_month", CLI_COUNT, true, offsetof(struct supervise_file, s.disclosure_month), 0},
    {"disclosure_day", CLI_COUNT, true, offsetof(struct supervise_file, s.disclosure_day), 0},
    {"report_month", CLI_COUNT, true, offsetof(struct supervise_file, s.report_month), 0},
    {"report_day", CLI_COUNT, true, offsetof(struct supervise_file, s.report_day), 0},
    {"drill_months", CLI_COUNT, false, offsetof(struct supervise_file, s.drill_months), 0},
    {"evaluate_months", CLI_COUNT, false, offsetof(struct supervise_file, s.evaluate_months), 0},
    {"inspect_months", CLI_COUNT, false, offsetof(struct supervise_file, s.inspect_months), 0},
    {"incident_days", CLI_COUNT, false, offsetof(struct supervise_file, s.incident_days), 0},
    {"grounds", CLI_NODE, true, offsetof(struct supervise_file, grounds), 0},
    {"sectors", CLI_NODE, false, offsetof(struct supervise_file, sectors), 0},
};

static sy_status fill_supervise(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                                void *ret, struct sy_error *err)
{
    struct supervise_file f = {0};
    SY_TRY(cli_yaml_fill(y, at, supervise_keys, N(supervise_keys), a, &f, err));
    SY_TRY(read_codes(y, f.grounds, a, &f.s.grounds, &f.s.n_grounds, err));
    SY_TRY(cli_fill_list(y, f.sectors, sector_keys, N(sector_keys), sizeof(*f.s.sectors), a,
                         (void **)&f.s.sectors, &f.s.n_sectors, err));
    memcpy(ret, &f.s, sizeof(f.s));
    return SY_OK;
}

static const struct cli_key platform_keys[] = {
    KEY(struct sy_pack_platform, code, CLI_TEXT, true),
    KEY(struct sy_pack_platform, title, CLI_TEXT, false),
    KEY(struct sy_pack_platform, url, CLI_TEXT, true),
    KEY(struct sy_pack_platform, key, CLI_B32, true),
    KEYS(struct sy_pack_platform, push, false),
    {"pull_every", CLI_SECONDS, false, offsetof(struct sy_pack_platform, every_s), 0},
};
static const struct cli_key sync_keys[] = {
    {"platforms", CLI_NODE, true, 0, 0},
};

static sy_status fill_sync(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a, void *ret,
                           struct sy_error *err)
{
    const yaml_node_t *list = NULL;
    struct sy_pack_sync s = {0};
    SY_TRY(cli_yaml_fill(y, at, sync_keys, N(sync_keys), a, &list, err));
    SY_TRY(cli_fill_list(y, list, platform_keys, N(platform_keys), sizeof(*s.platforms), a,
                         (void **)&s.platforms, &s.n_platforms, err));
    for (size_t i = 0; i < s.n_platforms; i++) {
        s.platforms[i].pull = s.platforms[i].every_s > 0;
    }
    memcpy(ret, &s, sizeof(s));
    return SY_OK;
}

/* --- the whole part --------------------------------------------------------------------------------------------- */

struct scheme_file {
    const yaml_node_t *calendar, *staff, *qualify, *catalogue, *scene, *fusion, *product,
        *supervise, *sync;
};
static const struct cli_key scheme_keys[] = {
    KEY(struct scheme_file, calendar, CLI_NODE, false),
    KEY(struct scheme_file, staff, CLI_NODE, false),
    KEY(struct scheme_file, qualify, CLI_NODE, false),
    KEY(struct scheme_file, catalogue, CLI_NODE, false),
    KEY(struct scheme_file, scene, CLI_NODE, false),
    KEY(struct scheme_file, fusion, CLI_NODE, false),
    KEY(struct scheme_file, product, CLI_NODE, false),
    KEY(struct scheme_file, supervise, CLI_NODE, false),
    KEY(struct scheme_file, sync, CLI_NODE, false),
};

typedef sy_status fill_fn(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a, void *ret,
                          struct sy_error *err);

/* One section: where its node is, where the record's pointer and count are, how large it is, who fills it. */
struct section {
    size_t node, list, count, size;
    fill_fn *fill;
};
#define SECTION(name)                                                                              \
    {                                                                                              \
        offsetof(struct scheme_file, name), offsetof(struct sy_pack_scheme, name),                 \
            offsetof(struct sy_pack_scheme, n_##name), sizeof(struct sy_pack_##name), fill_##name  \
    }
static const struct section sections[] = {SECTION(calendar),  SECTION(staff),     SECTION(qualify),
                                          SECTION(catalogue), SECTION(scene),     SECTION(fusion),
                                          SECTION(product),   SECTION(supervise), SECTION(sync)};

static sy_status fill_section(struct cli_yaml *y, const struct section *of,
                              const struct scheme_file *f, struct sy_arena *a,
                              struct sy_pack_scheme *ret, struct sy_error *err)
{
    const yaml_node_t *node;
    const size_t one = 1;
    sy_status s;
    memcpy(&node, (const uint8_t *)f + of->node, sizeof(node));
    if (node == NULL) {
        return SY_OK;
    }
    void *record = cli_alloc(a, 1, of->size, err, &s);
    SY_TRY(s);
    SY_TRY(of->fill(y, node, a, record, err));
    memcpy((uint8_t *)ret + of->list, &record, sizeof(record));
    memcpy((uint8_t *)ret + of->count, &one, sizeof(one));
    return SY_OK;
}

sy_status cli_compile_scheme(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                             struct sy_pack *ret, struct sy_error *err)
{
    struct scheme_file f = {0};
    sy_status s;
    if (at == NULL) {
        return SY_OK;
    }
    SY_TRY(cli_yaml_fill(y, at, scheme_keys, N(scheme_keys), a, &f, err));
    ret->scheme = cli_alloc(a, 1, sizeof(*ret->scheme), err, &s);
    SY_TRY(s);
    ret->n_scheme = 1;
    for (size_t i = 0; i < N(sections); i++) {
        SY_TRY(fill_section(y, &sections[i], &f, a, ret->scheme, err));
    }
    return SY_OK;
}
