/*
 * What a scene's application says to people (开发利用方案), beyond what the domain computes with: for what, how,
 * what comes of it, and which earlier application or grant it stands in for. It is a part of the proposal
 * (wire/methods.h), so that every review signs it; a proposal without it has the bytes that it always had.
 *
 * Also the minimum-necessity meter of a grant: fields granted against fields read.
 * Source: scheme articles 17, 18, 21.
 */
#ifndef WIRE_APPLICATION_H
#define WIRE_APPLICATION_H

#include "wire/schema.h"

/* The six forms of a product (article 4): 组件 模型 核验 服务 工具 报告. */
#define SY_PRODUCT_FORMS "component model verification service tool report"

/* class: public (公共治理、公益事业) | industry (产业、行业发展): article 21. domain: the field of work (领域). benefit,
 * market, revenue_plan, route: 预期成效, 市场调研, 收益分配, 技术路线. own_data: names of the developer's own data that
 * is to be fused; what is not named is not fused. products_planned: forms, each once. replaces: the proposal that
 * was returned and that this one corrects. shrinks: the scene's live grant, which ends when this smaller one is
 * approved. */
#define SY_APPLICATION_FIELDS(F, S, L)                                                             \
    F(str, benefit, "benefit", 0)                                                                  \
    F(str, class_, "class", 0)                                                                     \
    F(str, domain, "domain", 0)                                                                    \
    F(str, market, "market", 0)                                                                    \
    F(strs, own_data, "own_data", SY_OPT)                                                          \
    F(strs, products_planned, "products_planned", 0)                                               \
    F(b32, replaces, "replaces", SY_OPT)                                                           \
    F(str, revenue_plan, "revenue_plan", 0)                                                        \
    F(str, route, "route", 0)                                                                      \
    F(b32, shrinks, "shrinks", SY_OPT)
SY_RECORD(application, SY_APPLICATION_FIELDS)

/* scene.comment (developer, operator, department, agency; header.grant = the proposal): a question, or the
 * developer's answer. */
#define SY_COMMENT_FIELDS(F, S, L) F(str, text, "text", 0)
SY_RECORD(comment, SY_COMMENT_FIELDS)

/* scene.meter (header.grant; the developer's own, operator, agency, a department of its datasets; read). mask: as
 * granted; models: approved models that read the field; runs: charges of models that read it; unit: it names whose
 * row it is, and every model over the dataset is bounded by it. */
#define SY_METER_FIELD_FIELDS(F, S, L)                                                             \
    F(str, mask, "mask", SY_OPT)                                                                   \
    F(u64, models, "models", SY_OPT)                                                               \
    F(str, name, "name", 0)                                                                        \
    F(u64, runs, "runs", SY_OPT)                                                                   \
    F(bool, unit, "unit", SY_OPT)
SY_RECORD(meter_field, SY_METER_FIELD_FIELDS)

/* granted: its fields under the grant; read: those that an approved model reads; ran: those that a model read which
 * was really run. */
#define SY_METER_DATASET_FIELDS(F, S, L)                                                           \
    F(str, dataset, "dataset", 0)                                                                  \
    L(meter_field, fields, "fields", SY_OPT)                                                       \
    F(u64, granted, "granted", SY_OPT)                                                             \
    F(u64, ran, "ran", SY_OPT)                                                                     \
    F(u64, read, "read", SY_OPT)
SY_RECORD(meter_dataset, SY_METER_DATASET_FIELDS)

/* calls_left, overruns_left, rho_left, delta_left, cells_left: what the grant has not used; of shares, the least of its namespaces.
 * models: approved ones; runs: charges. */
#define SY_METER_FIELDS(F, S, L)                                                                   \
    F(u64, calls_left, "calls_left", SY_OPT)                                                       \
    F(u64, cells_left, "cells_left", SY_OPT)                                                       \
    L(meter_dataset, datasets, "datasets", 0)                                                      \
    F(u64, delta_left, "delta_left", SY_OPT)                                                       \
    F(b32, grant, "grant", 0)                                                                      \
    F(u64, models, "models", SY_OPT)                                                               \
    F(u64, overruns_left, "overruns_left", SY_OPT)                                                 \
    F(u64, rho_left, "rho_left", SY_OPT)                                                           \
    F(u64, runs, "runs", SY_OPT)                                                                   \
    F(str, status, "status", 0)
SY_RECORD(meter, SY_METER_FIELDS)

#endif
