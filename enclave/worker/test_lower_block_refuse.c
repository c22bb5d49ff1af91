/*
 * What a block refuses: units, clamps, thresholds, several blocks, and what may not stand in its
 * outermost SELECT; each with its code, its block and the place in that block's text.
 */
#include "test_world.h"

#define DAYS                                                                                       \
    "SELECT year(day) y, month(day) m, day(day) d, code, count(*) n FROM events GROUP BY ALL"

static const struct refused {
    struct sy_model_block blocks[2];
    const char *post;
    const char *block, *code, *construct;
    const char *at; /* the text at the position; NULL: not checked */
} REFUSED[] = {
    /* the unit */
    {{{.name = V("a"), .sql = V("SELECT count(*) FROM births"), .unit = V("aunt")}},
     NULL,
     "a",
     "privacy",
     "aunt",
     "SELECT"},
    {{{.name = V("a"), .sql = V("SELECT count(*) FROM births"), .unit = V("day")}},
     NULL,
     "a",
     "privacy",
     "day",
     NULL},
    {{{.name = V("a"), .sql = V("SELECT count(*) FROM births b"), .unit = V("births.mother")}},
     NULL,
     "a",
     "privacy",
     "births.mother",
     NULL},
    {{{.name = V("a"),
       .sql = V("SELECT count(*) FROM stays s JOIN events e ON e.id = s.id"),
       .unit = V("s.org")}},
     NULL,
     "a",
     "privacy",
     "s.org",
     NULL}, /* the join is by persons */
    {{{.name = V("a"),
       .sql = V("SELECT sum(n) FROM (SELECT child, count(*) n FROM births GROUP BY child) x"),
       .unit = V("mother")}},
     NULL,
     "a",
     "privacy",
     "mother",
     NULL},
    {{{.name = V("a"),
       .sql = V("SELECT count(*) FROM towns"),
       .mechanism = V("exact"),
       .unit = V("town")}},
     NULL,
     "a",
     "privacy",
     "town",
     NULL},
    {{{.name = V("a"), .sql = V("SELECT count(DISTINCT child) FROM births"), .unit = V("mother")}},
     NULL,
     "a",
     "privacy",
     "count(DISTINCT)",
     "count"},
    {{{.name = V("a"), .sql = V("SELECT count(DISTINCT note) FROM events"), .unit = V("id")}},
     NULL,
     "a",
     "privacy",
     "count(DISTINCT)",
     "count"},
    {{{.name = V("a"), .sql = V("SELECT count(DISTINCT NULL) FROM stays")}},
     NULL,
     "a",
     "privacy",
     "count(DISTINCT)",
     "count"},
    {{{.name = V("a"),
       .sql = V("SELECT count(DISTINCT CASE WHEN male THEN id ELSE id END) FROM persons")}},
     NULL,
     "a",
     "sql",
     "expression",
     "CASE"},
/* clamps */
#define CLAMP(f, l, h)                                                                             \
    {                                                                                              \
        {{.name = V("a"),                                                                          \
          .sql = V("SELECT avg(bmi) b, count(*) n, town FROM persons GROUP BY town"),              \
          .clamps = (struct sy_model_clamp[]){{V(f), V(h), V(l)}},                                 \
          .n_clamps = 1}},                                                                         \
            NULL, "a", "sql", f, "SELECT"                                                          \
    }
    CLAMP("x", "10", "20"),
    CLAMP("n", "10", "20"),
    CLAMP("town", "10", "20"),
    CLAMP("b", "9.9", "20"),
    CLAMP("b", "10", "80.1"),
    CLAMP("b", "30", "20"),
    CLAMP("b", "10.01", "20"),
    CLAMP("b", "ten", "20"),
    /* thresholds */
    {{{.name = V("a"), .sql = V(DAYS)}}, NULL, "a", "privacy", "delta", "GROUP"},
    {{{.name = V("a"), .sql = V("SELECT count(*) FROM persons"), .threshold = true}},
     NULL,
     "a",
     "privacy",
     "delta",
     NULL},
    {{{.name = V("a"),
       .sql = V("SELECT count(*) FROM towns"),
       .mechanism = V("exact"),
       .threshold = true}},
     NULL,
     "a",
     "sql",
     "threshold",
     NULL},
    {{{.name = V("a"), .sql = V("SELECT note, count(*) FROM events GROUP BY note")}},
     NULL,
     "a",
     "privacy",
     "delta",
     "GROUP"},
    /* mechanisms */
    {{{.name = V("a"), .sql = V("SELECT count(*) FROM persons"), .mechanism = V("Gauss")}},
     NULL,
     "a",
     "privacy",
     "Gauss",
     NULL},
    {{{.name = V("a"), .sql = V("SELECT count(*) FROM towns"), .mechanism = V("none")}},
     NULL,
     "a",
     "privacy",
     "none",
     NULL},
    /* several blocks */
    {{{.name = V("a"), .sql = V("SELECT count(*) n FROM persons")},
      {.name = V("A"), .sql = V("SELECT count(*) n FROM persons")}},
     "SELECT n FROM a",
     "A",
     "sql",
     "A",
     NULL},
    {{{.name = V("a"), .sql = V("SELECT count(*) n FROM persons")},
      {.name = V("b"), .sql = V("SELECT count(*) n FROM persons")}},
     NULL,
     "",
     "sql",
     "post",
     NULL},
    {{{.name = V("a"), .sql = V("SELECT count(*) n FROM persons")},
      {.name = V("a"), .sql = V("SELECT count(*) n FROM persons")}},
     "SELECT n FROM a",
     "a",
     "sql",
     "a",
     NULL},
    {{{.name = V("a"), .sql = V("SELECT count(*) n FROM persons")},
      {.name = V("b"), .sql = V("SELECT count(*) n FROM persons WHERE hiv")}},
     "SELECT a.n FROM a CROSS JOIN b",
     "b",
     "field_denied",
     "hiv",
     "hiv"},
    {{{.name = V("a"), .sql = V("SELECT count(*) n FROM persons")},
      {.name = V("b"), .sql = V("SELECT count(*) n FROM events")}},
     "SELECT n FROM a",
     "post",
     "sql",
     "b",
     NULL},
/* beside a post stage, blocks neither filter nor sort */
#define BESIDE(text, construct, at)                                                                \
    {                                                                                              \
        {{.name = V("a"), .sql = V(text)}}, "SELECT 1 AS one FROM a", "a", "sql", construct, at    \
    }
    BESIDE("SELECT town, count(*) n, sum(age) + 1 n FROM persons GROUP BY town", "n", NULL),
    BESIDE("SELECT sqrt(town) + count(*) x, town FROM persons GROUP BY town", "expression", "sqrt"),
    BESIDE("SELECT town, count(*) n FROM persons GROUP BY town ORDER BY 2", "ORDER", "ORDER"),
    BESIDE("SELECT town, count(*) n FROM persons GROUP BY town HAVING n > 3", "HAVING", "HAVING"),
    BESIDE("SELECT town, var_pop(age) n FROM persons GROUP BY town LIMIT 1", "ORDER", "LIMIT"),
/* the outermost SELECT of a block */
#define ALONE(text, code, construct, at)                                                           \
    {                                                                                              \
        {{.name = V("a"), .sql = V(text)}}, NULL, "a", code, construct, at                         \
    }
    ALONE("SELECT DISTINCT town, count(*) FROM persons GROUP BY town", "sql", "DISTINCT",
          "DISTINCT"),
    ALONE("SELECT count(*) FROM persons UNION ALL SELECT count(*) FROM events", "sql", "UNION",
          "UNION"),
    ALONE("SELECT age + count(*) FROM persons", "sql", "age", "age"),
    ALONE("SELECT town, count(*) FROM persons GROUP BY town HAVING age > 3", "sql", "age", "age"),
    ALONE("SELECT town, count(*) FROM persons GROUP BY town HAVING nope > 3", "field_denied",
          "nope", "nope"),
    ALONE("SELECT town, count(*) FROM persons GROUP BY town ORDER BY age", "sql", "age", "age"),
    ALONE("SELECT town, count(*) FROM persons GROUP BY town ORDER BY 3", "sql", "ORDER BY", "3"),
    ALONE("SELECT town, count(*) FROM persons GROUP BY town ORDER BY median(age)", "privacy",
          "median", "median"),
    ALONE("SELECT town, count(*) FROM persons GROUP BY town LIMIT 1", "sql", "LIMIT", "LIMIT"),
    ALONE("SELECT town, count(*) n FROM persons GROUP BY town ORDER BY n LIMIT 1 OFFSET 1", "sql",
          "LIMIT", "LIMIT"),
    ALONE("SELECT count(*) AS n, count(*) + 1 AS n FROM persons", "sql", "n", NULL),
    ALONE("SELECT count(*) + 1 FROM persons GROUP BY town", "sql", "GROUP BY", "GROUP"),
    ALONE("SELECT sum(age) + (SELECT count(*) FROM events) FROM persons", NULL, NULL, NULL),
    ALONE("SELECT sqrt(town) + count(*) x FROM persons GROUP BY town", "sql", "expression", "sqrt"),
    ALONE("SELECT floor(sum(age)) FROM persons", "sql", "floor", "floor"),
    ALONE("SELECT count(*) * $free FROM persons", "sql", "free", "$free"),
};

