-- block: visits
SELECT person_id AS u, 1 AS f0,
       CASE WHEN org_id IN (SELECT o.org_id FROM org o
                            WHERE o.kind IN ('卫生院', '社区中心', '社区站', '村卫生室') AND o.valid_from <= $year_end::DATE
                              AND coalesce(o.valid_to, $year_end::DATE) >= $year_start::DATE) THEN 1 ELSE 0 END AS f1
FROM opd
WHERE year(visit_dt) = year($year_end::DATE)
