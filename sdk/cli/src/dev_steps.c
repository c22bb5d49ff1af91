/*
 * What: everything that has to happen between catalogue files and an answer, each party doing its own
 * part with its own keys, by the very commands that people type. Only the steps' order lives here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev.h"
#include "dummy.h"
#include "wire/custody.h"

#define ACT(c, run, ...) act(c, run, (const char *const[]){__VA_ARGS__, NULL})

static int act(struct cli *c, cli_command *run, const char *const *words)
{
    size_t n = 0;
    while (words[n] != NULL) {
        n++;
    }
    c->n_args = c->n_options = 0;
    int status = cli_parse(c, n, words);
    return status != 0 ? status : run(c);
}

static const char *path(struct dev *d, const char *name)
{
    return sy_arena_printf(&d->arena, "%s/%s", d->dir, name);
}

/* --- parties and genesis ---------------------------------------------------------------------------- */

static int new_party(struct dev *d, struct cli *c, const char *id)
{
    c->home = path(d, id);
    c->quiet = true;
    c->json = false;
    return ACT(c, cli_party_new, "--party", id);
}

static bool is_known(const struct dev *d, const char *id)
{
    for (size_t i = 0; i < d->n_departments; i++) {
        if (strcmp(shuyu_profile_party(d->departments[i].profile), id) == 0) {
            return true;
        }
    }
    return false;
}

static int new_departments(struct dev *d)
{
    int status = 0;
    d->departments = sy_arena_alloc(&d->arena, d->n_defs + 1, sizeof(*d->departments));
    for (size_t i = 0; status == 0 && d->departments != NULL && i < d->n_defs; i++) {
        const char *id = (const char *)sy_arena_copy(&d->arena, d->defs[i].department).p;
        if (!is_known(d, id)) {
            status = new_party(d, &d->departments[d->n_departments], id);
            d->n_departments += status == 0;
        }
    }
    return d->departments != NULL ? status : cli_usage("out of memory");
}

static int make_parties(struct dev *d)
{
    int status = new_party(d, &d->agency, DEV_AGENCY);
    status = status != 0 ? status : new_party(d, &d->operator_, DEV_OPERATOR);
    status = status != 0 ? status : new_party(d, &d->developer, DEV_DEVELOPER);
    return status != 0 ? status : new_departments(d);
}

static int record(struct dev *d, struct cli *c, const char *role)
{
    return ACT(c, cli_party_record, "--name", role, "--role", role, "--out",
               sy_arena_printf(&d->arena, "%s/%s.record", d->dir, role));
}

static int make_domain(struct dev *d)
{
    d->domain = path(d, "domain");
    const char *genesis = path(d, "domain/genesis.req");
    int status = record(d, &d->agency, "agency");
    status = status != 0 ? status : record(d, &d->operator_, "operator");
    status = status != 0 ? status
                         : ACT(&d->agency, cli_init, "--domain", d->domain, "--agency",
                               path(d, "agency.record"), "--operator", path(d, "operator.record"),
                               "--name", "dev.shuyu.example/log", "--purpose", "test");
    status = status != 0 ? status : ACT(&d->agency, cli_sign, genesis);
    return status != 0 ? status : ACT(&d->operator_, cli_sign, genesis);
}

static int pin(struct dev *d, struct cli *c, const char *role)
{
    c->address = d->address;
    return ACT(c, cli_party_pin, "--genesis", path(d, "domain/genesis.req"), "--address",
               d->address, "--role", role);
}

static int enrol(struct dev *d, struct cli *c, const char *role)
{
    const char *id = shuyu_profile_party(c->profile);
    const char *invite = sy_arena_printf(&d->arena, "%s/%s.invite", d->dir, id);
    c->address = d->address;
    int status = ACT(&d->agency, cli_party_invite, "--party", id, "--role", role, "--name", id,
                     "--out", invite);
    return status != 0 ? status : ACT(c, cli_party_enrol, "--invite", invite);
}

