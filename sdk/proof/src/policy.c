/*
 * The parser of witness policies: one table of words, each with a function that takes a line's items.
 * Invariants: a name is found only after its line, a node gets a parent at most once; together they make
 * the groups a tree, whose members come before their group.
 */
#include "proof/policy.h"

#include <stdio.h>

#include "text.h"

enum { ITEMS_MAX = 3 + PROOF_POLICY_WITNESSES_MAX + PROOF_POLICY_GROUPS_MAX };

struct parser {
    struct proof_policy policy;
    struct sy_error *err;
    char where[32]; /* "line 7" */
    bool has_quorum;
    bool logs_only;
};

/* The items of one line. */
struct items {
    struct sy_view at[ITEMS_MAX];
    size_t n;
};

typedef sy_status line_fn(struct parser *p, const struct items *items);

#define REFUSE(p, code, ...) sy_fail((p)->err, (code), (p)->where, __VA_ARGS__)

/* ---- names and keys ---- */

static struct proof_policy_node *find(struct parser *p, struct sy_view name, uint32_t *ret_index)
{
    for (size_t i = 0; i < p->policy.n_nodes; i++) {
        if (sy_view_eq(p->policy.nodes[i].name, name)) {
            *ret_index = (uint32_t)i;
            return &p->policy.nodes[i];
        }
    }
    return NULL;
}

static sy_status check_name(struct parser *p, struct sy_view name)
{
    uint32_t index = 0;
    if (name.n > PROOF_NAME_MAX) {
        return REFUSE(p, SY_E_LIMIT, "a name has at most %d bytes", PROOF_NAME_MAX);
    }
    if (sy_view_is(name, "none")) {
        return REFUSE(p, SY_E_FIELD, "the name none is taken: it is the quorum of nobody");
    }
    if (find(p, name, &index) != NULL) {
        return REFUSE(p, SY_E_FIELD, "the name %.*s is defined already", SY_PV(name));
    }
    return SY_OK;
}

static sy_status parse_key(struct parser *p, struct sy_view text, enum proof_sig_type type,
                           struct proof_vkey *ret)
{
    struct sy_error why = {0};
    sy_status s = proof_vkey_parse(text, ret, &why);
    if (!sy_ok(s)) {
        return REFUSE(p, s.code, "%s", why.reason);
    }
    if (ret->type != type) {
        return REFUSE(p, SY_E_SUITE, "this key is of type %02x, and %02x is needed here",
                      (unsigned)ret->type, (unsigned)type);
    }
    return SY_OK;
}

