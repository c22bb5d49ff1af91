/*
 * What: the file of a developer's own data (docs/scheme/fusion.md): the dataset as in a catalogue file, and where it
 * comes from.
 */
#include "compile_internal.h"

struct own_file {
    const yaml_node_t *dataset, *statement;
};
static const struct cli_key own_keys[] = {
    KEY(struct own_file, dataset, CLI_NODE, true),
    KEY(struct own_file, statement, CLI_NODE, true),
};

struct statement_file {
    struct sy_own_statement s;
    struct sy_view evidence;
};
static const struct cli_key statement_keys[] = {
    {"source", CLI_TEXT, true, offsetof(struct statement_file, s.source), 0},
    {"basis", CLI_TEXT, true, offsetof(struct statement_file, s.basis), 0},
    {"evidence", CLI_TEXT, true, offsetof(struct statement_file, evidence), 0},
    {"text", CLI_TEXT, false, offsetof(struct statement_file, s.text), 0},
};

sy_status cli_compile_own(const char *path, struct sy_arena *arena, struct sy_own *ret,
                          struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct own_file f = {0};
    struct statement_file said = {0};
    struct sy_error why = {0};
    *ret = (struct sy_own){0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    SY_TRY(cli_yaml_fill(&y, cli_yaml_root(&y), own_keys, N(own_keys), arena, &f, reterr));
    SY_TRY(cli_yaml_fill(&y, f.statement, statement_keys, N(statement_keys), arena, &said, reterr));
    SY_TRY(cli_fill_dataset(&y, f.dataset, arena, &ret->def, reterr));
    if (!sy_ok(cli_paper(path, said.evidence, arena, said.s.evidence, &why))) {
        return cli_yaml_fail(&y, f.statement, reterr, "evidence: %s", why.reason);
    }
    ret->statement = said.s;
    return SY_OK;
}
