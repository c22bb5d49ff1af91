-- block: samples
SELECT employer_id AS u, 1 AS f0, if(pass, 1, 0) AS f1
FROM occ
WHERE year(sample_date) = year($year_end::DATE)
