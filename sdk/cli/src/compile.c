/*
 * What: the file formats, as tables of keys. Bounds of fields are read by the field's own type and
 * scale (dates, decimals), so that a catalogue shows them as people write them.
 */
#include "cli/compile.h"

#include <string.h>

#include "base/time.h"
#include "compile_internal.h"
#include "wire/custody.h"
#include "wire/plan_type.h"

void *cli_alloc(struct sy_arena *a, size_t n, size_t size, struct sy_error *err, sy_status *s)
{
    void *p = sy_arena_alloc(a, n + 1, size);
    *s = p != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
    return p;
}

sy_status cli_fill_list(struct cli_yaml *y, const yaml_node_t *seq, const struct cli_key *keys,
                        size_t n_keys, size_t size, struct sy_arena *a, void **ret, size_t *ret_n,
                        struct sy_error *err)
{
    sy_status s;
    SY_TRY(cli_yaml_items(y, seq, ret_n, err));
    uint8_t *list = cli_alloc(a, *ret_n, size, err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < *ret_n; i++) {
        SY_TRY(cli_yaml_fill(y, cli_yaml_item(y, seq, i), keys, n_keys, a, list + i * size, err));
    }
    *ret = list;
    return SY_OK;
}

/* --- pack ----------------------------------------------------------------------------------------------- */

struct pack_file {
    struct sy_pack pack;
    const yaml_node_t *budgets, *grades, *sizes, *grounds, *subject, *cellkey, *scheme;
    const yaml_node_t *custody, *consent_of;
};

static const struct cli_key pack_keys[] = {
    {"id", CLI_TEXT, true, offsetof(struct pack_file, pack.id), 0},
    {"version", CLI_COUNT, true, offsetof(struct pack_file, pack.version), 0},
    {"title", CLI_TEXT, false, offsetof(struct pack_file, pack.title), 0},
    {"consent", CLI_BOOL, true, offsetof(struct pack_file, pack.consent), 0},
    {"consent_of", CLI_NODE, false, offsetof(struct pack_file, consent_of), 0},
    {"custody", CLI_NODE, false, offsetof(struct pack_file, custody), 0},
    {"term_max", CLI_SECONDS, true, offsetof(struct pack_file, pack.term_max_s), 0},
    {"rho_run_max", CLI_NANO, true, offsetof(struct pack_file, pack.rho_run_max), 0},
    {"groups_max", CLI_COUNT, true, offsetof(struct pack_file, pack.groups_max), 0},
    {"rows_max", CLI_COUNT, true, offsetof(struct pack_file, pack.rows_max), 0},
    {"cells_max", CLI_COUNT, true, offsetof(struct pack_file, pack.cells_max), 0},
    {"support_min", CLI_COUNT, false, offsetof(struct pack_file, pack.support_min), 0},
    {"quorum_from", CLI_COUNT, false, offsetof(struct pack_file, pack.quorum_from), 0},
    {"budgets", CLI_NODE, true, offsetof(struct pack_file, budgets), 0},
    {"grades", CLI_NODE, true, offsetof(struct pack_file, grades), 0},
    {"sizes", CLI_NODE, true, offsetof(struct pack_file, sizes), 0},
    {"grounds", CLI_NODE, true, offsetof(struct pack_file, grounds), 0},
    {"cellkey", CLI_NODE, false, offsetof(struct pack_file, cellkey), 0},
    {"subject", CLI_NODE, false, offsetof(struct pack_file, subject), 0},
    {"scheme", CLI_NODE, false, offsetof(struct pack_file, scheme), 0},
};
static const struct cli_key budget_keys[] = {
    KEY(struct sy_pack_budget, ns, CLI_TEXT, true),
    KEY(struct sy_pack_budget, rho, CLI_NANO, true),
    KEY(struct sy_pack_budget, delta, CLI_FEMTO, true),
    KEY(struct sy_pack_budget, cells, CLI_COUNT, false),
    KEY(struct sy_pack_budget, recover_rho, CLI_NANO, false),
    KEY(struct sy_pack_budget, recover_delta, CLI_FEMTO, false),
};
static const struct cli_key grade_keys[] = {
    KEY(struct sy_pack_grade, grade, CLI_COUNT, true),
    KEY(struct sy_pack_grade, title, CLI_TEXT, false),
    KEYS(struct sy_pack_grade, mechanisms, true),
};
static const struct cli_key size_keys[] = {
    KEY(struct sy_pack_size, max_rows, CLI_COUNT, true),
    {"slot", CLI_MILLIS, true, offsetof(struct sy_pack_size, slot_ms), 0},
    {"wall", CLI_MILLIS, true, offsetof(struct sy_pack_size, wall_ms), 0},
    {"cpu", CLI_SECONDS, true, offsetof(struct sy_pack_size, cpu_s), 0},
    {"memory", CLI_MEBI, true, offsetof(struct sy_pack_size, memory_mib), 0},
};
static const struct cli_key ground_keys[] = {
    KEY(struct sy_pack_ground, code, CLI_TEXT, true),
    KEY(struct sy_pack_ground, title, CLI_TEXT, false),
    KEYS(struct sy_pack_ground, roles, true),
};

