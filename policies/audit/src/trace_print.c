/*
 * What: a trace in three forms and two languages. Invariant: every text of the log passes audit/text.h.
 */
#include <inttypes.h>
#include <jansson.h>

#include "audit/line.h"
#include "audit/text.h"
#include "audit/trace.h"

static const struct {
    const char *name; /* in JSON */
    const char *label[AUDIT_LANG_N];
} KINDS[AUDIT_STEP_N] = {
    [AUDIT_STEP_DEFINITION] = {"definition", {"dataset defined", "数据资源登记"}},
    [AUDIT_STEP_DATA] = {"data", {"data version", "数据版本"}},
    [AUDIT_STEP_MASK] = {"mask", {"masks", "脱敏规则"}},
    [AUDIT_STEP_MODEL] = {"model", {"model", "模型登记"}},
    [AUDIT_STEP_MODEL_REVIEW] = {"model_review", {"model review", "模型审核"}},
    [AUDIT_STEP_PROPOSAL] = {"proposal", {"proposal", "场景申请"}},
    [AUDIT_STEP_FIRST_REVIEW] = {"first_review", {"first review", "初审"}},
    [AUDIT_STEP_CONSENT] = {"consent", {"consent", "数源部门同意"}},
    [AUDIT_STEP_FINAL_REVIEW] = {"final_review", {"final review", "终审授权"}},
    [AUDIT_STEP_EXPOSURE] = {"exposure", {"exposure report", "暴露评估"}},
    [AUDIT_STEP_CONFIRM] = {"confirm", {"own data confirmed", "自有数据确认"}},
    [AUDIT_STEP_ERASED] = {"erased", {"own data erased", "自有数据销毁"}},
    [AUDIT_STEP_ORDER] = {"order", {"order", "处置"}},
    [AUDIT_STEP_CHARGE] = {"charge", {"charge", "作业与预算扣减"}},
    [AUDIT_STEP_RELEASE] = {"release", {"release", "出域"}},
    [AUDIT_STEP_RERUN] = {"rerun", {"run again inside", "域内重跑"}},
    [AUDIT_STEP_REPEAT] = {"repeat", {"given again", "再次给出"}},
    [AUDIT_STEP_USE] = {"use", {"used by", "使用记录"}},
    [AUDIT_STEP_ENTRY] = {"entry", {"entry", "日志条目"}},
    [AUDIT_STEP_RECEIPT] = {"receipt", {"receipt", "回执"}},
};

/* Words beside the labels. */
static const struct {
    const char *title, *id, *body, *closed, *more;
} WORDS[AUDIT_LANG_N] = {
    {"trace of entry", "id  ", "body", "its body was not exported", "runs that used it:"},
    {"溯源：条目", "标识", "正文", "正文未导出", "使用次数："},
};

const char *audit_step_label(enum audit_step_kind kind, enum audit_lang lang)
{
    return KINDS[kind].label[lang];
}

/* Does the step have a digest of what it is about? */
static bool has_id(const struct audit_step *s)
{
    return !audit_is_zero(s->id);
}

/* --- text ----------------------------------------------------------------------------------------- */

enum { LABEL_WIDTH = 18, PARTY_WIDTH = 12 };

/* Columns of a terminal that a label takes: a Chinese character takes two. */
static size_t columns(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        uint8_t c = (uint8_t)*text;
        n += c < 0x80 ? 1 : (c & 0xc0) == 0xc0 ? 2 : 0;
    }
    return n;
}

static sy_status blanks(struct sy_buf *b, size_t used, size_t width)
{
    for (size_t n = used; n < width; n++) {
        SY_TRY(sy_buf_add_str(b, " "));
    }
    return sy_buf_add_str(b, " ");
}

static sy_status add_digest(struct sy_buf *b, const char *word, const uint8_t id[32])
{
    char hex[65];
    audit_hex32(hex, id);
    SY_TRY(blanks(b, 0, LABEL_WIDTH));
    return sy_buf_printf(b, "%s %s\n", word, hex);
}

static sy_status add_who(struct sy_buf *b, const struct audit_step *s)
{
    if (!s->found) {
        return SY_OK;
    }
    SY_TRY(sy_buf_printf(b, "#%" PRIu64 "  ", s->entry));
    SY_TRY(audit_text_time(b, s->time));
    SY_TRY(sy_buf_add_str(b, "  "));
    size_t at = b->n;
    SY_TRY(audit_text(b, s->party));
    SY_TRY(blanks(b, b->n - at, PARTY_WIDTH));
    return s->verdict == 0 ? SY_OK : sy_buf_printf(b, "%s ", audit_verdict_name(s->verdict));
}

static sy_status add_step(struct sy_buf *b, const struct audit_step *s, enum audit_lang lang)
{
    const char *label = audit_step_label(s->kind, lang);
    SY_TRY(sy_buf_add_str(b, label));
    SY_TRY(blanks(b, columns(label), LABEL_WIDTH));
    SY_TRY(add_who(b, s));
    SY_TRY(audit_text(b, sy_view_str(s->detail)));
    if (!s->found && s->kind != AUDIT_STEP_RECEIPT) {
        SY_TRY(sy_buf_printf(b, "%s(%s)", s->detail[0] == '\0' ? "" : " ", WORDS[lang].closed));
    }
    SY_TRY(sy_buf_add_str(b, "\n"));
    SY_TRY(has_id(s) ? add_digest(b, WORDS[lang].id, s->id) : SY_OK);
    return s->found ? add_digest(b, WORDS[lang].body, s->commitment) : SY_OK;
}