/* Departments work on the domain's own host, through its local socket: raw files go no other way. */
static int enrol_parties(struct dev *d)
{
    int status = pin(d, &d->agency, "agency");
    status = status != 0 ? status : pin(d, &d->operator_, "operator");
    status = status != 0 ? status : enrol(d, &d->developer, "developer");
    for (size_t i = 0; status == 0 && i < d->n_departments; i++) {
        d->departments[i].local = path(d, "domain/run/local.sock");
        status = enrol(d, &d->departments[i], "department");
    }
    return status;
}

/* --- pack and data ---------------------------------------------------------------------------------- */

static int adopt_pack(struct dev *d)
{
    int status = dev_pack_read(d);
    return status != 0 ? status : cli_pack_send(&d->agency, &d->pack);
}

static struct cli *department_of(struct dev *d, const struct sy_dataset_def *def)
{
    size_t i = 0;
    while (!sy_view_is(def->department, shuyu_profile_party(d->departments[i].profile))) {
        i++;
    }
    return &d->departments[i];
}

/* A public table is nobody's secret: the real one where it was given, so that code tables and calendars
 * say what they say. */
static const char *file_of(struct dev *d, const struct sy_dataset_def *def, const char *folder)
{
    const char *id = (const char *)sy_arena_copy(&d->arena, def->id).p;
    const char *dot = strrchr(id, '.');
    const char *real = sy_arena_printf(&d->arena, "%s/%s.csv", d->public_ != NULL ? d->public_ : "",
                                       dot != NULL ? dot + 1 : id);
    bool given = d->public_ != NULL && def->ns.n == 0 && access(real, R_OK) == 0;
    return given ? real : sy_arena_printf(&d->arena, "%s/%s.dummy.csv", folder, id);
}

/* Who keeps the key share of protected data here: as the pack says, whatever the entry was written for. */
static struct sy_view custodian_of(const struct dev *d, const struct sy_dataset_def *def)
{
    if (def->unit.n == 0) {
        return (struct sy_view){0};
    }
    return sy_view_is(d->pack.custody, SY_CUSTODY_DEPARTMENT) ? def->department
                                                              : sy_view_str(DEV_AGENCY);
}

/* The file is UTF-8, whatever the real one is. */
static int ingest(struct dev *d, const struct sy_dataset_def *real, const char *folder)
{
    struct sy_dataset_def def = *real;
    struct cli *c = department_of(d, real);
    def.encoding = sy_view_str("utf-8");
    def.custodian = custodian_of(d, real);
    int status = cli_dataset_send(c, &def);
    const char *id = (const char *)sy_arena_copy(&d->arena, def.id).p;
    return status != 0 ? status : ACT(c, cli_dataset_ingest, id, file_of(d, real, folder));
}

static int fill_domain(struct dev *d)
{
    struct sy_error e = {0};
    const char *folder = path(d, "dummy");
    const struct sy_dataset_def **list = sy_arena_alloc(&d->arena, d->n_defs + 1, sizeof(*list));
    if (list == NULL || mkdir(folder, 0700) != 0) {
        return cli_usage("%s cannot be made", folder);
    }
    for (size_t i = 0; i < d->n_defs; i++) {
        list[i] = &d->defs[i];
    }
    if (!sy_ok(cli_dummy_write(list, d->n_defs, d->seed, folder, &e))) {
        return cli_fail_error(&d->agency, &e);
    }
    int status = 0;
    for (size_t i = 0; status == 0 && i < d->n_defs; i++) {
        status = ingest(d, &d->defs[i], folder);
    }
    return status;
}

/* --- grant, model, answer ---------------------------------------------------------------------------- */

/* Does the pack ask for this department's consent: everybody's, or only those that hold a key share? */
static bool consents(const struct dev *d, const struct cli *department)
{
    bool asked = d->pack.consent && d->pack.consent_of.n == 0;
    struct sy_view own = sy_view_str(shuyu_profile_party(department->profile));
    for (size_t i = 0; d->pack.consent && !asked && i < d->n_defs; i++) {
        asked = d->defs[i].unit.n > 0 && sy_view_eq(d->defs[i].department, own);
    }
    return asked;
}

