/* What the post stage refuses, each with its code and the place in its text. */
#include "test_post_kit.h"

static const struct refused {
    const char *post, *construct, *at;
} REFUSED[] = {
    /* what it reads */
    {"SELECT n FROM persons, total ", "persons", "persons"},
    {"SELECT n FROM health.total CROSS JOIN total ", "total", "health"},
    {"SELECT m FROM total ", "m", "m"},
    {"SELECT t.n FROM total ", "n", "t.n"},
    {"SELECT n FROM town CROSS JOIN total ", "n", "n"},
    {"SELECT n FROM total JOIN total ON true", "total", NULL},
    {"WITH a AS (SELECT n FROM town ) SELECT n FROM total ", "a", "a"},
    {"WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 2) SELECT n FROM total , a", "WITH RECURSIVE",
     NULL},
    {"SELECT * FROM total ", "*", "*"},
    {"SELECT n FROM total , range(3)", "table function", NULL},
    {"SELECT n FROM total TABLESAMPLE 10%", "SAMPLE", "TABLESAMPLE"},
    {"SELECT 1 AS x", "FROM", NULL},
    {"SELECT n, n FROM total ", "n", NULL},
    {"SELECT n, n + 1 AS N FROM total ", "N", NULL},
    {"SELECT nosuch.sum(n) AS s FROM town ", "nosuch", "nosuch.sum"},
    {"SELECT nosuch.sum(n) OVER () AS s FROM town ", "nosuch", "nosuch.sum"},
    {"SELECT round(x := n, 2) AS r FROM town ", "x", "n, 2"},
    {"INSERT INTO total SELECT 1 FROM total ", "statement", NULL},
    {"SELECT n FROM total WHERE", "syntax", NULL},
    {"SELECT n FROM total WHERE n = $free", "free", "$free"},
    /* joins */
    {"SELECT p.n FROM town t JOIN pop p ON t.n = p.n", "JOIN", "JOIN"},
    {"SELECT p.n FROM town t LEFT JOIN pop p ON t.town = p.town", "JOIN", "LEFT"},
    {"SELECT p.n FROM town CROSS JOIN pop p", "JOIN", NULL},
    {"SELECT p.n FROM town t JOIN pop p ON t.town < p.town", "expression", "<"},
    {"SELECT p.n FROM town t JOIN pop p ON t.town = p.town OR t.n = 3", "JOIN", "JOIN"},
    {"SELECT p.n FROM town t RIGHT JOIN pop p ON t.town = p.town", "RIGHT", "RIGHT"},
    {"SELECT p.n FROM town t FULL JOIN pop p ON t.town = p.town", "FULL", "FULL"},
    {"SELECT n FROM town NATURAL JOIN pop ", "NATURAL JOIN", "NATURAL"},
    {"SELECT t.n FROM town t JOIN pop p USING (nope)", "nope", NULL},
    {"SELECT x.n FROM town t JOIN (SELECT n FROM town UNION ALL SELECT n FROM town ) x ON x.n = "
     "t.n",
     "JOIN", "JOIN"},
    /* expressions */
    {"SELECT town + 1 AS x FROM town ", "expression", "+ 1"},
    {"SELECT n FROM town WHERE town > 'a'", "expression", "> 'a'"},
    {"SELECT n FROM town WHERE n = 'a'", "expression", "= 'a'"},
    {"SELECT n FROM town WHERE n", "condition", "n"},
    {"SELECT n FROM town WHERE town LIKE 'a%'", "~~", NULL},
    {"SELECT floor(n) FROM town ", "floor", "floor"},
    {"SELECT n // 2 FROM town ", "//", "// 2"},
    {"SELECT random() FROM town ", "random", "random"},
    {"SELECT power(n, 0.5) FROM town ", "power", "power"},
    {"SELECT round(n, n) FROM town ", "round", "round"},
    {"SELECT round(n, 12) FROM town ", "round", "round"},
    {"SELECT round() FROM town ", "round", "round"},
    {"SELECT CAST(n AS VARCHAR) FROM town ", "CAST", "CAST"},
    {"SELECT CAST(town AS DOUBLE) FROM town ", "CAST", "CAST"},
    {"SELECT n FROM town WHERE n = (SELECT n FROM total )", "subquery", "(SELECT"},
    {"SELECT n FROM town WHERE town IN (SELECT town FROM pop )", "subquery", "IN"},
    {"SELECT CASE WHEN n > 3 THEN town ELSE 1 END FROM town ", "expression", NULL},
    {"SELECT n FROM town WHERE n IN (3, n)", "expression", "IN"},
    {"SELECT n + 1e400 FROM town ", NULL, NULL},
    {"SELECT n + 0.1234567891 FROM town ", "literal", "0.12"},
    {"SELECT n FROM town WHERE n IS DISTINCT FROM 3", "IS DISTINCT FROM", NULL},
    {"SELECT n FROM town WHERE town = ''", "''", "''"},
    /* groups */
    {"SELECT town, n FROM town GROUP BY town", "n", "n"},
    {"SELECT median(n) FROM town ", "median", "median"},
    {"SELECT count(DISTINCT n) FROM town ", "count", "count"},
    {"SELECT sum(DISTINCT n) FROM town ", "sum", "sum"},
    {"SELECT sum(n ORDER BY town) FROM town ", "ORDER BY", "ORDER"},
    {"SELECT sum(town) FROM town ", "expression", NULL},
    {"SELECT sum(sum(n)) FROM town ", "sum", NULL},
    {"SELECT n FROM town WHERE sum(n) > 3", "sum", "sum"},
    {"SELECT town, sum(n) FROM town GROUP BY ROLLUP (town)", "GROUPING SETS", "GROUP"},
    {"SELECT DISTINCT town FROM town ", "DISTINCT", "DISTINCT"},
    /* windows */
    {"SELECT rank() OVER (ORDER BY n) FROM town ", "rank", "rank"},
    {"SELECT sum(n) OVER (ORDER BY n) FROM town ", "sum", "sum"}, /* rows could be peers */
    {"SELECT sum(n) OVER (ORDER BY town ROWS 2 PRECEDING) FROM town ", "sum", "sum"},
    {"SELECT sum(n) OVER (ORDER BY town ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING) FROM "
     "town ",
     "sum", "sum"},
    {"SELECT sum(n) OVER (ORDER BY town ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE "
     "CURRENT ROW) FROM town ",
     "sum", "sum"},
    {"SELECT lag(n, 2) OVER (ORDER BY town) FROM town ", "lag", "lag"},
    {"SELECT lag(n, 1, 0) OVER (ORDER BY town) FROM town ", "lag", "lag"},
    {"SELECT lag(n) OVER () FROM town ", "lag", "lag"},
    {"SELECT sum(n) FILTER (WHERE n > 3) OVER () FROM town ", "sum", "sum"},
    {"SELECT sum(DISTINCT n) OVER () FROM town ", "sum", "sum"},
    {"SELECT n FROM town WHERE row_number() OVER (ORDER BY n) = 1", "row_number", NULL},
    {"SELECT last_value(n) OVER (ORDER BY n) FROM town ", "last_value", "last_value"},
    /* order */
    {"SELECT n FROM town ORDER BY n NULLS FIRST", "NULLS FIRST", "NULLS"},
    {"SELECT n FROM town ORDER BY 2", "ORDER BY", "2"},
    {"SELECT n FROM town LIMIT 3", "LIMIT", "LIMIT"},
    {"SELECT n FROM town ORDER BY n LIMIT 0", "LIMIT", "LIMIT"},
    {"SELECT n FROM town ORDER BY n LIMIT 50%", "LIMIT", "LIMIT"},
    {"SELECT n FROM town ORDER BY n LIMIT 1 OFFSET 1", "LIMIT", "LIMIT"},
    /* unions */
    {"SELECT n FROM town UNION SELECT n FROM total ", "UNION", "UNION"},
    {"SELECT n FROM town EXCEPT SELECT n FROM total ", "UNION", NULL},
    {"SELECT town, n FROM town UNION ALL SELECT n FROM total ", "UNION", "UNION"},
    {"SELECT town FROM town UNION ALL SELECT n FROM total ", "expression", NULL},
    {"SELECT n FROM town UNION ALL SELECT n FROM total ORDER BY n + 1", "ORDER BY", NULL},
};

