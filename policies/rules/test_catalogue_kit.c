/* See test_catalogue_kit.h. */
#include "test_catalogue_kit.h"

#include "proof/hash.h"

#include <stdio.h>
#include <string.h>

struct sy_pack_catalogue *cat_terms(struct sy_pack *p)
{
    return &p->scheme[0].catalogue[0];
}

struct sy_pack *cat_pack(struct kit *k, uint64_t version)
{
    struct sy_pack *p = kit_pack_record(k, version);
    p->scheme = kit_alloc(k, 1, sizeof(*p->scheme));
    p->n_scheme = 1;
    p->scheme[0].catalogue = kit_alloc(k, 1, sizeof(*p->scheme[0].catalogue));
    p->scheme[0].n_catalogue = 1;
    struct sy_pack_catalogue *c = cat_terms(p);
    c->cycles = kit_alloc(k, 2, sizeof(*c->cycles));
    c->cycles[0] = (struct sy_pack_cycle){.code = V("monthly"), .days = CAT_MONTH_DAYS};
    c->cycles[1] = (struct sy_pack_cycle){.code = V("never")};
    c->n_cycles = 2;
    c->ticket_days = CAT_TICKET_DAYS;
    return p;
}

void cat_domain(struct kit *k)
{
    kit_catalogue(k);
    assert_int_equal(kit_enrol(k, "bureau", "department"), 0);
    assert_int_equal(kit_enrol(k, "security", "security"), 0);
    assert_int_equal(kit_adopt(k, cat_pack(k, 2)), 0);
}

/* ---- rows ---- */

/* A row into *ret, which is all zero when there is none. */
static void row_of(struct kit *k, const char *key, const struct sy_desc *desc, void *ret)
{
    struct sy_view value;
    memset(ret, 0, desc->size_bytes);
    if (rules_state_get(k->state, V(key), &value)) {
        struct sy_view copy = sy_arena_copy(&k->arena, value);
        check_ok(sy_record_decode(desc, copy, &SY_MP_LARGE, &k->arena, ret, NULL));
    }
}

struct sy_entry_row cat_entry_row(struct kit *k, const char *dataset)
{
    struct sy_entry_row row;
    struct rules_key key = rules_key_id("entry/", V(dataset));
    row_of(k, key.text, &sy_entry_row_desc, &row);
    return row;
}

struct sy_ticket_row cat_ticket_row(struct kit *k, const char *dataset, uint64_t ticket)
{
    struct sy_ticket_row row;
    struct rules_key key = rules_key_numbered("ticket/", V(dataset), ticket);
    row_of(k, key.text, &sy_ticket_row_desc, &row);
    return row;
}

struct sy_demand_row cat_demand_row(struct kit *k, uint64_t demand)
{
    struct sy_demand_row row;
    struct rules_key key = rules_key_number("demand/", demand);
    row_of(k, key.text, &sy_demand_row_desc, &row);
    return row;
}

bool cat_has_row(struct kit *k, const char *key)
{
    struct sy_view value;
    return rules_state_get(k->state, V(key), &value);
}

bool cat_sees(struct kit *k, const char *party, const char *key)
{
    struct sy_party caller;
    struct sy_view value;
    struct rules_key at = rules_key_id("party/", V(party));
    row_of(k, at.text, &sy_party_desc, &caller);
    assert_true(rules_state_get(k->state, V(key), &value));
    return rules_row_visible(k->state, &caller, V(key), value);
}

/* ---- describe ---- */

static struct sy_entry_item *items_of(struct kit *k, const struct sy_dataset_def *d)
{
    struct sy_entry_item *items = kit_alloc(k, d->n_fields, sizeof(*items));
    for (size_t i = 0; i < d->n_fields; i++) {
        items[i] = (struct sy_entry_item){.field = d->fields[i].name, .name = V("数据项")};
    }
    return items;
}

struct sy_entry *cat_entry(struct kit *k, const struct sy_dataset_def *d)
{
    struct sy_entry *e = kit_alloc(k, 1, sizeof(*e));
    char code[64];
    char id[32];
    sy_view_to_cstr(d->id, id, sizeof(id));
    (void)snprintf(code, sizeof(code), "307030/%s", id);
    struct sy_entry_row row = cat_entry_row(k, id);
    *e = (struct sy_entry){.abstract = V("登记与就诊的基本信息"),
                           .class_path = KIT_STRS(k, "部门", "卫生健康"),
                           .n_class_path = 2,
                           .dataset = d->id,
                           .format = V("csv"),
                           .items = items_of(k, d),
                           .n_items = d->n_fields,
                           .lawful_basis = V("《基本医疗卫生与健康促进法》第九十六条"),
                           .open = {.condition = V("涉及个人信息"), .kind = V("none")},
                           .provider = V("卫生健康局"),
                           .provider_code = V("91350100M000100Y43"),
                           .published = KIT_START / CAT_DAY_S - 100,
                           .region = V("370812"),
                           .res_code = sy_arena_copy(&k->arena, V(code)),
                           .share = {.condition = V("按场景授权"),
                                     .kind = V("conditional"),
                                     .method = V("可信数据空间")},
                           .source_system = V("全民健康信息平台"),
                           .time_from = V("2019"),
                           .update_cycle = V("monthly"),
                           .version = row.described + 1};
    memcpy(e->prev, row.digest, 32);
    return e;
}

