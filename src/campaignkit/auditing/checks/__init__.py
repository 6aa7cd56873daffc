"""Every check, one per form of rule; a new form is its import and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from campaignkit.auditing.checks.categories import CategoryCheck
from campaignkit.auditing.checks.check import Check, ConditionCheck
from campaignkit.auditing.checks.currencies import CurrencyCheck
from campaignkit.auditing.checks.days import DateCheck, MissingDayCheck
from campaignkit.auditing.checks.dependencies import DependencyCheck
from campaignkit.auditing.checks.drift import LateCheck, ScaleCheck, ShareCheck
from campaignkit.auditing.checks.duplicates import DuplicateCheck
from campaignkit.auditing.checks.identifiers import IdentifierCheck
from campaignkit.auditing.checks.laws import LawCheck
from campaignkit.auditing.checks.missing import MissingCheck
from campaignkit.auditing.checks.outliers import OutlierCheck
from campaignkit.auditing.checks.rates import RateCheck
from campaignkit.auditing.checks.shifts import ShiftCheck
from campaignkit.auditing.checks.spelling import SpellingCheck, UnitCheck, VariantCheck
from campaignkit.auditing.checks.stated import FunctionCheck, StatedCheck
from campaignkit.auditing.checks.structure import SchemaCheck, TypeCheck
from campaignkit.auditing.checks.totals import TotalsCheck
from campaignkit.auditing.checks.unit_changes import UnitChangeCheck

ALL_CHECKS: Mapping[str, Check] = {
    check.form: check
    for check in (
        ShiftCheck(),
        TotalsCheck(),
        SchemaCheck(),
        TypeCheck(),
        IdentifierCheck(),
        LawCheck("non_negative"),
        LawCheck("needs"),
        LawCheck("at_most"),
        StatedCheck("sql"),
        StatedCheck("range"),
        FunctionCheck(),
        MissingCheck(),
        CategoryCheck(),
        DependencyCheck(),
        SpellingCheck(),
        VariantCheck(),
        UnitCheck(),
        RateCheck(),
        CurrencyCheck(),
        UnitChangeCheck(),
        OutlierCheck(),
        DuplicateCheck(),
        ShareCheck(),
        ScaleCheck(),
        MissingDayCheck(),
        DateCheck(),
        LateCheck(),
    )
}

__all__ = ["ALL_CHECKS", "Check", "ConditionCheck"]
