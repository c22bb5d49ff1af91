-- block: orgs
SELECT 0 AS u, 1 AS f0
FROM org o
WHERE o.center_village AND o.kind = '村卫生室' AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
