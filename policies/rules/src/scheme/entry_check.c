/*
 * What a catalogue entry must say: the national core metadata, complete and in form; a lawful basis; an update cycle of
 * the pack; for each field of the definition its official name, and for each item with a code one source. What may not
 * be in the catalogue at all is refused here: state secrets, and data of credit reporting where the pack has no rules
 * for it.
 *
 * Invariants of entries that pass: a resource code belongs to one dataset for good; an item with a code has at most
 * one dataset that is its source.
 * Source: scheme articles 2, 6, 7; wire/catalogue.h.
 */
#include "base/time.h"
#include "catalogue.h"

enum {
    FORMAT_MAX = 64,
    LONG_NUMBER = 6,   /* digits */
    FIRST_DAY = -36525 /* a hundred years before 1970: no office published data before */
};

struct entry_case {
    struct ask *c;
    const struct sy_entry *e;
    const struct sy_dataset_def *def;
    const struct sy_pack *pack;
    const struct sy_pack_catalogue *terms;
};

bool is_code(struct sy_view v)
{
    for (size_t i = 0; i < v.n; i++) {
        uint8_t ch = v.p[i];
        bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
        if (!letter && !(ch >= '0' && ch <= '9') && strchr("._/-", ch) == NULL) {
            return false;
        }
    }
    return v.n >= 1 && v.n <= RULES_ID_MAX;
}

bool has_long_number(struct sy_view v)
{
    size_t digits = 0;
    for (size_t i = 0; i < v.n && digits < LONG_NUMBER; i++) {
        digits = v.p[i] >= '0' && v.p[i] <= '9' ? digits + 1 : 0;
    }
    return digits >= LONG_NUMBER;
}

/* ---- core metadata ---- */

static sy_status core(struct entry_case *k, bool holds, const char *field, const char *why)
{
    return control(RULES_CTL_CORE_METADATA, holds)
               ? SY_OK
               : sy_fail(k->c->err, SY_E_FIELD, field, "%s", why);
}

static sy_status texts_check(struct entry_case *k)
{
    const struct sy_entry *e = k->e;
    const struct {
        const char *field;
        struct sy_view text;
        size_t max;
    } texts[] = {{"abstract", e->abstract, SY_ENTRY_TEXT_MAX},
                 {"format", e->format, FORMAT_MAX},
                 {"provider", e->provider, SY_ENTRY_LABEL_MAX},
                 {"source_system", e->source_system, SY_ENTRY_LABEL_MAX}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        SY_TRY(core(k, is_text(texts[i].text, texts[i].max), texts[i].field,
                    "the core metadata ask for this text"));
    }
    SY_TRY(core(k, e->n_class_path >= 1 && e->n_class_path <= SY_ENTRY_CLASSES_MAX, "class_path",
                "one to four steps, from class to detail"));
    for (size_t i = 0; i < e->n_class_path; i++) {
        SY_TRY(core(k, is_text(e->class_path[i], SY_ENTRY_LABEL_MAX), "class_path",
                    "a step of the classification is a text"));
    }
    return SY_OK;
}

static bool all_digits(struct sy_view v)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9') {
            return false;
        }
    }
    return v.n > 0;
}

static int number(struct sy_view v, size_t at, size_t n)
{
    int value = 0;
    for (size_t i = at; i < at + n; i++) {
        value = value * 10 + (v.p[i] - '0');
    }
    return value;
}

/* "2024", "2024-06" or "2024-06-30", of the calendar. */
static bool is_period(struct sy_view v)
{
    int32_t day;
    bool form = v.n == 4 || v.n == 7 || v.n == 10;
    for (size_t i = 0; form && i < v.n; i++) {
        bool dash = i == 4 || i == 7;
        form = dash ? v.p[i] == '-' : (v.p[i] >= '0' && v.p[i] <= '9');
    }
    return form && sy_days_of_date(number(v, 0, 4), v.n >= 7 ? number(v, 5, 2) : 1,
                                   v.n == 10 ? number(v, 8, 2) : 1, &day);
}

/* From not after to, as far as both say. */
static bool in_order(struct sy_view from, struct sy_view to)
{
    size_t n = from.n < to.n ? from.n : to.n;
    return memcmp(from.p, to.p, n) <= 0;
}

