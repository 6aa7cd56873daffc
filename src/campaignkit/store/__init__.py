"""Files that users name: read or refused, written whole or not at all, folders with a manifest."""

from __future__ import annotations

from campaignkit.store.atomic import MANIFEST_NAME, atomic_file, atomic_folder, refuse_occupied
from campaignkit.store.cells import csv_records, csv_text, escape_cell, read_cell
from campaignkit.store.digest import digest_bytes, digest_file, digest_json
from campaignkit.store.doors import (
    TextFileKind,
    checked_path,
    kind_of_file,
    read_bytes,
    read_text,
    readable_file,
)
from campaignkit.store.leftovers import LeftoverRemoved, scratch_folder
from campaignkit.store.manifest import Manifest, origin_digest, read_manifest, verify_files

__all__ = [  # noqa: RUF022  # plain order, which the house test checks
    "LeftoverRemoved",
    "MANIFEST_NAME",
    "Manifest",
    "TextFileKind",
    "atomic_file",
    "atomic_folder",
    "checked_path",
    "csv_records",
    "csv_text",
    "digest_bytes",
    "digest_file",
    "digest_json",
    "escape_cell",
    "kind_of_file",
    "origin_digest",
    "read_bytes",
    "read_cell",
    "read_manifest",
    "read_text",
    "readable_file",
    "refuse_occupied",
    "scratch_folder",
    "verify_files",
]
