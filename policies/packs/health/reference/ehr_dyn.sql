-- block: records
SELECT person_id AS u, 1 AS f0, if(last_dynamic_date >= $year_start::DATE, 1, 0) AS f1
FROM ehr
WHERE status = '在用' AND conform_flag AND NOT created > $year_end::DATE