static bool same_key(const struct proof_vkey *a, const struct proof_vkey *b)
{
    return memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

/* ---- the lines ---- */

static sy_status check_new_log(struct parser *p, const struct proof_vkey *key)
{
    size_t n_same = 0;
    for (size_t i = 0; i < p->policy.n_logs; i++) {
        const struct proof_vkey *other = &p->policy.logs[i].key;
        if (same_key(other, key)) {
            return REFUSE(p, SY_E_FIELD, "the key of this log has a line already");
        }
        n_same += strcmp(other->name, key->name) == 0;
    }
    if (n_same >= PROOF_POLICY_ORIGIN_KEYS_MAX) {
        return REFUSE(p, SY_E_LIMIT, "a log has at most %d keys", PROOF_POLICY_ORIGIN_KEYS_MAX);
    }
    return SY_OK;
}

static sy_status take_log(struct parser *p, const struct items *items)
{
    struct proof_vkey key = {0};
    SY_TRY(parse_key(p, items->at[1], PROOF_SIG_ED25519, &key));
    SY_TRY(check_new_log(p, &key));
    p->policy.logs[p->policy.n_logs++] = (struct proof_policy_log){
        .key = key, .url = items->n > 2 ? items->at[2] : sy_view(NULL, 0)};
    return SY_OK;
}

static sy_status take_witness(struct parser *p, const struct items *items)
{
    struct proof_policy *policy = &p->policy;
    struct proof_policy_witness w = {.name = items->at[1],
                                     .url = items->n > 3 ? items->at[3] : sy_view(NULL, 0)};
    SY_TRY(check_name(p, w.name));
    SY_TRY(parse_key(p, items->at[2], PROOF_SIG_COSIGNATURE, &w.key));
    for (size_t i = 0; i < policy->n_witnesses; i++) {
        if (same_key(&policy->witnesses[i].key, &w.key)) {
            return REFUSE(p, SY_E_FIELD, "the key of this witness has a line already");
        }
    }
    policy->nodes[policy->n_nodes++] = (struct proof_policy_node){
        .name = w.name, .parent = PROOF_POLICY_NONE, .witness = (uint32_t)policy->n_witnesses};
    policy->witnesses[policy->n_witnesses++] = w;
    return SY_OK;
}

static sy_status parse_needed(struct parser *p, struct sy_view word, size_t n_members,
                              uint32_t *ret)
{
    uint64_t k = 0;
    if (sy_view_is(word, "all")) {
        k = n_members;
    } else if (sy_view_is(word, "any")) {
        k = 1;
    } else if (!text_u64(word, &k) || k < 1 || k > n_members) {
        return REFUSE(p, SY_E_FIELD,
                      "a group needs all, any, or a number from 1 to its %zu members", n_members);
    }
    *ret = (uint32_t)k;
    return SY_OK;
}

static sy_status adopt(struct parser *p, struct sy_view name, uint32_t group)
{
    uint32_t index = 0;
    struct proof_policy_node *member = find(p, name, &index);
    if (member == NULL) {
        return REFUSE(p, SY_E_FIELD, "no line above this one defines %.*s", SY_PV(name));
    }
    if (member->parent != PROOF_POLICY_NONE) {
        return REFUSE(p, SY_E_FIELD, "%.*s is a member of a group already", SY_PV(name));
    }
    member->parent = group;
    return SY_OK;
}

static sy_status take_group(struct parser *p, const struct items *items)
{
    struct proof_policy *policy = &p->policy;
    struct proof_policy_node node = {.name = items->at[1], .parent = PROOF_POLICY_NONE};
    SY_TRY(check_name(p, node.name));
    SY_TRY(parse_needed(p, items->at[2], items->n - 3, &node.needed));
    for (size_t i = 3; i < items->n; i++) {
        SY_TRY(adopt(p, items->at[i], (uint32_t)policy->n_nodes));
    }
    policy->nodes[policy->n_nodes++] = node;
    return SY_OK;
}

static sy_status take_quorum(struct parser *p, const struct items *items)
{
    if (p->has_quorum) {
        return REFUSE(p, SY_E_FIELD, "there is a quorum line already");
    }
    p->has_quorum = true;
    if (!sy_view_is(items->at[1], "none") && find(p, items->at[1], &p->policy.quorum) == NULL) {
        return REFUSE(p, SY_E_FIELD, "no line above this one defines %.*s", SY_PV(items->at[1]));
    }
    return SY_OK;
}

enum word { WORD_LOG, WORD_WITNESS, WORD_GROUP, WORD_QUORUM, WORD_N };

static const struct {
    const char *word;
    line_fn *take;
    size_t least, most; /* items, the word included */
    size_t lines_max;
    const char *form;
} WORDS[WORD_N] = {
    [WORD_LOG] = {"log", take_log, 2, 3, PROOF_POLICY_LOGS_MAX, "log VKEY [URL]"},
    [WORD_WITNESS] = {"witness", take_witness, 3, 4, PROOF_POLICY_WITNESSES_MAX,
                      "witness NAME VKEY [URL]"},
    [WORD_GROUP] = {"group", take_group, 4, ITEMS_MAX, PROOF_POLICY_GROUPS_MAX,
                    "group NAME all|any|K NAME..."},
    [WORD_QUORUM] = {"quorum", take_quorum, 2, 2, SIZE_MAX, "quorum NAME|none"},
};

/* ---- reading lines ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* False when there are too many of them, or a control character. */
static bool split(struct sy_view line, struct items *ret)
{
    size_t i = 0;
    for (ret->n = 0; i < line.n;) {
        if (is_blank(line.p[i])) {
            i++;
            continue;
        }
        size_t from = i;
        for (; i < line.n && !is_blank(line.p[i]); i++) {
            if (line.p[i] < ' ' || line.p[i] == 0x7f) {
                return false;
            }
        }
        if (ret->n == ITEMS_MAX) {
            return false;
        }
        ret->at[ret->n++] = sy_view(line.p + from, i - from);
    }
    return true;
}

static bool is_comment(const struct items *items)
{
    return items->n == 0 || items->at[0].p[0] == '#';
}

static sy_status find_word(struct parser *p, struct sy_view word, enum word *ret)
{
    for (size_t i = 0; i < WORD_N; i++) {
        if (sy_view_is(word, WORDS[i].word)) {
            if (p->logs_only && i != WORD_LOG) {
                return REFUSE(p, SY_E_FIELD, "a list of logs has log lines only");
            }
            *ret = (enum word)i;
            return SY_OK;
        }
    }
    return REFUSE(p, SY_E_FIELD, "a line begins with log, witness, group, quorum or #");
}

static sy_status take_line(struct parser *p, const struct items *items)
{
    enum word word = WORD_LOG;
    SY_TRY(find_word(p, items->at[0], &word));
    if (items->n < WORDS[word].least || items->n > WORDS[word].most) {
        return REFUSE(p, SY_E_FIELD, "this line reads: %s", WORDS[word].form);
    }
    return WORDS[word].take(p, items);
}

/* Each line of the text in turn, as items; `count` is for the first round, which only counts words. */
static sy_status read_lines(struct parser *p, struct sy_view text, size_t *count)
{
    struct sy_view line = {0};
    struct items items = {0};
    for (size_t n = 1; text.n > 0; n++) {
        (void)snprintf(p->where, sizeof(p->where), "line %zu", n);
        if (!text_line(&text, &line)) {
            return REFUSE(p, SY_E_FIELD, "the last line has no line break");
        }
        if (!split(line, &items)) {
            return REFUSE(p, SY_E_FIELD, "control characters, or more than %d items", ITEMS_MAX);
        }
        if (is_comment(&items)) {
            continue;
        }
        if (count == NULL) {
            SY_TRY(take_line(p, &items));
            continue;
        }
        enum word word = WORD_LOG;
        SY_TRY(find_word(p, items.at[0], &word));
        if (++count[word] > WORDS[word].lines_max) {
            return REFUSE(p, SY_E_LIMIT, "there are more than %zu lines of %s",
                          WORDS[word].lines_max, WORDS[word].word);
        }
    }
    return SY_OK;
}

static sy_status allocate(struct parser *p, struct sy_arena *arena, const size_t *count)
{
    struct proof_policy *policy = &p->policy;
    size_t n_nodes = count[WORD_WITNESS] + count[WORD_GROUP];
    policy->logs = sy_arena_alloc(arena, count[WORD_LOG], sizeof(*policy->logs));
    policy->witnesses = sy_arena_alloc(arena, count[WORD_WITNESS], sizeof(*policy->witnesses));
    policy->nodes = sy_arena_alloc(arena, n_nodes, sizeof(*policy->nodes));
    bool ok = (policy->logs != NULL || count[WORD_LOG] == 0) &&
              (policy->witnesses != NULL || count[WORD_WITNESS] == 0) &&
              (policy->nodes != NULL || n_nodes == 0);
    return ok ? SY_OK : sy_fail(p->err, SY_E_NO_MEMORY, "policy", NULL);
}

static sy_status parse(struct parser *p, struct sy_view text, struct sy_arena *arena)
{
    size_t count[WORD_N] = {0};
    p->policy.quorum = PROOF_POLICY_NONE;
    if (text.n > PROOF_POLICY_MAX) {
        return sy_fail(p->err, SY_E_LIMIT, "policy", "the file is longer than %d bytes",
                       PROOF_POLICY_MAX);
    }
    SY_TRY(read_lines(p, text, count));
    SY_TRY(allocate(p, arena, count));
    return read_lines(p, text, NULL);
}

sy_status proof_policy_parse(struct sy_view text, struct sy_arena *arena, struct proof_policy *ret,
                             struct sy_error *reterr)
{
    struct parser p = {.err = reterr};
    SY_TRY(parse(&p, text, arena));
    if (!p.has_quorum) {
        return sy_fail(reterr, SY_E_FIELD, "policy", "there is no quorum line");
    }
    *ret = p.policy;
    return SY_OK;
}

sy_status proof_policy_parse_logs(struct sy_view text, struct sy_arena *arena,
                                  struct proof_policy *ret, struct sy_error *reterr)
{
    struct parser p = {.err = reterr, .logs_only = true};
    SY_TRY(parse(&p, text, arena));
    if (p.policy.n_logs == 0) {
        return sy_fail(reterr, SY_E_FIELD, "logs", "the list names no log");
    }
    *ret = p.policy;
    return SY_OK;
}
