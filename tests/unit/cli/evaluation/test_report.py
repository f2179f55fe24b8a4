import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from cli.evaluation import command
from cli.evaluation.aims import Aim, aims_of, exit_code
from cli.evaluation.evaluation import Evaluation, Wanted, evaluate
from cli.evaluation.figures import figures_of
from cli.evaluation.judge import judge
from cli.evaluation.material import Material
from cli.evaluation.output import as_json
from cli.evaluation.positives import crash_scene
from cli.evaluation.report import page


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    """A small one without recordings, with two misses and a false impact made on purpose."""
    small = evaluate(Wanted(None, 4, crashes=30, repeats=1, hours=0.0, seeds=2, processes=1), lambda _: None)
    scenes = [crash_scene(Material(), 4, number) for number in range(60)]
    hard = [scene for scene in scenes if scene.truth is not None and scene.truth.delta_v_kmh > 18][:3]
    spoilt = []
    for number, scene in enumerate(hard[:2]):
        assert scene.truth is not None
        elsewhere = replace(scene.truth, at_s=4.0, ends_s=4.1, last_ends_s=4.1)
        spoilt.append(judge(replace(scene, name=f"missed_{number}", truth=elsewhere)))
    spoilt.append(judge(replace(hard[2], name="false_one", truth=None)))
    # One of the misses is another seed's.
    verdicts = (*small.verdicts, *spoilt[1:])
    others = (*small.other_verdicts, spoilt[0])
    return replace(small, verdicts=verdicts, other_verdicts=others, figures=figures_of(verdicts))


def test_every_miss_and_every_false_impact_is_drawn_with_its_words(evaluation: Evaluation) -> None:
    html = page(evaluation)
    everything = (*evaluation.verdicts, *evaluation.other_verdicts)
    misses = [each for each in everything if each.missed]
    cards = re.findall(r'<article class="card miss".*?</article>', html, re.DOTALL)
    assert len(cards) == len(misses) >= 2
    for verdict in misses:
        card = next(card for card in cards if f'id="{verdict.name}"' in card)
        assert "<svg" in card
        assert card.count("<li>") == len(verdict.said) >= 1
    false = re.findall(r'<article class="card false".*?</article>', html, re.DOTALL)
    assert len(false) == sum(len(each.false) for each in everything if not each.missed) >= 1
    assert all("<svg" in card and "<li>" in card for card in false)


def test_the_page_needs_nothing_from_elsewhere(evaluation: Evaluation) -> None:
    html = page(evaluation)
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import|<script|https?://", html)
    assert "No recordings were given" in html
    assert "nan" not in re.sub(r"<[^>]+>", " ", html).lower().split()


def test_the_json_is_whole_and_has_no_nan(evaluation: Evaluation) -> None:
    told = json.loads(json.dumps(as_json(evaluation), allow_nan=False))
    assert told["material"]["folder"] is None
    assert len(told["by_seed"]) == 2
    assert {each["scene"] for each in told["misses"]} >= {"missed_0", "missed_1"}
    assert told["simulated"]["hours"] == 0
    assert told["recall"][0]["detector"]["of"] == 0
    assert told["recall"][0]["detector"]["share"] is None


def test_aims_that_nothing_tells_are_not_met(evaluation: Evaluation) -> None:
    aims = {aim.name: aim for aim in aims_of(evaluation)}
    assert aims["false impacts on recordings"].met
    untold = replace(evaluation, figures=figures_of([]), verdicts=())
    assert not any(aim.met for aim in aims_of(untold) if aim.name != "false impacts on recordings")


@pytest.mark.parametrize(
    ("reached", "check", "code"),
    [(0.98, True, 0), (0.97, True, 1), (0.97, False, 0), (float("nan"), True, 1)],
)
def test_only_a_missed_aim_that_is_checked_fails(reached: float, check: bool, code: int) -> None:
    aim = Aim("recall", 0.95, 0.98, reached, at_most=False)
    assert exit_code((aim,), check=check) == code


def test_the_command_writes_page_and_json_and_says_by_its_exit_code_what_was_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CBUTTON_SAMPLE_DATA", raising=False)
    report = tmp_path / "page.html"
    code = command.run(
        None, report=report, seed=1, hours=0.0, seeds=1, quick=True, as_json_object=True, check=True
    )
    told = json.loads(capsys.readouterr().out)
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert code == (0 if all(aim["met"] for aim in told["aims"]) else 1)
    assert told["simulated"]["hours"] == 0
