-- block: calls
SELECT call_id AS u, 1 AS f0, if(dispatched, 1, 0) AS f1
FROM ems
WHERE year(call_dt) = year($year_end::DATE)
