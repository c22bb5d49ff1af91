-- block: used
SELECT person_id AS u, dip_code AS k0, 1 AS f0
FROM claim
WHERE year(visit_date) = year($year_end::DATE)
  AND org_id IN (SELECT org_id FROM org WHERE kind IN ('卫生院', '社区中心', '社区站', '村卫生室'))
-- block: listed
SELECT 0 AS u, 1 AS f0
FROM ledger
WHERE item_code = 'DIP基层病种' AND status = '生效' AND NOT date > $year_end::DATE
