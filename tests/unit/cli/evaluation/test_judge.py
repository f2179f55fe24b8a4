from dataclasses import replace

import numpy as np
import pytest

from cli.evaluation.figures import OURS, delta_v_error, figures_of, pdof_error
from cli.evaluation.judge import judge
from cli.evaluation.material import Material
from cli.evaluation.negatives import composed_count, composed_scene
from cli.evaluation.positives import crash_scene
from cli.evaluation.scene import Scene, until, without
from schemas.impact import Severity

NONE = Material()


def hard_crash(seed: int = 5) -> Scene:
    """The first plain crash of a seed that nobody could miss."""
    for number in range(200):
        scene = crash_scene(NONE, seed, number)
        if (
            scene.kind == "plain"
            and scene.truth
            and 20 < scene.truth.delta_v_kmh < 39
            and not scene.truth.clipped
        ):
            return scene
    raise AssertionError("no such crash among 200")


def test_a_crash_is_found_by_detector_and_rules() -> None:
    verdict = judge(hard_crash())
    assert verdict.detected
    assert not verdict.missed
    assert not verdict.false
    assert verdict.rules["B4"] == (True, 0)
    error = delta_v_error(verdict)
    assert error is not None
    assert abs(error) < 10


def test_a_finding_without_a_crash_is_false_and_drawn() -> None:
    scene = replace(hard_crash(), truth=None)
    verdict = judge(scene)
    assert len(verdict.false) == 1
    assert len(verdict.waveforms) == 1
    assert verdict.waveforms[0].horizontal_g.max() > 1
    assert verdict.rules["B4"] == (False, 1)
    figures = figures_of([verdict])
    assert sum(group.events[OURS] for group in figures.false) == 1


def test_a_crash_that_cannot_be_seen_is_a_miss_with_words_and_drawing() -> None:
    scene = hard_crash()
    assert scene.truth is not None
    quiet = replace(scene, truth=replace(scene.truth, at_s=5.0, ends_s=5.1, last_ends_s=5.1))
    verdict = judge(quiet)
    assert verdict.missed
    assert verdict.said
    assert verdict.waveforms
    assert verdict.waveforms[0].time_s.size > 100
    # What was found far from where the crash is said to be counts as false.
    assert len(verdict.false) == 1


def test_what_is_found_too_late_or_too_early_is_not_the_crash() -> None:
    scene = hard_crash()
    assert scene.truth is not None
    for shift_s, detected in ((0.4, True), (1.0, False), (-1.0, True), (-2.5, False)):
        at_s = scene.truth.at_s + shift_s
        moved = replace(scene.truth, at_s=at_s, ends_s=at_s + 0.1, last_ends_s=at_s + 0.1)
        assert judge(replace(scene, truth=moved)).detected is detected


def test_the_same_number_gives_the_same_scene_and_another_a_different_one() -> None:
    one, again, other = crash_scene(NONE, 7, 3), crash_scene(NONE, 7, 3), crash_scene(NONE, 7, 4)
    assert np.array_equal(one.recording.acc_mps2, again.recording.acc_mps2)
    assert np.array_equal(one.recording.gps_speed_mps, again.recording.gps_speed_mps)
    assert (one.truth, one.tags) == (again.truth, again.tags)
    assert one.truth != other.truth
    quiet, same = composed_scene(NONE, 7, 3, 2), composed_scene(NONE, 7, 3, 2)
    assert np.array_equal(quiet.recording.acc_mps2, same.recording.acc_mps2)


def test_every_negative_is_without_truth_and_of_its_kind() -> None:
    scenes = [composed_scene(NONE, 1, number, 1) for number in range(composed_count(NONE, 1))]
    assert all(scene.truth is None and not scene.is_real for scene in scenes)
    assert {
        "hard_braking",
        "kerb",
        "door_slam",
        "taken_off_and_put_back",
        "railway_crossing",
        "handling",
    } <= {scene.kind for scene in scenes}
    braking = next(scene for scene in scenes if scene.kind == "hard_braking")
    dynamic = braking.recording.acc_mps2 - np.median(braking.recording.acc_mps2[:800], axis=0)
    second = round(braking.recording.rate_hz)
    held = np.convolve(np.linalg.norm(dynamic, axis=1), np.ones(second) / second, mode="valid")
    assert held.max() > 0.75 * 9.81


def test_a_recall_band_counts_what_lies_on_its_lower_edge() -> None:
    scene = hard_crash()
    assert scene.truth is not None
    for delta_v_kmh, label in ((8.0, "8-15"), (15.0, "15-25"), (24.99, "15-25"), (40.0, "40+")):
        verdict = replace(judge(scene), truth=replace(scene.truth, delta_v_kmh=delta_v_kmh))
        bands = [band for band in figures_of([verdict]).recalls if band.shares[OURS].of]
        assert [band.label for band in bands] == [label]


def test_direction_errors_go_the_short_way_around() -> None:
    scene = hard_crash()
    assert scene.truth is not None
    verdict = judge(scene)
    assert verdict.found is not None
    verdict = replace(
        verdict, truth=replace(scene.truth, pdof_deg=355.0), found=replace(verdict.found, pdof_deg=5.0)
    )
    assert pdof_error(verdict) == pytest.approx(10.0)


def test_a_silent_device_and_lost_frames_leave_what_was_there() -> None:
    recording = hard_crash().recording
    assert until(recording, 5.0).acc_t_s[-1] < 5.0
    assert until(recording, 5.0).gps_t_s.max(initial=0.0) < 5.0
    cut = without(recording, [(2.0, 3.0)])
    assert not np.any((cut.acc_t_s >= 2.0) & (cut.acc_t_s < 3.0))
    assert cut.acc_t_s.size == recording.acc_t_s.size - round(recording.rate_hz)


def test_the_true_class_of_a_rollover_is_severe_at_least() -> None:
    for number in range(100):
        scene = crash_scene(NONE, 2, number)
        if scene.truth is not None and scene.truth.rollover:
            assert scene.truth.severity.rank >= Severity.SEVERE.rank
            return
    raise AssertionError("no rollover among 100 crashes")
