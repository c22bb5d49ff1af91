-- block: patients
SELECT DISTINCT n.person_id AS u, 1 AS f0,
       if(EXISTS (SELECT 1 FROM ncd_fu f
                  WHERE f.person_id = n.person_id AND f.disease = 'T2DM' AND f.fbg < 7
                    AND f.fu_date = (SELECT max(g.fu_date) FROM ncd_fu g
                                     WHERE g.person_id = n.person_id AND g.disease = 'T2DM'
                                       AND year(g.fu_date) = year($year_end::DATE))), 1, 0) AS f1
FROM ncd n
WHERE n.disease = 'T2DM' AND NOT (n.enrol_date > $year_end::DATE OR coalesce(n.exit_date < $year_start::DATE, false))
