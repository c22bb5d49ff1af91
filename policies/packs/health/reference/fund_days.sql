-- block: settled
WITH elapsed AS (
  SELECT person_id,
         (SELECT max(workday_no) FROM calendar WHERE date = paid_date)
         - (SELECT max(workday_no) FROM calendar WHERE date = apply_date) AS days
  FROM claim
  WHERE year(paid_date) = year($year_end::DATE))
SELECT person_id AS u,
       CASE WHEN days > 30 THEN '31+' WHEN days > 20 THEN '21-30' WHEN days > 10 THEN '11-20' ELSE '1-10' END AS k0,
       1 AS f0
FROM elapsed
WHERE days IS NOT NULL
