/*
 * Refusals: from the table of lower_refuse.h to the result, and positions that the parser does not
 * give, found by looking for the keyword in the text (outside quotes and comments).
 */
#include <ctype.h>
#include <stdio.h>

#include "lower_internal.h"

static const struct {
    const char *code, *construct, *reason, *hint;
} TABLE[REFUSE_N] = {
#define LOWER_ROW(id, code, construct, reason, hint)                                               \
    [REFUSE_##id] = {code, construct, reason, hint},
    LOWER_REFUSALS(LOWER_ROW)
#undef LOWER_ROW
};

sy_status lower_refuse(struct builder *b, enum lower_refusal why, uint64_t pos)
{
    return lower_refuse_named(b, why, pos, (struct sy_view){0}, NULL);
}

sy_status lower_refuse_named(struct builder *b, enum lower_refusal why, uint64_t pos,
                             struct sy_view construct, const char *reason)
{
    if (b->refused) {
        return sy_status_of(SY_E_SQL);
    }
    b->refused = true;
    char shown[LOWER_NAME_MAX];
    sy_view_to_cstr(construct, shown, sizeof shown);
    struct sy_lower_result *r = b->ret;
    *r = (struct sy_lower_result){0};
    r->block = b->block;
    r->code = sy_view_str(TABLE[why].code);
    r->construct = construct.n != 0 ? sy_arena_copy(b->arena, sy_view_str(shown))
                                    : sy_view_str(TABLE[why].construct);
    r->reason = reason != NULL && reason[0] != 0 ? sy_arena_copy(b->arena, sy_view_str(reason))
                                                 : sy_view_str(TABLE[why].reason);
    r->hint = sy_view_str(TABLE[why].hint);
    r->pos = pos == LOWER_NO_POS ? 0 : pos;
    return sy_status_of(SY_E_SQL);
}

sy_status lower_no_memory(struct builder *b)
{
    (void)b;
    return sy_status_of(SY_E_NO_MEMORY);
}

void *lower_grow(struct builder *b, void *p, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return p;
    }
    size_t more = *cap == 0 ? 16 : 2 * *cap;
    void *q = sy_arena_alloc(b->arena, more, size);
    if (q != NULL) {
        if (n > 0) {
            memcpy(q, p, n * size);
        }
        *cap = more;
    }
    return q;
}

/* --- finding keywords ---------------------------------------------------------------------------- */

/* Past a quoted text, quoted name or comment that starts at i; i itself when none does. */
static size_t skip_quoted(struct sy_view s, size_t i)
{
    uint8_t q = s.p[i];
    if (q == '\'' || q == '"') {
        for (i++; i < s.n && s.p[i] != q; i++) {
        }
        return i < s.n ? i + 1 : i;
    }
    if (q == '-' && i + 1 < s.n && s.p[i + 1] == '-') {
        for (; i < s.n && s.p[i] != '\n'; i++) {
        }
        return i;
    }
    if (q == '/' && i + 1 < s.n && s.p[i + 1] == '*') {
        for (i += 2; i + 1 < s.n && !(s.p[i] == '*' && s.p[i + 1] == '/'); i++) {
        }
        return i + 2 < s.n ? i + 2 : s.n;
    }
    return i;
}

static bool word_char(uint8_t c)
{
    return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

static bool word_at(struct sy_view s, size_t i, const char *word)
{
    size_t n = strlen(word);
    if (n > s.n - i || (i > 0 && word_char(s.p[i - 1]) && word_char((uint8_t)word[0]))) {
        return false;
    }
    for (size_t k = 0; k < n; k++) {
        if (tolower(s.p[i + k]) != tolower((uint8_t)word[k])) {
            return false;
        }
    }
    return i + n == s.n || !word_char(s.p[i + n]) || !word_char((uint8_t)word[n - 1]);
}

uint64_t lower_find(struct sy_view sql, uint64_t from, const char *keyword)
{
    uint64_t start = from == LOWER_NO_POS ? 0 : from;
    for (size_t i = (size_t)start; i < sql.n;) {
        if (word_at(sql, i, keyword)) {
            return i;
        }
        size_t next = skip_quoted(sql, i);
        i = next == i ? i + 1 : next;
    }
    return start;
}
