/*
 * What: a description of a dataset, and an offer of it, from YAML (docs/scheme/catalogue.md). Version and digests are
 * the domain's to know; the caller fills them in.
 */
#include "compile_internal.h"

#include "base/time.h"

enum { DAY_S = 86400 };

struct entry_file {
    struct sy_entry e;
    struct sy_view published;
    struct sy_view *demands;
    size_t n_demands;
    const yaml_node_t *items, *open, *share;
};

static const struct cli_key entry_keys[] = {
    {"dataset", CLI_TEXT, true, offsetof(struct entry_file, e.dataset), 0},
    {"abstract", CLI_TEXT, true, offsetof(struct entry_file, e.abstract), 0},
    {"class_path", CLI_TEXTS, true, offsetof(struct entry_file, e.class_path),
     offsetof(struct entry_file, e.n_class_path)},
    {"res_code", CLI_TEXT, true, offsetof(struct entry_file, e.res_code), 0},
    {"provider", CLI_TEXT, true, offsetof(struct entry_file, e.provider), 0},
    {"provider_code", CLI_TEXT, true, offsetof(struct entry_file, e.provider_code), 0},
    {"format", CLI_TEXT, true, offsetof(struct entry_file, e.format), 0},
    {"lawful_basis", CLI_TEXT, false, offsetof(struct entry_file, e.lawful_basis), 0},
    {"source_system", CLI_TEXT, true, offsetof(struct entry_file, e.source_system), 0},
    {"update_cycle", CLI_TEXT, true, offsetof(struct entry_file, e.update_cycle), 0},
    {"published", CLI_TEXT, true, offsetof(struct entry_file, published), 0},
    {"region", CLI_TEXT, true, offsetof(struct entry_file, e.region), 0},
    {"time_from", CLI_TEXT, true, offsetof(struct entry_file, e.time_from), 0},
    {"time_to", CLI_TEXT, false, offsetof(struct entry_file, e.time_to), 0},
    {"share", CLI_NODE, true, offsetof(struct entry_file, share), 0},
    {"open", CLI_NODE, true, offsetof(struct entry_file, open), 0},
    {"related", CLI_TEXTS, false, offsetof(struct entry_file, e.related),
     offsetof(struct entry_file, e.n_related)},
    {"demands", CLI_TEXTS, false, offsetof(struct entry_file, demands),
     offsetof(struct entry_file, n_demands)},
    {"secret", CLI_BOOL, false, offsetof(struct entry_file, e.secret), 0},
    {"credit", CLI_BOOL, false, offsetof(struct entry_file, e.credit), 0},
    {"items", CLI_NODE, false, offsetof(struct entry_file, items), 0},
};
static const struct cli_key access_keys[] = {
    KEY(struct sy_entry_access, kind, CLI_TEXT, true),
    KEY(struct sy_entry_access, condition, CLI_TEXT, false),
    KEY(struct sy_entry_access, method, CLI_TEXT, false),
};
static const struct cli_key item_keys[] = {
    KEY(struct sy_entry_item, field, CLI_TEXT, true),
    KEY(struct sy_entry_item, name, CLI_TEXT, false),
    KEY(struct sy_entry_item, code, CLI_TEXT, false),
    KEY(struct sy_entry_item, from, CLI_TEXT, false),
};

static sy_status read_numbers(struct cli_yaml *y, const yaml_node_t *at, const struct entry_file *f,
                              struct sy_arena *a, struct sy_entry *ret, struct sy_error *err)
{
    sy_status s;
    ret->demands = cli_alloc(a, f->n_demands, sizeof(*ret->demands), err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < f->n_demands; i++) {
        if (!cli_yaml_value(CLI_COUNT, f->demands[i], &ret->demands[i])) {
            return cli_yaml_fail(y, at, err, "demands: numbers of demands");
        }
    }
    ret->n_demands = f->n_demands;
    return SY_OK;
}

sy_status cli_compile_entry(const char *path, struct sy_arena *arena, struct sy_entry *ret,
                            struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct entry_file f = {0};
    int64_t utc_s = 1;
    SY_TRY(cli_yaml_open(path, &y, reterr));
    const yaml_node_t *root = cli_yaml_root(&y);
    SY_TRY(cli_yaml_fill(&y, root, entry_keys, N(entry_keys), arena, &f, reterr));
    SY_TRY(cli_yaml_fill(&y, f.share, access_keys, N(access_keys), arena, &f.e.share, reterr));
    SY_TRY(cli_yaml_fill(&y, f.open, access_keys, N(access_keys), arena, &f.e.open, reterr));
    SY_TRY(cli_fill_list(&y, f.items, item_keys, N(item_keys), sizeof(*f.e.items), arena,
                         (void **)&f.e.items, &f.e.n_items, reterr));
    if (!sy_ok(sy_time_parse(f.published, &utc_s)) || utc_s % DAY_S != 0) {
        return cli_yaml_fail(&y, root, reterr, "published: a date is written 2026-01-01");
    }
    f.e.published = utc_s / DAY_S;
    SY_TRY(read_numbers(&y, root, &f, arena, &f.e, reterr));
    *ret = f.e;
    return SY_OK;
}

static const struct cli_key offer_keys[] = {
    KEY(struct sy_offer, dataset, CLI_TEXT, true),
    KEY(struct sy_offer, industry, CLI_TEXT, true),
    KEYS(struct sy_offer, scenes, true),
    KEY(struct sy_offer, delivery, CLI_TEXT, true),
};

sy_status cli_compile_offer(const char *path, struct sy_arena *arena, struct sy_offer *ret,
                            struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    *ret = (struct sy_offer){0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    return cli_yaml_fill(&y, cli_yaml_root(&y), offer_keys, N(offer_keys), arena, ret, reterr);
}