static void check_refused(const struct refused *h)
{
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct world_model m = {
        .blocks = h->blocks, .n_blocks = h->blocks[1].name.n == 0 ? 1 : 2, .post = h->post};
    struct sy_lower_result r = world_lower(&m, &arena);
    const char *sql = (const char *)h->blocks[0].sql.p;
    bool code = h->code == NULL || sy_view_is(r.code, h->code);
    bool construct = h->construct == NULL || sy_view_is(r.construct, h->construct);
    if (r.plan.n != 0 || !code || !construct || !sy_view_is(r.block, h->block)) {
        fail_msg("%s | %s: block %.*s %.*s [%.*s] %.*s, want %s %s [%s]", sql,
                 h->post == NULL ? "" : h->post, SY_PV(r.block), SY_PV(r.code), SY_PV(r.construct),
                 SY_PV(r.reason), h->block, h->code, h->construct);
    }
    assert_true(r.reason.n != 0 && r.hint.n != 0);
    const struct sy_view text = sy_view_is(r.block, "b") ? h->blocks[1].sql : h->blocks[0].sql;
    if (h->at != NULL) {
        if (r.pos + strlen(h->at) > text.n || memcmp(text.p + r.pos, h->at, strlen(h->at)) != 0) {
            fail_msg("%s: position %llu, want \"%s\"", sql, (unsigned long long)r.pos, h->at);
        }
    }
}

static void test_refusals_name_block_and_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        check_refused(&REFUSED[i]);
    }
}

static void test_a_model_has_blocks(void **state)
{
    (void)state;
    SY_ARENA_CLEANUP struct sy_arena arena = {0};
    struct sy_model_block none[1] = {{.name = V("a")}};
    struct world_model m = {.blocks = none, .n_blocks = 0};
    struct sy_lower_result r = world_lower(&m, &arena);
    assert_true(sy_view_is(r.code, "sql") && sy_view_is(r.construct, "blocks"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals_name_block_and_place),
        cmocka_unit_test(test_a_model_has_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