static const struct cli_key subject_keys[] = {
    KEY(struct sy_pack_subject, subject_max, CLI_COUNT, true),
    KEY(struct sy_pack_subject, developer_max, CLI_COUNT, true),
    {"token_max", CLI_SECONDS, true, offsetof(struct sy_pack_subject, token_max_s), 0},
    {"window", CLI_SECONDS, true, offsetof(struct sy_pack_subject, window_s), 0},
};

/* One of two or three words; empty when the key is not there. */
static sy_status read_word(struct cli_yaml *y, const yaml_node_t *at, const char *const words[],
                           struct sy_arena *a, struct sy_view *ret, struct sy_error *err)
{
    struct sy_view text = {0};
    if (at == NULL) {
        return SY_OK;
    }
    if (at->type == YAML_SCALAR_NODE) {
        text = sy_view(at->data.scalar.value, at->data.scalar.length);
    }
    for (size_t i = 0; words[i] != NULL; i++) {
        if (sy_view_is(text, words[i])) {
            *ret = sy_arena_copy(a, text);
            return ret->p != NULL ? SY_OK : sy_fail(err, SY_E_NO_MEMORY, NULL, NULL);
        }
    }
    return cli_yaml_fail(y, at, err, "%s, %s%s%s", words[0], words[1],
                         words[2] == NULL ? "" : " or ", words[2] == NULL ? "" : words[2]);
}

/* Who holds key shares, and who is asked: what contradicts itself is said here, at its place; the rules refuse it too. */
static sy_status fill_custody(struct cli_yaml *y, struct pack_file *f, struct sy_arena *a,
                              struct sy_error *err)
{
    static const char *const custodies[] = {SY_CUSTODY_AGENCY, SY_CUSTODY_DEPARTMENT,
                                            SY_CUSTODY_BOTH, NULL};
    static const char *const consents[] = {"all", "custodians", NULL};
    struct sy_view of = {0};
    SY_TRY(read_word(y, f->custody, custodies, a, &f->pack.custody, err));
    SY_TRY(read_word(y, f->consent_of, consents, a, &of, err));
    bool department = f->pack.custody.n > 0 && !sy_view_is(f->pack.custody, SY_CUSTODY_AGENCY);
    if (department && !f->pack.consent) {
        return cli_yaml_fail(y, f->custody, err,
                             "a department deposits its key share with its consent: custody %.*s "
                             "needs consent: true",
                             SY_PV(f->pack.custody));
    }
    if (sy_view_is(of, "custodians") && !department) {
        return cli_yaml_fail(y, f->consent_of, err,
                             "no department holds a share: custodians go with custody department "
                             "or both");
    }
    f->pack.consent_of = sy_view_is(of, "custodians") ? of : (struct sy_view){0};
    return SY_OK;
}

