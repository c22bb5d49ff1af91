/*
 * Everything the dialect refuses, in one table: X(ID, code name, construct, why, what instead).
 * A refusal about something with a name of its own shows that name as the construct.
 */
#ifndef WORKER_LOWER_REFUSE_H
#define WORKER_LOWER_REFUSE_H

#define LOWER_REFUSALS(X)                                                                          \
    /* statements */                                                                               \
    X(SYNTAX, "sql", "syntax", "the text is not valid SQL", "write one SELECT statement")          \
    X(NOT_SELECT, "sql", "statement", "a model only reads", "write one SELECT statement")          \
    X(STATEMENTS, "sql", "several statements", "a model is exactly one statement",                 \
      "register one model for each")                                                               \
    X(TOO_LARGE, "sql", "size", "the text or its nesting is too large",                            \
      "split it into several models")                                                              \
    X(NODE, "sql", "construct", "this construct is not in the dialect",                            \
      "use SELECT, WHERE, JOIN, GROUP BY, CASE, arithmetic, dates and the aggregates")             \
    X(SET_OPERATION, "sql", "UNION", "of the set operations only UNION, inside a query",           \
      "SELECT the groups FROM (... UNION ALL ...); use NOT EXISTS or IN for the others")           \
    X(UNION_COLUMNS, "sql", "UNION", "its parts have different numbers of columns",                \
      "select the same columns in the same order")                                                 \
    X(UNION_UNIT, "privacy", "UNION", "its parts do not hold the unit in one column",              \
      "select the unit column in every part, at the same position")                                \
    X(RECURSIVE, "sql", "WITH RECURSIVE", "a recursive query has no bound",                        \
      "use ordinary common table expressions")                                                     \
    X(CTE_OPTION, "sql", "MATERIALIZED", "how a CTE runs is the enclave's choice",                 \
      "leave the option out")                                                                      \
    X(UNUSED_CTE, "sql", "WITH", "this common table expression is never read", "remove it")        \
    X(ORDER_BY, "sql", "ORDER BY", "rows leave in the order of the declared value sets",           \
      "sort the answer after it was released")                                                     \
    X(LIMIT, "sql", "LIMIT", "which rows are kept would depend on data",                           \
      "ask for all declared groups; pick from the answer")                                         \
    X(DISTINCT, "sql", "DISTINCT", "distinct rows would show which values occur",                  \
      "GROUP BY the columns; count persons with count(DISTINCT unit)")                             \
    X(DISTINCT_UNIT, "privacy", "DISTINCT", "protected rows are made distinct per unit",           \
      "select the unit column too")                                                                \
    X(DISTINCT_ON, "sql", "DISTINCT ON", "which row of a group is kept is not in the dialect",     \
      "QUALIFY row_number() OVER (PARTITION BY the unit ORDER BY ...) = 1")                        \
    X(HAVING, "privacy", "HAVING", "a threshold on exact figures would leak them",                 \
      "filter the released answer; per unit, filter a grouped subquery from outside with WHERE")   \
    X(QUALIFY, "sql", "QUALIFY", "groups are not chosen by windows over them",                     \
      "put it in a subquery in FROM")                                                              \
    X(WINDOW, "sql", "OVER",                                                                       \
      "a window function stands in a select list or QUALIFY inside a query",                       \
      "put it in a subquery in FROM")                                                              \
    X(WINDOW_FUNCTION, "sql", "OVER", "this window function is not in the dialect",                \
      "use row_number, rank, dense_rank, lag, lead, first_value, sum, count, min, max or avg")     \
    X(WINDOW_OPTION, "sql", "OVER", "this option of a window is not in the dialect",               \
      "use PARTITION BY, ORDER BY, and a frame from the partition's first row")                    \
    X(WINDOW_UNIT, "privacy", "OVER", "a window over protected rows looks at one unit's only",     \
      "add the unit column to PARTITION BY")                                                       \
    X(WINDOW_ORDER, "privacy", "OVER",                                                             \
      "rows that are equal in ORDER BY would be ordered by a column of other units",               \
      "leave other unit columns out of this SELECT; or GROUP BY the unit and the columns used "    \
      "here in a subquery, and put the window around it")                                          \
    X(SAMPLE, "sql", "SAMPLE", "sampling picks subsets of persons",                                \
      "leave it out; noise already protects the answer")                                           \
    X(STAR, "sql", "*", "a model names each field it reads", "list the columns")                   \
    X(GROUPING_SETS, "sql", "GROUPING SETS", "one set of groups per model",                        \
      "register one model for each set of groups")                                                 \
    /* FROM */                                                                                     \
    X(NO_FROM, "sql", "FROM", "the query reads no dataset", "name a granted dataset in FROM")      \
    X(TABLE_FUNCTION, "sql", "table function", "only granted datasets can be read",                \
      "name a granted dataset in FROM")                                                            \
    X(VALUES, "sql", "VALUES", "only granted datasets can be read",                                \
      "use CASE, or ask for a public code table")                                                  \
    X(SHOW, "sql", "DESCRIBE", "the catalogue is read with `shuyu dataset`", "write a SELECT")     \
    X(PIVOT, "sql", "PIVOT", "its columns would depend on data", "use CASE with declared values")  \
    X(QUALIFIED, "sql", "schema", "datasets are named by their id alone", "leave out the schema")  \
    X(UNKNOWN_TABLE, "grant", "table", "this dataset is not in the grant",                         \
      "apply for a scene with it, or use a granted one")                                           \
    X(TABLE_OPTION, "sql", "table option", "tables are read whole, in their published version",    \
      "name the dataset and at most an alias")                                                     \
    X(CROSS_JOIN, "privacy", "CROSS JOIN", "every row would meet every other",                     \
      "JOIN ... ON the unit, or ON the key of a public table")                                     \
    X(NATURAL_JOIN, "sql", "NATURAL JOIN", "its condition depends on column names",                \
      "JOIN ... ON with the condition written out")                                                \
    X(JOIN_KIND, "sql", "join", "only INNER, LEFT and RIGHT joins are in the dialect",             \
      "use LEFT JOIN; for membership use IN (SELECT ...)")                                         \
    X(JOIN_UNIT, "privacy", "JOIN", "two protected tables meet without equality of their units",   \
      "add the equality of the unit columns to ON, with AND")                                      \
    X(JOIN_NS, "privacy", "JOIN", "the tables protect different units",                            \
      "join tables of one unit namespace, or public tables")                                       \
    X(SEMI_UNIT, "privacy", "IN (SELECT)", "membership in a protected set must be by the unit",    \
      "write unit IN (SELECT unit FROM ...), or EXISTS with equality of the units")                \
    X(UNIT_DROPPED, "privacy", "SELECT", "the rows would no longer say whose they are",            \
      "select the unit column too")                                                                \
    X(NO_UNIT, "privacy", "FROM", "the grant does not hold the column that names the unit",        \
      "apply for the dataset's unit column too")                                                   \
    /* names */                                                                                    \
    X(UNKNOWN_FIELD, "field_denied", "field", "this field is not in the grant",                    \
      "apply for it, or use a granted field")                                                      \
    X(AMBIGUOUS, "sql", "column", "several tables have a column of this name",                     \
      "write table.column")                                                                        \
    X(DUPLICATE_ALIAS, "sql", "alias", "two tables have this name", "give each its own alias")     \
    X(DUPLICATE_NAME, "sql", "column name", "two output columns have this name",                   \
      "give each its own name with AS")                                                            \
    X(PARAM_UNKNOWN, "sql", "parameter", "this parameter is not declared by the model",            \
      "declare it with its value set")                                                             \
    X(PARAM_UNUSED, "sql", "parameter", "a declared parameter is not used",                        \
      "remove its declaration")                                                                    \
    X(PARAM_BAD, "sql", "parameter", "a declared parameter is not valid",                          \
      "declare kind and distinct values")                                                          \
    /* expressions */                                                                              \
    X(TYPE, "sql", "expression", "the operands do not fit",                                        \
      "compare and combine values of one kind")                                                    \
    X(LITERAL, "sql", "literal", "this literal is not in the dialect",                             \
      "use integers, decimals of at most 9 digits after the point, DATE, text, TRUE, FALSE, NULL") \
    X(CAST, "privacy", "CAST", "a cast that can fail or drop digits would tell about a row",       \
      "leave it out; fields have their catalogue types")                                           \
    X(FUNCTION, "sql", "function", "this function is not in the dialect",                          \
      "use CASE, arithmetic, extract, date_trunc, date_diff, round, LIKE and left of labels")      \
    X(VOLATILE, "sql", "function", "its value depends on the run", "use a declared parameter")     \
    X(PATTERN, "sql", "LIKE", "patterns can probe text letter by letter",                          \
      "use LIKE or left on a field with declared values, or list the values with IN")              \
    X(LAMBDA, "sql", "lambda", "lists and lambdas are not in the dialect",                         \
      "use CASE and arithmetic")                                                                   \
    X(COLLATE, "sql", "COLLATE", "text is compared byte by byte", "leave it out")                  \
    X(SCALAR_SUBQUERY, "sql", "subquery", "a subquery that stands for a value is one aggregate",   \
      "SELECT one aggregate alone, tied to the row by its unit; or join the table")                \
    X(SUBQUERY_PLACE, "sql", "subquery", "a subquery cannot stand here",                           \
      "use it in FROM, WHERE or a select list, with = ANY, IN, EXISTS or one aggregate")           \
    X(SUBQUERY_UNTIED, "sql", "subquery", "nothing ties the subquery to the row",                  \
      "add WHERE inner.unit = outer.unit; a public figure is joined, or written as a parameter")   \
    X(SUBQUERY_TIE, "sql", "subquery", "here a subquery is tied to the row by equalities only",    \
      "compare with an aggregate of it instead, or put EXISTS in WHERE under AND")                 \
    X(SUBQUERY_COLUMN, "sql", "subquery", "IN (SELECT) takes exactly one column",                  \
      "select the one column to compare with")                                                     \
    X(ARGUMENT, "sql", "argument", "arguments go by their place, not by a name",                   \
      "leave the name out")                                                                        \
    X(IS_DISTINCT, "sql", "IS DISTINCT FROM", "not in the post stage", "use = and IS NULL")        \
    X(CONDITION, "sql", "condition", "a condition must be true or false", "write a comparison")    \
    /* aggregation */                                                                              \
    X(ROW_LEVEL, "row_level", "SELECT", "the query returns rows, and rows never leave the domain", \
      "aggregate: count(*), count(DISTINCT unit), sum or avg, with GROUP BY")                      \
    X(SUBJECT_SHAPE, "privacy", "SELECT", "a question about one subject has one answer",           \
      "SELECT one condition or CASE of declared bands FROM ... GROUP BY 1, without aggregates")    \
    X(UNIT_OUTPUT, "row_level", "unit", "a group for each person is a row about a person",         \
      "group by something that many share")                                                        \
    X(NOT_GROUPED, "sql", "column", "it is neither grouped nor aggregated",                        \
      "add it to GROUP BY, or aggregate it")                                                       \
    X(KEY_UNSELECTED, "sql", "GROUP BY", "a group key is missing from the output",                 \
      "select every group key")                                                                    \
    X(GROUP_ORDINAL, "sql", "GROUP BY", "there is no such output column",                          \
      "use 1 to the number of selected columns")                                                   \
    X(KEY, "sql", "GROUP BY", "this cannot be a group key",                                        \
      "group by text, booleans, or integers of few values; band others with CASE, year or month")  \
    X(AGGREGATE, "privacy", "aggregate", "no mechanism protects this aggregate",                   \
      "use count, count(DISTINCT unit), sum or avg; or variance, corr, regr_slope, ...")           \
    X(QUANTILE, "privacy", "quantile",                                                             \
      "a quantile is of one bounded number, at a place between 0 and 1 that is written out",       \
      "quantile_disc(x, 0.9) or median(x), without FILTER; put conditions in WHERE")               \
    X(QUANTILE_KIND, "privacy", "quantile", "this kind of quantile is not in the dialect",         \
      "use quantile_disc(x, q) or median(x): the value of a bin, not one between two rows'")       \
    X(QUANTILE_ALONE, "privacy", "quantile",                                                       \
      "quantiles of one number stand in a block of their own, with group keys only",               \
      "put other aggregates, and quantiles of other numbers, into further blocks")                 \
    X(QUANTILE_GROUPS, "privacy", "quantile", "so many groups leave no room for bins",             \
      "use declared group keys of fewer values")                                                   \
    X(AGGREGATE_NESTED, "sql", "aggregate", "aggregates cannot be nested or stand here",           \
      "aggregate in a subquery grouped by the unit first")                                         \
    X(AGGREGATE_INNER, "privacy", "aggregate", "this aggregate is not in the dialect",             \
      "use count, sum, min, max, avg, arg_max, first(x ORDER BY y), bool_or")                      \
    X(COUNT_DISTINCT, "privacy", "count(DISTINCT)",                                                \
      "it counts units, or one column whose values are declared",                                  \
      "count(DISTINCT unit); GROUP BY undeclared text, above a threshold")                         \
    X(AGG_OPTION, "sql", "aggregate option", "DISTINCT is for count only", "leave it out")         \
    X(FILTER, "sql", "FILTER", "FILTER is for aggregates", "use CASE, or WHERE")                   \
    X(AGG_ORDER, "sql", "ORDER BY", "only first and last inside a query go by an order",           \
      "leave it out, or first(x ORDER BY y) per unit in a subquery")                               \
    X(INNER_GROUP, "privacy", "GROUP BY", "inside a query protected rows are grouped by the unit", \
      "add the unit column to this GROUP BY")                                                      \
    X(SUM_TYPE, "sql", "aggregate", "sum and avg take bounded numbers",                            \
      "use a numeric field or a CASE with numbers")                                                \
    X(EXACT_PROTECTED, "privacy", "mechanism", "exact figures of protected data never leave",      \
      "declare the mechanism gauss or laplace")                                                    \
    X(NOISY_PUBLIC, "sql", "mechanism", "this model reads public data only",                       \
      "declare the mechanism exact")                                                               \
    /* blocks and the post stage */                                                                \
    X(BLOCKS, "sql", "blocks", "a model has 1 to 64 blocks", "declare a block with its SELECT")    \
    X(BLOCK_NAME, "sql", "block", "two blocks have this name", "give each its own name")           \
    X(BLOCKS_POST, "sql", "post", "nothing says how the blocks make one answer",                   \
      "add post: a SELECT over the names of the blocks")                                           \
    X(BLOCK_UNUSED, "sql", "block", "the post stage does not read this block",                     \
      "join it in post, or remove it")                                                             \
    X(BLOCK_SHAPE, "sql", "expression",                                                            \
      "beside a post stage a block neither filters nor sorts its groups",                          \
      "leave HAVING, QUALIFY, ORDER BY and LIMIT to post")                                         \
    X(UNIT_NAME, "privacy", "unit", "no column of this name holds the unit of every row",          \
      "name a unit column of FROM, as table.column")                                               \
    X(COUNT_OTHER, "privacy", "count(DISTINCT)", "the block is bounded by another unit",           \
      "name this column as the unit of the block (unit: table.column)")                            \
    X(CLAMP, "sql", "clamps", "no sum or average of the block has this name",                      \
      "name a column that is a sum or an average, with bounds within those of its type")           \
    X(MECHANISM, "privacy", "mechanism", "there is no mechanism of this name",                     \
      "declare gauss or laplace, or exact for public data")                                        \
    X(SPARSE_DELTA, "privacy", "delta", "thresholds need a delta",                                 \
      "declare delta for the block, or group by less")                                             \
    X(THRESHOLD_PUBLIC, "sql", "threshold", "public data has no units to count",                   \
      "remove threshold")                                                                          \
    X(SHAPE, "sql", "shape", "the block has no figure that a shape could act on",                  \
      "shape counts and sums of values that are not negative")                                     \
    X(POST_SOURCE, "sql", "table", "the post stage reads the blocks of its model, nothing else",   \
      "name a block in FROM")                                                                      \
    X(POST_COLUMN, "sql", "column", "no block or query in FROM has this column",                   \
      "use the names that the blocks give their columns")                                          \
    X(POST_TYPE, "sql", "expression", "the operands do not fit",                                   \
      "figures are numbers; text keys compare with = and <> only")                                 \
    X(POST_JOIN, "sql", "JOIN", "a row may find one row of the other side at most",                \
      "join with = on all group keys of one side, or CROSS JOIN a block without keys")             \
    X(POST_WINDOW, "sql", "OVER", "this window function is not in the post stage",                 \
      "use sum, product, min, max, avg, count, lag, lead, first_value, last_value, row_number "    \
      "OVER (PARTITION BY ... ORDER BY ...)")                                                      \
    X(POST_QUANTILE, "sql", "quantile_disc", "it takes value, weight and a place between 0 and 1", \
      "quantile_disc(age, n, 0.5) over the cells of a block with tree: bins")                      \
    X(POST_AGGREGATE, "sql", "aggregate", "this aggregate is not in the post stage",               \
      "use count, sum, avg, min, max, product")                                                    \
    X(POST_FUNCTION, "sql", "function", "this function is not in the post stage",                  \
      "use + - * / %, round, abs, least, greatest, sqrt, exp, ln, power, coalesce, nullif, CASE")  \
    X(POST_CAST, "sql", "CAST", "figures are real numbers, labels are texts",                      \
      "leave it out, or write round(x, digits)")                                                   \
    X(POST_SUBQUERY, "sql", "subquery", "a subquery cannot stand for a value in the post stage",   \
      "put it into FROM with JOIN or CROSS JOIN")                                                  \
    X(POST_DISTINCT, "sql", "DISTINCT", "rows of the post stage are kept as they are",             \
      "GROUP BY the columns")                                                                      \
    X(POST_NULLS, "sql", "NULLS FIRST", "missing values come last", "leave it out")                \
    X(POST_LIMIT, "sql", "LIMIT", "LIMIT takes a whole number, after ORDER BY, without OFFSET",    \
      "write ORDER BY ... LIMIT 10")                                                               \
    X(POST_UNION, "sql", "UNION", "the parts of a union are all kept and have the same columns",   \
      "write UNION ALL of queries with as many columns of the same kinds")                         \
    X(POST_UNION_ORDER, "sql", "ORDER BY", "a union is ordered by its columns",                    \
      "name a column of the first part, or its number")                                            \
    X(PLAN, "sql", "query", "the plan is outside the limits", "ask for less in one model")

enum lower_refusal {
#define LOWER_ENUM(id, code, construct, reason, hint) REFUSE_##id,
    LOWER_REFUSALS(LOWER_ENUM)
#undef LOWER_ENUM
        REFUSE_N
};

#endif
