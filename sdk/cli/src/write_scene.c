/*
 * What: a proposal as the scene file that compiles to it, for people to look at, change and apply with. Its developer,
 * domain and beginning are not in the file: whoever applies fills them in.
 */
#include "cli/compile.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "cli/yaml.h"

/* A document in the making; nodes are numbers from 1, 0 when there is no memory for one. */
struct writer {
    yaml_document_t doc;
    bool failed;
};

static int keep(struct writer *w, int node)
{
    w->failed |= node == 0;
    return node;
}

static int scalar(struct writer *w, struct sy_view v)
{
    return keep(w, yaml_document_add_scalar(&w->doc, NULL, v.p == NULL ? (const uint8_t *)"" : v.p,
                                            (int)v.n, YAML_ANY_SCALAR_STYLE));
}

static int mapping(struct writer *w, bool block)
{
    return keep(w, yaml_document_add_mapping(
                       &w->doc, NULL, block ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE));
}

static int sequence(struct writer *w, bool block)
{
    return keep(w,
                yaml_document_add_sequence(
                    &w->doc, NULL, block ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE));
}

static void put(struct writer *w, int map, const char *key, int node)
{
    int name = scalar(w, sy_view_str(key));
    w->failed = w->failed || !yaml_document_append_mapping_pair(&w->doc, map, name, node);
}

static void add(struct writer *w, int list, int node)
{
    w->failed = w->failed || !yaml_document_append_sequence_item(&w->doc, list, node);
}

/* What is not said is not written. */
static void put_text(struct writer *w, int map, const char *key, struct sy_view v)
{
    if (v.n > 0) {
        put(w, map, key, scalar(w, v));
    }
}

static void put_texts(struct writer *w, int map, const char *key, const struct sy_view *v, size_t n)
{
    int list = sequence(w, false);
    for (size_t i = 0; i < n; i++) {
        add(w, list, scalar(w, v[i]));
    }
    if (n > 0) {
        put(w, map, key, list);
    }
}

/* v x 10^-digits, exactly; 0 is not written unless it has to be. */
static void put_number(struct writer *w, int map, const char *key, uint64_t v, int digits)
{
    char text[64];
    uint64_t one = 1;
    for (int i = 0; i < digits; i++) {
        one *= 10;
    }
    int n = snprintf(text, sizeof(text), "%" PRIu64 ".%0*" PRIu64, v / one, digits, v % one);
    if (digits == 0) {
        n = snprintf(text, sizeof(text), "%" PRIu64, v);
    }
    while (digits > 0 && text[n - 1] == '0') {
        n--;
    }
    n -= digits > 0 && text[n - 1] == '.';
    put(w, map, key, scalar(w, sy_view(text, (size_t)n)));
}

static void put_optional(struct writer *w, int map, const char *key, uint64_t v, int digits)
{
    if (v > 0) {
        put_number(w, map, key, v, digits);
    }
}

static void put_id(struct writer *w, int map, const char *key, const uint8_t id[32])
{
    static const uint8_t none[32] = {0};
    char hex[65];
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", id[i]);
    }
    if (memcmp(id, none, 32) != 0) {
        put(w, map, key, scalar(w, sy_view(hex, 64)));
    }
}

static void put_application(struct writer *w, int map, const struct sy_application *a)
{
    int m = mapping(w, true);
    put(w, map, "application", m);
    put_text(w, m, "class", a->class_);
    put_text(w, m, "domain", a->domain);
    put_text(w, m, "market", a->market);
    put_text(w, m, "route", a->route);
    put_text(w, m, "benefit", a->benefit);
    put_text(w, m, "revenue_plan", a->revenue_plan);
    put_texts(w, m, "products_planned", a->products_planned, a->n_products_planned);
    put_texts(w, m, "own_data", a->own_data, a->n_own_data);
    put_id(w, m, "replaces", a->replaces);
    put_id(w, m, "shrinks", a->shrinks);
}

static int dataset(struct writer *w, const struct sy_prop_dataset *d)
{
    int m = mapping(w, true), list = sequence(w, true);
    put_text(w, m, "dataset", d->dataset);
    for (size_t i = 0; i < d->n_fields; i++) {
        int f = mapping(w, false);
        put_text(w, f, "name", d->fields[i].name);
        put_text(w, f, "mask", d->fields[i].mask);
        put_text(w, f, "reason", d->fields[i].reason);
        add(w, list, f);
    }
    put(w, m, "fields", list);
    return m;
}

static void fill(struct writer *w, const struct sy_proposal *p, int64_t now)
{
    char term[32];
    int root = mapping(w, true), list = sequence(w, true);
    int64_t left = p->not_after > now ? p->not_after - now : 1;
    (void)snprintf(term, sizeof(term), "%" PRId64 "s", left);
    put_text(w, root, "scene", p->scene);
    put_text(w, root, "title", p->title);
    put_text(w, root, "purpose", p->purpose);
    if (p->n_application > 0) {
        put_application(w, root, &p->application[0]);
    }
    put_texts(w, root, "mechanisms", p->mechanisms, p->n_mechanisms);
    put_optional(w, root, "rho", p->rho, 9);
    put_optional(w, root, "delta", p->delta, 15);
    put_optional(w, root, "cells", p->cells, 0);
    put_number(w, root, "calls", p->calls, 0);
    put_optional(w, root, "overruns", p->overruns, 0);
    put_text(w, root, "term", sy_view_str(term));
    for (size_t i = 0; i < p->n_datasets; i++) {
        add(w, list, dataset(w, &p->datasets[i]));
    }
    put(w, root, "datasets", list);
}

static int append(void *buf, unsigned char *bytes, size_t n)
{
    return sy_ok(sy_buf_add(buf, bytes, n));
}

/* The emitter takes the document over. */
static bool emit(struct writer *w, struct sy_buf *ret)
{
    yaml_emitter_t e;
    if (!yaml_emitter_initialize(&e)) {
        yaml_document_delete(&w->doc);
        return false;
    }
    yaml_emitter_set_output(&e, append, ret);
    yaml_emitter_set_unicode(&e, 1);
    yaml_emitter_set_width(&e, -1);
    bool done = yaml_emitter_dump(&e, &w->doc) && yaml_emitter_close(&e);
    yaml_emitter_delete(&e);
    return done;
}

sy_status cli_write_scene(const struct sy_proposal *p, int64_t now, struct sy_buf *ret,
                          struct sy_error *reterr)
{
    struct writer w = {0};
    if (!yaml_document_initialize(&w.doc, NULL, NULL, NULL, 1, 1)) {
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    fill(&w, p, now);
    if (w.failed) {
        yaml_document_delete(&w.doc);
        return sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
    }
    return emit(&w, ret) ? SY_OK : sy_fail(reterr, SY_E_NO_MEMORY, NULL, NULL);
}
