/*
 * What: the command line, as tables.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/time.h"
#include "cmd.h"

enum {
    OPT_ROLE = 256,
    OPT_SCENE,
    OPT_DATASET,
    OPT_MODEL,
    OPT_SINCE,
    OPT_UNTIL,
    OPT_VERDICT,
    OPT_ENTRY,
    OPT_LIMIT,
    OPT_SYSLOG,
    OPT_DOT,
    OPT_REBUILD,
    OPT_KEPT,
    OPT_NO_SIGNATURES,
    OPT_PROGRESS,
    OPT_SIZE,
    OPT_COMPARE,
    OPT_SCAN,
    OPT_INDEX,
    OPT_INSIDE,
    OPT_FROM,
    OPT_ADDRESS,
    OPT_EVERY,
    OPT_ONCE,
    OPT_HOME,
    OPT_LOCAL,
    OPT_LANG,
    OPT_YEAR,
    OPT_CHECK,
    OPT_MEMBER
};

static const struct argp_option OPTIONS[] = {
    {"json", 'j', NULL, 0, "JSON lines", 0},
    {"log", 'l', "VKEY", 0, "Verifier key of the log, instead of the export's log.vkey", 0},
    {"index", OPT_INDEX, "FILE", 0, "The index, instead of EXPORT/index.db", 0},
    {"kept", OPT_KEPT, "FILE", 0,
     "verify, replay: a signed checkpoint seen before, which the log must continue", 0},
    {"no-signatures", OPT_NO_SIGNATURES, NULL, 0,
     "replay: take signatures as good (for measuring; no audit)", 0},
    {"progress", OPT_PROGRESS, NULL, 0, "replay: say how far it is, on standard error", 0},
    {"size", OPT_SIZE, "N", 0, "snapshot: of the first N entries", 0},
    {"output", 'o', "FILE|DIR", 0, "snapshot, disclose: write here", 0},
    {"year", OPT_YEAR, "YEAR", 0, "disclose: of this year", 0},
    {"check", OPT_CHECK, "DIR", 0,
     "disclose: is this folder what the log gives, and what was published?", 0},
    {"compare", OPT_COMPARE, "NOTE", 0,
     "snapshot: compare with the domain's signed note (and take its size)", 0},
    {"rebuild", OPT_REBUILD, NULL, 0, "index: make it anew", 0},
    {"scan", OPT_SCAN, NULL, 0, "show, trace: read the whole log, no index file", 0},
    {"inside", OPT_INSIDE, NULL, 0,
     "replay: then have the domain run every released answer again, on its own machine", 0},
    {"local", OPT_LOCAL, "SOCKET", 0, "replay --inside, follow: the domain's local socket", 0},
    {"home", OPT_HOME, "DIR", 0, "replay --inside, follow: profile folder of `shuyu`", 0},
    {"address", OPT_ADDRESS, "HOST:PORT", 0, "follow: the domain, instead of the profile's", 0},
    {"from", OPT_FROM, "EXPORT", 0, "follow: take what others export here, fetch nothing", 0},
    {"every", OPT_EVERY, "SECONDS", 0, "follow: between two looks (10)", 0},
    {"once", OPT_ONCE, NULL, 0, "follow: look once", 0},
    {"party", 'p', "ID", 0, "show: this party's entries", 0},
    {"member", OPT_MEMBER, "PARTY/ID", 0, "show: what this member of a party's staff signed", 0},
    {"role", OPT_ROLE, "ROLE", 0, "show: entries of parties of this role", 0},
    {"type", 't', "TYPE", 0, "show: this event type (charge, answer, refuse, ...)", 0},
    {"method", 'm', "NAME", 0, "show: this method", 0},
    {"scene", OPT_SCENE, "ID", 0, "show: what belongs to this scene", 0},
    {"grant", 'g', "HEX", 0, "show: what belongs to this grant (a prefix will do)", 0},
    {"dataset", OPT_DATASET, "ID", 0, "show: what concerns this dataset", 0},
    {"model", OPT_MODEL, "HEX|NAME", 0, "show: what belongs to this model (a prefix will do)", 0},
    {"since", OPT_SINCE, "TIME", 0, "show, replay --inside: from this time on (RFC 3339 or a date)",
     0},
    {"until", OPT_UNTIL, "TIME", 0, "show, replay --inside: before this time", 0},
    {"verdict", OPT_VERDICT, "NAME", 0, "show: allowed, refused, or a refusal's code", 0},
    {"entry", OPT_ENTRY, "A..B", 0, "show: entries A to B", 0},
    {"limit", OPT_LIMIT, "N", 0, "show: at most so many", 0},
    {"syslog", OPT_SYSLOG, NULL, 0, "show: RFC 5424 lines", 0},
    {"dot", OPT_DOT, NULL, 0, "trace: a Graphviz picture", 0},
    {"lang", OPT_LANG, "en|zh", 0, "trace: language of labels, instead of the locale's", 0},
    {0}};

/* --- values ---------------------------------------------------------------------------------------- */

static bool number(const char **at, uint64_t *ret)
{
    char *end;
    if (**at < '0' || **at > '9') {
        return false;
    }
    *ret = strtoull(*at, &end, 10);
    *at = end;
    return true;
}

