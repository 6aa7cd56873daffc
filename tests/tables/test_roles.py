"""A platform's or a language's column names are recognised; the best of candidates wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaignkit.errors import TableError
from campaignkit.tables import MARKETING, ColumnSpec, Role, TableSchema, schema as schema_module

CORE = ("event_date", "campaign_id", "ad_creative_id", "impressions", "clicks", "conversions",
        "spend", "geo", "device", "video_plays", "video_completions", "leads", "purchases",
        "add_to_cart", "reach")  # fmt: skip
IN_LANGUAGES = {
    "German": """Datum;Kampagnenname;Anzeigenname;Impressionen;Klicks;Conversions;Kosten;Land;
        Gerät;Videowiedergaben;Videowiedergaben bei 100 %;Leads;Käufe;In den Einkaufswagen;
        Reichweite""",
    "French": """Jour;Nom de la campagne;Annonce;Impressions;Clics;Conversions;
        Montant dépensé (EUR);Pays;Appareil;Lectures de la vidéo;Lectures de la vidéo à 100 %;
        Prospects;Achats;Ajouts au panier;Couverture""",
    "Spanish": """Día;Campaña;Anuncio;Impresiones;Clics;Conversiones;Coste;País;Dispositivo;
        Reproducciones de video;Reproducciones de video hasta el 100%;Clientes potenciales;Compras;
        Añadidos al carrito;Alcance""",
    "Italian": """Giorno;Campagna;Annuncio;Impressioni;Clic;Conversioni;Importo speso (EUR);Paese;
        Dispositivo;Riproduzioni del video;Riproduzioni del video al 100%;Contatti;Acquisti;
        Aggiunte al carrello;Copertura""",
    "Dutch": """Dag;Campagne;Advertentie;Vertoningen;Klikken;Conversies;Kosten;Land;Apparaat;
        Videoweergaven;Video's afgespeeld tot 100%;Leads;Aankopen;Toegevoegd aan winkelwagen;
        Bereik""",
    "Portuguese": """Dia;Campanha;Anúncio;Impressões;Cliques;Conversões;Valor gasto (BRL);País;
        Dispositivo;Reproduções de vídeo;Reproduções do vídeo até 100%;Cadastros;Compras;
        Adições ao carrinho;Alcance""",
    "Japanese": """日;キャンペーン;広告;表示回数;クリック数;コンバージョン;費用;国;デバイス;
        動画再生数;動画の100%再生;リード;購入;カートへの追加;リーチ""",
}
OF_PLATFORMS = [
    ("Meta", "inline_link_clicks", "clicks"),
    ("Meta", "Outbound clicks", "clicks"),
    ("Meta", "Website purchases", "purchases"),
    ("Meta", "Video plays at 100%", "video_completions"),
    ("Meta", "ThruPlays", "video_plays"),
    ("Google Ads", "campaign.id", "campaign_id"),
    ("Google Ads", "ad_group_ad.ad.id", "ad_creative_id"),
    ("Google Ads", "metrics.cost_micros", "spend"),
    ("Google Ads", "segments.date", "event_date"),
    ("Google Ads", "metrics_impressions", "impressions"),
    ("Google Ads", "Interactions", "clicks"),
    ("Google Ads", "All conv.", "all_conversions"),
    ("Google Ads", "Country/Territory", "geo"),
    ("TikTok", "By Day", "event_date"),
    ("TikTok", "STAT_TIME_HOUR", "event_date"),
    ("TikTok", "Total cost", "spend"),
    ("TikTok", "result", "conversions"),
    ("TikTok", "video_play_actions", "video_plays"),
    ("LinkedIn", "Total Spent", "spend"),
    ("LinkedIn", "cost_in_local_currency", "spend"),
    ("LinkedIn", "external_website_conversions", "conversions"),
    ("LinkedIn", "one_click_leads", "leads"),
    ("LinkedIn", "landing_page_clicks", "clicks"),
    ("Pinterest", "Spend in account currency", "spend"),
    ("Pinterest", "spend_in_micro_dollar", "spend"),
    ("Pinterest", "impression_1", "impressions"),
    ("Pinterest", "clickthrough_1", "clicks"),
    ("Snapchat", "Paid Impressions", "impressions"),
    ("Snapchat", "Swipe Ups", "clicks"),
    ("Snapchat", "view_completion", "video_completions"),
    ("Amazon Ads", "Total Cost", "spend"),
    ("Amazon Ads", "7 Day Total Orders (#)", "purchases"),
    ("Amazon Ads", "14 Day Total Orders (#)", "purchases"),
    ("Microsoft Advertising", "Time period", "event_date"),
    ("Microsoft Advertising", "Gregorian date", "event_date"),
    ("X", "billed charge", "spend"),
    ("X", "url_clicks", "clicks"),
    ("Reddit", "video_started", "video_plays"),
    ("DV360", "Complete Views (Video)", "video_completions"),
]


@pytest.mark.parametrize("language", IN_LANGUAGES)
def test_the_core_roles_are_found_in_a_language(language: str) -> None:
    names = [n.strip() for n in IN_LANGUAGES[language].split(";")]

    assert MARKETING.match(names).found == dict(
        sorted(zip(CORE, names, strict=True), key=lambda item: MARKETING.names.index(item[0]))
    )


@pytest.mark.parametrize(("platform", "own", "standard"), OF_PLATFORMS)
def test_a_platforms_own_names_are_found(platform: str, own: str, standard: str) -> None:
    assert MARKETING.match([own]).found == {standard: own}, platform


def test_averages_and_rates_are_columns_of_their_own() -> None:
    names = ["Day", "Campaign", "Impr.", "Avg. cost", "Avg. CPC", "CTR", "Cost / conv.",
             "All conv.", "View-through conv.", "Conversions", "Cost", "Clicks"]  # fmt: skip

    matching = MARKETING.match(names)

    assert (matching.found["spend"], matching.found["conversions"]) == ("Cost", "Conversions")
    assert (matching.unknown, matching.ambiguous) == (("Avg. cost",), ())
    assert MARKETING["cpc"].role is Role.RATE


def test_metas_results_are_conversions_only_without_an_indicator() -> None:
    alone = MARKETING.match(["Amount spent (EUR)", "Results"]).found
    beside = MARKETING.match(["Amount spent (EUR)", "Results", "Result indicator"]).found

    assert (alone["conversions"], beside["results"]) == ("Results", "Results")
    assert "conversions" not in beside


def test_an_id_wins_over_its_name_which_is_then_a_column_of_its_own() -> None:
    matching = MARKETING.match(["Campaign", "Campaign ID"])

    assert (matching.found, matching.unknown) == ({"campaign_id": "Campaign ID"}, ("Campaign",))


def test_the_platform_whose_export_it_is_decides_between_aliases() -> None:
    amazon = MARKETING.match(["Orders", "Sales", "7 Day Total Sales", "ACOS"])
    criteo = MARKETING.match(["Sales", "AdvertiserCost", "Displays"])

    assert (amazon.platforms, criteo.platforms) == (("Amazon Ads",), ("Criteo",))
    assert amazon.found["revenue"] == "7 Day Total Sales"
    assert criteo.found["purchases"] == "Sales"


def test_of_two_equally_good_names_the_loser_is_told_and_can_be_taken() -> None:
    names = ["Cost", "Media cost", "clicks"]

    matching = MARKETING.match(names)
    stated = MARKETING.match(names, stated={"Media cost": "spend", "clicks": None})

    assert (matching.found["spend"], matching.rivals) == ("Cost", {"Media cost": "spend"})
    assert "'Media cost' may be spend too" in str(matching.notes()[0])
    assert (stated.found, stated.unknown) == ({"spend": "Media cost"}, ("clicks",))


def test_every_alias_file_can_be_read_and_means_one_thing_by_a_name() -> None:
    files = sorted(MARKETING.alias_folder.glob("*.toml"))

    for file in files:
        read = schema_module._read_aliases(file, MARKETING)
        meant: dict[str, set[str]] = {}
        for standard, aliases in [*read["columns"].items(), *read.get("stand_in", {}).items()]:
            for alias in aliases:
                meant.setdefault(schema_module.plain(alias), set()).add(standard)
        # Results are conversions, or what an indicator says.
        several = [m for m in meant.values() if len(m) > 1 and m != {"conversions", "results"}]
        assert several == [], file.name
    assert len(files) >= 18


def test_a_new_platform_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "new.toml").write_text(
        'name = "New"\nkind = "platform"\n[columns]\nclicks = ["Gestures"]\n', encoding="utf-8"
    )
    schema = TableSchema((ColumnSpec("clicks", Role.COUNT),), alias_folder=tmp_path)

    assert schema.match(["Gestures"]).found == {"clicks": "Gestures"}


def test_a_broken_alias_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('name = "Bad"\n[columns]\nklicks = ["x"]\n')
    schema = TableSchema((ColumnSpec("clicks", Role.COUNT),), alias_folder=tmp_path)

    with pytest.raises(TableError, match=r"(?s)bad.toml: columns.klicks.*bad.toml: kind"):
        schema.match(["x"])


@pytest.mark.parametrize(
    ("names", "platforms"),
    [
        (["Day", "Campaign", "Impr.", "Clicks"], ()),
        (["Amount spent", "Clicks"], ()),
        (["date", "Campaign ID", "Impressions"], ()),
        (["Line item ID", "Impressions"], ()),
        (["Day", "Impr.", "Avg. CPC", "Interaction rate"], ("Google Ads",)),
        (["ThruPlays", "Impressions"], ("Meta",)),
        (["Amount spent", "Ad set name"], ("Meta",)),
    ],
)
def test_one_common_name_gives_no_platform_away(
    names: list[str], platforms: tuple[str, ...]
) -> None:
    matching = MARKETING.match(names)

    assert matching.platforms == platforms
    assert ("in an export of" in str(matching.notes())) is bool(platforms)
