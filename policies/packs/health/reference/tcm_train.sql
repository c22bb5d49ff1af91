-- block: doctors
SELECT staff_id AS u, 1 AS f0,
       if(EXISTS (SELECT 1 FROM second x
                  WHERE x.staff_id = staff.staff_id AND x.programme = '乡村医生中医药适宜技术培训'
                    AND year(x.start_date) BETWEEN year($year_end::DATE) - 2 AND year($year_end::DATE)), 1, 0) AS f1
FROM staff
WHERE vd_flag AND $year_end::DATE BETWEEN hire_date AND coalesce(leave_date, $year_end::DATE)
