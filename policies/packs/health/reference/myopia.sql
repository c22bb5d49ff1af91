-- block: pupils
WITH seen AS (
  SELECT student_id, exam_date, list_position(['幼儿园', '小学', '初中', '高中', '中职'], stage) AS stage,
         CAST(coalesce(ucva_l < 5 AND se_l < -0.5, false) OR coalesce(ucva_r < 5 AND se_r < -0.5, false)
              AS INTEGER) AS myopic
  FROM school
  WHERE year(exam_date) = year($year_end::DATE) AND stage <> '幼儿园'
    AND ucva_l IS NOT NULL AND ucva_r IS NOT NULL AND student_id IS NOT NULL),
last AS (
  SELECT student_id, max(stage) AS stage, max(myopic) AS myopic
  FROM seen s
  WHERE exam_date = (SELECT max(t.exam_date) FROM seen t WHERE t.student_id = s.student_id)
  GROUP BY student_id)
SELECT student_id AS u, CASE stage WHEN 2 THEN '小学' WHEN 3 THEN '初中' ELSE '高中' END AS k0, 1 AS f0,
       myopic AS f1
FROM last
