/*
 * What: entries taken apart. Invariant: no part of a body is handed out before the body opened its leaf.
 */
#include "audit/record.h"

#include "proof/merkle.h"
#include "wire/product.h"

/* A header's subject is a model where the method is about models. A product's call names its model in the arguments; a
 * refused one may name any. */
static void name_model(struct audit_record *r, struct sy_arena *arena)
{
    struct sy_product_call call;
    if (sy_view_starts(r->header.method, sy_view_str("model.")) ||
        sy_view_is(r->header.method, "subject.ask")) {
        memcpy(r->model, r->header.subject, sizeof(r->model));
    } else if (audit_record_did(r, "product.call") &&
               audit_record_args(r, &sy_product_call_desc, arena, &call)) {
        memcpy(r->model, call.model, sizeof(r->model));
    }
}

/* BOUNDARY: the export was carried by anybody; nothing of a body counts before these checks. */
static sy_status open_body(struct audit_record *r, struct sy_arena *arena, struct sy_error *err)
{
    SY_TRY(proof_leaf_check(r->entry.leaf, r->entry.salt, r->entry.body, err));
    SY_TRY(sy_record_decode(&sy_event_desc, r->entry.body, &SY_MP_LARGE, arena, &r->event, err));
    SY_TRY(proof_leaf_names(r->entry.leaf, &r->event, err));
    SY_TRY(sy_record_decode(&sy_header_desc, r->event.request.header, &SY_MP_REQUEST, arena,
                            &r->header, err));
    r->method = rules_method_find(r->header.method);
    r->open = true;
    name_model(r, arena);
    return SY_OK;
}

static sy_status read_parts(const struct audit_export *x, uint64_t i, struct sy_arena *arena,
                            struct audit_record *ret, struct sy_error *err)
{
    SY_TRY(audit_entry(x, i, arena, &ret->entry, err));
    SY_TRY(proof_leaf_parse(ret->entry.leaf, &ret->leaf, err));
    return ret->entry.body.n > 0 ? open_body(ret, arena, err) : SY_OK;
}

sy_status audit_record_read(const struct audit_export *x, uint64_t i, struct sy_arena *arena,
                            struct audit_record *ret, struct sy_error *reterr)
{
    struct sy_error why = {0};
    *ret = (struct audit_record){0};
    sy_status s = read_parts(x, i, arena, ret, &why);
    if (sy_ok(s)) {
        return SY_OK;
    }
    return sy_fail(reterr, s.code, why.field, "entry %llu: %.200s", (unsigned long long)i,
                   why.reason[0] != '\0' ? why.reason : sy_code_text(s.code));
}

void audit_record_hash(const struct audit_record *r, uint8_t ret[PROOF_HASH_BYTES])
{
    proof_merkle_leaf(ret, r->entry.leaf);
}

bool audit_record_did(const struct audit_record *r, const char *method)
{
    return r->open && r->event.verdict.code == 0 && sy_view_is(r->header.method, method);
}

bool audit_record_args(const struct audit_record *r, const struct sy_desc *desc,
                       struct sy_arena *arena, void *ret)
{
    return r->open && r->method != NULL && r->method->args == desc &&
           sy_ok(sy_record_decode(desc, r->event.request.args, &SY_MP_LARGE, arena, ret, NULL));
}

const char *audit_verdict_name(uint64_t code)
{
    return code == 0 ? "allowed" : sy_code_name(code > INT32_MAX ? -1 : (int32_t)code);
}

bool audit_is_zero(const uint8_t id[32])
{
    static const uint8_t zero[32];
    return memcmp(id, zero, sizeof(zero)) == 0;
}

void audit_hex32(char ret[65], const uint8_t id[32])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        ret[2 * i] = digits[id[i] >> 4];
        ret[2 * i + 1] = digits[id[i] & 15];
    }
    ret[64] = '\0';
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool audit_unhex32(struct sy_view text, uint8_t ret[32])
{
    for (size_t i = 0; text.n == 64 && i < 32; i++) {
        int hi = digit(text.p[2 * i]);
        int lo = digit(text.p[2 * i + 1]);
        if (hi < 0 || lo < 0) {
            return false;
        }
        ret[i] = (uint8_t)(hi << 4 | lo);
    }
    return text.n == 64;
}