static bool is_region(struct sy_view v)
{
    return all_digits(v) && (v.n == 2 || v.n == 4 || v.n == 6 || v.n == 9 || v.n == 12);
}

static sy_status reach_check(struct entry_case *k)
{
    const struct sy_entry *e = k->e;
    SY_TRY(core(k, is_region(e->region), "region", "a code of an administrative division"));
    SY_TRY(core(k, is_period(e->time_from), "time_from", "a year, month or day: 2024-06-30"));
    SY_TRY(core(k,
                e->time_to.n == 0 || (is_period(e->time_to) && in_order(e->time_from, e->time_to)),
                "time_to", "a year, month or day, not before time_from; left out: it goes on"));
    int64_t today = calendar_day(scheme_calendar(k->pack), k->c->in->time);
    return core(k, e->published >= FIRST_DAY && e->published <= today, "published",
                "a day that is not to come");
}

static sy_status access_check(struct entry_case *k, const char *field,
                              const struct sy_entry_access *a)
{
    bool free = sy_view_is(a->kind, "unconditional");
    SY_TRY(core(k, word_in(a->kind, "unconditional conditional none"), field,
                "unconditional, conditional or none"));
    SY_TRY(core(k, free ? a->condition.n == 0 : is_text(a->condition, SY_ENTRY_TEXT_MAX), field,
                "say on what condition, or by which provision not at all"));
    return core(k, a->method.n == 0 || is_text(a->method, SY_ENTRY_LABEL_MAX), field,
                "the method is a text");
}

static sy_status codes_check(struct entry_case *k)
{
    const struct sy_entry *e = k->e;
    SY_TRY(core(k, sy_org_code_ok(e->provider_code), "provider_code",
                "not a unified social credit code, or its check character is wrong"));
    SY_TRY(core(k, is_code(e->res_code), "res_code", "the resource's code"));
    bool fine = e->n_related <= SY_ENTRY_RELATED_MAX;
    for (size_t i = 0; fine && i < e->n_related; i++) {
        fine = is_code(e->related[i]) && !sy_view_eq(e->related[i], e->res_code) &&
               !view_in(e->related[i], e->related, i);
    }
    return core(k, fine, "related", "codes of other resources, each once");
}

/* ---- items ---- */

static bool named_before(const struct sy_entry *e, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (sy_view_eq(e->items[i].field, e->items[at].field)) {
            return true;
        }
    }
    return false;
}

static sy_status items_check(struct entry_case *k)
{
    const struct sy_entry *e = k->e;
    SY_TRY(core(k, e->n_items == k->def->n_fields, "items", "every field of the definition, once"));
    for (size_t i = 0; i < e->n_items; i++) {
        const struct sy_entry_item *item = &e->items[i];
        SY_TRY(core(k, def_field(k->def, item->field) != NULL && !named_before(e, i), "items",
                    "every field of the definition, once"));
        SY_TRY(core(k, is_text(item->name, SY_ENTRY_LABEL_MAX), "items",
                    "each item has an official name"));
        SY_TRY(core(k, item->code.n == 0 ? item->from.n == 0 : is_code(item->code), "items",
                    "an item is taken over by its code"));
    }
    return SY_OK;
}

/* Whose a code is: an empty view when nobody's. */
static sy_status owner(struct ask *c, const char *prefix, struct sy_view code, struct sy_view *ret)
{
    struct rules_key key = rules_key_id(prefix, code);
    struct sy_view value;
    struct sy_code_row row = {0};
    if (rules_state_get(c->state, rules_key_view(&key), &value)) {
        SY_TRY(rules_state_read(c->state, rules_key_view(&key), &sy_code_row_desc, c->arena, &row,
                                c->err));
    }
    *ret = row.dataset;
    return SY_OK;
}