/* A, A.., ..B or A..B. */
static bool range(const char *text, struct audit_filter *f)
{
    f->has_range = true;
    f->first = 0;
    f->last = UINT64_MAX;
    bool from = number(&text, &f->first);
    if (*text == '\0') {
        f->last = f->first;
        return from;
    }
    if (strncmp(text, "..", 2) != 0) {
        return false;
    }
    text += 2;
    bool to = number(&text, &f->last);
    return (from || to) && *text == '\0';
}

static bool when(const char *text, bool *ret_has, int64_t *ret)
{
    *ret_has = true;
    return sy_ok(sy_time_parse(sy_view_str(text), ret));
}

static bool language(const char *text, enum audit_lang *ret)
{
    bool zh = strncmp(text, "zh", 2) == 0;
    *ret = zh ? AUDIT_ZH : AUDIT_EN;
    return zh || strncmp(text, "en", 2) == 0;
}

static bool count(const char *text, uint64_t *ret)
{
    return number(&text, ret) && *text == '\0' && *ret > 0;
}

/* Options with a text that is kept as it is. */
static bool parse_text(int key, const char *arg, struct options *o)
{
    struct audit_filter *f = &o->filter;
    const struct {
        int key;
        const char **to;
    } texts[] = {
        {'l', &o->log},         {'p', &f->party},           {'t', &f->type},
        {'m', &f->method},      {'g', &f->grant},           {OPT_MEMBER, &f->member},
        {OPT_ROLE, &f->role},   {OPT_SCENE, &f->scene},     {OPT_DATASET, &f->dataset},
        {OPT_MODEL, &f->model}, {OPT_INDEX, &o->index},     {OPT_VERDICT, &f->verdict},
        {'o', &o->output},      {OPT_COMPARE, &o->compare}, {OPT_CHECK, &o->check},
        {OPT_FROM, &o->from},   {OPT_ADDRESS, &o->address}, {OPT_KEPT, &o->kept},
        {OPT_HOME, &o->home},   {OPT_LOCAL, &o->local},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].key == key) {
            *texts[i].to = arg;
            return true;
        }
    }
    return false;
}

static bool parse_switch(int key, struct options *o)
{
    const struct {
        int key;
        bool *to;
    } switches[] = {{'j', &o->json},
                    {OPT_INSIDE, &o->inside},
                    {OPT_ONCE, &o->once},
                    {OPT_NO_SIGNATURES, &o->no_signatures},
                    {OPT_PROGRESS, &o->progress},
                    {OPT_SYSLOG, &o->syslog},
                    {OPT_DOT, &o->dot},
                    {OPT_REBUILD, &o->rebuild},
                    {OPT_SCAN, &o->scan}};
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (switches[i].key == key) {
            *switches[i].to = true;
            return true;
        }
    }
    return false;
}

/* Options whose value has a form: -1 not one of these, 0 wrong, 1 right. */
static int parse_value(int key, const char *arg, struct options *o)
{
    struct audit_filter *f = &o->filter;
    switch (key) {
    case OPT_SINCE:
        return when(arg, &f->has_since, &f->since);
    case OPT_UNTIL:
        return when(arg, &f->has_until, &f->until);
    case OPT_ENTRY:
        return range(arg, f);
    case OPT_EVERY:
        return count(arg, &o->every_s);
    case OPT_SIZE:
        return count(arg, &o->size);
    case OPT_YEAR:
        return count(arg, &o->year);
    case OPT_LIMIT:
        return count(arg, &f->limit);
    case OPT_LANG:
        return language(arg, &o->lang);
    default:
        return -1;
    }
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    const char **words[] = {&o->verb, &o->dir, &o->what};
    if (key == ARGP_KEY_ARG && state->arg_num < sizeof(words) / sizeof(words[0])) {
        *words[state->arg_num] = arg;
        return 0;
    }
    if (key == ARGP_KEY_END && o->verb == NULL) {
        argp_usage(state);
    }
    int right = parse_value(key, arg, o);
    if (right == 0) {
        argp_error(state, "%s: not a value of this option", arg);
    }
    return right == 1 || parse_text(key, arg, o) || parse_switch(key, o) ? 0 : ARGP_ERR_UNKNOWN;
}

/* As programs do: LC_ALL, else LC_MESSAGES, else LANG. */
static enum audit_lang locale_language(void)
{
    static const char *const NAMES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    enum audit_lang lang = AUDIT_EN;
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        const char *value = getenv(NAMES[i]);
        if (value != NULL && value[0] != '\0') {
            (void)language(value, &lang);
            return lang;
        }
    }
    return lang;
}

__attribute__((visibility("default"))) const char *argp_program_version =
    "shuyu-audit " SHUYU_VERSION;

void options_parse(int argc, char **argv, struct options *ret)
{
    static const struct argp argp = {
        OPTIONS,
        parse_option,
        "verify|replay|index|show|snapshot|disclose EXPORT\ntrace EXPORT ENTRY|RECEIPT\nfollow "
        "COPY\nschema "
        "[TYPE]\nerase [ARGUMENTS]",
        "Verify, replay, search and trace a log exported by `shuyu log export`.",
        NULL,
        NULL,
        NULL};
    *ret = (struct options){.lang = locale_language(), .every_s = 10};
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, ret);
}
