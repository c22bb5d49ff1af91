/* The worlds of test_world.h: catalogue, random rows, neighbours, many in one. */
#include "test_world.h"

static struct sy_view world_towns[] = {V("north"), V("south"), V("east")};
static struct sy_view world_events[] = {V("htn"), V("diabetes"), V("mi"), V("ckd")};
static struct sy_view world_codes[] = {V("A00"), V("A01"), V("B20"), V("I10"),  V("I21"),
                                       V("I63"), V("Z00"), V("É1"),  V("中一"), V("中二")};

static struct sy_field_def world_person_fields[] = {
    {.name = V("id"), .type = V("unit"), .ref = V("person"), .grade = 3},
    {.name = V("male"), .type = V("bool"), .grade = 2},
    {.name = V("age"), .type = V("int32"), .lo = 0, .hi = 120, .grade = 2, .nullable = true},
    {.name = V("bmi"),
     .type = V("decimal"),
     .scale = 1,
     .lo = 100,
     .hi = 800,
     .grade = 3,
     .nullable = true},
    {.name = V("birth"), .type = V("date"), .lo = -25567, .hi = 18262, .grade = 3},
    {.name = V("town"), .type = V("enum"), .values = world_towns, .n_values = 3, .grade = 2},
};
static struct sy_field_def world_event_fields[] = {
    {.name = V("id"), .type = V("unit"), .ref = V("person"), .grade = 3, .nullable = true},
    {.name = V("event"),
     .type = V("enum"),
     .values = world_events,
     .n_values = 4,
     .grade = 3,
     .nullable = true},
    {.name = V("day"), .type = V("date"), .lo = 0, .hi = 18262, .grade = 3},
    {.name = V("cost"),
     .type = V("int64"),
     .lo = -1000,
     .hi = 100000,
     .grade = 3,
     .nullable = true},
    {.name = V("note"), .type = V("text"), .grade = 3, .nullable = true},
    {.name = V("code"),
     .type = V("enum"),
     .values = world_codes,
     .n_values = 10,
     .grade = 3,
     .nullable = true},
};
static struct sy_field_def world_birth_fields[] = {
    {.name = V("child"), .type = V("unit"), .ref = V("person"), .rows = 1, .grade = 3},
    {.name = V("mother"),
     .type = V("unit"),
     .ref = V("person"),
     .rows = 3,
     .grade = 3,
     .nullable = true},
    {.name = V("day"), .type = V("date"), .lo = 0, .hi = 18262, .grade = 3},
    {.name = V("gram"), .type = V("int32"), .lo = 300, .hi = 6000, .grade = 3, .nullable = true},
};
static struct sy_field_def world_stay_fields[] = {
    {.name = V("id"), .type = V("unit"), .ref = V("person"), .rows = 12, .grade = 3},
    {.name = V("org"), .type = V("unit"), .ref = V("org"), .rows = 5, .grade = 3, .nullable = true},
    {.name = V("day"), .type = V("date"), .lo = 0, .hi = 18262, .grade = 3},
    {.name = V("cost"), .type = V("int64"), .lo = 0, .hi = 50000, .grade = 3},
};
static struct sy_field_def world_town_fields[] = {
    {.name = V("town"), .type = V("enum"), .values = world_towns, .n_values = 3, .grade = 1},
    {.name = V("pop"), .type = V("int32"), .lo = 0, .hi = 1000000, .grade = 1},
    {.name = V("coast"), .type = V("bool"), .grade = 1},
    {.name = V("motto"), .type = V("text"), .grade = 1, .nullable = true},
};
struct sy_dataset_def world_defs[WORLD_DATASETS] = {
    {.id = V("persons"),
     .department = V("d"),
     .encoding = V("utf-8"),
     .fields = world_person_fields,
     .n_fields = 6,
     .max_rows = 20000000,
     .membership = 2,
     .ns = V("person"),
     .unit = V("id")},
    {.id = V("events"),
     .department = V("d"),
     .encoding = V("utf-8"),
     .fields = world_event_fields,
     .n_fields = 6,
     .max_rows = 20000000,
     .membership = 3,
     .ns = V("person"),
     .unit = V("id")},
    {.id = V("towns"),
     .department = V("d"),
     .encoding = V("utf-8"),
     .fields = world_town_fields,
     .n_fields = 4,
     .max_rows = 1000,
     .membership = 1},
    {.id = V("births"),
     .department = V("d"),
     .encoding = V("utf-8"),
     .fields = world_birth_fields,
     .n_fields = 4,
     .max_rows = 1000000,
     .membership = 3,
     .ns = V("person"),
     .unit = V("child")},
    {.id = V("stays"),
     .department = V("d"),
     .encoding = V("utf-8"),
     .fields = world_stay_fields,
     .n_fields = 4,
     .max_rows = 1000000,
     .membership = 3,
     .ns = V("person"),
     .unit = V("id")},
};
uint64_t world_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static int64_t world_pick(uint64_t *state, int64_t lo, int64_t hi)
{
    return lo + (int64_t)(world_random(state) % (uint64_t)(hi - lo + 1));
}

