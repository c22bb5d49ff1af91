-- block: orgs
SELECT 0 AS u, 1 AS f0
FROM org o
WHERE o.kind IN ('社区中心', '卫生院') AND o.level = '一级' AND o.grade = '甲等' AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
