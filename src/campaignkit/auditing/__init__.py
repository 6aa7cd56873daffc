"""Audit: find what is wrong with a table, who is to blame, how bad it is and which rows.

>>> report = audit({"clicks": [1, 9], "impressions": [5, 5]})
>>> report.errors[0].kind
'clicks_exceed_impressions'
"""

from __future__ import annotations

from campaignkit.auditing.audit_report import AuditReport
from campaignkit.auditing.auditor import audit
from campaignkit.auditing.checks import ALL_CHECKS, Check, ConditionCheck
from campaignkit.auditing.finding import Finding
from campaignkit.auditing.groups import Group
from campaignkit.auditing.labels import teach
from campaignkit.auditing.mining import mine_rules
from campaignkit.auditing.planning import AuditPlan, plan_audit
from campaignkit.auditing.rule import Rule, RuleSet, Silence, python_rule, sql_rule
from campaignkit.auditing.scene import Scene

__all__ = [  # plain order, which the house test checks
    "ALL_CHECKS",
    "AuditPlan",
    "AuditReport",
    "Check",
    "ConditionCheck",
    "Finding",
    "Group",
    "Rule",
    "RuleSet",
    "Scene",
    "Silence",
    "audit",
    "mine_rules",
    "plan_audit",
    "python_rule",
    "sql_rule",
    "teach",
]
