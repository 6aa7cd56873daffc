"""The one way to read several clients' rows at once: both are named, and the reason is logged."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from campaignkit.checks import check_all
from campaignkit.errors import HarmoniseError
from campaignkit.extras import require
from campaignkit.harmonise.clients import Clients, checked_client
from campaignkit.harmonise.data import TABLES, CampaignData
from campaignkit.harmonise.places import clients_of

if TYPE_CHECKING:
    import pyarrow as pa


def read_across(
    stores: str | os.PathLike[str] | Clients,
    *,
    clients: Sequence[str],
    reason: str,
    table: str = "performance",
    keys: Mapping[str, bytes] | None = None,
) -> pa.Table:
    """Rows of several clients in one table, after an entry in the stores' log.

    Nothing is added up: each row keeps its client and its currency. The stores are opened one
    after the other, and each gives what :meth:`ClientStore.harmonise` made last.

    Parameters
    ----------
    stores : path or Clients
        Where the clients' stores lie.
    clients : sequence of str
        At least two, each named.
    reason : str
        Why they are read together. It is logged with the time, the user, the table and the
        number of rows of each client; :attr:`ClientFolder.log` shows it.
    table : {"performance", "conversions", "reach"}
    keys : mapping of str to bytes, optional
        Client -> key of its encrypted store.

    Returns
    -------
    pyarrow.Table
        The rows of each client, in the order of `clients`; ``client_id`` says whose.

    Raises
    ------
    HarmoniseError
        If fewer than two clients are named, the reason is empty, a client has no harmonised
        tables, or the entry cannot be logged: nothing is read then.

    Examples
    --------
    >>> read_across("clients", clients=["acme", "bell"], reason=" ")
    Traceback (most recent call last):
        ...
    campaignkit.errors.HarmoniseError: clients cannot be read together
      reason: is ' '; expected why they are read together
    """
    places = clients_of(stores)
    named = [] if isinstance(clients, str) else [checked_client(client) for client in clients]
    check_all(
        "clients cannot be read together",
        {
            "clients": (clients, len(set(named)) == len(named) > 1, "two or more different names"),
            "reason": (reason, isinstance(reason, str) and reason.strip() != "",
                       "why they are read together"),
            "table": (table, table in TABLES, f"one of {', '.join(TABLES)}"),
        },
        error=HarmoniseError,
    )  # fmt: skip
    if missing := sorted(set(named) - set(places.names)):
        raise HarmoniseError(
            f"there is no store of {', '.join(missing)}", hint="are the names spelt right?"
        )
    pa = require("pyarrow", extra="harmonise", user="reading across clients")
    read = []
    for client in named:
        key = (keys or {}).get(client)
        with closing(places.open(client, memory_mb=None, key=key)) as con:
            read.append(CampaignData(con, client).to_arrow(table))
    rows = {client: part.num_rows for client, part in zip(named, read, strict=True)}
    try:
        places.note({"reason": reason.strip(), "table": table, "rows": rows})
    except OSError as err:
        raise HarmoniseError(
            f"the log of what is read across clients cannot be written: {err.strerror}",
            hint="nothing is read without it; check the folder of the stores",
        ) from err
    return pa.concat_tables(read)
