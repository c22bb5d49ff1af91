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
    X(SET_OPERATION, "sql", "UNION", "rows of several queries cannot be combined",                 \
      "use CASE or OR in one query, or register two models")                                       \
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
    X(HAVING, "privacy", "HAVING", "a threshold on exact figures would leak them",                 \
      "filter the released answer; per unit, filter a grouped subquery from outside with WHERE")   \
    X(QUALIFY, "sql", "QUALIFY", "window functions are not in the dialect",                        \
      "GROUP BY the unit in a subquery")                                                           \
    X(WINDOW, "sql", "OVER", "window functions are not in the dialect",                            \
      "GROUP BY the unit in a subquery with count, sum, min or max")                               \
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
    X(JOIN_KIND, "sql", "join", "only INNER and LEFT joins are in the dialect",                    \
      "turn the tables round and use LEFT JOIN; for membership use IN (SELECT ...)")               \
    X(JOIN_UNIT, "privacy", "JOIN", "two protected tables meet without equality of their units",   \
      "add the equality of the unit columns to ON, with AND")                                      \
    X(JOIN_NS, "privacy", "JOIN", "the tables protect different units",                            \
      "join tables of one unit namespace, or public tables")                                       \
    X(SEMI_UNIT, "privacy", "IN (SELECT)", "membership in a protected set must be by the unit",    \
      "write unit IN (SELECT unit FROM ...), or EXISTS with equality of the units")                \
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
      "use year, month, day, extract, datediff('day'), abs, mod, least, greatest, coalesce")       \
    X(VOLATILE, "sql", "function", "its value depends on the run", "use a declared parameter")     \
    X(PATTERN, "sql", "LIKE", "patterns can probe text letter by letter",                          \
      "list the values with IN")                                                                   \
    X(LAMBDA, "sql", "lambda", "lists and lambdas are not in the dialect",                         \
      "use CASE and arithmetic")                                                                   \
    X(COLLATE, "sql", "COLLATE", "text is compared byte by byte", "leave it out")                  \
    X(SCALAR_SUBQUERY, "sql", "subquery", "a subquery cannot stand for a value",                   \
      "join it, or use it with IN or EXISTS in WHERE")                                             \
    X(SUBQUERY_PLACE, "sql", "subquery", "IN (SELECT) and EXISTS stand only in WHERE, under AND",  \
      "make it a condition of its own, joined with AND")                                           \
    X(SUBQUERY_COLUMN, "sql", "subquery", "IN (SELECT) takes exactly one column",                  \
      "select the one column to compare with")                                                     \
    X(IS_DISTINCT, "sql", "IS DISTINCT FROM", "not in the dialect", "use = and IS NULL")           \
    X(CONDITION, "sql", "condition", "a condition must be true or false", "write a comparison")    \
    /* aggregation */                                                                              \
    X(ROW_LEVEL, "row_level", "SELECT", "the query returns rows, and rows never leave the domain", \
      "aggregate: count(*), count(DISTINCT unit), sum or avg, with GROUP BY")                      \
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
      "use count, count(DISTINCT unit), sum or avg")                                               \
    X(AGGREGATE_PLACE, "sql", "aggregate", "an aggregate stands alone in the outermost SELECT",    \
      "select the aggregates themselves and combine the released figures")                         \
    X(AGGREGATE_NESTED, "sql", "aggregate", "aggregates cannot be nested or stand here",           \
      "aggregate in a subquery grouped by the unit first")                                         \
    X(AGGREGATE_INNER, "privacy", "aggregate", "inside a query only count, sum, min and max",      \
      "take sum and count apart")                                                                  \
    X(COUNT_DISTINCT, "privacy", "count(DISTINCT)", "only distinct units can be counted",          \
      "count(DISTINCT unit), or GROUP BY the value")                                               \
    X(AGG_OPTION, "sql", "aggregate option", "DISTINCT is for count of units only",                \
      "leave it out")                                                                              \
    X(FILTER, "sql", "FILTER", "not in the dialect",                                               \
      "use sum(CASE WHEN ... THEN 1 ELSE 0 END), or WHERE")                                        \
    X(AGG_ORDER, "sql", "ORDER BY", "an aggregate over ordered rows would single some out",        \
      "leave it out")                                                                              \
    X(INNER_GROUP, "privacy", "GROUP BY", "inside a query protected rows are grouped by the unit", \
      "add the unit column to this GROUP BY")                                                      \
    X(SUM_TYPE, "sql", "aggregate", "sum and avg take bounded numbers",                            \
      "use a numeric field or a CASE with numbers")                                                \
    X(EXACT_PROTECTED, "privacy", "mechanism", "exact figures of protected data never leave",      \
      "declare the mechanism gauss or laplace")                                                    \
    X(NOISY_PUBLIC, "sql", "mechanism", "this model reads public data only",                       \
      "declare the mechanism exact")                                                               \
    X(PLAN, "sql", "query", "the plan is outside the limits", "ask for less in one model")

enum lower_refusal {
#define LOWER_ENUM(id, code, construct, reason, hint) REFUSE_##id,
    LOWER_REFUSALS(LOWER_ENUM)
#undef LOWER_ENUM
        REFUSE_N
};

#endif