static void check_refused(const struct refused *h)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block blocks[POST_BLOCKS];
    struct world_model m = {.blocks = blocks, .post = h->post};
    m.n_blocks = post_pick(h->post, blocks);
    if (m.n_blocks == 0) {
        blocks[m.n_blocks++] = post_blocks[2];
    }
    struct sy_lower_result r = world_lower(&m, &arena);
    bool construct = h->construct == NULL || sy_view_is(r.construct, h->construct);
    bool at = h->at == NULL || (r.pos + strlen(h->at) <= strlen(h->post) &&
                                memcmp(h->post + r.pos, h->at, strlen(h->at)) == 0);
    if (r.plan.n != 0 || !construct || !at) {
        fail_msg("%s: %.*s [%.*s] at %llu, %.*s, want [%s] at \"%s\"", h->post, SY_PV(r.code),
                 SY_PV(r.construct), (unsigned long long)r.pos, SY_PV(r.reason),
                 h->construct == NULL ? "" : h->construct, h->at == NULL ? "" : h->at);
    }
    assert_true(sy_view_is(r.code, "sql") && sy_view_is(r.block, "post"));
    assert_true(r.reason.n != 0 && r.hint.n != 0);
}

static void test_refusals_name_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        check_refused(&REFUSED[i]);
    }
}

static void test_deep_and_long_texts(void **state)
{
    (void)state;
    static char post[100000];
    static const char *const heads[] = {"(", "-", "NOT ", "1+", "abs("};
    for (size_t k = 0; k < 5; k++) {
        SY_ARENA_CLEANUP struct sy_arena arena = {0};
        size_t n = (size_t)snprintf(post, sizeof post, "SELECT ");
        for (size_t i = 0; i < 4000; i++) {
            n += (size_t)snprintf(post + n, sizeof post - n, "%s", heads[k]);
        }
        snprintf(post + n, sizeof post - n, "1 FROM total ");
        struct world_model m = {.blocks = &post_blocks[2], .n_blocks = 1, .post = post};
        assert_true(world_lower(&m, &arena).plan.n == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_name_their_place),
        cmocka_unit_test(test_deep_and_long_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
