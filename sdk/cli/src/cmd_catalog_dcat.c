/*
 * What: the catalogue for other platforms, in the terms of W3C DCAT 3, as JSON-LD. Only what is in the catalogue, and
 * only what this party may see. Raw data are not distributed: a dataset's distribution is its offer, access through the
 * domain.
 * Source: W3C DCAT 3 (dcat), DCMI Metadata Terms (dcterms), FOAF.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "catalogue.h"

enum { DAY_S = 86400 };

static void put_text(json_t *to, const char *key, struct sy_view text)
{
    if (text.n > 0) {
        json_object_set_new(to, key, cli_json_text(text));
    }
}

static void put_day(json_t *to, const char *key, const char *day)
{
    json_object_set_new(to, key, json_pack("{s:s,s:s}", "@type", "xsd:date", "@value", day));
}

/* A thing of this class that has a name only. */
static json_t *labelled(const char *class, struct sy_view label)
{
    json_t *node = json_pack("{s:s}", "@type", class);
    put_text(node, "rdfs:label", label);
    return node;
}

/* One that is known by a code. */
static json_t *coded(const char *class, struct sy_view code)
{
    json_t *node = json_pack("{s:s}", "@type", class);
    put_text(node, "dcterms:identifier", code);
    return node;
}

static json_t *each(json_t *(*make)(const char *class, struct sy_view text), const char *class,
                    const struct sy_view *list, size_t n)
{
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(all, make(class, list[i]));
    }
    return all;
}

static json_t *agent(struct sy_view name, struct sy_view code)
{
    json_t *a = json_pack("{s:s}", "@type", "foaf:Agent");
    put_text(a, "foaf:name", name);
    put_text(a, "dcterms:identifier", code);
    return a;
}

static json_t *period(const struct sy_entry *e)
{
    static const char *const kinds[] = {
        [4] = "xsd:gYear", [7] = "xsd:gYearMonth", [10] = "xsd:date"};
    const struct {
        const char *key;
        struct sy_view text;
    } ends[] = {{"dcat:startDate", e->time_from}, {"dcat:endDate", e->time_to}};
    json_t *p = json_pack("{s:s}", "@type", "dcterms:PeriodOfTime");
    for (size_t i = 0; i < 2; i++) {
        size_t n = ends[i].text.n;
        if (n < sizeof(kinds) / sizeof(kinds[0]) && kinds[n] != NULL) {
            json_object_set_new(
                p, ends[i].key,
                json_pack("{s:s,s:o}", "@type", kinds[n], "@value", cli_json_text(ends[i].text)));
        }
    }
    return p;
}

static json_t *rights(const struct sy_entry_access *a)
{
    json_t *r = labelled("dcterms:RightsStatement", a->kind);
    put_text(r, "dcterms:description", a->condition);
    return r;
}

static json_t *distribution(struct cli *c, const struct cli_catalogue *all,
                            const struct cli_entry *e)
{
    json_t *d = json_pack("{s:s}", "@type", "dcat:Distribution");
    put_text(d, "dcterms:description", e->offer.delivery);
    json_object_set_new(d, "dcterms:format", labelled("dcterms:MediaTypeOrExtent", e->meta.format));
    put_day(d, "dcterms:issued", cli_local_day(c, &all->pack, e->offer_time));
    json_object_set_new(d, "dcterms:rights", rights(&e->meta.share));
    return d;
}

static json_t *keywords(const struct cli_entry *e)
{
    json_t *all = json_array();
    for (size_t i = 0; i < e->meta.n_items; i++) {
        json_array_append_new(all, cli_json_text(e->meta.items[i].name));
    }
    return all;
}

static void put_data(struct cli *c, const struct cli_catalogue *all, const struct cli_entry *e,
                     json_t *to)
{
    if (e->has_data) {
        put_day(to, "dcterms:modified", cli_local_day(c, &all->pack, e->updated.time));
    }
    if (e->offered && e->offer.version == e->row.approved) {
        json_t *list = json_array();
        json_array_append_new(list, distribution(c, all, e));
        json_object_set_new(to, "dcat:distribution", list);
    }
}

