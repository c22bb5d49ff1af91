-- block: vehicles
SELECT 0 AS u, 1 AS f0, if(negative_pressure, 1, 0) AS f1
FROM ambulance
WHERE $year_end::DATE BETWEEN ambulance.valid_from AND coalesce(ambulance.valid_to, $year_end::DATE)
-- block: pop
SELECT person_id AS u, 1 AS f0
FROM pop
WHERE residence_type = '常住'
  AND $year_end::DATE BETWEEN valid_from AND coalesce(valid_to, DATE '9999-12-31')
