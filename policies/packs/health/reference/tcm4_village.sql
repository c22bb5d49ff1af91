-- block: orgs
SELECT 0 AS u, 1 AS f0,
       if((SELECT count(DISTINCT t.therapy_code) FROM tcmv t
           WHERE t.org_id = o.org_id AND t.active AND t.year = year($year_end::DATE)) > 3, 1, 0) AS f1
FROM org o
WHERE o.kind = '村卫生室' AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
