"""Contracts for plug-ins: run them over your classifier, corruption, check, embedder,
method, moves, queue of jobs, sampling strategy or scores in your tests.

`ModelServer` is a server on this computer that speaks the protocols of language models.

>>> from campaignkit.inject import Outliers
>>> check_corruption(Outliers())
"""

from __future__ import annotations

from campaignkit.testing.audit_check_contract import check_audit_check
from campaignkit.testing.chat_model_contract import check_chat_model
from campaignkit.testing.classifier_contract import check_classifier
from campaignkit.testing.corruption_contract import check_corruption
from campaignkit.testing.embedder_contract import check_embedder
from campaignkit.testing.fault_schedule import FaultSchedule
from campaignkit.testing.graph_method_contract import check_graph_method
from campaignkit.testing.model_server import Charge, ModelServer
from campaignkit.testing.move_contract import check_moves
from campaignkit.testing.queue_contract import check_queue
from campaignkit.testing.scorer_contract import check_scorer
from campaignkit.testing.scores_contract import check_scores
from campaignkit.testing.strategy_contract import check_strategy

__all__ = [
    "Charge",
    "FaultSchedule",
    "ModelServer",
    "check_audit_check",
    "check_chat_model",
    "check_classifier",
    "check_corruption",
    "check_embedder",
    "check_graph_method",
    "check_moves",
    "check_queue",
    "check_scorer",
    "check_scores",
    "check_strategy",
]