int32_t cat_describe(struct kit *k, const struct sy_entry *e)
{
    struct sy_row_dataset row;
    struct sy_dataset_def def;
    struct rules_key key = rules_key_id("dataset/", e->dataset);
    char department[32];
    row_of(k, key.text, &sy_row_dataset_desc, &row);
    check_ok(sy_record_decode(&sy_dataset_def_desc, row.def, &SY_MP_LARGE, &k->arena, &def, NULL));
    sy_view_to_cstr(def.department, department, sizeof(department));
    return kit_call(k, department, "catalog.describe", &sy_entry_desc, e, NULL, NULL);
}

int32_t cat_decide(struct kit *k, const char *dataset, const char *decision)
{
    struct sy_entry_row row = cat_entry_row(k, dataset);
    struct sy_entry_review a = {.dataset = V(dataset),
                                .decision = V(decision),
                                .opinion = V("seen"),
                                .version = row.described};
    memcpy(a.digest, row.digest, 32);
    return kit_call(k, "agency", "catalog.approve", &sy_entry_review_desc, &a, NULL, NULL);
}

int32_t cat_withdraw(struct kit *k, const char *party, const char *dataset)
{
    const struct sy_entry_withdraw a = {.dataset = V(dataset), .text = V("系统停用")};
    return kit_call(k, party, "catalog.withdraw", &sy_entry_withdraw_desc, &a, NULL, NULL);
}

/* ---- offer ---- */

struct sy_offer *cat_offer_of(struct kit *k, const char *dataset)
{
    struct sy_entry_row row = cat_entry_row(k, dataset);
    struct sy_described version;
    struct sy_offer *o = kit_alloc(k, 1, sizeof(*o));
    uint64_t n = row.approved > 0 ? row.approved : row.described;
    struct rules_key key = rules_key_numbered("described/", V(dataset), n);
    row_of(k, key.text, &sy_described_desc, &version);
    *o = (struct sy_offer){.dataset = V(dataset),
                           .delivery = V("模型、核验"),
                           .industry = V("卫生和社会工作"),
                           .scenes = KIT_STRS(k, "慢性病防治", "健康管理"),
                           .n_scenes = 2,
                           .version = n};
    proof_sha256_one(o->digest, version.meta);
    return o;
}

int32_t cat_offer(struct kit *k, const char *dataset)
{
    return kit_call(k, "operator", "catalog.offer", &sy_offer_desc, cat_offer_of(k, dataset), NULL,
                    NULL);
}

static void each(struct kit *k, void (*step)(struct kit *k, const struct sy_dataset_def *d))
{
    step(k, kit_persons(k));
    step(k, kit_events(k));
    step(k, kit_births(k));
    step(k, kit_streets(k));
}

static void approve_one(struct kit *k, const struct sy_dataset_def *d)
{
    char id[32];
    sy_view_to_cstr(d->id, id, sizeof(id));
    assert_int_equal(cat_describe(k, cat_entry(k, d)), 0);
    assert_int_equal(cat_decide(k, id, "approve"), 0);
}

static void offer_one(struct kit *k, const struct sy_dataset_def *d)
{
    char id[32];
    sy_view_to_cstr(d->id, id, sizeof(id));
    assert_int_equal(cat_offer(k, id), 0);
}

void cat_approved(struct kit *k)
{
    cat_domain(k);
    each(k, approve_one);
}

void cat_offered(struct kit *k)
{
    cat_approved(k);
    each(k, offer_one);
}

void cat_granted(struct kit *k)
{
    cat_offered(k);
    kit_approved(k);
}

/* ---- tickets ---- */

struct sy_ticket *cat_ticket(struct kit *k, const char *rule)
{
    struct sy_ticket *t = kit_alloc(k, 1, sizeof(*t));
    *t = (struct sy_ticket){.dataset = V("persons"),
                            .field = V("weight"),
                            .found_by = V("run"),
                            .quality = V("accuracy"),
                            .rule = V(rule == NULL ? "bounds" : rule),
                            .text = V("2019 年前的体重多为整数")};
    return t;
}

int32_t cat_open(struct kit *k, const char *party, const struct sy_ticket *t)
{
    return kit_call(k, party, "ticket.open", &sy_ticket_desc, t, k->grant, NULL);
}
