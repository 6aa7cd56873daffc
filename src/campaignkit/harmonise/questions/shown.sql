-- A unified table as its readers see it: keys, {made} of a place and day, and names, in order.
WITH d AS (
    SELECT platform, kind, id, in_group, creative_id, {names} FROM described),
s AS (
    SELECT platform, level, string_agg(relation, ', ' ORDER BY relation) AS source_relation
    FROM sources WHERE made = '{made}' GROUP BY ALL),
-- Of types that overlap one is counted, by place and day: the preferred, in the account's own
-- window or else the longest.
c AS (
    SELECT f.place_id, f.date_local, coalesce(v.event, 'other:' || f.event_own) AS event,
        f.event_own, f.click_days, f.view_days, f.time_basis,
        rank() OVER (
            PARTITION BY f.place_id, f.date_local, coalesce(v.event, f.event_own)
            ORDER BY coalesce(v.rank, 0), f.click_days DESC NULLS FIRST,
                f.view_days DESC NULLS FIRST, f.time_basis NULLS FIRST) = 1 AS is_primary,
        f.count AS conversions, f.value AS conversion_value,
        f.view_through AS conversions_view_through,
        concat_ws(chr(31), coalesce(f.event_own, chr(1)),
            coalesce(CAST(f.click_days AS VARCHAR), chr(1)),
            coalesce(CAST(f.view_days AS VARCHAR), chr(1)), coalesce(f.time_basis, chr(1))) AS more
    FROM conversion_fact f JOIN place p USING (place_id)
    LEFT JOIN events v ON v.platform = p.platform AND v.event_own = f.event_own),
r AS (SELECT *, '' AS more FROM reach_fact),
p AS (SELECT *, '' AS more FROM performance_fact)
SELECT {client} AS client_id, p.level, p.platform, p.account_id, p.campaign_id, p.ad_group_id,
    p.ad_id, f.date_local, p.report_tz, p.currency, {amounts},
    {described}, s.source_relation, w.extracted_at, {version} AS schema_version,
    md5(concat_ws(chr(31), p.place_key, CAST(f.date_local AS VARCHAR), f.more)) AS row_key
FROM {facts} f JOIN place p USING (place_id) JOIN click_kinds k ON k.platform = p.platform
LEFT JOIN d d_ad ON d_ad.kind = 'ad' AND d_ad.platform = p.platform AND d_ad.id = p.ad_id
    AND (d_ad.in_group IS NULL OR d_ad.in_group = p.ad_group_id)
LEFT JOIN d d_creative ON d_creative.kind = 'creative' AND d_creative.platform = p.platform
    AND d_creative.id = d_ad.creative_id
LEFT JOIN d d_ad_group ON d_ad_group.kind = 'ad_group' AND d_ad_group.platform = p.platform
    AND d_ad_group.id = p.ad_group_id
LEFT JOIN d d_campaign ON d_campaign.kind = 'campaign' AND d_campaign.platform = p.platform
    AND d_campaign.id = p.campaign_id
LEFT JOIN d d_account ON d_account.kind = 'account' AND d_account.platform = p.platform
    AND d_account.id = p.account_id
LEFT JOIN s ON s.platform = p.platform AND s.level = p.level
LEFT JOIN covered w ON w.platform = p.platform AND w.level = p.level
    AND w.in_account = p.in_account AND w.date_local = f.date_local
ORDER BY p.platform, p.level, f.date_local, row_key
