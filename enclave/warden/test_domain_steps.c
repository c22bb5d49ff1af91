/*
 * What: from a founded domain to one that can answer: enrolment, pack, catalogue, versions, grant, model.
 */
#include "test_domain.h"

#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"

/* ---- steps ---- */

#define ALLOW(d, ...)                                                                              \
    do {                                                                                           \
        struct domain_call allow_c_ = {__VA_ARGS__};                                               \
        int32_t allow_code_ = domain_ask((d), &allow_c_);                                          \
        if (allow_code_ != 0) {                                                                    \
            fail_msg("%s by %s: %s %s %s", allow_c_.method, allow_c_.party,                        \
                     sy_code_name(allow_code_), (d)->k.err.field, (d)->k.err.reason);              \
        }                                                                                          \
    } while (0)

static void enrol(struct domain *d, const char *id, const char *role)
{
    struct kit *k = &d->k;
    struct kit_party *p = kit_new_party(k, id);
    struct sy_invite v = {.ctx = V("shuyu-invite-1"),
                          .expiry = k->time + 86400,
                          .log = d->log,
                          .name = V(p->id),
                          .party = V(p->id),
                          .role = V(role)};
    struct sy_enrol e = {0};
    uint8_t *sig = kit_alloc(k, 64, 1);
    memcpy(v.box, d->domain_box, 32);
    memcpy(v.domain, k->domain, 32);
    memcpy(v.warden, d->warden, 32);
    memset(v.nonce, (int)k->n_parties, 16);
    e.invite = kit_encode(k, &sy_invite_desc, &v);
    proof_sign(sig, e.invite, kit_party(k, "agency")->secret);
    e.invite_sig = sy_view(sig, 64);
    memcpy(e.box, domain_new_box(d, id), 32);
    memcpy(e.sign, p->sign, 32);
    memcpy(e.tls, p->tls, 32);
    ALLOW(d, .party = p->id, .method = "party.enrol", .args = kit_encode(k, &sy_enrol_desc, &e));
}

/* Cheap runs in a slot that is short, but long enough for a busy machine. */
static void adopt(struct domain *d)
{
    struct sy_pack *p = kit_pack_record(&d->k, 1);
    p->sizes[0] = (struct sy_pack_size){
        .cpu_s = 4, .max_rows = 200000, .memory_mib = 64, .slot_ms = 1500, .wall_ms = 1200};
    struct sy_pack_adopt a = {.pack = kit_encode(&d->k, &sy_pack_desc, p)};
    ALLOW(d, .party = "agency", .method = "pack.adopt",
          .args = kit_encode(&d->k, &sy_pack_adopt_desc, &a));
}

void domain_share(struct domain *d, const char *dataset, struct sy_share *ret)
{
    struct sy_dataset_ref ref = {.dataset = V(dataset)};
    struct domain_call c = {.party = "agency",
                            .method = "dataset.share",
                            .args = kit_encode(&d->k, &sy_dataset_ref_desc, &ref)};
    struct domain_reply r = domain_await(d, "agency", domain_relay(d, &c, domain_envelope(d, &c)));
    struct sy_sealed_share s;
    SY_BUF_CLEANUP struct sy_buf open = sy_buf(256);
    size_t i = domain_party_index(d, "agency");
    assert_int_equal(r.error.code, 0);
    check_ok(sy_record_decode(&sy_sealed_share_desc, r.reply.result, &SY_MP_REQUEST, &d->k.arena,
                              &s, NULL));
    check_ok(proof_unseal(s.sealed, d->box[i], d->box_secret[i], &open));
    assert_int_equal(open.n, 32);
    ret->dataset = V(dataset);
    memcpy(ret->share, open.p, 32);
}

static void define(struct domain *d, const struct sy_dataset_def *def)
{
    char department[32];
    sy_view_to_cstr(def->department, department, sizeof(department));
    ALLOW(d, .party = department, .method = "dataset.define",
          .args = kit_encode(&d->k, &sy_dataset_def_desc, def));
}

void domain_ingest(struct domain *d, const char *department, const char *dataset)
{
    struct sy_ingest in = {.dataset = V(dataset)};
    struct domain_call c = {.party = department,
                            .method = "dataset.ingest",
                            .args = kit_encode(&d->k, &sy_ingest_desc, &in)};
    SY_FD_CLEANUP int sock = domain_local(d);
    SY_FD_CLEANUP int file = openat(d->dir, "agency.party", O_RDONLY | O_CLOEXEC);
    struct domain_reply r = domain_ask_local(d, sock, &c, file);
    if (r.error.code != 0) {
        fail_msg("ingest: %s %s %s", sy_code_name(r.error.code), r.error.field, r.error.reason);
    }
}

