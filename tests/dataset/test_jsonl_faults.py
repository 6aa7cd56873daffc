"""The door for JSONL: what is wrong is said, at its line, all of it, and nothing comes through."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from campaignkit.dataset import Campaign, CampaignDataset
from campaignkit.errors import DatasetError

GOOD = b'{"brand":["Nike"],"geo":["Peru","Chile"],"label":"pos"}\n'

FAULTS = {
    "not JSON": (b"{brand: Nike}\n", "2: is not JSON (column 2: Expecting property name"),
    "single quotes": (b"{'brand':['Nike']}\n", "2: is not JSON (column 2"),
    "cut": (b'{"brand":["Nike"],"geo":["Pe', "2: breaks off (column 26: Unterminated string"),
    "two on a line": (GOOD[:-1] + GOOD, "2: is not JSON (column 56: Extra data"),
    "a list": (b'[["Nike"],"pos"]\n', "2: is a list; expected a JSON object"),
    "a text": (b'"Nike"\n', "2: is a text; expected a JSON object"),
    "a number": (b"5\n", "2: is a number; expected a JSON object"),
    "null": (b"null\n", "2: is null; expected a JSON object"),
    "blank": (b"  \n" + GOOD, "2: is blank (remove the line)"),
    "no label": (b'{"brand":["Nike"],"geo":[]}\n', "2: has no 'label' (add \"label\""),
    "label is a number": (
        b'{"brand":["Nike"],"geo":[],"label":1}\n',
        "2: 'label' is a number; expected a text",
    ),
    "label is null": (b'{"brand":[],"geo":[],"label":null}\n', "2: 'label' is null"),
    "label is a list": (b'{"brand":[],"geo":[],"label":["pos"]}\n', "2: 'label' is a list"),
    "label is blank": (b'{"brand":[],"geo":[],"label":" "}\n', "2: 'label' is blank"),
    "a modality is missing": (
        b'{"brand":["Nike"],"label":"pos"}\n',
        "2: lacks the modality 'geo' that line 1 has (write []",
    ),
    "a modality is new": (
        b'{"brand":[],"geo":[],"device":["TV"],"label":"pos"}\n',
        "2: has the modality 'device' that line 1 has not",
    ),
    "values are a text": (
        b'{"brand":"Nike","geo":[],"label":"pos"}\n',
        "2: 'brand' is a text; expected a list of texts",
    ),
    "values are an object": (
        b'{"brand":{"name":"Nike"},"geo":[],"label":"pos"}\n',
        "2: 'brand' is an object; expected a list of texts",
    ),
    "values are null": (b'{"brand":null,"geo":[],"label":"pos"}\n', "2: 'brand' is null"),
    "a value is a number": (
        b'{"brand":[7],"geo":[],"label":"pos"}\n',
        "2: 'brand' contains a number; expected texts",
    ),
    "a value is a list": (
        b'{"brand":[[]],"geo":[],"label":"pos"}\n',
        "2: 'brand' contains a list",
    ),
    "a value is true": (b'{"brand":[true],"geo":[],"label":"x"}\n', "contains true or false"),
    "a value is blank": (
        b'{"brand":[""],"geo":[],"label":"pos"}\n',
        "2: 'brand' contains a value that is blank",
    ),
    "a value with spaces around it": (
        b'{"brand":["Nike "],"geo":[],"label":"pos"}\n',
        "2: 'brand' contains a value that 'Nike ' starts or ends with white space",
    ),
    "a value with a line feed": (
        b'{"brand":["Ni\\nke"],"geo":[],"label":"pos"}\n',
        "contains the control or invisible character U+000A",
    ),
    "half a character": (
        b'{"brand":["\\ud83d"],"geo":[],"label":"pos"}\n',
        "contains the control or invisible character U+D83D",
    ),
    "a decomposed letter": (
        '{"brand":["Nestle\u0301"],"geo":[],"label":"pos"}\n'.encode(),
        "is not in Unicode normal form NFC",
    ),
    "a value twice": (
        b'{"brand":["Nike","Nike"],"geo":[],"label":"pos"}\n',
        "2: 'brand' contains 'Nike' twice (list it once)",
    ),
    "a key twice": (
        b'{"brand":[],"brand":["Nike"],"geo":[],"label":"pos"}\n',
        "2: has the key 'brand' twice (merge the two)",
    ),
    "Latin-1": (
        '{"brand":["Nestl\u00e9"],"geo":[],"label":"pos"}\n'.encode("latin-1"),
        "2: is not UTF-8 (byte 17: invalid continuation byte) (save the file as UTF-8)",
    ),
    "binary": (b"PAR1\x00\xff\xfe\x00\n", "2: is not UTF-8 (byte 6"),
    "nested too deeply": (b"[" * 200_000 + b"\n", "2: is nested too deeply"),
    "a huge number": (b"9" * 5000 + b"\n", "2: is not JSON"),
    "one endless line": (b"x" * ((1 << 24) + 9), f"2: is longer than {1 << 24} bytes"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_malformed_line_is_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    line, told = FAULTS[name]
    path = tmp_path / "bad.jsonl"
    path.write_bytes(GOOD + line)

    with pytest.raises(DatasetError) as caught:
        CampaignDataset.read(path)

    assert f"{path}:{told}" in str(caught.value) or told in str(caught.value)
    assert str(caught.value.faults[0]).startswith(f"{path}:2: ")
    assert [p.name for p in tmp_path.iterdir()] == ["bad.jsonl"]


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    bad = [line for name, (line, _) in FAULTS.items() if name not in ("cut", "one endless line")]
    path.write_bytes(GOOD + b"".join(bad))

    with pytest.raises(DatasetError, match=r"is not a JSONL data set: \d+ faults") as caught:
        CampaignDataset.read(path)

    lines = {int(str(fault.where).rsplit(":", 1)[1]) for fault in caught.value.faults}
    # Two entries hold a good line beside the bad one.
    assert len(lines) == len(bad)
    assert "... and" in str(caught.value)


def test_several_faults_of_one_record_are_all_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(GOOD + b'{"brand":[7,""],"geo":"x","label":5}\n')

    with pytest.raises(DatasetError) as caught:
        CampaignDataset.read(path)

    assert len(caught.value.faults) == 4


def test_a_file_of_nothing_but_faults_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"x\n" * 50_000)

    with pytest.raises(DatasetError, match="10001 faults") as caught:
        CampaignDataset.read(path)

    assert str(caught.value.faults[-1]) == f"{path}: was not read further"


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda path: path.write_bytes(b""), "contains no campaign"),
        (lambda path: path.write_bytes(b"\xef\xbb\xbf"), "is blank"),
        (lambda path: path.write_bytes(b'{"label":"pos"}\n'), "has no modality"),
        (lambda path: path.write_bytes(b'{" ":[],"label":"pos"}\n'), "the modality ' ' is blank"),
        (lambda path: path.write_bytes('{"brand":[]}'.encode("utf-16")), "is not UTF-8"),
        (lambda path: path.mkdir(), "contains no manifest.json"),
        (lambda path: None, "does not exist"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, make: object, error: str) -> None:
    path = tmp_path / "rows.jsonl"
    make(path)  # type: ignore[operator]

    with pytest.raises((DatasetError, OSError), match=error):
        CampaignDataset.read(path)


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("brand,label\n")

    with pytest.raises(DatasetError, match=r"neither a folder nor a \.jsonl or \.parquet file"):
        CampaignDataset.read(tmp_path / "rows.csv")


def test_what_people_write_by_hand_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    text = '{ "label" : "pos", "geo": ["Peru", "Chile"], "brand": ["Nike"] }\r\n' + GOOD.decode()
    path.write_bytes(b"\xef\xbb\xbf" + text.rstrip("\n").encode())

    dataset = CampaignDataset.read(path)

    assert [*dataset] == [Campaign({"brand": ("Nike",), "geo": ("Chile", "Peru")}, "pos")] * 2


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.jsonl")
        path.write_bytes(GOOD + data)
        try:
            assert len(CampaignDataset.read(path)) >= 1
        except DatasetError as err:
            assert err.faults


def test_a_folder_takes_only_what_its_vocabulary_holds(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(GOOD)
    folder = CampaignDataset.read(path).write(tmp_path / "out")
    _rewrite(folder, GOOD.replace(b"Nike", b"Puma").replace(b"pos", b"best"))

    with pytest.raises(DatasetError) as caught:
        CampaignDataset.read(folder)

    told = [str(fault).split(": ", 1)[1] for fault in caught.value.faults]
    assert told == [
        "label 'best' is not one of pos",
        "'brand' contains 'Puma', which is not in the data set's vocabulary",
    ]
    _rewrite(folder, GOOD * 2)
    with pytest.raises(DatasetError, match="contains 2 campaigns; its manifest says 1"):
        CampaignDataset.read(folder)


def _rewrite(folder: Path, rows: bytes) -> None:
    """Change the rows and their digest, as no accident would."""
    from campaignkit.store import digest_bytes, read_manifest

    manifest = read_manifest(folder, kind="dataset")
    (folder / "campaigns.jsonl").write_bytes(rows)
    files = {**manifest.files, "campaigns.jsonl": digest_bytes(rows)}
    manifest.model_copy(update={"files": files}).write(folder)
