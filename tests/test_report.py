"""The page about a trained model: whole, harmless, and honest."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

import feedforward as ff
from commands import run, write
from expected_failures import NO_BROWSER
from feedforward.experiment import Experiment, run_experiment
from feedforward.measures import Answers
from feedforward.report.chapters import about_table
from feedforward.report.contest import Contest, Contestant, run_contest
from feedforward.report.looks import LOOKS
from feedforward.report.page import write_report
from feedforward.report.verdict import verdict
from feedforward.scoring import Estimate, resample
from pages import Page, browser

QUICK: dict[str, Any] = {"preset": "fast", "members": 2, "max_epochs": 12, "engine": "numpy"}
Made = tuple[Experiment, Page]


def linear_problem(n: int = 600) -> list[list[Any]]:
    """Classes that a plane tells apart as well as anything can."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    chance = 1 / (1 + np.exp(-(4 * X[:, 0] - 2 * X[:, 1])))
    y = np.where(rng.uniform(size=n) < chance, "yes", "no")
    return [["a", "b", "c", "answer"], *([*row, label] for row, label in zip(X.tolist(), y.tolist(), strict=True))]


def rings(n: int = 500) -> list[list[Any]]:
    """Numbers that depend on a product: nothing for a linear model, and little for trees along the axes."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 4))
    y = np.tanh(2 * X[:, 0] * X[:, 1]) + 0.05 * rng.normal(size=n)
    rows = [[*row, ["red", "blue"][i % 2], target] for i, (row, target) in enumerate(zip(X.tolist(), y, strict=True))]
    return [["a", "b", "c", "d", "colour", "price"], *rows]


def made(folder: Path, rows: list[list[Any]], target: str, model: str, **settings: Any) -> Made:
    table = write(folder / "table.csv", rows)
    experiment = run_experiment(table, target, model, settings=settings)
    write_report(experiment, folder / "page.html")
    return experiment, Page(folder / "page.html")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(tmp_path_factory.mktemp("classes"), linear_problem(), "answer", "mlp", max_epochs=60)


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Made:
    settings = {"preset": "fast", "engine": "numpy", "max_epochs": 40}
    return made(tmp_path_factory.mktemp("numbers"), rings(), "price", "tabular", **settings)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Made:
    bad = '</style></svg><script>alert("1")</script><img src=x onerror=y>&amp;{{}}\'"-->$x^2$\x1b[31m\u202e'
    rng = np.random.default_rng(0)
    rows: list[list[Any]] = [[bad, f"plain{bad}", "long_" * 60, f"target{bad}"]]
    rows += [[f"{bad}{i % 3}", float(i), "w" * 300 * (i % 2), f"{bad}{int(rng.uniform() < 0.5)}"] for i in range(80)]
    return made(tmp_path_factory.mktemp("hostile"), rows, f"target{bad}", "tabular", **QUICK)


@pytest.mark.parametrize("which", ["classes", "numbers", "hostile"])
def test_the_page_is_whole_and_asks_nobody_for_anything(which: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(which)[1]
    assert page.source.startswith("<!doctype html>")
    assert not re.search(r"https?:|//[a-z]|@import|<script|javascript:|<link|<img", page.source)
    assert re.findall(r"url\(([^)]*)\)", page.source) == [
        f"#{one}" for one in re.findall(r"url\(#(\w+)\)", page.source)
    ]
    assert len(page.ids) == len(set(page.ids))
    assert {one[1:] for one in page.references} <= set(page.ids)
    assert "prefers-color-scheme: dark" in page.source
    assert 'name="viewport"' in page.source
    colours = set(re.findall(r"(?:fill|stroke): (#\w+)", page.source.partition("</style>")[2]))
    assert not colours, "a colour that does not change from light to dark"


def test_the_same_table_gives_the_same_page_but_for_times(classes: Made, tmp_path: Path) -> None:
    experiment, page = classes
    write_report(experiment, tmp_path / "again.html")
    again = Page(tmp_path / "again.html")
    times = r"[\d.]+ s\b|; [\w ]+ trained \d+ times (?:faster|slower)"
    without_times = [re.sub(times, "", one.text) for one in (page, again)]
    assert without_times[0] == without_times[1]


def test_scores_are_of_rows_never_trained_on(classes: Made) -> None:
    experiment, page = classes
    X, y = experiment.test
    chances = experiment.model.predict_proba(X)
    rows = {row[0]: row[1:] for row in page.table("model")}
    own = rows["Network (MLP)"]
    assert own[0].split()[0] == f"{log_loss(y, chances):.3f}"
    assert own[2].split()[0] == f"{100 * accuracy_score(y, experiment.model.predict(X)):.1f}"
    assert list(rows) == ["Network (MLP)", "One answer for all", "Linear model", "Gradient boosting"]
    low, high = map(float, re.findall(r"([\d.]+) to ([\d.]+)", own[0])[0])
    assert low < log_loss(y, chances) < high


def test_confusion_is_counted_as_by_scikit_learn(classes: Made) -> None:
    experiment, page = classes
    X, y = experiment.test
    rows = page.table("truth \\ answer")
    found = np.array([[int(cell) for cell in row[1:]] for row in rows])
    np.testing.assert_array_equal(found, confusion_matrix(y, experiment.model.predict(X)))
    assert found.sum() == len(y)


def test_a_network_that_ties_with_a_linear_model_is_not_worth_it(classes: Made) -> None:
    assert "Not worth it here: a linear model does as well, and is simpler." in classes[1].text


def test_a_network_that_beats_all_is_worth_it(numbers: Made) -> None:
    page = numbers[1]
    assert "Worth it here: the network beats both a linear model and gradient boosting." in page.text
    ranked = [row[0] for row in page.table("column") if len(row) == 3]
    assert set(ranked[:2]) == {"a", "b"}


def test_the_page_says_what_columns_and_target_are(numbers: Made) -> None:
    experiment, page = numbers
    columns = next(rows[1:] for rows in page.tables if rows[0][1:2] == ["distribution"])
    assert [[row[0], row[2]] for row in columns] == [
        [name, experiment.encoder.kinds_[name]] for name in ["a", "b", "c", "d", "colour"]
    ]
    assert "500 rows, 5 columns" in page.text
    assert "blue 50 %, red 50 %" in page.text
    assert "Of intervals that promise 90" in page.text


def test_hostile_names_and_labels_stay_text(hostile: Made) -> None:
    page = hostile[1]
    assert "<script" not in page.source
    assert "onerror=y>" not in page.source
    assert "\x1b" not in page.source
    assert "\u202e" not in page.source
    assert '</style></svg><script>alert("1")</script>' in page.text  # as words


@pytest.mark.parametrize("model", ["perceptron", "adaline"])
def test_models_without_probabilities_are_judged_by_accuracy(model: str, tmp_path: Path) -> None:
    _, page = made(tmp_path, linear_problem(120), "answer", model)
    assert "gives no probabilities" in page.text
    assert "accuracy" in page.text


def test_many_classes_and_odd_columns_have_a_page(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows: list[list[Any]] = [["empty", "same", "day", "word", "big", "label"]]
    rows += [
        ["", 1, f"2024-01-{1 + i % 28:02}", f"w{i % 40}", 10.0 ** rng.uniform(-6, 6), f"class {i % 15}"]
        for i in range(300)
    ]
    experiment, page = made(tmp_path, rows, "label", "tabular", **QUICK)
    found = page.table("truth \\ answer")
    assert found[-1][0] == "all others"
    assert sum(int(cell) for row in found for cell in row[1:]) == len(experiment.test[1])


def test_training_that_diverged_has_a_page_that_says_so(tmp_path: Path) -> None:
    table = write(tmp_path / "table.csv", linear_problem(80))
    experiment = run_experiment(table, "answer", "mlp", settings={"max_epochs": 2})
    experiment.learner.network_[0].weight[:] = 1e38
    experiment.learner.network_[2].weight[:] = 1e38
    write_report(experiment, tmp_path / "page.html")
    text = Page(tmp_path / "page.html").text
    assert "Not worth it here: the network gave no answers for the test rows." in text
    assert "Linear model" in text


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_everything_can_be_seen_in_light_and_dark(mode: str) -> None:
    """WCAG 2: 4.5 to 1 for text, 3 to 1 for what is drawn."""
    light, dark = LOOKS.split("prefers-color-scheme: dark")
    colours = dict(re.findall(r"--(\w+): (#\w{6})", light if mode == "light" else dark))
    for behind in ("card", "page"):
        for ink, least in {
            "ink": 7,
            "soft": 4.5,
            "yes": 4.5,
            "no": 4.5,
            "perhaps": 4.5,
            "c0": 3,
            "c1": 3,
            "grey": 3,
        }.items():
            low, high = sorted((luminance(colours[behind]), luminance(colours[ink])))
            assert (high + 0.05) / (low + 0.05) >= least, f"{ink} on {behind}"


# The contest and its verdict ---------------------------------------------------------------------------------------


def test_leads_are_those_of_the_same_resamples(classes: Made) -> None:
    experiment, _ = classes
    contest = run_contest(experiment)
    linear = next(one for one in contest.contestants if one.name == "linear")
    assert contest.first.answers is not None
    assert linear.answers is not None
    assert linear.lead == resample([contest.first.answers, linear.answers]).lead(0, 1, "log_loss", False)
    X, y = experiment.test
    chances = linear.answers.chances, experiment.model.predict_proba(X)
    assert linear.lead.value == pytest.approx(log_loss(y, chances[0]) - log_loss(y, chances[1]), abs=1e-4)


def test_a_baseline_that_fails_does_not_end_the_others(classes: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("no <such> luck.")

    monkeypatch.setattr("feedforward.baselines.LogisticRegression.fit", broken)
    contest = run_contest(classes[0])
    by_name = {one.name: one for one in contest.contestants}
    assert (by_name["linear"].trouble, by_name["linear"].answers) == ("no <such> luck.", None)
    assert by_name["boosting"].lead is not None
    assert any("could not be trained on this table (no <such> luck)" in reason for reason in verdict(contest).reasons)


BETTER, EVEN, WORSE = Estimate(0.2, 0.1, 0.3), Estimate(0.0, -0.1, 0.1), Estimate(-0.2, -0.3, -0.1)


@pytest.mark.parametrize(
    ("dummy", "linear", "boosting", "level", "says"),
    [
        (BETTER, BETTER, BETTER, "yes", "beats both"),
        (BETTER, BETTER, EVEN, "perhaps", "level with gradient boosting"),
        (BETTER, BETTER, WORSE, "no", "gradient boosting does better"),
        (BETTER, EVEN, BETTER, "no", "a linear model does as well"),
        (BETTER, WORSE, WORSE, "no", "a linear model and gradient boosting do better"),
        (EVEN, EVEN, EVEN, "no", "no better than one answer for all"),
        (BETTER, None, BETTER, "perhaps", "cannot be told"),
        (BETTER, BETTER, Estimate(0.1, float("nan"), float("nan")), "perhaps", "cannot be told"),
    ],
)
def test_the_verdict_is_yes_only_if_all_are_beaten_beyond_chance(
    dummy: Any, linear: Any, boosting: Any, level: str, says: str
) -> None:
    found = verdict(contest_of(dummy, linear, boosting))
    assert found.level == level
    assert says in found.headline


def contest_of(*leads: Estimate | None, rows: int = 100) -> Contest:
    named = zip(("mlp", "dummy", "linear", "boosting"), (None, *leads), strict=True)
    contestants = [Contestant(name, name, 1.0, 10, None, "", {}, lead) for name, lead in named]
    return Contest("classification", "log_loss", rows, contestants)


def test_a_handful_of_rows_makes_nothing_worth_it() -> None:
    found = verdict(contest_of(BETTER, BETTER, BETTER, rows=3))
    assert (found.level, found.headline) == ("perhaps", "It cannot be told: 3 rows to test on are too few.")
    assert found.reasons[-1].endswith("all intervals on this page are narrower than they say.")
    assert verdict(contest_of(BETTER, WORSE, BETTER, rows=3)).level == "no"


@pytest.mark.parametrize(("classes", "level"), [(200, "perhaps"), (10, "yes")])
def test_classes_of_a_row_or_two_cannot_be_judged(classes: int, level: str) -> None:
    y = np.arange(300) % classes
    contest = contest_of(BETTER, BETTER, BETTER, rows=300)
    first = replace(contest.first, answers=Answers(y, y, np.arange(classes)))
    found = verdict(replace(contest, contestants=[first, *contest.contestants[1:]]))
    assert found.level == level
    assert ("100 of 200 classes have fewer than 2 rows to test on" in found.headline) == (level == "perhaps")


# In a browser ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rendered(tmp_path: Path) -> Callable[[Page, int], list[float]]:
    """Return how wide a page is that is shown so wide, and where its pictures end, as a browser sees it."""
    name = browser()
    if name is None:
        pytest.skip(NO_BROWSER)

    def sizes(page: Page, width: int) -> list[float]:
        inner = tmp_path / "inner.html"
        inner.write_text(re.sub(r"<meta http-equiv[^>]*>", "", page.source), encoding="utf-8")
        outer = tmp_path / "outer.html"
        outer.write_text(
            f"""<!doctype html><iframe id="f" src="inner.html" style="width:{width}px;height:800px;border:0"></iframe>
            <p id="found"></p><script>onload = () => {{
            const inside = document.getElementById("f").contentDocument;
            const shown = [...inside.querySelectorAll("figure, .tile, p, h1, h2")];
            const ends = shown.map(one => one.getBoundingClientRect().right);
            document.getElementById("found").textContent =
                "sizes " + [inside.documentElement.scrollWidth, ...ends].join(" ") + " end"; }}</script>""",
            encoding="utf-8",
        )
        command = [name, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"]
        command += [
            f"--user-data-dir={tmp_path / 'profile'}",
            "--virtual-time-budget=5000",
            "--dump-dom",
            outer.as_uri(),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        found = re.search(r'id="found">sizes (.*?) end', done)
        assert found, done[-2000:]
        return [float(one) for one in found[1].split()]

    return sizes


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_nothing_sticks_out_of_a_screen(
    numbers: Made, rendered: Callable[[Page, int], list[float]], width: int
) -> None:
    whole, *ends = rendered(numbers[1], width)
    assert whole <= width
    assert max(ends) <= width
    assert len(ends) > 10


def test_a_model_of_ones_own_has_a_page_too(tmp_path: Path) -> None:
    """An experiment is a plain record: whoever has a fitted model and two parts of a table can make one."""
    X, y = ff.datasets.moons(n=200, random_state=0)
    table = pa.table({"x": X[:, 0], "y": X[:, 1]})
    model = ff.TabularClassifier(**QUICK, random_state=0).fit(table.slice(0, 120), y[:120])
    experiment = Experiment(
        source="moons", target="moon", model_name="tabular", task="classification", model=model,
        train=(table.slice(0, 120), y[:120]), test=(table.slice(120), y[120:]),
        scores={}, baseline_scores={}, baseline=0, seconds=1.0, warnings=["<b>bold</b>"],
    )  # fmt: skip
    write_report(experiment, tmp_path / "page.html")
    assert "Warning: <b>bold</b>" in Page(tmp_path / "page.html").text


# On the command line -----------------------------------------------------------------------------------------------


def test_train_writes_a_report_beside_the_model(tmp_path: Path) -> None:
    table = write(tmp_path / "table.csv", linear_problem(120))
    page, model = tmp_path / "page.html", tmp_path / "model.safetensors"
    settings = ["--preset", "fast", "--epochs", "5", "--set", "engine=numpy"]
    result = run("train", table, "-t", "answer", *settings, "--report", page, "--out", model)
    assert f"report: {page}" in result.stdout
    assert "Network (tabular) on table.csv" in Page(page).text
    assert model.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("page.txt", "reports end in .html or .htm. Name such a file."),
        ("no/page.html", "Create it first."),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path, name: str, words: str) -> None:
    table = write(tmp_path / "table.csv", linear_problem(60))
    result = run("train", table, "-t", "answer", "--report", tmp_path / name, "--out", tmp_path / "m.st", code=2)
    assert words in result.stderr
    assert not (tmp_path / "m.st").exists()


@pytest.mark.parametrize(("gaps", "words"), [(1, "0.2 %"), (60, "12 %")])
def test_a_few_missing_cells_are_not_said_to_be_none(gaps: int, words: str, tmp_path: Path) -> None:
    lines = [f"{'' if i < gaps else i % 50},{i % 2},{'yes' if i % 2 else 'no'}" for i in range(500)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["a,b,y", *lines]))
    found = run_experiment(path, "y", settings={"preset": "fast", "max_epochs": 1})
    assert f"{gaps} <small>{words}</small>" in about_table(found)
