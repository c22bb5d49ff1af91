/*
 * What: product files (docs/scheme/products.md). A file says what its author decides: name, form, price, uses, the
 * lawful basis of each source, titles of columns. What the model decides is not in it: see cmd_product.c.
 */
#include "compile_internal.h"

struct product_file {
    struct sy_product p;
    const yaml_node_t *uses, *sources, *columns;
};

static const struct cli_key product_keys[] = {
    {"name", CLI_TEXT, true, offsetof(struct product_file, p.name), 0},
    {"title", CLI_TEXT, true, offsetof(struct product_file, p.title), 0},
    {"version", CLI_TEXT, true, offsetof(struct product_file, p.version), 0},
    {"form", CLI_TEXT, true, offsetof(struct product_file, p.form), 0},
    {"class", CLI_TEXT, true, offsetof(struct product_file, p.klass), 0},
    {"price", CLI_COUNT, false, offsetof(struct product_file, p.price), 0},
    {"cap", CLI_COUNT, false, offsetof(struct product_file, p.cap), 0},
    {"fee_permille", CLI_COUNT, false, offsetof(struct product_file, p.fee_permille), 0},
    {"uses", CLI_NODE, true, offsetof(struct product_file, uses), 0},
    {"sources", CLI_NODE, true, offsetof(struct product_file, sources), 0},
    {"columns", CLI_NODE, false, offsetof(struct product_file, columns), 0},
};
static const struct cli_key use_keys[] = {
    KEY(struct sy_product_use, code, CLI_TEXT, true),
    KEY(struct sy_product_use, title, CLI_TEXT, true),
};
static const struct cli_key source_keys[] = {
    KEY(struct sy_product_source, dataset, CLI_TEXT, true),
    KEY(struct sy_product_source, basis, CLI_TEXT, true),
};
static const struct cli_key column_keys[] = {
    KEY(struct sy_product_column, name, CLI_TEXT, true),
    KEY(struct sy_product_column, kind, CLI_TEXT, false),
    KEY(struct sy_product_column, title, CLI_TEXT, false),
    KEY(struct sy_product_column, measure, CLI_TEXT, false),
};

sy_status cli_compile_product(const char *path, struct sy_arena *arena, struct sy_product *ret,
                              struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct product_file f = {0};
    struct sy_product *p = &f.p;
    SY_TRY(cli_yaml_open(path, &y, reterr));
    SY_TRY(cli_yaml_fill(&y, cli_yaml_root(&y), product_keys, N(product_keys), arena, &f, reterr));
    SY_TRY(cli_fill_list(&y, f.uses, use_keys, N(use_keys), sizeof(*p->uses), arena,
                         (void **)&p->uses, &p->n_uses, reterr));
    SY_TRY(cli_fill_list(&y, f.sources, source_keys, N(source_keys), sizeof(*p->sources), arena,
                         (void **)&p->sources, &p->n_sources, reterr));
    SY_TRY(cli_fill_list(&y, f.columns, column_keys, N(column_keys), sizeof(*p->columns), arena,
                         (void **)&p->columns, &p->n_columns, reterr));
    *ret = *p;
    return SY_OK;
}