static sy_status source_check(struct entry_case *k, const struct sy_entry_item *item)
{
    struct sy_view source;
    SY_TRY(owner(k->c, "source/", item->code, &source));
    bool mine = source.n == 0 || sy_view_eq(source, k->e->dataset);
    bool fine = item->from.n == 0 ? mine : !mine && sy_view_eq(source, item->from);
    if (!control(RULES_CTL_ONE_SOURCE, fine)) {
        return sy_fail(k->c->err, SY_E_EXISTS, "items",
                       "one source for each item: that of %.*s is %.*s", SY_PV(item->code),
                       SY_PV(source.n > 0 ? source : sy_view_str("not described yet")));
    }
    return SY_OK;
}

static sy_status sources_check(struct entry_case *k)
{
    for (size_t i = 0; i < k->e->n_items; i++) {
        if (k->e->items[i].code.n > 0) {
            SY_TRY(source_check(k, &k->e->items[i]));
        }
    }
    return SY_OK;
}

static sy_status res_code_check(struct entry_case *k)
{
    struct sy_view whose;
    SY_TRY(owner(k->c, "rescode/", k->e->res_code, &whose));
    if (!control(RULES_CTL_RES_CODE, whose.n == 0 || sy_view_eq(whose, k->e->dataset))) {
        return sy_fail(k->c->err, SY_E_EXISTS, "res_code", "the resource code is of dataset %.*s",
                       SY_PV(whose));
    }
    return SY_OK;
}

/* ---- what the scheme says about data ---- */

static bool is_cycle(const struct sy_pack_catalogue *terms, struct sy_view code)
{
    for (size_t i = 0; i < terms->n_cycles; i++) {
        if (sy_view_eq(terms->cycles[i].code, code)) {
            return true;
        }
    }
    return false;
}

static sy_status allowed_check(struct entry_case *k)
{
    const struct sy_entry *e = k->e;
    struct sy_error *err = k->c->err;
    if (!control(RULES_CTL_STATE_SECRET, !e->secret)) {
        return sy_fail(err, SY_E_DENIED, "secret",
                       "data that hold state secrets are outside the scheme, and this system");
    }
    if (!control(RULES_CTL_CREDIT_DATA, !e->credit || k->terms->credit)) {
        return sy_fail(err, SY_E_DENIED, "credit",
                       "data of credit reporting: the pack has no rules for it");
    }
    if (!control(RULES_CTL_LAWFUL_BASIS, is_text(e->lawful_basis, SY_ENTRY_TEXT_MAX))) {
        return sy_fail(err, SY_E_FIELD, "lawful_basis", "say by which provision the data are held");
    }
    if (!control(RULES_CTL_UPDATE_CYCLE, is_cycle(k->terms, e->update_cycle))) {
        return sy_fail(err, SY_E_FIELD, "update_cycle", "not a cycle of the pack");
    }
    return SY_OK;
}

static sy_status demands_check(struct entry_case *k)
{
    const struct sy_entry *e = k->e;
    if (e->n_demands > SY_ENTRY_RELATED_MAX) {
        return sy_fail(k->c->err, SY_E_FIELD, "demands", "at most %d", SY_ENTRY_RELATED_MAX);
    }
    for (size_t i = 0; i < e->n_demands; i++) {
        if (i > 0 && e->demands[i] <= e->demands[i - 1]) {
            return sy_fail(k->c->err, SY_E_FIELD, "demands", "ascending, each once");
        }
        SY_TRY(demand_meets(k->c, e->demands[i], e->dataset));
    }
    return SY_OK;
}

sy_status entry_sound(struct ask *c, const struct sy_entry *e)
{
    static sy_status (*const CHECKS[])(struct entry_case *) = {
        allowed_check, texts_check,    reach_check,   codes_check,
        items_check,   res_code_check, sources_check, demands_check,
    };
    struct dataset d;
    struct sy_pack pack;
    struct entry_case k = {.c = c, .e = e, .pack = &pack};
    SY_TRY(catalogue_terms(c->state, c->arena, &pack, &k.terms, c->err));
    SY_TRY(dataset_read(c->state, e->dataset, c->arena, &d, c->err));
    k.def = &d.def;
    for (size_t i = 0; i < sizeof(CHECKS) / sizeof(CHECKS[0]); i++) {
        SY_TRY(CHECKS[i](&k));
    }
    SY_TRY(access_check(&k, "share", &e->share));
    return access_check(&k, "open", &e->open);
}
