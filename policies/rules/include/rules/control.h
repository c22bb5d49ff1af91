/*
 * The scheme's controls: each thing that an article of the scheme demands of the system, once. The table says
 * which article, in both languages; docs/scheme/articles.md, made from it, says where in the code each
 * control is and which test holds it.
 *
 * A rule asks control(RULES_CTL_X, what must hold) and refuses when it is false. In a build that ships that is
 * the condition itself. In a weak build (base/weak.h) started with SHUYU_WEAK=control.x it is true: the control is
 * off, and the test function control_x must notice; tests/scheme/articles.py runs each test both ways.
 *
 * Runs in: wherever the rules run. Trusts: nothing. Holds: nothing. May block/alloc: never. Threads: pure.
 * Source: the scheme, articles 2 to 36 (docs/scheme/articles.md).
 */
#ifndef RULES_CONTROL_H
#define RULES_CONTROL_H

#include <stdbool.h>

/* X(enumerator, name, articles, 中文, English). The name is the enumerator in small letters. Articles: numbers with
 * blanks between them. */
#define RULES_CONTROLS(X)                                                                          \
    /* ---- common ---- */                                                                         \
    X(BAN, "ban", "15", "因违法违规被撤销资格的单位禁入期内不得申请",                              \
      "whoever lost the qualification for cause is banned for a time")                             \
    X(ACCESS_CLOSED, "access_closed", "32", "责令改正期间暂时关闭数据权限",                        \
      "access stays closed while a correction order is open")                                      \
    /* ---- staff ---- */                                                                          \
    X(STAFF_DUTY, "staff_duty", "16 24", "人员只能办理其岗位职责内的事项",                         \
      "a member signs what the member's duties are, and nothing else")                             \
    X(STAFF_SEPARATED, "staff_separated", "10 24", "系统、安全、审计管理员三员分立",               \
      "system, security and audit administrators are different people")                            \
    X(STAFF_REVOKED, "staff_revoked", "16 25", "人员离岗注销后，其密钥、证书立即失效",             \
      "the keys and the certificate of a revoked member are refused at once")                      \
    X(STAFF_TRAINED, "staff_trained", "25", "未经岗前安全培训或培训逾期的人员不得办理业务",        \
      "no business without valid safety training")                                                 \
    X(STAFF_CONFIDENTIAL, "staff_confidential", "25", "未签订保密协议的人员不得办理业务",          \
      "no business without a signed confidentiality agreement")                                    \
    X(TWO_PERSON, "two_person", "24", "重要事项须双人签署", "two people sign what the pack names") \
    X(KEYS_UNIQUE, "keys_unique", "23 24 25", "密钥、证书一人一套，永不复用",                      \
      "a key or certificate is one member's or party's, for ever")                                 \
    X(OWN_FILING, "own_filing", "17 19", "不得审核本人提交的事项",                                 \
      "nobody reviews what they filed")                                                            \
    X(PARTY_REVOKED, "party_revoked", "15 32", "主体注销后不得再办理任何事项，其授权一并撤销",     \
      "a revoked party does nothing more, and its grants are gone")                                \
    /* ---- qualification ---- */                                                                  \
    X(JOINT_ANNOUNCEMENT, "joint_announcement", "13",                                              \
      "开发主体公告由大数据主管部门会同一级运营主体发布",                                          \
      "agency and operator announce together that developers are looked for")                      \
    X(ANNOUNCED, "announced", "12 13", "在公告规定的时间内申请",                                   \
      "applications are taken under an open announcement")                                         \
    X(NEGATIVE_LISTS, "negative_lists", "10", "无重大违法记录，未列入失信、重大税收违法名单",      \
      "the applicant is on no negative list")                                                      \
    X(SOUND_BUSINESS, "sound_business", "10", "经营状况良好",                                      \
      "the applicant says how its business stands")                                                \
    X(PROFESSIONAL_TEAM, "professional_team", "10", "具备专业团队和服务能力",                      \
      "the applicant has a team that can do it")                                                   \
    X(SECURITY_OFFICER, "security_officer", "10", "明确数据安全负责人和管理部门",                  \
      "somebody answers for data security")                                                        \
    X(INCIDENT_FREE, "incident_free", "10", "近三年未发生网络或数据安全事件",                      \
      "years without a security incident")                                                         \
    X(EVIDENCE, "evidence", "12 13", "申请须附佐证材料", "an application rests on papers")         \
    X(INITIAL_PLAN, "initial_plan", "13", "开发主体提交场景开发初步计划",                          \
      "a developer files a first plan of scenes")                                                  \
    X(RENEW_WINDOW, "renew_window", "15", "期限届满前三个月内重新申请",                            \
      "a party applies again in the last months of its agreement")                                 \
    X(EXPERT_OPINION, "expert_opinion", "12 13", "先经专家论证评审",                               \
      "experts are heard before the decision")                                                     \
    X(COLLECTIVE_DECISION, "collective_decision", "12 13", "集体研究审议决定，留存会议纪要",       \
      "a body decides, and its minutes are on record")                                             \
    X(JOINT_DECISION, "joint_decision", "13", "开发主体由主管部门与一级运营主体共同确定",          \
      "agency and operator both decide on a developer")                                            \
    X(NOTICE_WINDOW, "notice_window", "12 13", "公示期满方可签约",                                 \
      "nothing is signed before the public notice is over")                                        \
    X(OBJECTIONS, "objections", "12 13", "公示无异议（异议已处理）方可签约",                       \
      "nothing is signed while an objection is open")                                              \
    X(TEN_CLAUSES, "ten_clauses", "14", "授权协议十项内容齐备",                                    \
      "an agreement has each of its ten clauses")                                                  \
    X(TERM_MAX_AGREEMENT, "term_max_agreement", "9", "授权期限不超过五年",                         \
      "no agreement runs longer than the pack allows")                                             \
    X(PARENT_IN_FORCE, "parent_in_force", "9", "开发授权须以有效的整体授权为前提",                 \
      "a developer's agreement stands only under a whole grant in force")                          \
    X(PARENT_SCOPE, "parent_scope", "9", "开发授权不超出整体授权范围",                             \
      "nobody grants more data than was granted to it")                                            \
    X(PARENT_TERM, "parent_term", "9", "开发授权期限不超出整体授权期限",                           \
      "nobody grants for longer than was granted to it")                                           \
    X(TRIAL_END, "trial_end", "36", "授权不超出试行期",                                            \
      "nothing is granted past the end of the trial")                                              \
    X(COMMITMENT, "commitment", "12 13", "提交数据安全承诺书",                                     \
      "the security commitment is signed with the agreement")                                      \
    X(FILED, "filed", "31 13", "协议备案后开通权限", "access opens when the agreement is on file") \
    X(AGREEMENT_IN_FORCE, "agreement_in_force", "9 13", "无有效授权协议不得申请数据",              \
      "no application for data without an agreement in force")                                     \
    X(AGREEMENT_SCOPE, "agreement_scope", "9 22", "数据申请不超出协议范围",                        \
      "no grant beyond the agreement's scope")                                                     \
    X(AGREEMENT_TERM, "agreement_term", "9", "数据授权不超出协议期限",                             \
      "no grant outlives its agreement")                                                           \
    X(TERMINATION_GROUND, "termination_ground", "15", "仅依六种情形终止资格",                      \
      "a qualification ends on the listed grounds only")                                           \
    X(CASCADE, "cascade", "9 15", "资格终止，其下授权一并终止",                                    \
      "what stands under a terminated agreement ends with it")                                     \
    /* ---- catalogue ---- */                                                                      \
    X(AGENCY_CATALOGUE, "agency_catalogue", "6 17", "运营目录只能取自实施机构目录",                \
      "what is offered is in the agency's catalogue")                                              \
    X(OWN_ENTRY, "own_entry", "6", "数源部门只编制、更新本部门目录",                               \
      "a department describes its own datasets only")                                              \
    X(ENTRY_CHAIN, "entry_chain", "6", "目录版本逐版衔接，不得跳改",                               \
      "each version of an entry names the one before")                                             \
    X(CORE_METADATA, "core_metadata", "6", "目录须具备国家标准核心元数据",                         \
      "an entry has the national core metadata, in form")                                          \
    X(RES_CODE, "res_code", "6", "信息资源代码唯一，不得变更",                                     \
      "a resource code is one dataset's, for good")                                                \
    X(STATE_SECRET, "state_secret", "2", "涉及国家秘密的数据不得编入目录",                         \
      "state secrets are refused outright")                                                        \
    X(CREDIT_DATA, "credit_data", "2", "征信数据须有专门规定方可编入",                             \
      "credit-reporting data only where the pack has rules for it")                                \
    X(LAWFUL_BASIS, "lawful_basis", "6 24", "目录须注明数据的法定依据",                            \
      "an entry says by which provision the data are held")                                        \
    X(ONE_SOURCE, "one_source", "7", "一数一源", "each item has one source")                       \
    X(UPDATE_CYCLE, "update_cycle", "7", "更新周期取自规定的周期",                                 \
      "the update cycle is one that the pack knows")                                               \
    X(FRESH_DATA, "fresh_data", "7", "超过更新周期的数据不得新授权",                               \
      "no new grant over stale data")                                                              \
    X(OFFERED_ONLY, "offered_only", "17 18", "只授权运营目录所列数据",                             \
      "a grant covers only what the operator offers")                                              \
    X(OFFER_CURRENT, "offer_current", "17", "目录变更后运营目录须重新发布",                        \
      "an offer is good for the entry that it was derived from")                                   \
    X(DEMAND_BOTH, "demand_both", "18", "目录外需求须实施机构与行业主管部门双审",                  \
      "unmet demand needs the agency and the sector's department")                                 \
    X(TICKET_DEADLINE, "ticket_deadline", "8", "质量问题须在规定期限内治理",                       \
      "a quality ticket has a deadline, and an overdue one tells")                                 \
    X(TICKET_FIXED_BY_VERSION, "ticket_fixed_by_version", "8", "治理以其后发布的数据版本为准",     \
      "a ticket is fixed by a data version published after it")                                    \
    X(TICKET_NO_VALUES, "ticket_no_values", "8 22", "质量工单不得夹带原始数据",                    \
      "a quality ticket carries no values of the data")                                            \
    /* ---- applications and grants ---- */                                                        \
    X(SCENE_APPLICATION, "scene_application", "17",                                                \
      "申请须附开发利用方案：场景、市场、路线、成效、收益",                                        \
      "an application says for what, how, and what comes of it")                                   \
    X(NECESSITY_REASON, "necessity_reason", "18", "逐字段说明必要性（最小必要）",                  \
      "every field that is applied for has its reason")                                            \
    X(FIRST_REVIEW, "first_review", "17", "一级运营主体先行初审", "the operator reviews first")    \
    X(FOUR_POINTS, "four_points", "17", "初审须就可行、合规、风险、价值四项作出说明",              \
      "the first review states feasibility, compliance, risk, value")                              \
    X(CONSENT, "consent", "5 18", "涉及部门逐一同意，一家不同意即止",                              \
      "every department concerned consents")                                                       \
    X(FINAL_REVIEW, "final_review", "9 17", "终审通过方可授权",                                    \
      "no grant without the final review of the agency")                                           \
    X(REVIEW_OPINION, "review_opinion", "17", "终审、不同意、退回均须写明意见",                    \
      "a decision says why")                                                                       \
    X(OWN_REVIEW, "own_review", "17 19", "不得审核本主体提交的事项",                               \
      "nobody reviews what they filed")                                                            \
    X(RETURN_RESETS, "return_resets", "17 18", "退回修改后重新审核",                               \
      "what was changed is reviewed from the start")                                               \
    X(ROUNDS, "rounds", "17", "退回次数有限", "an application is returned so often and no more")   \
    X(TURN, "turn", "17", "轮流发言，未答复不得通过", "what waits for an answer is not approved")  \
    X(LAPSE, "lapse", "17", "逾期未决的申请失效", "what nobody decides in time lapses")            \
    X(ONE_SCENE_ONE_GRANT, "one_scene_one_grant", "18", "一场一授权", "one scene, one grant")      \
    X(GRANT_IMMUTABLE, "grant_immutable", "18", "授权内容不得变更，变更须重新申请",                \
      "a grant never changes; a change is a new application")                                      \
    X(ALL_MUST_START, "all_must_start", "15 28 32", "一方可停，恢复须各方解除",                    \
      "one party stops a grant; all must start it")                                                \
    X(SHRINK_SMALLER, "shrink_smaller", "18", "缩减申请只减不增",                                  \
      "a shrink asks for less, in everything")                                                     \
    X(SHRINK_REPLACES, "shrink_replaces", "18", "缩减授权生效时原授权同时终止",                    \
      "a shrunk grant ends when the smaller one begins")                                           \
    /* ---- fusion ---- */                                                                         \
    X(FUSION_OWN, "fusion_own", "18 22", "融合数据须为开发主体自有，来源合法并附佐证",             \
      "own data is the developer's, and says where it comes from")                                 \
    X(FUSION_NAMED, "fusion_named", "17 18", "融合的自有数据须在场景申请中逐一列明",               \
      "an application names exactly the own data that is fused")                                   \
    X(FUSION_SCENE, "fusion_scene", "18", "自有数据只用于一个场景",                                \
      "own data is in one scene only")                                                             \
    X(FUSION_CONFIRMED, "fusion_confirmed", "18 22", "自有数据经一级运营主体确认方可进入",         \
      "no own row comes in before the operator has confirmed it")                                  \
    X(FUSION_CONTENT, "fusion_content", "18 22", "进入的自有数据须与确认的一致",                   \
      "what comes in is what was confirmed, byte for byte")                                        \
    X(FUSION_NOISED, "fusion_noised", "18 26", "融合自有数据的结果只经加噪输出",                   \
      "what reads own data is answered by noise only")                                             \
    X(FUSION_MET, "fusion_met", "18 26", "融合自有数据的人员记录须与部门数据按人员相交后方可统计", \
      "own rows about people count only where they meet a department's of the same unit")          \
    X(FUSION_ERASED, "fusion_erased", "18 22", "授权终止即销毁自有数据，不得再用",                 \
      "own data ends with its grant, and is never used again")                                     \
    X(FUSION_TAINT, "fusion_taint", "19 22", "产品须注明所融合的自有数据及其来源",                 \
      "a product says which own data may be in it")                                                \
    /* ---- products ---- */                                                                       \
    X(SIX_FORMS, "six_forms", "4", "数据产品限于组件、模型、核验、服务、工具、报告六种形态",       \
      "a product has one of the six forms")                                                        \
    X(OPERATOR_NO_PRODUCTS, "operator_no_products", "11", "运营主体不得参与已交付产品的再开发",    \
      "the operator files no product and develops none again")                                     \
    X(PRODUCT_MODEL, "product_model", "19", "产品只出自已审核的模型",                              \
      "a product is made of an approved model")                                                    \
    X(PRODUCT_BOUND, "product_bound", "19 22", "产品与模型、授权、报告绑定，其他内容不予运行",     \
      "a product is bound to its model, its grant and its report")                                 \
    X(SCOPE_OF_GRANT, "scope_of_grant", "19", "产品用途与申请用途、使用范围一致",                  \
      "a product is for the scene and purpose of its grant")                                       \
    X(SOURCES_NAMED, "sources_named", "19", "注明数据来源及其合法合规性",                          \
      "every source is named with its lawful basis")                                               \
    X(REPORT_ATTEMPTS, "report_attempts", "19", "检测次数有限，结果仅供审核方",                    \
      "reports are for reviewers, and so many")                                                    \
    X(TEST_ATTEMPTS, "test_attempts", "19", "域内推断与还原测试次数有限",                          \
      "tests of a product inside the domain are so many")                                          \
    X(PRODUCT_TESTED, "product_tested", "19", "成员推断、原始数据还原测试通过方可同意",            \
      "nothing is approved whose last test inside the domain has not passed")                      \
    X(FIVE_CHECKS, "five_checks", "19", "五项重点审核全部通过方可同意",                            \
      "nothing is approved that fails one of the five checks")                                     \
    X(SECURITY_REVIEW, "security_review", "19", "安全主管部门审核",                                \
      "nothing is published that the security authority has not approved")                         \
    X(AGENCY_RELEASE, "agency_release", "19", "区大数据主管部门审核后发布",                        \
      "nothing is published that the agency has not approved")                                     \
    X(REGISTERED, "registered", "11 20", "产品登记、场内登记后方可交易",                           \
      "a product is sold once it is registered at exchange and register")                          \
    X(PRICE_CLASS, "price_class", "21", "公益有条件无偿，产业有条件有偿",                          \
      "public interest is free or at cost, industry pays")                                         \
    X(PRICE_CAP, "price_cap", "20 21", "价格不超过上限", "no price above the cap")                 \
    X(FEE_CAP, "fee_cap", "21", "一级运营主体收费不超过上限",                                      \
      "the operator's part is at most what the pack allows")                                       \
    X(FEE_AGREED, "fee_agreed", "14 21", "收费按授权开发协议注明的比例",                           \
      "the operator's part is the one that the agreement states")                                  \
    X(NO_TRANSFER, "no_transfer", "22", "买方承诺不得提供或转授权给第三方",                        \
      "a buyer passes nothing on")                                                                 \
    X(BUYER_SUBSCRIBED, "buyer_subscribed", "19 22", "未订购者不得调用",                           \
      "who has not subscribed calls nothing")                                                      \
    X(PURPOSE_BOUND, "purpose_bound", "19 22", "不得用于或变相用于未经审核的应用场景",             \
      "a call is for the purpose that was subscribed to; another is disguised use")                \
    X(WITHDRAWN_STOPS, "withdrawn_stops", "19 32", "产品撤回即停",                                 \
      "a withdrawn product answers nothing")                                                       \
    /* ---- platforms ---- */                                                                      \
    X(PLATFORM_TOLD, "platform_told", "16 19", "目录、登记与产品信息同步至市平台",                 \
      "the city's platform is told of catalogue, registrations and products")                      \
    X(PLATFORM_SIGNED, "platform_signed", "16", "平台回执与通告须经其签名",                        \
      "receipts and announcements count when the platform has signed them")                        \
    /* ---- supervision ---- */                                                                    \
    X(SECTOR_DEPARTMENT, "sector_department", "29 32", "行业主管部门在本行业范围内监督检查",       \
      "a sector's department supervises those who use the sector's data")                          \
    X(INSPECTION_DEADLINE, "inspection_deadline", "27", "检查发现的问题限期整改",                  \
      "a finding is mended within its deadline, or is marked late")                                \
    X(INSPECTION_MENDED, "inspection_mended", "27", "问题整改完毕方可办结检查",                    \
      "no inspection is closed over a finding that is not mended")                                 \
    X(INCIDENT_FREEZES, "incident_freezes", "28", "报告安全事件即时停止相应数据处理",              \
      "an incident's report stops what it affects, in the same event")                             \
    X(INCIDENT_CLOCK, "incident_clock", "28", "安全事件在规定时限内上报",                          \
      "an incident is reported within the pack's hours, or is marked late")                        \
    X(INCIDENT_SCOPE, "incident_scope", "23 28", "报告主体只可停止其有权停止的数据处理",           \
      "a report stops only what its reporter may stop")                                            \
    X(DRILL_PLAN, "drill_plan", "28", "应急演练依据现行应急预案",                                  \
      "a drill is one of the emergency plan in force")                                             \
    X(DRILL_PARTIES, "drill_parties", "28", "应急演练须有运营机构参加",                            \
      "operators or developers take part in a drill")                                              \
    X(EVALUATION_JOINT, "evaluation_joint", "30", "评估会同有关单位或委托第三方",                  \
      "an evaluation is made with departments or by a third party")                                \
    X(EVALUATION_FEEDS, "evaluation_feeds", "30 15", "评估结果作为终止、再次申请的依据",           \
      "a failing evaluation, and no other, ends an agreement on that ground")                      \
    X(ANNUAL_REPORT, "annual_report", "31", "每年按期提交运营报告",                                \
      "the yearly report comes by its day, or is marked late")                                     \
    X(ANNUAL_FIGURES, "annual_figures", "31 30", "运营报告数字与账本一致",                         \
      "the report's figures are those that the ledger counts")                                     \
    X(DISCLOSURE_DUE, "disclosure_due", "31", "按期向社会披露",                                    \
      "disclosure comes by its day, or is marked late")                                            \
    X(CORRECTION_GROUND, "correction_ground", "32", "仅依三种情形责令改正",                        \
      "an order to correct rests on one of the listed grounds")                                    \
    X(CORRECTION_CLOSES, "correction_closes", "32", "责令改正同时关闭数据权限",                    \
      "an order to correct closes access in the same event")                                       \
    X(CORRECTION_DEADLINE, "correction_deadline", "32", "逾期整改不予恢复",                        \
      "what is mended after the deadline brings no access back")                                   \
    X(CORRECTION_REPORT, "correction_report", "32", "经整改报告并确认方可恢复权限",                \
      "access opens again only on the party's report that it has mended")                          \
    X(CORRECTION_TERM, "correction_term", "32", "整改期限届满前不得取消授权",                      \
      "nothing is cancelled before the deadline is over")                                          \
    X(CORRECTION_CANCELS, "correction_cancels", "32", "逾期未整改取消运营授权",                    \
      "what is not mended in time costs the grants")                                               \
    /* ---- spine ---- */                                                                          \
    X(SIGNED, "signed", "16 24 25", "每个请求由主体密钥签名，责任可究",                            \
      "every request is signed by its party's key")                                                \
    X(SIGNED_BODY, "signed_body", "24", "签名覆盖请求全文，行为留痕不可改",                        \
      "the signature covers the whole body, as it was sent")                                       \
    X(NONCE, "nonce", "24", "同一请求只有一个结果，重放不生效",                                    \
      "one request has one outcome, and a copy of it has none")                                    \
    X(REQUEST_LIFE, "request_life", "16 24", "请求逾期无效",                                       \
      "a request is good for a limited time")                                                      \
    X(CERTIFICATE, "certificate", "16", "连接证书与主体绑定",                                      \
      "a connection speaks only for the party of its certificate")                                 \
    X(ROLES, "roles", "5 9 16 23", "各角色只能办理其职责内的事项",                                 \
      "each role does what its duties are, and nothing else")                                      \
    X(LOCAL_ONLY, "local_only", "3 7 22", "原始数据只经域内主机本地接口进入",                      \
      "raw data enters on the domain's own host only")                                             \
    X(INVITATION, "invitation", "13", "经实施机构签发邀请方可开户",                                \
      "an account is opened on an invitation that the agency signed")                              \
    X(ONE_KEY, "one_key", "9 23", "一个主体一把密钥，不得共用",                                    \
      "no two parties share a key or a certificate")                                               \
    X(OWN_DATA, "own_data", "6 7", "数源部门只编目、汇入本部门数据",                               \
      "a department describes and brings in its own data only")                                    \
    X(GRANT_TERM, "grant_term", "9", "授权期限不超过上限",                                         \
      "no grant is longer than the longest term")                                                  \
    X(GRANT_EXPIRED, "grant_expired", "9 18", "期满即停", "a grant ends with its term")            \
    X(GRANT_STOPPED, "grant_stopped", "15 28 32", "授权中止期间不得使用数据",                      \
      "nothing runs under a suspended grant")                                                      \
    X(GRANT_REVOKED, "grant_revoked", "15 32", "授权撤销后不得使用数据",                           \
      "nothing runs under a revoked grant")                                                        \
    X(GROUNDS, "grounds", "15 32", "中止、撤销须有法定情形，且属其职权",                           \
      "a stop needs a ground that the pack gives to that role")                                    \
    X(OWN_GRANT, "own_grant", "22", "不得转授权给第三方",                                          \
      "a grant is used by whom it was given to, and by nobody else")                               \
    X(GRANTED_FIELDS, "granted_fields", "18", "只供给获批字段",                                    \
      "a model reads granted fields only")                                                         \
    X(MASKS, "masks", "16 18", "按授权脱敏后供给", "a field is seen as its mask leaves it")        \
    X(NEVER_GRANTED, "never_granted", "3 18 22", "姓名、住址、证件号码等直接标识不予授权",         \
      "names, addresses and numbers of people are never granted")                                  \
    X(NO_RAW_ROWS, "no_raw_rows", "3 22", "不得导出原始数据，只出汇总结果",                        \
      "only aggregates leave, never rows")                                                         \
    X(EXACT_PUBLIC, "exact_public", "3 22", "精确数只来自公开数据",                                \
      "exact figures come from public data only")                                                  \
    X(GRADE_MECHANISM, "grade_mechanism", "16 19 24", "按数据级别采用相应隐私计算机制",            \
      "what a grade may leave by is what the pack allows for it")                                  \
    X(CORE_DATA, "core_data", "19 24", "核心数据只就本人同意作答",                                 \
      "core data only answers about one consenting subject")                                       \
    X(SUPPORT, "support", "26", "参数不得圈定少数人",                                              \
      "no parameter value singles a few people out")                                               \
    X(DIFFERENCING, "differencing", "26", "防止多次结果相减推断",                                  \
      "no two figures may differ by a few people")                                                 \
    X(BUDGET_HELD, "budget_held", "26", "授权占用不超过隐私预算总额",                              \
      "grants reserve no more than the lifetime budget")                                           \
    X(BUDGET_SHARE, "budget_share", "18 26", "运行不超出授权的隐私预算份额",                       \
      "a run is paid from what its grant has left")                                                \
    X(BUDGET_FOR_LIFE, "budget_for_life", "26", "隐私预算总额终身有效，不得调高",                  \
      "a lifetime budget is never raised")                                                         \
    X(CUSTODY, "custody", "3 16", "无托管人密钥份额不得启用数据",                                  \
      "protected data opens only with the custodian's key share")                                  \
    X(CUSTODY_DEPARTMENT, "custody_department", "3 5 16", "部门托管的份额由部门本人交存",          \
      "where departments hold key shares, each deposits its own, anew after every stop")           \
    X(MODEL_REVIEWED, "model_reviewed", "18 19", "模型经登记审核方可运行",                         \
      "only a registered model that was reviewed runs")                                            \
    X(MODEL_OF_GRANT, "model_of_grant", "18 19 22", "模型不得用于或变相用于其他场景",              \
      "a model runs in the scene that it was approved for")                                        \
    X(CALLS, "calls", "18", "调用次数不超过核准数", "no more calls than were granted")             \
    X(SUBJECT_CONSENT, "subject_consent", "19 26", "涉及个人的查询须本人同意",                     \
      "a question about one person needs that person's consent")                                   \
    X(CONSENT_ONCE, "consent_once", "19 26", "一次同意只用一次", "a consent is used once")

enum rules_control {
    RULES_CTL_NONE = 0,
#define RULES_CONTROL_ENUM(name, text, articles, zh, en) RULES_CTL_##name,
    RULES_CONTROLS(RULES_CONTROL_ENUM)
#undef RULES_CONTROL_ENUM
        RULES_CTL_N
};

#ifdef SY_WEAK_BUILD
/* `holds`, or true when this control is off in this process. */
bool control(enum rules_control which, bool holds);
#else
static inline bool control(enum rules_control which, bool holds)
{
    (void)which;
    return holds;
}
#endif

#endif