static sy_status fill_subject(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                              struct sy_pack *ret, struct sy_error *err)
{
    sy_status s;
    if (at == NULL) {
        return SY_OK;
    }
    ret->subject = cli_alloc(a, 1, sizeof(*ret->subject), err, &s);
    SY_TRY(s);
    ret->n_subject = 1;
    return cli_yaml_fill(y, at, subject_keys, N(subject_keys), a, ret->subject, err);
}

sy_status cli_compile_pack(const char *path, struct sy_arena *arena, struct sy_pack *ret,
                           struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct pack_file f = {0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    SY_TRY(cli_yaml_fill(&y, cli_yaml_root(&y), pack_keys, N(pack_keys), arena, &f, reterr));
    SY_TRY(cli_fill_list(&y, f.budgets, budget_keys, N(budget_keys), sizeof(*f.pack.budgets), arena,
                         (void **)&f.pack.budgets, &f.pack.n_budgets, reterr));
    SY_TRY(cli_fill_list(&y, f.grades, grade_keys, N(grade_keys), sizeof(*f.pack.grades), arena,
                         (void **)&f.pack.grades, &f.pack.n_grades, reterr));
    SY_TRY(cli_fill_list(&y, f.sizes, size_keys, N(size_keys), sizeof(*f.pack.sizes), arena,
                         (void **)&f.pack.sizes, &f.pack.n_sizes, reterr));
    SY_TRY(cli_fill_list(&y, f.grounds, ground_keys, N(ground_keys), sizeof(*f.pack.grounds), arena,
                         (void **)&f.pack.grounds, &f.pack.n_grounds, reterr));
    SY_TRY(cli_compile_cellkey(&y, f.cellkey, arena, &f.pack, reterr));
    SY_TRY(fill_subject(&y, f.subject, arena, &f.pack, reterr));
    SY_TRY(fill_custody(&y, &f, arena, reterr));
    SY_TRY(cli_compile_scheme(&y, f.scheme, arena, &f.pack, reterr));
    *ret = f.pack;
    return SY_OK;
}

/* --- catalogue entry ---------------------------------------------------------------------------------------- */

struct dataset_file {
    struct sy_dataset_def def;
    const yaml_node_t *fields;
};

struct field_file {
    struct sy_field_def def;
    struct sy_view lo, hi;
};

static const struct cli_key dataset_keys[] = {
    {"id", CLI_TEXT, true, offsetof(struct dataset_file, def.id), 0},
    {"title", CLI_TEXT, true, offsetof(struct dataset_file, def.title), 0},
    {"department", CLI_TEXT, true, offsetof(struct dataset_file, def.department), 0},
    {"custodian", CLI_TEXT, false, offsetof(struct dataset_file, def.custodian), 0},
    {"lawful_basis", CLI_TEXT, false, offsetof(struct dataset_file, def.lawful_basis), 0},
    {"update_cycle", CLI_TEXT, false, offsetof(struct dataset_file, def.update_cycle), 0},
    {"encoding", CLI_TEXT, true, offsetof(struct dataset_file, def.encoding), 0},
    {"ns", CLI_TEXT, false, offsetof(struct dataset_file, def.ns), 0},
    {"unit", CLI_TEXT, false, offsetof(struct dataset_file, def.unit), 0},
    {"units", CLI_COUNT, false, offsetof(struct dataset_file, def.units), 0},
    {"membership", CLI_COUNT, true, offsetof(struct dataset_file, def.membership), 0},
    {"max_rows", CLI_COUNT, true, offsetof(struct dataset_file, def.max_rows), 0},
    {"dummy_rows", CLI_COUNT, false, offsetof(struct dataset_file, def.dummy_rows), 0},
    {"turnover", CLI_COUNT, false, offsetof(struct dataset_file, def.turnover), 0},
    {"fields", CLI_NODE, true, offsetof(struct dataset_file, fields), 0},
};
static const struct cli_key field_keys[] = {
    {"name", CLI_TEXT, true, offsetof(struct field_file, def.name), 0},
    {"type", CLI_TEXT, true, offsetof(struct field_file, def.type), 0},
    {"grade", CLI_COUNT, true, offsetof(struct field_file, def.grade), 0},
    {"title", CLI_TEXT, false, offsetof(struct field_file, def.title), 0},
    {"klass", CLI_TEXT, false, offsetof(struct field_file, def.klass), 0},
    {"derive", CLI_TEXT, false, offsetof(struct field_file, def.derive), 0},
    {"measure", CLI_TEXT, false, offsetof(struct field_file, def.measure), 0},
    {"ref", CLI_TEXT, false, offsetof(struct field_file, def.ref), 0},
    {"source", CLI_TEXT, false, offsetof(struct field_file, def.source), 0},
    {"sources", CLI_TEXTS, false, offsetof(struct field_file, def.sources),
     offsetof(struct field_file, def.n_sources)},
    {"rows", CLI_COUNT, false, offsetof(struct field_file, def.rows), 0},
    {"grain", CLI_COUNT, false, offsetof(struct field_file, def.grain), 0},
    {"scale", CLI_COUNT, false, offsetof(struct field_file, def.scale), 0},
    {"nullable", CLI_BOOL, false, offsetof(struct field_file, def.nullable), 0},
    {"lo", CLI_TEXT, false, offsetof(struct field_file, lo), 0},
    {"hi", CLI_TEXT, false, offsetof(struct field_file, hi), 0},
    {"values", CLI_TEXTS, false, offsetof(struct field_file, def.values),
     offsetof(struct field_file, def.n_values)},
};

static bool parse_date(struct sy_view text, int64_t *ret)
{
    int64_t utc_s;
    if (!sy_ok(sy_time_parse(text, &utc_s)) || utc_s % 86400 != 0) {
        return false;
    }
    *ret = utc_s / 86400;
    return true;
}

static bool parse_bound(const struct sy_field_def *f, struct sy_view text, int64_t *ret)
{
    if (sy_view_is(f->type, "date")) {
        return parse_date(text, ret);
    }
    return f->scale <= SY_PLAN_SCALE_MAX && sy_decimal_parse(text, (uint32_t)f->scale, ret);
}

static sy_status finish_field(struct cli_yaml *y, const yaml_node_t *at, struct field_file *f,
                              struct sy_error *err)
{
    static const char *const bounded[] = {"int32", "int64", "decimal", "date"};
    bool needs = false;
    for (size_t i = 0; i < N(bounded); i++) {
        needs |= sy_view_is(f->def.type, bounded[i]);
    }
    if (needs != (f->lo.n > 0) || needs != (f->hi.n > 0)) {
        return cli_yaml_fail(y, at, err,
                             needs ? "lo and hi are missing" : "lo and hi do not belong here");
    }
    if (needs &&
        (!parse_bound(&f->def, f->lo, &f->def.lo) || !parse_bound(&f->def, f->hi, &f->def.hi))) {
        return cli_yaml_fail(y, at, err, "lo or hi is not a value of the field's type and scale");
    }
    return SY_OK;
}

static sy_status compile_field(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *a,
                               struct sy_field_def *ret, struct sy_error *err)
{
    struct field_file f = {0};
    SY_TRY(cli_yaml_fill(y, at, field_keys, N(field_keys), a, &f, err));
    SY_TRY(finish_field(y, at, &f, err));
    *ret = f.def;
    return SY_OK;
}

sy_status cli_fill_dataset(struct cli_yaml *y, const yaml_node_t *at, struct sy_arena *arena,
                           struct sy_dataset_def *ret, struct sy_error *reterr)
{
    struct dataset_file f = {0};
    sy_status s;
    SY_TRY(cli_yaml_fill(y, at, dataset_keys, N(dataset_keys), arena, &f, reterr));
    SY_TRY(cli_yaml_items(y, f.fields, &f.def.n_fields, reterr));
    f.def.fields = cli_alloc(arena, f.def.n_fields, sizeof(*f.def.fields), reterr, &s);
    SY_TRY(s);
    for (size_t i = 0; i < f.def.n_fields; i++) {
        SY_TRY(compile_field(y, cli_yaml_item(y, f.fields, i), arena, &f.def.fields[i], reterr));
    }
    *ret = f.def;
    return SY_OK;
}

sy_status cli_compile_dataset(const char *path, struct sy_arena *arena, struct sy_dataset_def *ret,
                              struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    return cli_fill_dataset(&y, cli_yaml_root(&y), arena, ret, reterr);
}

/* --- scene -------------------------------------------------------------------------------------------------- */

struct scene_file {
    struct sy_proposal p;
    uint64_t term;
    const yaml_node_t *datasets, *application;
};

struct scene_dataset {
    struct sy_prop_dataset d;
    const yaml_node_t *fields;
};

static const struct cli_key scene_keys[] = {
    {"scene", CLI_TEXT, true, offsetof(struct scene_file, p.scene), 0},
    {"title", CLI_TEXT, true, offsetof(struct scene_file, p.title), 0},
    {"purpose", CLI_TEXT, true, offsetof(struct scene_file, p.purpose), 0},
    {"mechanisms", CLI_TEXTS, true, offsetof(struct scene_file, p.mechanisms),
     offsetof(struct scene_file, p.n_mechanisms)},
    {"rho", CLI_NANO, false, offsetof(struct scene_file, p.rho), 0},
    {"delta", CLI_FEMTO, false, offsetof(struct scene_file, p.delta), 0},
    {"cells", CLI_COUNT, false, offsetof(struct scene_file, p.cells), 0},
    {"calls", CLI_COUNT, true, offsetof(struct scene_file, p.calls), 0},
    {"overruns", CLI_COUNT, false, offsetof(struct scene_file, p.overruns), 0},
    {"term", CLI_SECONDS, true, offsetof(struct scene_file, term), 0},
    {"datasets", CLI_NODE, true, offsetof(struct scene_file, datasets), 0},
    {"application", CLI_NODE, false, offsetof(struct scene_file, application), 0},
};
static const struct cli_key scene_dataset_keys[] = {
    {"dataset", CLI_TEXT, true, offsetof(struct scene_dataset, d.dataset), 0},
    {"fields", CLI_NODE, true, offsetof(struct scene_dataset, fields), 0},
};
static const struct cli_key scene_field_keys[] = {
    KEY(struct sy_prop_field, name, CLI_TEXT, true),
    KEY(struct sy_prop_field, mask, CLI_TEXT, false),
    KEY(struct sy_prop_field, reason, CLI_TEXT, false),
};

static sy_status compile_scene_dataset(struct cli_yaml *y, const yaml_node_t *at,
                                       struct sy_arena *a, struct sy_prop_dataset *ret,
                                       struct sy_error *err)
{
    struct scene_dataset f = {0};
    SY_TRY(cli_yaml_fill(y, at, scene_dataset_keys, N(scene_dataset_keys), a, &f, err));
    SY_TRY(cli_fill_list(y, f.fields, scene_field_keys, N(scene_field_keys), sizeof(*f.d.fields), a,
                         (void **)&f.d.fields, &f.d.n_fields, err));
    *ret = f.d;
    return SY_OK;
}

sy_status cli_compile_scene(const char *path, int64_t now, struct sy_arena *arena,
                            struct sy_proposal *ret, struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct scene_file f = {0};
    sy_status s;
    SY_TRY(cli_yaml_open(path, &y, reterr));
    SY_TRY(cli_yaml_fill(&y, cli_yaml_root(&y), scene_keys, N(scene_keys), arena, &f, reterr));
    SY_TRY(cli_yaml_items(&y, f.datasets, &f.p.n_datasets, reterr));
    f.p.datasets = cli_alloc(arena, f.p.n_datasets, sizeof(*f.p.datasets), reterr, &s);
    SY_TRY(s);
    for (size_t i = 0; i < f.p.n_datasets; i++) {
        SY_TRY(compile_scene_dataset(&y, cli_yaml_item(&y, f.datasets, i), arena, &f.p.datasets[i],
                                     reterr));
    }
    SY_TRY(cli_compile_application(&y, f.application, arena, &f.p, reterr));
    f.p.not_before = now;
    f.p.not_after = now + (int64_t)f.term;
    *ret = f.p;
    return SY_OK;
}
