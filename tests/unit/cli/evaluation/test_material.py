from pathlib import Path

import numpy as np
import pytest

from cli.evaluation.material import read_material


def test_files_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    gravity = np.tile([0.0, 0.0, 9.81], (500, 1))
    np.savez(tmp_path / "a.npz", t_s=np.arange(100) / 10_000, acc_mps2=np.ones((100, 3)))
    np.savez(tmp_path / "b.npz", acc_z_mps2=np.array([[9.0, 10.0, np.nan]]), length=np.array([2]))
    np.savez(tmp_path / "deeper" / "c.npz", acc_t_s=np.arange(500) / 100, acc_mps2=gravity)
    np.savez(tmp_path / "drop_x.npz", acc_t_s=np.arange(500) / 200, acc_mps2=gravity)
    np.savez(tmp_path / "slow.npz", acc_t_s=np.arange(500) / 17, acc_mps2=gravity)
    np.savez(tmp_path / "in_g.npz", acc_t_s=np.arange(500) / 100, acc_mps2=gravity / 9.81)
    np.savez(tmp_path / "holes.npz", t_s=np.arange(100) / 10_000, acc_mps2=np.full((100, 3), np.nan))
    np.savez(tmp_path / "other.npz", something=np.zeros(3))
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    rows = "\n".join(f"{n / 100},0,0,9.81" for n in range(200))
    (tmp_path / "e.csv").write_text(f"acc_t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2\n{rows}\n")
    (tmp_path / "claims.csv").write_text("policy,claims\n1,0\n")
    (tmp_path / "README.md").write_text("words")

    material = read_material(tmp_path)

    assert [(each.name, each.rate_hz, each.acc_mps2.shape) for each in material.crashes] == [
        ("a", pytest.approx(10_000), (3, 100))
    ]
    assert [(each.name, [snippet.tolist() for snippet in each.snippets]) for each in material.anomalies] == [
        ("b", [[9.0, 10.0]])
    ]
    assert {each.name for each in material.drives} == {"c", "e"}
    assert {each.name for each in material.drops} == {"drop_x"}
    assert {name for name, _ in material.not_judged} == {
        "holes.npz", "slow.npz", "in_g.npz", "other.npz", "torn.npz", "claims.csv",
    }  # fmt: skip
    assert any("17.0 Hz" in reason for _, reason in material.not_judged)


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        read_material(tmp_path / "none")
