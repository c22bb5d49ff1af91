-- block: orgs
SELECT 0 AS u, 1 AS f0, if(o.insurer_contract, 1, 0) AS f1
FROM org o
WHERE o.insurer_eligible AND o.kind = '村卫生室'
  AND $year_end::DATE BETWEEN o.valid_from AND coalesce(o.valid_to, $year_end::DATE)
