/*
 * What: scenes and grants: apply, reviews, orders. An approving consent or final review and a resumption fetch this
 * party's sealed shares of the datasets' keys, open them with its key and hand them over, sealed to the domain, as the
 * request's secret: approval is a key.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "catalogue.h"
#include "cli/compile.h"
#include "cli/out.h"
#include "scene_row.h"

static bool row_proposal(struct cli *c, struct sy_view row, struct sy_proposal *ret)
{
    struct sy_view bytes = {0};
    return cli_member(c, row, "proposal", &bytes) &&
           sy_ok(sy_record_decode(&sy_proposal_desc, bytes, &SY_MP_REQUEST, &c->arena, ret, NULL));
}

/* --- apply ------------------------------------------------------------------------------------------------ */

struct filed {
    struct cli *c;
    struct sy_view proposal; /* as it was sent */
    char *id;
};

static bool find_filed(void *ctx, struct sy_view key, struct sy_view value)
{
    struct filed *f = ctx;
    struct sy_view bytes = {0};
    if (!cli_member(f->c, value, "proposal", &bytes) || !sy_view_eq(bytes, f->proposal)) {
        return true;
    }
    size_t n = strlen("proposal/");
    sy_view_to_cstr(sy_view(key.p + n, key.n - n), f->id, 65);
    return false;
}

/* A grant that takes a larger one's place ends when that would have ended. */
static int clip_term(struct cli *c, struct sy_proposal *p)
{
    static const uint8_t none[32] = {0};
    char hex[65];
    struct sy_proposal larger;
    struct sy_view row = {0};
    if (p->n_application == 0 || memcmp(p->application[0].shrinks, none, sizeof(none)) == 0) {
        return 0;
    }
    cli_hex(hex, p->application[0].shrinks, 32);
    int status = cli_find(c, "grant/", sy_view(hex, 64), &row);
    if (status == 0 && row.p != NULL && row_proposal(c, row, &larger) &&
        larger.not_after < p->not_after) {
        p->not_after = larger.not_after;
    }
    return status;
}

int cli_scene_file(struct cli *c, struct sy_proposal *p, char ret_id[65])
{
    int status = 0;
    SY_BUF_CLEANUP struct sy_buf sent = sy_buf(CLI_BYTES_MAX);
    if (!cli_profile(c, &status)) {
        return status;
    }
    const uint8_t *domain = shuyu_profile_domain(c->profile);
    if (domain == NULL) {
        return cli_usage("this profile is not enrolled yet");
    }
    p->developer = sy_view_str(shuyu_profile_party(c->profile));
    memcpy(p->domain, domain, sizeof(p->domain));
    struct cli_ask ask = {.method = "scene.apply", .args_desc = &sy_proposal_desc, .args = p};
    status = clip_term(c, p);
    status = status != 0 ? status : cli_call(c, &ask);
    if (status != 0 || !sy_ok(sy_record_encode(&sy_proposal_desc, p, &sent))) {
        return status;
    }
    struct filed f = {.c = c, .proposal = sy_buf_view(&sent), .id = ret_id};
    ret_id[0] = '\0';
    return cli_rows(c, "proposal/", find_filed, &f);
}

int cli_scene_apply(struct cli *c)
{
    struct sy_error e = {0};
    struct sy_proposal p;
    char id[65] = "";
    if (c->n_args != 1) {
        return cli_usage("give one scene file");
    }
    if (!sy_ok(cli_compile_scene(c->args[0], sy_now_s(), &c->arena, &p, &e))) {
        return cli_fail_error(c, &e);
    }
    json_t *stale = cli_catalogue_warn(c, &p);
    int status = cli_scene_file(c, &p, id);
    if (status != 0 || !c->json) {
        json_decref(stale);
    }
    if (status != 0) {
        return status;
    }
    if (c->json) {
        return cli_print_json(json_pack("{s:s,s:o*}", "proposal", id, "stale", stale));
    }
    printf("filed: %s\n", id);
    cli_say(c,
            "The operator reviews first, then the departments consent, then the agency decides.\n");
    return 0;
}