/* One in `one_in` is NULL. */
static int64_t world_maybe(uint64_t *state, int64_t lo, int64_t hi, uint64_t one_in)
{
    return world_random(state) % one_in == 0 ? WORLD_NULL : world_pick(state, lo, hi);
}

void world_tables(struct world *w, struct world_table ret[WORLD_DATASETS])
{
    ret[0] = (struct world_table){"persons", w->person, 6, &w->n_persons};
    ret[1] = (struct world_table){"events", w->event, 6, &w->n_events};
    ret[2] = (struct world_table){"towns", w->town, 4, &w->n_towns};
    ret[3] = (struct world_table){"births", w->birth, 4, &w->n_births};
    ret[4] = (struct world_table){"stays", w->stay, 4, &w->n_stays};
}

static void fill_persons(struct world *w, uint64_t *s)
{
    for (size_t i = 0; i < w->n_persons; i++) {
        w->person[0].v[i] = (int64_t)i;
        w->person[1].v[i] = world_pick(s, 0, 1);
        w->person[2].v[i] = world_maybe(s, 0, 120, 8);
        w->person[3].v[i] = world_maybe(s, 100, 800, 8);
        w->person[4].v[i] = world_pick(s, -25567, 18262);
        w->person[5].v[i] = world_pick(s, 0, 2);
    }
}

/* Skewed: some units have very many rows. */
static void fill_events(struct world *w, uint64_t *s)
{
    for (size_t i = 0; i < w->n_events; i++) {
        int64_t u = world_pick(s, 0, (int64_t)w->n_persons - 1);
        w->event[0].v[i] = world_random(s) % 10 == 0 ? WORLD_NULL : u * u / (int64_t)w->n_persons;
        w->event[1].v[i] = world_maybe(s, 0, 3, 9);
        w->event[2].v[i] = world_pick(s, 0, 18262);
        w->event[3].v[i] = world_maybe(s, -1000, 100000, 7);
        w->event[4].v[i] = world_maybe(s, 0, 4, 6);
        w->event[5].v[i] = world_maybe(s, 0, 9, 10);
    }
}

/* A unit, unless it has `cap` rows already. */
static int64_t capped(uint64_t *s, int64_t n_units, int64_t *rows, int64_t cap)
{
    int64_t u = world_pick(s, 0, n_units - 1);
    return rows[u]++ < cap ? u : WORLD_NULL;
}

static void fill_births(struct world *w, uint64_t *s)
{
    int64_t rows[WORLD_UNITS] = {0};
    for (size_t i = 0; i < w->n_persons; i++) {
        if (world_random(s) % 4 == 0) {
            continue;
        }
        size_t n = w->n_births++;
        w->birth[0].v[n] = (int64_t)i;
        w->birth[1].v[n] = capped(s, (int64_t)w->n_persons, rows, 3);
        w->birth[2].v[n] = world_pick(s, 0, 18262);
        w->birth[3].v[n] = world_maybe(s, 300, 6000, 9);
    }
}

static void fill_stays(struct world *w, uint64_t *s)
{
    int64_t rows[WORLD_UNITS] = {0};
    int64_t org_rows[WORLD_UNITS] = {0};
    size_t tries = w->n_persons == 0 ? 0 : w->n_events / 4;
    for (size_t i = 0; i < tries; i++) {
        int64_t id = capped(s, (int64_t)w->n_persons, rows, 12);
        if (id == WORLD_NULL) {
            continue;
        }
        size_t n = w->n_stays++;
        w->stay[0].v[n] = id;
        w->stay[1].v[n] = capped(s, WORLD_UNITS, org_rows, 5);
        w->stay[2].v[n] = world_pick(s, 0, 40); /* few days: many equals */
        w->stay[3].v[n] = world_pick(s, 0, 50000);
    }
}

