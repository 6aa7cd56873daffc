-- Of a store that keeps anything there is a row.
SELECT 1 FROM ingested UNION ALL SELECT 1 FROM fetched UNION ALL
SELECT 1 FROM duckdb_tables() WHERE table_name = 'stated' AND NOT temporary LIMIT 1
