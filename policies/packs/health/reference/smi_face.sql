-- block: patients
SELECT person_id AS u, 1 AS f0, if(count(*) FILTER (mode = '面访' AND year(fu_date) = year($year_end::DATE)) >= 1, 1, 0) AS f1
FROM smi
WHERE registered <= $year_end::DATE
GROUP BY person_id