/* --- list, show --------------------------------------------------------------------------------------------- */

static bool read_scene(struct cli *c, struct sy_view row, struct sy_proposal *ret,
                       struct sy_view *ret_status)
{
    return row_proposal(c, row, ret) && cli_member(c, row, "status", ret_status);
}

static json_t *scene_json(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_proposal p;
    struct sy_view status = {0};
    struct scene_row r;
    if (!read_scene(c, row, &p, &status) || !scene_row_read(c, row, &r)) {
        return NULL;
    }
    json_t *j = cli_json_record(&sy_proposal_desc, &p);
    scene_row_json(j, &r);
    json_object_set_new(j, "id", cli_json_text(id));
    json_object_set_new(j, "status", cli_json_text(status));
    return j;
}

static bool scene_cells(struct cli *c, struct sy_view id, struct sy_view row, const char **ret)
{
    struct sy_proposal p;
    struct sy_view status = {0};
    char rho[32], until[21];
    if (!read_scene(c, row, &p, &status)) {
        return false;
    }
    sy_time_format(p.not_after, until);
    ret[0] = cli_text(c, sy_view(id.p, id.n > 12 ? 12 : id.n));
    ret[1] = cli_text(c, status);
    ret[2] = cli_text(c, p.scene);
    ret[3] = cli_text(c, p.developer);
    ret[4] = cli_text(c, sy_view_str(cli_nano_text(p.rho, rho, sizeof(rho))));
    ret[5] = cli_text(c, sy_view_str(until));
    ret[6] = cli_text(c, p.title);
    return true;
}

static void print_fields(struct cli *c, const struct sy_proposal *p)
{
    static const char *const headers[] = {"DATASET", "FIELD", "MASK", "WHY"};
    struct cli_table *t = cli_table_new(headers, 4);
    for (size_t i = 0; i < p->n_datasets; i++) {
        for (size_t k = 0; k < p->datasets[i].n_fields; k++) {
            const struct sy_prop_field *f = &p->datasets[i].fields[k];
            cli_table_row(t, (const char *const[]){cli_text(c, p->datasets[i].dataset),
                                                   cli_text(c, f->name), cli_text(c, f->mask),
                                                   cli_text(c, f->reason)});
        }
    }
    cli_table_print(t);
}

static void print_list(const char *name, const struct sy_view *v, size_t n)
{
    printf("%s", n > 0 ? name : "");
    for (size_t i = 0; i < n; i++) {
        printf(" %.*s%s", SY_PV(v[i]), i + 1 < n ? "," : "\n");
    }
}

static void print_application(const struct sy_application *a)
{
    static const uint8_t none[32] = {0};
    char hex[65];
    printf("class      %.*s\ndomain     %.*s\nmarket     %.*s\nroute      %.*s\nbenefit    %.*s\n"
           "revenue    %.*s\n",
           SY_PV(a->class_), SY_PV(a->domain), SY_PV(a->market), SY_PV(a->route), SY_PV(a->benefit),
           SY_PV(a->revenue_plan));
    print_list("products  ", a->products_planned, a->n_products_planned);
    print_list("own data  ", a->own_data, a->n_own_data);
    cli_hex(hex, a->replaces, 32);
    if (memcmp(a->replaces, none, sizeof(none)) != 0) {
        printf("replaces   %s\n", hex);
    }
    cli_hex(hex, a->shrinks, 32);
    if (memcmp(a->shrinks, none, sizeof(none)) != 0) {
        printf("shrinks    %s\n", hex);
    }
}

