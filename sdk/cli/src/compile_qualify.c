/*
 * What: files of qualification: announcement, application, agreement (docs/scheme/qualification.md has an example of
 * each). The papers they rest on are named by file and hashed here: nobody copies digests by hand.
 */
#include <fcntl.h>
#include <string.h>

#include "base/fdio.h"
#include "base/time.h"
#include "compile_internal.h"
#include "proof/hash.h"

enum { PAPER_MAX = 512 << 20 };

sy_status cli_paper(const char *beside, struct sy_view text, struct sy_arena *arena,
                    uint8_t ret[32], struct sy_error *reterr)
{
    SY_BUF_CLEANUP struct sy_buf b = sy_buf(PAPER_MAX);
    if (cli_yaml_value(CLI_B32, text, ret)) {
        return SY_OK;
    }
    const char *slash = beside == NULL ? NULL : strrchr(beside, '/');
    int folder = slash == NULL || (text.n > 0 && text.p[0] == '/') ? 0 : (int)(slash - beside) + 1;
    const char *path =
        sy_arena_printf(arena, "%.*s%.*s", folder, folder > 0 ? beside : "", SY_PV(text));
    if (path == NULL) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    if (!sy_ok(sy_read_file_at(AT_FDCWD, path, &b))) {
        return sy_fail(reterr, SY_E_NOT_FOUND, NULL,
                       "%s: no file that can be read, and no 64 hexadecimal digits", path);
    }
    proof_sha256_one(ret, sy_buf_view(&b));
    return SY_OK;
}

/* A time with its offset: a bare date would be midnight of another clock. */
static sy_status time_at(struct cli_yaml *y, const yaml_node_t *at, struct sy_view text,
                         int64_t *ret, struct sy_error *err)
{
    enum { DATE_CHARS = 10 };
    return text.n > DATE_CHARS && sy_ok(sy_time_parse(text, ret))
               ? SY_OK
               : cli_yaml_fail(y, at, err, "%.*s: a time is written 2027-01-15T09:00:00+08:00",
                               SY_PV(text));
}

static sy_status paper_at(struct cli_yaml *y, const yaml_node_t *at, struct sy_view text,
                          struct sy_arena *a, uint8_t ret[32], struct sy_error *err)
{
    struct sy_error why = {0};
    return sy_ok(cli_paper(y->file, text, a, ret, &why))
               ? SY_OK
               : cli_yaml_fail(y, at, err, "%s", why.reason);
}

/* --- announcement ------------------------------------------------------------------------------------- */

struct announcement_file {
    struct sy_announcement a;
    struct sy_view opens, closes;
};
static const struct cli_key announcement_keys[] = {
    {"kind", CLI_TEXT, true, offsetof(struct announcement_file, a.kind), 0},
    {"title", CLI_TEXT, true, offsetof(struct announcement_file, a.title), 0},
    {"conditions", CLI_TEXT, true, offsetof(struct announcement_file, a.conditions), 0},
    {"opens", CLI_TEXT, true, offsetof(struct announcement_file, opens), 0},
    {"closes", CLI_TEXT, true, offsetof(struct announcement_file, closes), 0},
};