static int authorise(struct dev *d)
{
    struct sy_proposal p;
    int status = dev_scene(d, &p);
    status = status != 0 ? status : cli_scene_file(&d->developer, &p, d->grant_hex);
    status = status != 0 ? status
                         : ACT(&d->operator_, cli_scene_first, d->grant_hex, "--approve",
                               "--feasibility", DEV_LABEL, "--compliance", DEV_LABEL, "--risk",
                               DEV_LABEL, "--value", DEV_LABEL);
    for (size_t i = 0; status == 0 && i < d->n_departments; i++) {
        if (consents(d, &d->departments[i])) {
            status = ACT(&d->departments[i], cli_scene_consent, d->grant_hex, "--approve");
        }
    }
    status = status != 0 ? status : ACT(&d->agency, cli_scene_final, d->grant_hex, "--approve");
    if (status == 0) {
        (void)cli_id(&d->developer, "grant/", d->grant_hex, d->grant, &status);
    }
    return status;
}

static int register_model(struct dev *d)
{
    char hex[65];
    d->developer.json = d->json; /* from here on only errors come from the developer's commands */
    int status = cli_model_send(&d->developer, d->grant, &d->model_def, &d->model);
    if (status != 0) {
        return status;
    }
    cli_hex(hex, d->model.model, 32);
    return ACT(&d->operator_, cli_model_review, hex, "--approve");
}

static bool is_given(const struct dev *d, struct sy_view name)
{
    for (size_t i = 0; i < d->n_params; i++) {
        struct sy_view given = sy_view_str(d->params[i]);
        if (given.n > name.n && given.p[name.n] == '=' && sy_view_starts(given, name)) {
            return true;
        }
    }
    return false;
}

/* A parameter that was not given takes the first value that the model declares for it. */
static int complete_params(struct dev *d)
{
    size_t n = d->n_params;
    const char **all = sy_arena_alloc(&d->arena, n + d->model_def.n_params + 1, sizeof(*all));
    if (all == NULL) {
        return cli_usage("out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        all[i] = d->params[i];
    }
    for (size_t i = 0; i < d->model_def.n_params; i++) {
        const struct sy_plan_param *p = &d->model_def.params[i];
        if (p->n_values > 0 && !is_given(d, p->name)) {
            all[n++] = sy_arena_printf(&d->arena, "%.*s=%.*s", SY_PV(p->name), SY_PV(p->values[0]));
        }
    }
    d->params = all;
    d->n_params = n;
    return 0;
}

static int ask(struct dev *d)
{
    int status = complete_params(d);
    return status != 0 ? status
                       : cli_ask_model(&d->developer, d->grant, d->model.model, d->params,
                                       d->n_params, &d->answer);
}

/* --- the order --------------------------------------------------------------------------------------- */

static const struct {
    const char *doing;
    int (*run)(struct dev *d);
} steps[] = {
    {"making a folder", dev_place_make},
    {"making keys for every party", make_parties},
    {"making the domain, signed by agency and operator", make_domain},
    {"starting it", dev_supervisor_start},
    {"enrolling the parties", enrol_parties},
    {"adopting the policy pack", adopt_pack},
    {"making and ingesting dummy data", fill_domain},
    {"applying, reviewing, granting", authorise},
    {"lowering and registering the model", register_model},
    {"running it", ask},
};

static void show_step(size_t i, const char *doing)
{
    if (isatty(STDERR_FILENO)) {
        fprintf(stderr, "\r\033[K");
        if (doing != NULL) {
            fprintf(stderr, "[%zu/%zu] %s", i + 1, sizeof(steps) / sizeof(steps[0]), doing);
        }
    }
}

int dev_run(struct dev *d)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
        show_step(i, steps[i].doing);
        status = steps[i].run(d);
    }
    if (status == 0) {
        show_step(0, NULL);
    }
    return status;
}
