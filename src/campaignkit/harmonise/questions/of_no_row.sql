-- Accounts whose currency was stated, and which no row is of.
SELECT coalesce(nullif(platform, ''), 'every platform'), account_id FROM stated s
WHERE NOT EXISTS (FROM place p WHERE p.account_id = s.account_id
    AND s.platform IN ('', p.platform))
ORDER BY ALL