sy_status cli_compile_announcement(const char *path, struct sy_arena *arena,
                                   struct sy_announcement *ret, struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct announcement_file f = {0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    const yaml_node_t *root = cli_yaml_root(&y);
    SY_TRY(cli_yaml_fill(&y, root, announcement_keys, N(announcement_keys), arena, &f, reterr));
    SY_TRY(time_at(&y, root, f.opens, &f.a.opens, reterr));
    SY_TRY(time_at(&y, root, f.closes, &f.a.closes, reterr));
    *ret = f.a;
    return SY_OK;
}

/* --- application -------------------------------------------------------------------------------------- */

struct application_file {
    struct sy_qualify_apply a;
    struct sy_view incidents_evidence;
    const yaml_node_t *lists, *evidence, *incidents;
};
static const struct cli_key application_keys[] = {
    {"subject", CLI_TEXT, true, offsetof(struct application_file, a.subject), 0},
    {"credit_code", CLI_TEXT, true, offsetof(struct application_file, a.credit_code), 0},
    {"operations", CLI_TEXT, true, offsetof(struct application_file, a.operations), 0},
    {"team", CLI_TEXT, true, offsetof(struct application_file, a.team), 0},
    {"officer", CLI_TEXT, true, offsetof(struct application_file, a.officer), 0},
    {"officer_unit", CLI_TEXT, true, offsetof(struct application_file, a.officer_unit), 0},
    {"plan", CLI_TEXT, false, offsetof(struct application_file, a.plan), 0},
    {"lists", CLI_NODE, true, offsetof(struct application_file, lists), 0},
    {"evidence", CLI_NODE, true, offsetof(struct application_file, evidence), 0},
    {"incidents", CLI_NODE, false, offsetof(struct application_file, incidents), 0},
    {"incidents_evidence", CLI_TEXT, true, offsetof(struct application_file, incidents_evidence),
     0},
};

struct list_file {
    struct sy_qualify_list l;
    struct sy_view evidence;
};
static const struct cli_key list_keys[] = {
    {"code", CLI_TEXT, true, offsetof(struct list_file, l.code), 0},
    {"clear", CLI_BOOL, true, offsetof(struct list_file, l.clear), 0},
    {"evidence", CLI_TEXT, true, offsetof(struct list_file, evidence), 0},
};

struct paper_file {
    struct sy_qualify_paper p;
    struct sy_view file;
};
static const struct cli_key paper_keys[] = {
    {"title", CLI_TEXT, true, offsetof(struct paper_file, p.title), 0},
    {"file", CLI_TEXT, true, offsetof(struct paper_file, file), 0},
};

struct incident_file {
    struct sy_qualify_incident i;
    struct sy_view time;
};
static const struct cli_key incident_keys[] = {
    {"time", CLI_TEXT, true, offsetof(struct incident_file, time), 0},
    {"text", CLI_TEXT, true, offsetof(struct incident_file, i.text), 0},
};

static sy_status fill_lists(struct cli_yaml *y, const yaml_node_t *seq, struct sy_arena *a,
                            struct sy_qualify_apply *ret, struct sy_error *err)
{
    sy_status s;
    SY_TRY(cli_yaml_items(y, seq, &ret->n_lists, err));
    ret->lists = cli_alloc(a, ret->n_lists, sizeof(*ret->lists), err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < ret->n_lists; i++) {
        const yaml_node_t *at = cli_yaml_item(y, seq, i);
        struct list_file f = {0};
        SY_TRY(cli_yaml_fill(y, at, list_keys, N(list_keys), a, &f, err));
        SY_TRY(paper_at(y, at, f.evidence, a, f.l.evidence, err));
        ret->lists[i] = f.l;
    }
    return SY_OK;
}

static sy_status fill_papers(struct cli_yaml *y, const yaml_node_t *seq, struct sy_arena *a,
                             struct sy_qualify_apply *ret, struct sy_error *err)
{
    sy_status s;
    SY_TRY(cli_yaml_items(y, seq, &ret->n_evidence, err));
    ret->evidence = cli_alloc(a, ret->n_evidence, sizeof(*ret->evidence), err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < ret->n_evidence; i++) {
        const yaml_node_t *at = cli_yaml_item(y, seq, i);
        struct paper_file f = {0};
        SY_TRY(cli_yaml_fill(y, at, paper_keys, N(paper_keys), a, &f, err));
        SY_TRY(paper_at(y, at, f.file, a, f.p.digest, err));
        ret->evidence[i] = f.p;
    }
    return SY_OK;
}

static sy_status fill_incidents(struct cli_yaml *y, const yaml_node_t *seq, struct sy_arena *a,
                                struct sy_qualify_apply *ret, struct sy_error *err)
{
    sy_status s;
    SY_TRY(cli_yaml_items(y, seq, &ret->n_incidents, err));
    ret->incidents = cli_alloc(a, ret->n_incidents, sizeof(*ret->incidents), err, &s);
    SY_TRY(s);
    for (size_t i = 0; i < ret->n_incidents; i++) {
        const yaml_node_t *at = cli_yaml_item(y, seq, i);
        struct incident_file f = {0};
        SY_TRY(cli_yaml_fill(y, at, incident_keys, N(incident_keys), a, &f, err));
        SY_TRY(time_at(y, at, f.time, &f.i.time, err));
        ret->incidents[i] = f.i;
    }
    return SY_OK;
}

sy_status cli_compile_qualify(const char *path, struct sy_arena *arena,
                              struct sy_qualify_apply *ret, struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct application_file f = {0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    const yaml_node_t *root = cli_yaml_root(&y);
    SY_TRY(cli_yaml_fill(&y, root, application_keys, N(application_keys), arena, &f, reterr));
    SY_TRY(fill_lists(&y, f.lists, arena, &f.a, reterr));
    SY_TRY(fill_papers(&y, f.evidence, arena, &f.a, reterr));
    SY_TRY(fill_incidents(&y, f.incidents, arena, &f.a, reterr));
    SY_TRY(paper_at(&y, root, f.incidents_evidence, arena, f.a.incidents_evidence, reterr));
    *ret = f.a;
    return SY_OK;
}

/* --- agreement ---------------------------------------------------------------------------------------- */

struct agreement_file {
    struct sy_agreement a;
    struct sy_view from, until;
    const yaml_node_t *clauses;
};
static const struct cli_key agreement_keys[] = {
    {"datasets", CLI_TEXTS, true, offsetof(struct agreement_file, a.datasets),
     offsetof(struct agreement_file, a.n_datasets)},
    {"from", CLI_TEXT, true, offsetof(struct agreement_file, from), 0},
    {"until", CLI_TEXT, true, offsetof(struct agreement_file, until), 0},
    {"fee", CLI_TEXT, false, offsetof(struct agreement_file, a.fee), 0},
    {"fee_permille", CLI_COUNT, false, offsetof(struct agreement_file, a.fee_permille), 0},
    {"clauses", CLI_NODE, true, offsetof(struct agreement_file, clauses), 0},
};
static const struct cli_key clause_keys[] = {
    KEY(struct sy_agreement_clause, code, CLI_TEXT, true),
    KEY(struct sy_agreement_clause, text, CLI_TEXT, true),
};

sy_status cli_compile_agreement(const char *path, struct sy_arena *arena, struct sy_agreement *ret,
                                struct sy_error *reterr)
{
    CLI_YAML_CLEANUP struct cli_yaml y = {0};
    struct agreement_file f = {0};
    SY_TRY(cli_yaml_open(path, &y, reterr));
    const yaml_node_t *root = cli_yaml_root(&y);
    SY_TRY(cli_yaml_fill(&y, root, agreement_keys, N(agreement_keys), arena, &f, reterr));
    SY_TRY(time_at(&y, root, f.from, &f.a.not_before, reterr));
    SY_TRY(time_at(&y, root, f.until, &f.a.not_after, reterr));
    SY_TRY(cli_fill_list(&y, f.clauses, clause_keys, N(clause_keys), sizeof(*f.a.clauses), arena,
                         (void **)&f.a.clauses, &f.a.n_clauses, reterr));
    *ret = f.a;
    return SY_OK;
}
