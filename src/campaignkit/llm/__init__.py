"""Talking to a language model: what is asked, what comes back, and what it costs.

An `Account` sends requests to a `ChatModel` within a `Budget`; replies are on disk before they are
used.
"""

from __future__ import annotations

from campaignkit.llm.account import Account
from campaignkit.llm.chat_model import (
    CallFailed,
    ChatModel,
    IdentifiedModel,
    Prompt,
    Reply,
    Request,
    Usage,
    identity_of,
)
from campaignkit.llm.errors import (
    CallError,
    CallTimedOut,
    ConnectionCut,
    MalformedReply,
    NotReached,
    QuotaSpent,
    RateLimited,
    RequestRefused,
    ServerFailed,
    UnknownModel,
    WrongAddress,
    WrongKey,
)
from campaignkit.llm.ledger import Ledger
from campaignkit.llm.numbered import (
    NumberedAnswer,
    NumberedAnswers,
    ask_numbered,
    numbered_reply,
    read_numbers,
)
from campaignkit.llm.pacing import RetryPolicy
from campaignkit.llm.providers.gemini import GeminiModel
from campaignkit.llm.providers.openai import OpenAICompatibleModel
from campaignkit.llm.providers.scripted import ScriptedModel
from campaignkit.llm.providers.transformers import TransformersModel
from campaignkit.llm.replies import parse_reply, schema_of
from campaignkit.llm.spending import (
    Budget,
    Price,
    Spent,
    UnconfirmedCall,
    checked_budget,
    checked_prices,
    read_prices,
)

__all__ = [
    "Account",
    "Budget",
    "CallError",
    "CallFailed",
    "CallTimedOut",
    "ChatModel",
    "ConnectionCut",
    "GeminiModel",
    "IdentifiedModel",
    "Ledger",
    "MalformedReply",
    "NotReached",
    "NumberedAnswer",
    "NumberedAnswers",
    "OpenAICompatibleModel",
    "Price",
    "Prompt",
    "QuotaSpent",
    "RateLimited",
    "Reply",
    "Request",
    "RequestRefused",
    "RetryPolicy",
    "ScriptedModel",
    "ServerFailed",
    "Spent",
    "TransformersModel",
    "UnconfirmedCall",
    "UnknownModel",
    "Usage",
    "WrongAddress",
    "WrongKey",
    "ask_numbered",
    "checked_budget",
    "checked_prices",
    "identity_of",
    "numbered_reply",
    "parse_reply",
    "read_numbers",
    "read_prices",
    "schema_of",
]
