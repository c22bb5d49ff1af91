/* What stands in a tree, by walking it: aggregates, window functions, aliases, names of calls. */
#include <strings.h>

#include "lower_internal.h"

/* --- aggregates by name --------------------------------------------------------------------------- */

/* Names that the parser may give a call; all but the first rows are refused by lowering. */
static const char *const AGGREGATES[] = {"count",
                                         "count_star",
                                         "sum",
                                         "avg",
                                         "min",
                                         "max",
                                         "mean",
                                         "any_value",
                                         "approx_count_distinct",
                                         "approx_quantile",
                                         "approx_top_k",
                                         "arbitrary",
                                         "arg_max",
                                         "arg_max_null",
                                         "arg_min",
                                         "arg_min_null",
                                         "argmax",
                                         "argmin",
                                         "array_agg",
                                         "bit_and",
                                         "bit_or",
                                         "bit_xor",
                                         "bitstring_agg",
                                         "bool_and",
                                         "bool_or",
                                         "corr",
                                         "count_if",
                                         "countif",
                                         "covar_pop",
                                         "covar_samp",
                                         "entropy",
                                         "favg",
                                         "first",
                                         "fsum",
                                         "geomean",
                                         "geometric_mean",
                                         "group_concat",
                                         "histogram",
                                         "histogram_exact",
                                         "kahan_sum",
                                         "kurtosis",
                                         "kurtosis_pop",
                                         "last",
                                         "list",
                                         "listagg",
                                         "mad",
                                         "max_by",
                                         "median",
                                         "min_by",
                                         "mode",
                                         "product",
                                         "quantile",
                                         "quantile_cont",
                                         "quantile_disc",
                                         "regr_avgx",
                                         "regr_avgy",
                                         "regr_coef",
                                         "regr_count",
                                         "regr_intercept",
                                         "regr_r2",
                                         "regr_slope",
                                         "regr_sxx",
                                         "regr_sxy",
                                         "regr_syy",
                                         "reservoir_quantile",
                                         "sem",
                                         "skewness",
                                         "std",
                                         "stddev",
                                         "stddev_pop",
                                         "stddev_samp",
                                         "string_agg",
                                         "sum_no_overflow",
                                         "sumkahan",
                                         "var_pop",
                                         "var_samp",
                                         "variance",
                                         "weighted_avg",
                                         "wavg"};

bool ast_is_aggregate(const json_t *node)
{
    if (!ast_is(node, "class", "FUNCTION")) {
        return false;
    }
    const char *name = ast_str(node, "function_name");
    for (size_t i = 0; i < sizeof AGGREGATES / sizeof AGGREGATES[0]; i++) {
        if (strcasecmp(name, AGGREGATES[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Does the predicate hold for a node or anything below it, subqueries apart? */
static bool any_below(const json_t *node, bool (*holds)(const json_t *))
{
    if (json_is_array(node)) {
        for (size_t i = 0; i < json_array_size(node); i++) {
            if (any_below(json_array_get(node, i), holds)) {
                return true;
            }
        }
        return false;
    }
    if (!json_is_object(node) || ast_is(node, "class", "SUBQUERY")) {
        return false;
    }
    if (holds(node)) {
        return true;
    }
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        if (any_below(json_object_iter_value(it), holds)) {
            return true;
        }
    }
    return false;
}

static bool is_window(const json_t *node)
{
    return ast_is(node, "class", "WINDOW");
}

bool ast_has_aggregate(const json_t *node)
{
    return any_below(node, ast_is_aggregate);
}

bool ast_has_window(const json_t *node)
{
    return any_below(node, is_window);
}

/* --- names that change what a call means ----------------------------------------------------------- */

static sy_status check_call(struct builder *b, const json_t *node, bool listed)
{
    const char *schema = ast_str(node, "schema");
    bool call = ast_is(node, "class", "FUNCTION") || is_window(node);
    if (call &&
        (ast_str(node, "catalog")[0] != 0 || (schema[0] != 0 && strcasecmp(schema, "main") != 0))) {
        return lower_refuse_named(b, REFUSE_QUALIFIED, b->pos, sy_view_str(schema),
                                  "functions are the built-in ones");
    }
    const char *alias = ast_str(node, "class")[0] == 0 ? "" : ast_str(node, "alias");
    return alias[0] == 0 || listed
               ? SY_OK
               : lower_refuse_named(b, REFUSE_ARGUMENT, b->pos, sy_view_str(alias), NULL);
}

static sy_status check_calls(struct builder *b, const json_t *node, bool listed)
{
    for (size_t i = 0; json_is_array(node) && i < json_array_size(node); i++) {
        SY_TRY(check_calls(b, json_array_get(node, i), listed));
    }
    if (!json_is_object(node)) {
        return SY_OK;
    }
    b->pos = ast_pos(b, node);
    SY_TRY(check_call(b, node, listed));
    json_t *o = (json_t *)(uintptr_t)node;
    for (void *it = json_object_iter(o); it != NULL; it = json_object_iter_next(o, it)) {
        bool list = strcmp(json_object_iter_key(it), "select_list") == 0;
        SY_TRY(check_calls(b, json_object_iter_value(it), list));
    }
    return SY_OK;
}

sy_status ast_check_calls(struct builder *b, const json_t *root)
{
    b->pos = 0;
    return check_calls(b, root, false);
}

const json_t *ast_aliased(const json_t *items, struct sy_view alias)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        struct sy_view name = ast_view(json_object_get(item, "alias"));
        if (name.n != 0 && view_ieq(name, alias)) {
            return item;
        }
    }
    return NULL;
}