static bool print_scene(struct cli *c, struct sy_view id, struct sy_view row)
{
    struct sy_proposal p;
    struct sy_view status = {0};
    struct scene_row r;
    char rho[32], from[21], until[21];
    if (!read_scene(c, row, &p, &status) || !scene_row_read(c, row, &r)) {
        return false;
    }
    sy_time_format(p.not_before, from);
    sy_time_format(p.not_after, until);
    printf("id         %.*s\nstatus     %.*s\nscene      %.*s\ntitle      %.*s\npurpose    %.*s\n"
           "developer  %.*s\nbudget     rho %s, %" PRIu64 " calls, %s to %s\n",
           SY_PV(id), SY_PV(status), SY_PV(p.scene), SY_PV(p.title), SY_PV(p.purpose),
           SY_PV(p.developer), cli_nano_text(p.rho, rho, sizeof(rho)), p.calls, from, until);
    if (p.n_application > 0) {
        print_application(&p.application[0]);
    }
    scene_row_print(c, &r);
    print_fields(c, &p);
    return true;
}

static const char *const scene_headers[] = {"ID",  "STATUS", "SCENE", "DEVELOPER",
                                            "RHO", "UNTIL",  "TITLE"};
static const struct cli_kind_view scene_view = {
    {"proposal/", "grant/"}, scene_headers, 7, scene_json, scene_cells, print_scene};

int cli_scene_list(struct cli *c)
{
    return cli_list(c, &scene_view);
}

int cli_scene_show(struct cli *c)
{
    int status = 0;
    uint8_t id[32];
    char hex[65];
    if (!cli_id_arg(c, "proposal/", id, &status)) {
        return status;
    }
    cli_hex(hex, id, 32);
    return cli_show(c, &scene_view, sy_view(hex, 64));
}

/* --- shares --------------------------------------------------------------------------------------- */

/* The share of one dataset, if this party holds one. 0 = done, with or without one. */
static int fetch_share(struct cli *c, struct sy_view dataset, struct sy_shares *shares)
{
    struct sy_dataset_ref ref = {.dataset = dataset};
    struct sy_sealed_share sealed;
    struct cli_ask ask = {.method = "dataset.share",
                          .args_desc = &sy_dataset_ref_desc,
                          .args = &ref,
                          .result_desc = &sy_sealed_share_desc,
                          .ret_result = &sealed,
                          .expected = SHUYU_E_NOT_FOUND};
    shuyu_buffer plain = {0};
    int status = cli_call(c, &ask);
    if (status != 0) {
        return c->err.code == SHUYU_E_NOT_FOUND ? 0 : status; /* it holds none of this one */
    }
    if (shuyu_unseal(c->profile, (shuyu_bytes){sealed.sealed.p, sealed.sealed.n}, &plain,
                     &c->err) != SHUYU_OK) {
        return cli_fail(c);
    }
    struct sy_share *share = &shares->shares[shares->n_shares++];
    share->dataset = dataset;
    memcpy(share->share, plain.data, plain.n == 32 ? 32 : 0);
    shuyu_buffer_free(&plain);
    return 0;
}

/* The proposal's datasets of whose keys this party may hold a share: those that name it as custodian or department.
 * Whether it does hold one, the domain says when it is asked. */
struct may_hold {
    struct cli *c;
    const struct sy_proposal *p;
    struct sy_view *ids;
    size_t n;
};

static bool add_held(void *ctx, struct sy_view key, struct sy_view value)
{
    struct may_hold *m = ctx;
    struct sy_view def = {0};
    struct sy_dataset_def d;
    struct sy_view own = sy_view_str(shuyu_profile_party(m->c->profile));
    (void)key;
    if (!cli_member(m->c, value, "def", &def) ||
        !sy_ok(sy_record_decode(&sy_dataset_def_desc, def, &SY_MP_LARGE, &m->c->arena, &d, NULL)) ||
        !(sy_view_eq(d.custodian, own) || sy_view_eq(d.department, own))) {
        return true;
    }
    for (size_t i = 0; i < m->p->n_datasets && m->n < m->p->n_datasets; i++) {
        if (sy_view_eq(m->p->datasets[i].dataset, d.id)) {
            m->ids[m->n++] = m->p->datasets[i].dataset;
        }
    }
    return true;
}

