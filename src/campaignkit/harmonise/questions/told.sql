-- What the newest downloaded reports say: what was decided, and totals that are not met.
INSERT INTO notes SELECT DISTINCT platform, name, unnest(notes) FROM ingested
WHERE replaced_by IS NULL;
DELETE FROM totals WHERE starts_with(measure, 'own total: ');
INSERT INTO totals BY NAME SELECT platform, level, false AS has_hours,
    'own total: ' || t.measure AS measure, t.told AS source, t.rows AS harmonised
FROM (SELECT platform, unnest(open_totals) AS t,
    regexp_extract(relation, '^export_(ad_group|ad|campaign)', 1) AS level FROM ingested
    WHERE replaced_by IS NULL);
DELETE FROM notes WHERE about = 'currencies';
INSERT INTO notes SELECT coalesce(nullif(platform, ''), 'every platform'), 'currencies',
    'no row is of account ' || account_id || '; expected one such as ' || coalesce(
        (SELECT array_to_string(list(a ORDER BY jaro_winkler_similarity(a, s.account_id) DESC, a)[:3],
            ', ') FROM (SELECT DISTINCT account_id AS a FROM place)), 'none')
FROM stated s WHERE NOT EXISTS (FROM place p WHERE p.account_id = s.account_id
    AND s.platform IN ('', p.platform));