static json_t *dataset(struct cli *c, const struct cli_catalogue *all, const struct cli_entry *e)
{
    const struct sy_entry *m = &e->meta;
    char published[21];
    json_t *d = json_pack("{s:s}", "@type", "dcat:Dataset");
    sy_time_format(m->published * DAY_S, published);
    published[10] = '\0';
    put_text(d, "dcterms:identifier", m->res_code);
    put_text(d, "dcterms:title", e->has_def ? e->def.title : e->dataset);
    put_text(d, "dcterms:description", m->abstract);
    json_object_set_new(d, "dcterms:accrualPeriodicity",
                        labelled("dcterms:Frequency", m->update_cycle));
    json_object_set_new(d, "dcterms:spatial", coded("dcterms:Location", m->region));
    json_object_set_new(d, "dcterms:provenance",
                        labelled("dcterms:ProvenanceStatement", m->lawful_basis));
    json_object_set_new(d, "dcterms:source", labelled("rdfs:Resource", m->source_system));
    put_day(d, "dcterms:issued", published);
    json_object_set_new(d, "dcat:version", json_integer((json_int_t)m->version));
    json_object_set_new(d, "dcat:theme",
                        each(labelled, "skos:Concept", m->class_path, m->n_class_path));
    json_object_set_new(d, "dcat:keyword", keywords(e));
    json_object_set_new(d, "dcterms:relation",
                        each(coded, "rdfs:Resource", m->related, m->n_related));
    json_object_set_new(d, "dcterms:publisher", agent(m->provider, m->provider_code));
    json_object_set_new(d, "dcterms:temporal", period(m));
    json_object_set_new(d, "dcterms:accessRights", rights(&m->open));
    put_data(c, all, e, d);
    return d;
}

/* The agency, whose catalogue it is. */
struct agency {
    struct cli *c;
    struct sy_view name;
};

static bool find_agency(void *ctx, struct sy_view key, struct sy_view value)
{
    struct agency *found = ctx;
    struct sy_view role = {0};
    (void)key;
    return !(cli_member(found->c, value, "role", &role) && sy_view_is(role, "agency") &&
             cli_member(found->c, value, "name", &found->name));
}

static json_t *context(void)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "dcat", "http://www.w3.org/ns/dcat#", "dcterms",
                     "http://purl.org/dc/terms/", "foaf", "http://xmlns.com/foaf/0.1/", "rdfs",
                     "http://www.w3.org/2000/01/rdf-schema#", "skos",
                     "http://www.w3.org/2004/02/skos/core#", "xsd",
                     "http://www.w3.org/2001/XMLSchema#");
}

static int write_out(struct cli *c, json_t *catalogue)
{
    int status = 0;
    const char *path = cli_option(c, "out");
    char *text = json_dumps(catalogue, JSON_INDENT(2));
    struct sy_view copy =
        text == NULL ? (struct sy_view){0} : sy_arena_copy(&c->arena, sy_view(text, strlen(text)));
    free(text);
    json_decref(catalogue);
    if (copy.n == 0) {
        return cli_usage("out of memory");
    }
    if (path != NULL && strcmp(path, "-") != 0) {
        return cli_write_file(c, path, copy, &status) ? 0 : status;
    }
    printf("%.*s\n", SY_PV(copy));
    return 0;
}

int cli_catalog_export(struct cli *c)
{
    struct cli_catalogue all;
    struct agency agency = {.c = c};
    if (c->n_args != 0 || cli_option(c, "dcat") == NULL) {
        return cli_usage("say in which form: --dcat");
    }
    int status = cli_catalogue_load(c, &all);
    status = status != 0 ? status : cli_rows(c, "party/", find_agency, &agency);
    if (status != 0) {
        return status;
    }
    json_t *datasets = json_array();
    for (size_t i = 0; i < all.n; i++) {
        if (all.entries[i].row.approved > 0 && all.entries[i].has_meta) {
            json_array_append_new(datasets, dataset(c, &all, &all.entries[i]));
        }
    }
    json_t *catalogue = json_pack("{s:o,s:s,s:s}", "@context", context(), "@type", "dcat:Catalog",
                                  "dcterms:title", "公共数据资源目录");
    json_object_set_new(catalogue, "dcterms:publisher", agent(agency.name, (struct sy_view){0}));
    json_object_set_new(catalogue, "dcat:dataset", datasets);
    return write_out(c, catalogue);
}
