-- block: employers
SELECT DISTINCT employer_id AS u, 1 AS f0,
       if(employer_id IN (SELECT employer_id FROM occ
                          WHERE declared_flag AND year(sample_date) = year($year_end::DATE)), 1, 0) AS f1
FROM occ
WHERE year(sample_date) = year($year_end::DATE)
