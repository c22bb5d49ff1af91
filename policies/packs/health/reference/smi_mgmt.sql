-- block: patients
SELECT r.person_id AS u, 1 AS f0,
       CASE WHEN r.person_id IN (SELECT person_id FROM smi
                                 WHERE managed AND registered <= $year_end::DATE
                                   AND year(fu_date) = year($year_end::DATE)) THEN 1 ELSE 0 END AS f1
FROM (SELECT DISTINCT person_id FROM smi WHERE registered <= $year_end::DATE) r
