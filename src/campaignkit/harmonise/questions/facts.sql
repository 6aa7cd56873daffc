-- What pairs of values of two modalities achieved. A campaign counts once: its ads and periods are
-- averaged first. Intervals are of 95%, by Student's t over campaigns.
WITH c AS (
    SELECT *, row_number() OVER () AS n, platform[1] AS of,
        -- Unknown currencies of two accounts are two.
        if(currency = 'XXX', 'XXX of account ' || account_id, currency) AS money
    FROM labelled),
told AS (
    SELECT n, modality, list_position({modalities}, modality) AS at, unnest(own) AS value
    FROM (UNPIVOT (SELECT n, CAST(COLUMNS({modalities}) AS VARCHAR[]) AS '\0' FROM c)
        ON * EXCLUDE n INTO NAME modality VALUE own)),
p AS (
    SELECT {'modality': x.modality, 'value': x.value, 'other_modality': y.modality,
        'other_value': y.value} AS ends,
        n, of, account_id, campaign_id, percentile, outcome, kpi, money, label
    FROM told x JOIN told y USING (n) JOIN c USING (n) WHERE x.at < y.at),
u AS (
    SELECT ends, kpi, money FROM p GROUP BY ends, kpi, money
    QUALIFY row_number() OVER (PARTITION BY ends ORDER BY count(*) DESC, min(n)) = 1),
by_campaign AS (
    SELECT ends, false AS is_rate, of, account_id, campaign_id, avg(percentile) AS x
    FROM p GROUP BY ALL UNION ALL
    SELECT ends, true, of, account_id, campaign_id, avg(outcome)
    FROM p SEMI JOIN u USING (ends, kpi, money) GROUP BY ALL),
m AS (
    SELECT ends, is_rate, num, mean, greatest(mean - half, 0) AS low,
        coalesce(mean + half, 'inf') AS high
    FROM (SELECT ends, is_rate, count(*) AS num, avg(x) AS mean,
            stddev_samp(x) / sqrt(num) AS scatter FROM by_campaign GROUP BY ALL)
    JOIN (SELECT num, q FROM student) USING (num), LATERAL (SELECT q * scatter AS half)),
l AS (
    SELECT ends, string_agg(num || ' ' || label, ', ' ORDER BY label) AS labels
    FROM (SELECT ends, label, count(*) AS num FROM p GROUP BY ALL) GROUP BY ends)
SELECT unnest(m.ends),
    format('{} campaigns with both: mean rank among peers {:.0f}% (95% interval {:.0f}% to '
        '{:.0f}%); {}; {} per {} {:.3g} ({:.3g} to {:.3g}) in {}', m.num, 100 * m.mean,
        100 * m.low, 100 * least(m.high, 1), labels, kpi, money, r.mean, r.low, r.high, r.num)
        AS fact,
    m.num AS num_campaigns, m.mean AS percentile, m.low AS percentile_lo,
    least(m.high, 1) AS percentile_hi, kpi, money AS currency, r.mean AS rate, r.low AS rate_lo,
    r.high AS rate_hi, r.num AS rate_campaigns
FROM m JOIN m r USING (ends) JOIN l USING (ends) JOIN u USING (ends)
WHERE NOT m.is_rate AND r.is_rate AND m.num >= {least} ORDER BY m.ends
