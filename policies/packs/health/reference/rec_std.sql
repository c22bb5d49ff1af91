-- block: orgs
SELECT 0 AS u, 1 AS f0, if(o.standard_level = '推荐', 1, 0) AS f1
FROM org o
WHERE o.kind = '卫生院'
  AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
