-- Statements that delete a platform's rows of every table but what was stated of it.
SELECT 'DELETE FROM ' || table_name || CASE WHEN list_contains(columns, 'platform')
    THEN ' WHERE platform = ?'
    ELSE ' WHERE place_id IN (SELECT place_id FROM place WHERE platform = ?)' END
FROM (SELECT table_name, list(column_name) AS columns FROM duckdb_columns()
    JOIN duckdb_tables() USING (database_name, schema_name, table_name)
    WHERE database_name = 'store' AND schema_name = 'main' GROUP BY table_name)
WHERE list_has_any(columns, ['platform', 'place_id']) AND table_name NOT IN ('stated', 'defined')
ORDER BY list_contains(columns, 'platform')
