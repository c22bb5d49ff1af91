/*
 * What: an evaluation's file (docs/scheme/supervision.md), as a table of keys.
 */
#include "compile_internal.h"

#include "base/time.h"

struct evaluate_file {
    struct sy_evaluate e;
    struct sy_view from, to;
    const yaml_node_t *scores;
};

static const struct cli_key evaluate_keys[] = {
    {"party", CLI_TEXT, true, offsetof(struct evaluate_file, e.party), 0},
    {"from", CLI_TEXT, true, offsetof(struct evaluate_file, from), 0},
    {"to", CLI_TEXT, true, offsetof(struct evaluate_file, to), 0},
    {"outcome", CLI_TEXT, true, offsetof(struct evaluate_file, e.outcome), 0},
    {"departments", CLI_TEXTS, false, offsetof(struct evaluate_file, e.departments),
     offsetof(struct evaluate_file, e.n_departments)},
    {"third", CLI_TEXT, false, offsetof(struct evaluate_file, e.third), 0},
    {"text", CLI_TEXT, false, offsetof(struct evaluate_file, e.text), 0},
    {"scores", CLI_NODE, true, offsetof(struct evaluate_file, scores), 0},
};
static const struct cli_key score_keys[] = {
    KEY(struct sy_evaluation_score, item, CLI_TEXT, true),
    KEY(struct sy_evaluation_score, score, CLI_COUNT, true),
    KEY(struct sy_evaluation_score, of, CLI_COUNT, true),
};

sy_status cli_compile_evaluate(const char *path, struct sy_arena *arena, struct sy_evaluate *ret,
                               struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct evaluate_file f = {0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    const yaml_node_t *root = cli_yaml_root(&y);
    SY_TRY(cli_yaml_fill(&y, root, evaluate_keys, N(evaluate_keys), arena, &f, reterr));
    if (!sy_ok(sy_time_parse(f.from, &f.e.from)) || !sy_ok(sy_time_parse(f.to, &f.e.to))) {
        return cli_yaml_fail(&y, root, reterr, "from and to are times, or dates");
    }
    SY_TRY(cli_fill_list(&y, f.scores, score_keys, N(score_keys), sizeof(*f.e.scores), arena,
                         (void **)&f.e.scores, &f.e.n_scores, reterr));
    *ret = f.e;
    return SY_OK;
}
