-- block: orgs
SELECT 0 AS u, 1 AS f0,
       if(o.org_id IN (SELECT d.org_id FROM org_dept d WHERE d.dept = '日间中医' AND $year_end::DATE BETWEEN d.valid_from AND coalesce(d.valid_to, $year_end::DATE)), 1, 0) AS f1
FROM org o
WHERE o.kind = '卫生院' AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
  AND o.org_id IN (SELECT g.org_id FROM org_dept g WHERE g.dept = '国医堂' AND $year_end::DATE BETWEEN g.valid_from AND coalesce(g.valid_to, $year_end::DATE))
