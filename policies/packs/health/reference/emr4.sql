-- block: orgs
SELECT 0 AS u, emr_level AS f0, 1 AS f1, if(emr_level > 3, 1, 0) AS f2
FROM org o
WHERE gov_run AND NOT o.level IN ('一级', '未定级') AND kind IN ('专科', '中医', '传染', '妇幼', '精神', '综合')
  AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