sy_status audit_trace_text(const struct audit_trace *t, enum audit_lang lang, struct sy_buf *b)
{
    SY_TRY(sy_buf_printf(b, "%s %" PRIu64 "\n", WORDS[lang].title, t->entry));
    for (size_t i = 0; i < t->n; i++) {
        SY_TRY(add_step(b, &t->steps[i], lang));
    }
    return t->uses == 0 ? SY_OK : sy_buf_printf(b, "%s %" PRIu64 "\n", WORDS[lang].more, t->uses);
}

/* --- JSON ----------------------------------------------------------------------------------------- */

static void put_text(json_t *j, const char *key, struct sy_view v)
{
    json_object_set_new(j, key, json_stringn(v.n == 0 ? "" : (const char *)v.p, v.n));
}

static void put_id(json_t *j, const char *key, const uint8_t id[32])
{
    char hex[65];
    audit_hex32(hex, id);
    json_object_set_new(j, key, json_string(hex));
}

static sy_status put_entry(json_t *j, const struct audit_step *s)
{
    SY_BUF_CLEANUP struct sy_buf when = sy_buf(64);
    SY_TRY(audit_text_time(&when, s->time));
    json_object_set_new(j, "entry", json_integer((json_int_t)s->entry));
    put_text(j, "time", sy_buf_view(&when));
    put_text(j, "party", s->party);
    put_text(j, "method", s->method);
    put_text(j, "verdict", sy_view_str(audit_verdict_name(s->verdict)));
    put_id(j, "commitment", s->commitment);
    return SY_OK;
}

static sy_status put_step(json_t *list, const struct audit_step *s, enum audit_lang lang)
{
    json_t *j = json_pack("{s:s,s:s,s:b}", "step", KINDS[s->kind].name, "label",
                          audit_step_label(s->kind, lang), "exported",
                          s->found || s->kind == AUDIT_STEP_RECEIPT);
    json_t *from = json_array();
    sy_status st = s->found ? put_entry(j, s) : SY_OK;
    if (has_id(s)) {
        put_id(j, "id", s->id);
    }
    put_text(j, "detail", sy_view_str(s->detail));
    for (size_t i = 0; i < s->n_from; i++) {
        json_array_append_new(from, json_integer((json_int_t)s->from[i]));
    }
    json_object_set_new(j, "from", from);
    json_array_append_new(list, j);
    return st;
}

sy_status audit_trace_json(const struct audit_trace *t, enum audit_lang lang, struct sy_buf *b)
{
    json_t *steps = json_array();
    json_t *j =
        json_pack("{s:s,s:I,s:I,s:I,s:o}", "schema", "shuyu.trace/1", "entry", (json_int_t)t->entry,
                  "uses", (json_int_t)t->uses, "size", (json_int_t)t->tree.size, "steps", steps);
    sy_status s = j == NULL ? sy_status_of(SY_E_NO_MEMORY) : SY_OK;
    for (size_t i = 0; sy_ok(s) && i < t->n; i++) {
        s = put_step(steps, &t->steps[i], lang);
    }
    if (!sy_ok(s)) {
        json_decref(j);
        return s;
    }
    put_text(j, "origin", t->tree.origin);
    put_id(j, "root", t->tree.root);
    return audit_json_line(b, j);
}

/* --- Graphviz ------------------------------------------------------------------------------------- */

static sy_status add_node(struct sy_buf *b, size_t i, const struct audit_step *s,
                          enum audit_lang lang)
{
    SY_TRY(sy_buf_printf(b, "  s%zu [label=\"%s", i, audit_step_label(s->kind, lang)));
    if (s->found) {
        SY_TRY(sy_buf_printf(b, "\\n#%" PRIu64 " ", s->entry));
        SY_TRY(audit_text_time(b, s->time));
        SY_TRY(sy_buf_add_str(b, " "));
        SY_TRY(audit_text_dot(b, s->party));
    }
    SY_TRY(sy_buf_add_str(b, "\\n"));
    SY_TRY(audit_text_dot(b, sy_view_str(s->detail)));
    if (has_id(s)) {
        char hex[65];
        audit_hex32(hex, s->id);
        SY_TRY(sy_buf_printf(b, "\\n%.16s", hex));
    }
    return sy_buf_printf(b, "\"%s];\n",
                         s->found || s->kind == AUDIT_STEP_RECEIPT ? "" : ", style=dashed");
}

sy_status audit_trace_dot(const struct audit_trace *t, enum audit_lang lang, struct sy_buf *b)
{
    SY_TRY(sy_buf_printf(b, "digraph \"entry %" PRIu64 "\" {\n  rankdir=LR;\n  node [shape=box];\n",
                         t->entry));
    for (size_t i = 0; i < t->n; i++) {
        SY_TRY(add_node(b, i, &t->steps[i], lang));
    }
    for (size_t i = 0; i < t->n; i++) {
        for (size_t k = 0; k < t->steps[i].n_from; k++) {
            SY_TRY(sy_buf_printf(b, "  s%zu -> s%zu;\n", t->steps[i].from[k], i));
        }
    }
    return sy_buf_add_str(b, "}\n");
}
