-- block: orgs
SELECT 0 AS u, 1 AS f0,
       if(o.org_id IN (SELECT d.org_id FROM org_dept d
                       WHERE d.dept = '中医临床科室' AND $year_end::DATE BETWEEN d.valid_from AND coalesce(d.valid_to, $year_end::DATE)), 1, 0) AS f1
FROM org o
WHERE o.gov_run AND o.kind IN ('妇幼', '传染', '综合') AND NOT o.level IN ('一级', '未定级')
  AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
