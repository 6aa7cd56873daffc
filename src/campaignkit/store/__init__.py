"""Artifacts: folders of files with a manifest, written beside and renamed into place."""

from __future__ import annotations

from campaignkit.store.atomic import MANIFEST_NAME, atomic_file, atomic_folder, refuse_occupied
from campaignkit.store.digest import digest_bytes, digest_file, digest_json
from campaignkit.store.manifest import Manifest, read_manifest, verify_files
from campaignkit.store.text_file import TextFileKind, read_text

__all__ = [
    "MANIFEST_NAME",
    "Manifest",
    "TextFileKind",
    "atomic_file",
    "atomic_folder",
    "digest_bytes",
    "digest_file",
    "digest_json",
    "read_manifest",
    "read_text",
    "refuse_occupied",
    "verify_files",
]
