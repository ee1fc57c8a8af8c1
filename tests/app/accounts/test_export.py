"""The file for the association's accounting: what is in it, for whom, and that no spreadsheet computes it."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.api import add_line
from app.accounts.export import BOM, HEADS, Line, amount, harmless, written
from app.accounts.states import Account, LedgerKind, PaidFrom, Spending
from app.accounts.tables import Payee, Purchase, Reimbursement
from app.clock import at_local
from app.database import Store, run
from app.i18n import language, text
from meals.commands.publishing import publish_accounts
from tests.client import NOON
from tests.factories import make_place, writing
from tests.meals.kept_accounts import bought, past_meal
from tests.meals.scene import Scene
from tests.people import Cast, make_cast

FULL = "=+-@＝＋－＠"
UNSEEN = [" ", "\t", "\r", "\n", "\u00a0", "\u200b", "\u2009", "\u3000", "\ufeff", "\u202e", "\x0b", "\x00"]


@pytest.fixture
async def scene(db: Store) -> Scene:
    return Scene(await make_cast())


async def rows_of(scene: Scene, first: str = "2026-01-01", last: str = "2026-12-31") -> list[list[str]]:
    answer = await (await scene.as_(scene.cast.rosa)).get(f"/comptes/export.csv?du={first}&au={last}")
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


async def line(
    kind: LedgerKind, ref: str, cents: int, account: Account, day: date, *, cast: Cast, **more: object
) -> int:
    async with writing():
        assert await add_line(
            kind,
            ref,
            cents,
            now=at_local(day, time(18, 0)),
            account=account,
            place_id=cast.place,
            **more,  # type: ignore[arg-type]  # the rest of its arguments
        )
        (found,) = await run("select id from ledger_line where kind = {} and ref = {}", kind.value, ref)
    return int(found["id"])


class TestWhoGetsIt:
    async def test_whoever_keeps_the_accounts_and_nobody_else(self, scene: Scene) -> None:
        for path in ("/comptes/export", "/comptes/export.csv?du=2026-01-01&au=2026-12-31"):
            cast = scene.cast
            rosa = await (await scene.as_(cast.rosa)).get(path)
            assert rosa.status_code == 200
            assert [(await (await scene.as_(each)).get(path)).status_code for each in (cast.karim, cast.helene)] == [
                403,
                403,
            ]
            assert (await scene.visitor().get(path)).status_code == 303

    async def test_it_is_a_file_and_kept_by_nobody(self, scene: Scene) -> None:
        answer = await (await scene.as_(scene.cast.rosa)).get("/comptes/export.csv?du=2026-01-01&au=2026-12-31")
        assert answer.content.startswith(BOM.encode())
        assert answer.headers["content-type"] == "text/csv; header=present; charset=utf-8"
        named = 'attachment; filename="comptes-les-tanneurs-2026-01-01-2026-12-31.csv"'
        assert answer.headers["content-disposition"] == named
        assert "no-store" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("", "Écris un jour"),
            ("du=hier&au=2026-12-31", "Écris un jour"),
            ("du=2026-02-30&au=2026-12-31", "Écris un jour"),
            ("du=0001-01-01&au=9999-12-31", "Écris un jour"),
            ("du=2026-12-31&au=2026-01-01", "La fin vient avant le début."),
            ("du=2020-01-01&au=2026-12-31", "Trois ans au plus à la fois."),
        ],
    )
    async def test_days_that_are_none(self, scene: Scene, query: str, sentence: str) -> None:
        rosa = await scene.as_(scene.cast.rosa)
        sent = await rosa.get(f"/comptes/export.csv?{query}")
        assert sent.status_code == 303
        answer = await rosa.get(sent.headers["location"])
        assert (answer.status_code, sentence in answer.text) == (422, True)
        assert (await (await scene.as_(scene.cast.karim)).get(f"/comptes/export.csv?{query}")).status_code == 403

    async def test_the_form_begins_with_the_year_so_far(self, scene: Scene) -> None:
        rosa = await scene.as_(scene.cast.rosa)
        page = (await rosa.get("/comptes/export")).text
        assert 'value="2026-01-01"' in page
        assert 'value="2026-11-24"' in page
        scene.world.now = at_local(date(2027, 1, 1), time(0, 30))
        page = (await rosa.get("/comptes/export")).text
        assert 'value="2026-01-01"' in page
        assert 'value="2026-12-31"' in page


class TestWhatIsInIt:
    async def test_each_sort_of_line(self, scene: Scene) -> None:
        cast, day = scene.cast, date(2026, 11, 10)
        meal_id = await past_meal(cast, date(2026, 11, 3), title="Couscous ; le grand", box=(6, 3050), card=(5, 2500))
        await past_meal(cast, date(2026, 11, 4), title="Petit", box=(4, 1999), pot=(6, 500))
        await publish_accounts(NOON)
        number = await bought(cast.place, 4210, date(2026, 11, 2), meal_id=meal_id)
        async with writing():
            (payee,) = await Payee.insert(
                Payee(place_id=cast.place, name="Odile Secrète", member_id=cast.odile, created_at=NOON)
            ).returning(Payee.id)
            (advanced,) = await Purchase.insert(
                Purchase(
                    place_id=cast.place,
                    spending=Spending.COFFEE.value,
                    what="Café",
                    cents=1250,
                    bought_on=date(2026, 11, 6),
                    paid_from=PaidFrom.MEMBER.value,
                    payee_id=payee["id"],
                    once="advanced",
                    written_at=NOON,
                    reason="",
                )
            ).returning(Purchase.id)
            await Reimbursement.insert(
                Reimbursement(
                    place_id=cast.place,
                    purchase_id=advanced["id"],
                    payee_id=payee["id"],
                    cents=1250,
                    paid_from="box",
                    paid_on=date(2026, 11, 7),
                    paid_at=NOON,
                )
            )
        await line(LedgerKind.DEPOSIT, "deposit-1", -2000, Account.BOX, date(2026, 11, 8), cast=cast)
        await line(LedgerKind.DEPOSIT, "deposit-1-bank", 2000, Account.BANK, date(2026, 11, 8), cast=cast)
        bad = await line(LedgerKind.PURCHASE, "purchase-77", -300, Account.BANK, day, cast=cast)
        await line(
            LedgerKind.CORRECTION, f"correction-{bad}", 300, Account.BANK, day, cast=cast, corrects=bad, words="Doublon"
        )
        counted = await line(LedgerKind.CASH, "meal-9", 100, Account.BOX, day, cast=cast, about="meal", about_id=9)
        again = await line(
            LedgerKind.CORRECTION, f"correction-{counted}", -11, Account.BOX, day, cast=cast, corrects=counted
        )
        await line(LedgerKind.CORRECTION, f"correction-{again}", 22, Account.BOX, day, cast=cast, corrects=again)
        async with writing():
            await add_line(LedgerKind.PAYOUT, "po_1", -2400, now=at_local(date(2026, 11, 12), time(9, 0)))

        a, b = f"A{number}", f"A{advanced['id']}"
        assert await rows_of(scene) == [
            [language("fr").say(head) for head in HEADS],
            ["2026-11-02", "Achat", "Au marché", "Nourriture", "Couscous ; le grand", "Banque", "-42,10", a],
            ["2026-11-03", "Apporté", "", "", "Couscous ; le grand", "Stripe", "25,00", ""],
            ["2026-11-03", "Apporté", "", "", "Couscous ; le grand", "Boîte", "30,50", ""],
            ["2026-11-06", "Achat", "Café", "Café", "", "Avancé par quelqu’un", "-12,50", b],
            ["2026-11-07", "Remboursement", "", "", "", "Boîte", "-12,50", b],
            ["2026-11-07", "Remboursement", "", "", "", "Avancé par quelqu’un", "12,50", b],
            ["2026-11-08", "Boîte et banque", "", "", "", "Boîte", "-20,00", ""],
            ["2026-11-08", "Boîte et banque", "", "", "", "Banque", "20,00", ""],
            ["2026-11-10", "Correction", "Doublon", "", "", "Banque", "3,00", "A77"],
            ["2026-11-12", "Versement de Stripe", "", "", "", "Stripe", "-24,00", "po_1"],
            ["2026-11-12", "Versement de Stripe", "", "", "", "Banque", "24,00", "po_1"],
        ]

    async def test_only_of_these_days_and_of_this_place(self, scene: Scene) -> None:
        cast = scene.cast
        elsewhere = await make_place(slug="ailleurs", name="Ailleurs")
        await bought(elsewhere, 6666, date(2026, 11, 10))
        for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 30), date(2026, 12, 1)):
            await bought(cast.place, 100 + day.day, day)
            for hour in (time(0, 0), time(23, 59)):
                async with writing():
                    await add_line(
                        LedgerKind.DEPOSIT,
                        f"deposit-{day}-{hour}",
                        5,
                        account=Account.BOX,
                        place_id=cast.place,
                        now=at_local(day, hour),
                    )
        async with writing():
            await add_line(LedgerKind.PAYOUT, "po_1", -2400, now=NOON)
        rows = await rows_of(scene, "2026-11-01", "2026-11-30")
        assert [(row[0], row[6]) for row in rows[1:]] == [
            *(("2026-11-01", cents) for cents in ("-1,01", "0,05", "0,05")),
            *(("2026-11-30", cents) for cents in ("-1,30", "0,05", "0,05")),
        ], "nor what Stripe pays out to all places together"

    async def test_what_was_brought_is_what_everybody_reads(self, scene: Scene) -> None:
        """The sums of the file are those of the page, so that neither tells more beside the other."""
        for day, people in ((3, 2), (4, 7), (5, 4), (6, 5), (7, 1)):
            await past_meal(scene.cast, date(2026, 11, day), box=(people, 517 * people), card=(people, 333 * people))
        await publish_accounts(NOON)
        rows = await rows_of(scene)
        figures = await run("select cents from published_figure where means <> 'pot' order by day, id")
        assert [row[6] for row in rows[1:]] == [amount(each["cents"]) for each in figures]
        assert len(figures) == 6
        page = await (await scene.as_(scene.cast.karim)).get("/repas/comptes")
        for each in figures:
            assert amount(each["cents"]).removesuffix(",00") in page.text

    async def test_english_heads(self, scene: Scene) -> None:
        async with writing():
            await run("update member set language = 'en' where id = {}", scene.cast.rosa)
        assert len((await rows_of(scene))[0]) == len(HEADS)

    async def test_the_same_questions_however_many(self, scene: Scene, db: Store) -> None:
        async def asked() -> int:
            before = db.query_id
            await rows_of(scene)
            return db.query_id - before

        await bought(scene.cast.place, 100, date(2026, 11, 1), meal_id=await past_meal(scene.cast, date(2026, 11, 1)))
        await asked()
        few = await asked()
        for day in range(2, 12):
            meal_id = await past_meal(scene.cast, date(2026, 11, day), box=(6, 3000))
            await bought(scene.cast.place, 100, date(2026, 11, day), meal_id=meal_id)
        await publish_accounts(NOON)
        await asked()
        assert await asked() == few


def as_a_spreadsheet_reads_it(cell: str) -> str:
    """Without what some of them drop before they look whether it is a formula."""
    return re.sub(r"^[\s\x00-\x20\u00a0\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3000\ufeff\"]+", "", cell)


def is_live(cell: str) -> bool:
    """OWASP, « CSV injection »: begins with = + - @ (also full-width), Tab or CR; spaces before them help nobody."""
    return cell[:1] in ("\t", "\r", "\n") or as_a_spreadsheet_reads_it(cell)[:1] in tuple(FULL)


class TestNoFormula:
    @pytest.mark.parametrize("first", FULL)
    @pytest.mark.parametrize("before", ["", *UNSEEN, "\t \r\n", " \u200b\u200b "])
    def test_after_whatever_comes_before_it(self, before: str, first: str) -> None:
        cell = f'{before}{first}HYPERLINK("http://exemple.fr")'
        assert is_live(cell), "the control: as it is, it would be one"
        assert harmless(cell) == f"'{cell}"
        assert not is_live(harmless(cell))

    @pytest.mark.parametrize("cell", ["", "Café", "2 kg de riz", "e=mc2", "a@exemple.fr", "Pain - deux", "(=1)"])
    def test_plain_words_stay_as_they_are(self, cell: str) -> None:
        assert harmless(cell) == cell

    @given(st.text(alphabet=st.sampled_from([*FULL, *UNSEEN, "'", '"', ";", ",", "a", "1"]), max_size=6))
    def test_whatever_is_written_is_read_again_and_is_no_formula(self, words: str) -> None:
        made = Line(date(2026, 11, 1), text("Achat"), words, None, words, Account.BOX, -1250, words)
        file = written([made], language("fr"))
        assert file.startswith(BOM)
        _, row = csv.reader(io.StringIO(file.removeprefix(BOM), newline=""), delimiter=";")
        assert len(row) == len(HEADS)
        assert row[0] == "2026-11-01"
        for cell in (row[2], row[4], row[7]):
            assert not is_live(cell)
            assert cell in (words, f"'{words}")
        assert row[6] == "-12,50"

    @given(st.integers(-(10**9), 10**9))
    def test_amounts_are_numbers(self, cents: int) -> None:
        said = amount(cents)
        assert re.fullmatch(r"-?\d+,\d\d", said)
        assert round(float(said.replace(",", ".")) * 100) == cents

    async def test_on_the_whole_way(self, scene: Scene) -> None:
        title = '\u200b=cmd|"/c calc"!A1;"x"'
        meal_id = await past_meal(scene.cast, date(2026, 11, 3), title=title, box=(6, 3000))
        await bought(scene.cast.place, 100, date(2026, 11, 4), meal_id=meal_id)
        async with writing():
            await run("update purchase set what = {}", "＝1+1")
        await publish_accounts(NOON)
        rows = await rows_of(scene)
        assert [row[4] for row in rows[1:]] == [f"'{title}"] * 2
        assert rows[2][2] == "'＝1+1"
