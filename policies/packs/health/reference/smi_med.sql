-- block: patients
SELECT person_id AS u, 1 AS f0, if(count(*) FILTER (med_adherence IN ('间断', '规律') AND year(fu_date) = year($year_end::DATE)) >= 1, 1, 0) AS f1
FROM smi
WHERE registered <= $year_end::DATE
GROUP BY person_id