static void review(struct domain *d, const char *party, const char *method, struct sy_view secret)
{
    struct sy_review r = {.decision = V("approve"), .opinion = V("seen")};
    bool model = strcmp(method, "model.review") == 0;
    ALLOW(d, .party = party, .method = method, .secret = secret, .grant = model ? NULL : d->k.grant,
          .subject = model ? d->k.model : NULL, .args = kit_encode(&d->k, &sy_review_desc, &r));
}

struct sy_dataset_def *domain_beds(struct kit *k)
{
    const struct sy_field_def fields[] = {
        {.grade = 3, .name = V("clinic"), .ref = V("clinic"), .type = V("unit")},
        {.grade = 2,
         .name = V("kind"),
         .type = V("enum"),
         .values = KIT_STRS(k, "day", "night"),
         .n_values = 2},
        {.grade = 2, .hi = 500, .name = V("beds"), .type = V("int32")}};
    struct sy_dataset_def *d = kit_alloc(k, 1, sizeof(*d));
    *d = *kit_events(k);
    d->id = d->title = V("beds");
    d->ns = d->unit = V("clinic");
    d->fields = kit_alloc(k, LEN(fields), sizeof(*fields));
    d->n_fields = LEN(fields);
    memcpy(d->fields, fields, sizeof(fields));
    return d;
}

/* The kit's, and the beds. */
struct sy_proposal *domain_proposal(struct domain *d)
{
    static const char *const beds[] = {"clinic", "kind", "beds"};
    struct sy_proposal *p = kit_proposal(&d->k);
    struct sy_prop_dataset *all = kit_alloc(&d->k, p->n_datasets + 1, sizeof(*all));
    memcpy(all, p->datasets, p->n_datasets * sizeof(*all));
    struct sy_prop_dataset *last = &all[p->n_datasets++];
    *last = (struct sy_prop_dataset){.dataset = V("beds"), .n_fields = LEN(beds)};
    last->fields = kit_alloc(&d->k, LEN(beds), sizeof(*last->fields));
    for (size_t i = 0; i < LEN(beds); i++) {
        last->fields[i] = (struct sy_prop_field){.name = V(beds[i]), .reason = V("needed")};
    }
    p->datasets = all;
    p->calls = 1000;
    p->overruns = 900;
    return p;
}

static void grant(struct domain *d)
{
    struct sy_proposal *p = domain_proposal(d);
    struct sy_share shares[4];
    struct sy_shares given = {.shares = shares, .n_shares = 4};
    struct sy_view args = kit_encode(&d->k, &sy_proposal_desc, p);
    proof_grant_id(d->k.grant, args);
    ALLOW(d, .party = "acme", .method = "scene.apply", .args = args);
    review(d, "operator", "scene.first_review", (struct sy_view){0});
    review(d, "health", "scene.consent", (struct sy_view){0});
    review(d, "clinic", "scene.consent", (struct sy_view){0});
    domain_share(d, "persons", &shares[0]);
    domain_share(d, "events", &shares[1]);
    domain_share(d, "births", &shares[2]);
    domain_share(d, "beds", &shares[3]);
    review(d, "agency", "scene.final_review", kit_encode(&d->k, &sy_shares_desc, &given));
}

void domain_model(struct domain *d, const struct sy_model_def *def, const struct sy_plan *plan)
{
    struct sy_view args = kit_encode(&d->k, &sy_model_def_desc, def);
    struct sy_view bytes = kit_encode(&d->k, &sy_plan_desc, plan);
    assert_true(bytes.n <= DOMAIN_PLAN_MAX);
    memcpy(d->orders->plan, bytes.p, bytes.n);
    d->orders->plan_bytes = bytes.n;
    proof_model_id(d->k.model, d->k.grant, bytes, args);
    ALLOW(d, .party = "acme", .method = "model.register", .grant = d->k.grant, .args = args);
    review(d, "operator", "model.review", (struct sy_view){0});
}

static void model(struct domain *d)
{
    struct sy_model_def *def = kit_model_def(&d->k);
    struct sy_plan *plan = kit_plan(&d->k);
    def->blocks[0].rho = plan->blocks[0].rho = 2000000;
    domain_model(d, def, plan);
}

void domain_catalogue(struct domain *d)
{
    enrol(d, "health", "department");
    enrol(d, "clinic", "department");
    enrol(d, "acme", "developer");
    enrol(d, "rival", "developer");
    adopt(d);
    define(d, kit_persons(&d->k));
    define(d, kit_events(&d->k));
    define(d, kit_streets(&d->k));
    define(d, kit_births(&d->k));
    define(d, domain_beds(&d->k));
    domain_ingest(d, "health", "persons");
    domain_ingest(d, "clinic", "events");
    domain_ingest(d, "clinic", "births");
    domain_ingest(d, "clinic", "beds");
}

void domain_prepare(struct domain *d)
{
    domain_catalogue(d);
    grant(d);
    model(d);
}
