"""How the campaigns of a label are drawn: strategies, each in one file and in the list here."""

from __future__ import annotations

from campaignkit.sample.strategies.annealing import Annealing
from campaignkit.sample.strategies.heat_bath import HeatBath
from campaignkit.sample.strategies.rejection import Rejection
from campaignkit.sample.strategies.strategy import Strategy

ALL_STRATEGIES: tuple[type[Strategy], ...] = (Rejection, HeatBath, Annealing)

__all__ = ["ALL_STRATEGIES", "Annealing", "HeatBath", "Rejection", "Strategy"]