static void fill_towns(struct world *w)
{
    w->n_towns = 3;
    for (size_t i = 0; i < 3; i++) {
        w->town[0].v[i] = (int64_t)i;
        w->town[1].v[i] = (int64_t)(100 * (i + 1));
        w->town[2].v[i] = (int64_t)(i % 2);
        w->town[3].v[i] = i == 1 ? WORLD_NULL : (int64_t)i + 1;
    }
}

static void name_columns(struct world *w)
{
    struct world_table t[WORLD_DATASETS];
    world_tables(w, t);
    for (size_t i = 0; i < WORLD_DATASETS; i++) {
        for (size_t k = 0; k < t[i].n_columns; k++) {
            t[i].c[k].field = (const char *)world_defs[i].fields[k].name.p;
        }
    }
}

void world_fill(struct world *w, uint64_t seed, size_t n_units, size_t n_events)
{
    static const struct sy_view notes[] = {V("fall"), V("burn"), V("rash"), V("gout"), V("odd")};
    uint64_t s = seed;
    memset(w, 0, sizeof *w);
    name_columns(w);
    w->n_persons = n_units;
    w->n_events = n_events;
    fill_persons(w, &s);
    fill_events(w, &s);
    fill_births(w, &s);
    fill_stays(w, &s);
    fill_towns(w);
    memcpy(w->dict, notes, sizeof notes);
    w->n_dict = 5;
    for (size_t i = 0; i < WORLD_UNITS; i++) {
        w->keys[i] = world_random(&s);
    }
}

static bool is_unit(size_t dataset, size_t column, const char *ns)
{
    const struct sy_field_def *f = &world_defs[dataset].fields[column];
    return sy_view_is(f->type, "unit") && (ns == NULL || sy_view_is(f->ref, ns));
}

static bool owns(size_t dataset, const struct world_table *t, size_t row, const char *ns,
                 int64_t unit)
{
    for (size_t k = 0; k < t->n_columns; k++) {
        if (is_unit(dataset, k, ns) && t->c[k].v[row] == unit) {
            return true;
        }
    }
    return false;
}

void world_without(struct world *w, const char *ns, int64_t unit)
{
    struct world_table tables[WORLD_DATASETS];
    world_tables(w, tables);
    for (size_t i = 0; i < WORLD_DATASETS; i++) {
        struct world_table *t = &tables[i];
        size_t kept = 0;
        for (size_t row = 0; row < *t->n; row++) {
            for (size_t k = 0; k < t->n_columns; k++) {
                t->c[k].v[kept] = t->c[k].v[row];
            }
            kept += owns(i, t, row, ns, unit) ? 0 : 1;
        }
        *t->n = kept;
    }
}

static void append_table(size_t dataset, struct world_table *to, const struct world_table *from,
                         uint64_t k)
{
    size_t n = *from->n;
    assert_true(*to->n + n <= WORLD_ROWS);
    for (size_t c = 0; c < to->n_columns; c++) {
        bool unit = is_unit(dataset, c, NULL);
        for (size_t i = 0; i < n; i++) {
            int64_t v = from->c[c].v[i];
            to->c[c].v[*to->n + i] = unit && v != WORLD_NULL ? v + (int64_t)k * WORLD_UNITS : v;
        }
    }
    *to->n += n;
}

void world_append(struct world *all, const struct world *w, uint64_t k)
{
    static struct world from;
    struct world_table to[WORLD_DATASETS], t[WORLD_DATASETS];
    from = *w;
    if (k == 0) {
        memset(all, 0, sizeof *all);
        name_columns(all);
        memcpy(all->dict, w->dict, sizeof w->dict);
        memcpy(all->keys, w->keys, sizeof w->keys);
        all->n_dict = w->n_dict;
    }
    world_tables(all, to);
    world_tables(&from, t);
    for (size_t i = 0; i < WORLD_DATASETS; i++) {
        if (k == 0 || world_defs[i].ns.n != 0) {
            append_table(i, &to[i], &t[i], k);
        }
    }
}
