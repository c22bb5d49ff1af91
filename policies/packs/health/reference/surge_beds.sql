-- block: beds
SELECT 0 AS u, epidemic_bed AS f0
FROM bed
WHERE date = $year_end::DATE
