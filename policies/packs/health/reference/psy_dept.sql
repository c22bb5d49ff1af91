-- block: orgs
SELECT 0 AS u, 1 AS f0,
       if(o.org_id IN (SELECT d.org_id FROM org_dept d
                       WHERE d.dept = '精神心理门诊' AND $year_end::DATE BETWEEN d.valid_from AND coalesce(d.valid_to, $year_end::DATE)), 1, 0) AS f1
FROM org o
WHERE NOT o.level IN ('一级', '未定级') AND o.kind IN ('妇幼', '综合')
  AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
