-- block: pupils
SELECT student_id AS u, 1 AS f0
FROM school
WHERE full_exam_flag AND year(exam_date) = year($year_end::DATE) AND stage <> '幼儿园'
-- block: enrolled
SELECT 0 AS u, enrolled AS f0
FROM schools
WHERE year = year($year_end::DATE) AND stage <> '幼儿园'