static int fetch_shares(struct cli *c, const uint8_t id[32], struct sy_shares *shares)
{
    char hex[65];
    struct sy_proposal p;
    struct sy_view row = {0};
    cli_hex(hex, id, 32);
    int status = cli_find(c, "proposal/", sy_view(hex, 64), &row);
    if (status != 0 || row.p == NULL || !row_proposal(c, row, &p)) {
        return status != 0 ? status : cli_usage("%s: no such application", hex);
    }
    struct may_hold m = {
        .c = c, .p = &p, .ids = sy_arena_alloc(&c->arena, p.n_datasets + 1, sizeof(*m.ids))};
    shares->shares = sy_arena_alloc(&c->arena, p.n_datasets + 1, sizeof(*shares->shares));
    if (m.ids == NULL || shares->shares == NULL) {
        return cli_usage("out of memory");
    }
    status = cli_rows(c, "dataset/", add_held, &m);
    for (size_t i = 0; status == 0 && i < m.n; i++) {
        status = fetch_share(c, m.ids[i], shares);
    }
    return status;
}

/* --- reviews and orders ---------------------------------------------------------------------------- */

struct act {
    const char *method, *id_prefix;
    const struct sy_desc *desc;
    const void *args;
    bool with_shares;
    const char *said;
};

/* Send a review or an order about the scene that the argument names. */
static int send_act(struct cli *c, const struct act *a)
{
    int status = 0;
    uint8_t id[32];
    struct sy_shares shares = {0};
    if (!cli_id_arg(c, a->id_prefix, id, &status)) {
        return status;
    }
    status = a->with_shares ? fetch_shares(c, id, &shares) : 0;
    struct cli_ask ask = {.method = a->method,
                          .grant = id,
                          .args_desc = a->desc,
                          .args = a->args,
                          .secret_desc = shares.n_shares > 0 ? &sy_shares_desc : NULL,
                          .secret = &shares};
    status = status != 0 ? status : cli_call(c, &ask);
    if (status == 0) {
        cli_say(c, "%s%s\n", a->method, a->said);
    }
    return status;
}

static int review(struct cli *c, const char *method, bool with_shares)
{
    int status = 0;
    struct sy_review r;
    if (!cli_review_args(c, &r, &status)) {
        return status;
    }
    bool yes = sy_view_is(r.decision, "approve");
    const char *said = sy_arena_printf(&c->arena, ": %.*s recorded", SY_PV(r.decision));
    struct act a = {method, "proposal/",        &sy_review_desc,
                    &r,     with_shares && yes, said == NULL ? "" : said};
    return send_act(c, &a);
}

int cli_scene_first(struct cli *c)
{
    return review(c, "scene.first_review", false);
}

int cli_scene_consent(struct cli *c)
{
    return review(c, "scene.consent", true);
}

int cli_scene_final(struct cli *c)
{
    return review(c, "scene.final_review", true);
}

static int order(struct cli *c, const char *method, bool with_shares)
{
    const char *ground = cli_need(c, "ground");
    struct sy_order o = {.ground = sy_view_str(ground), .text = sy_view_str(cli_option(c, "text"))};
    struct act a = {method, "grant/",    &sy_order_desc,
                    &o,     with_shares, " recorded; it is in force now"};
    return ground == NULL ? 2 : send_act(c, &a);
}

int cli_scene_suspend(struct cli *c)
{
    return order(c, "scene.suspend", false);
}

int cli_scene_lift(struct cli *c)
{
    return order(c, "scene.lift", false);
}

int cli_scene_resume(struct cli *c)
{
    return order(c, "scene.resume", true);
}

int cli_scene_revoke(struct cli *c)
{
    return order(c, "scene.revoke", false);
}
