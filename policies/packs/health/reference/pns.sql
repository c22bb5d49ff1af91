-- block: women
SELECT woman_id AS u, 1 AS f0, max(CASE WHEN screen_date <= delivery_dt THEN 1 ELSE 0 END) AS f1
FROM mat
WHERE delivery_dt >= $year_start AND delivery_dt <= $year_end
GROUP BY woman_id
