"""Checkpoints on disk: when they are written, what is refused, and what survives faults, damage and Ctrl-C."""

import copy
import errno
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_moons

import feedforward as ff
from feedforward import nn
from feedforward.errors import FileError, ModelFileError, SettingError
from feedforward.files import read_file, write_file
from feedforward.training import checkpoints
from feedforward.training.checkpoints import Checkpoint
from feedforward.training.interrupts import Interrupts

X, Y = make_moons(200, noise=0.2, random_state=0)
SETTINGS: dict[str, Any] = {
    "hidden_sizes": (8,),
    "batch_size": 50,
    "max_epochs": 6,
    "engine": "numpy",
    "random_state": 0,
}


def model(*callbacks: Any, **settings: Any) -> Any:
    return ff.MLPClassifier(**{**SETTINGS, **settings}, callbacks=callbacks)


def stop_after(epoch: int) -> Any:
    def stop(training: Any) -> None:
        if training.epoch == epoch:
            raise KeyboardInterrupt(f"epoch {epoch}")

    return stop


def interrupted(path: Path, epoch: int = 3, **settings: Any) -> Any:
    """Return a model that was stopped after `epoch`, with a checkpoint at `path`."""
    stopped = model(Checkpoint(path), stop_after(epoch), **settings)
    with pytest.raises(KeyboardInterrupt, match=f"epoch {epoch}"):
        stopped.fit(X, Y)
    return stopped


def place(path: Path) -> tuple[int, int, bool]:
    """Return epoch and step of a checkpoint, and whether its training is over."""
    facts, _ = read_file(path, ["checkpoint"])
    return facts["training"]["epoch"], facts["training"]["step"], facts["is_over"]


def same(one: Any, other: Any) -> bool:
    losses = (one.history_["train_loss"], other.history_["train_loss"])
    return losses[0] == losses[1] and np.array_equal(one.predict_proba(X), other.predict_proba(X))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.checkpoint"


# When ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("every", "unit", "steps"),
    [
        (1, "epochs", [0, 4, 8, 12, 16, 20, 24]),
        (2, "epochs", [0, 8, 16, 24]),
        (4, "epochs", [0, 16, 24]),
        (100, "epochs", [0, 24]),
        (3, "steps", [0, 3, 6, 9, 12, 15, 18, 21, 24]),
        (10, "steps", [0, 10, 20, 24]),
        (1e-9, "seconds", None),
        (1e9, "seconds", [0, 24]),
    ],
)
def test_it_is_written_when_it_was_asked_for_at_the_start_and_at_the_end(
    every: float, unit: str, steps: list[int] | None, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def write_and_note(path: Path, facts: dict[str, Any], arrays: Any) -> None:
        write_file(path, facts, arrays)
        written.append(facts["training"]["step"])

    monkeypatch.setattr(checkpoints, "write_file", write_and_note)
    trained = model(Checkpoint(path, every=every, unit=unit)).fit(X, Y)
    assert written == (steps or sorted({*written, 0, 24}))
    assert place(path) == (6, 24, True)
    assert same(trained, model().fit(X, Y))


def test_a_wrong_setting_is_named() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"every": 0}, "Checkpoint: every must be a whole number of 1 or more; got 0"),
        ({"every": 1.5}, "Checkpoint: every must be"),
        ({"every": 0.0, "unit": "seconds"}, "Checkpoint: every must be a number above 0"),
        ({"unit": "minutes"}, "Checkpoint: unit must be one of 'epochs', 'steps', 'seconds'; got 'minutes'"),
        ({"resume": 1}, "Checkpoint: resume must be True or False; got 1"),
        ({"path": 3}, "Checkpoint: path must be the path of a file; got 3"),
    ]
    for settings, message in wrong:
        with pytest.raises(SettingError, match=message):
            Checkpoint(**{"path": "a", **settings})


def test_it_is_a_setting_like_others(path: Path) -> None:
    save = Checkpoint(path, every=2.0, unit="seconds")
    twin = clone(model(save))
    assert twin.callbacks == (save,)
    assert twin.get_params()["callbacks"] == (save,) == copy.deepcopy((save,))
    assert "Checkpoint(path=" in repr(twin)
    assert "every=2.0, unit='seconds', resume=False" in repr(save)


def test_one_training_one_checkpoint(path: Path) -> None:
    with pytest.raises(SettingError, match="callbacks must have one Checkpoint at most; got 2"):
        model(Checkpoint(path), Checkpoint(f"{path}2")).fit(X, Y)
    with pytest.raises(SettingError, match="a Checkpoint is for fit, which knows all rows"):
        model(Checkpoint(path)).partial_fit(X, Y)
    assert not path.exists()


# Going on ------------------------------------------------------------------------------------------------------------


def test_with_nothing_to_resume_it_begins(path: Path) -> None:
    assert same(model(Checkpoint(path, resume=True)).fit(X, Y), model().fit(X, Y))


def test_what_is_over_stays_over(path: Path) -> None:
    first = model(Checkpoint(path), patience=1, learning_rate=0.3, max_epochs=50).fit(X, Y)
    assert first.should_stop_
    assert first.n_iter_ < 50
    heard: list[Any] = []
    again = model(Checkpoint(path, resume=True), heard.append, patience=1, learning_rate=0.3, max_epochs=60).fit(X, Y)
    assert same(again, first)
    assert heard == []
    fresh = model(Checkpoint(path)).fit(X, Y)  # it may be written over
    assert same(fresh, model().fit(X, Y))


def test_where_a_callback_had_stopped_it_the_resumed_run_says_so(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = model(Checkpoint(path), lambda training: training.epoch == 2).fit(X, Y)
    for epochs in (6, 9):
        with pytest.warns(UserWarning, match=f"stopped this training after epoch 2 of {epochs}.*partial_fit") as caught:
            again = model(Checkpoint(path, resume=True), max_epochs=epochs, verbose=True).fit(X, Y)
        assert len(caught) == 1
        assert "after epoch 2, step 8, where a callback had stopped it\n" in capsys.readouterr().err
        assert same(again, first)
    assert again.set_params(callbacks=(), verbose=False).partial_fit(X, Y).n_iter_ == 3  # as it was told
    model(Checkpoint(path), lambda training: training.epoch == 6).fit(X, Y)
    model(Checkpoint(path, resume=True)).fit(X, Y)  # that was its last epoch: nothing to tell


def test_where_patience_had_ended_it_verbose_says_so(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings: dict[str, Any] = {"patience": 1, "learning_rate": 0.3, "max_epochs": 50}
    first = model(Checkpoint(path), **settings).fit(X, Y)
    model(Checkpoint(path, resume=True), verbose=True, **settings).fit(X, Y)
    assert f"after epoch {first.n_iter_}, step {4 * first.n_iter_}, where patience had" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore:.*diverged")
def test_a_training_that_diverged_is_over_and_still_says_so(path: Path) -> None:
    settings = {"optimizer": "sgd", "learning_rate": 1e200, "loss": "squared_error", "activation": "identity"}
    rows = (X * 1e3, X * 1e3)
    first = ff.MLPRegressor(**{**SETTINGS, **settings}, callbacks=[Checkpoint(path)]).fit(*rows)
    assert first.should_stop_
    with pytest.warns(UserWarning, match="diverged in epoch 1") as caught:
        again = ff.MLPRegressor(**{**SETTINGS, **settings}, callbacks=[Checkpoint(path, resume=True)]).fit(*rows)
    assert len(caught) == 1
    np.testing.assert_array_equal(again.predict(X), first.predict(X))


def test_more_epochs_may_be_asked_for_if_the_schedule_does_not_depend_on_them(path: Path) -> None:
    for schedule in ("constant", "plateau"):
        model(Checkpoint(path), schedule=schedule).fit(X, Y)
        more = model(Checkpoint(path, resume=True), schedule=schedule, max_epochs=9).fit(X, Y)
        assert same(more, model(schedule=schedule, max_epochs=9).fit(X, Y))
    with pytest.raises(SettingError, match="another training: max_epochs was 9 and is 6"):
        model(Checkpoint(path, resume=True), schedule="plateau").fit(X, Y)
    model(Checkpoint(path), schedule="cosine").fit(X, Y)
    with pytest.raises(SettingError, match="another training: max_epochs was 6 and is 9"):
        model(Checkpoint(path, resume=True), schedule="cosine", max_epochs=9).fit(X, Y)


def test_what_was_resumed_is_said(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    interrupted(path, epoch=2)
    model(Checkpoint(path, resume=True), verbose=True).fit(X, Y)
    assert f"engine numpy: as asked; resumed from {path} after epoch 2, step 8\n" in capsys.readouterr().err


def test_a_training_that_has_not_ended_is_not_written_over(path: Path) -> None:
    interrupted(path)
    before = path.read_bytes()
    with pytest.raises(
        SettingError, match="run.checkpoint is the checkpoint of a training that has not ended. Go on with"
    ) as caught:
        model(Checkpoint(path)).fit(X, Y)
    assert "resume=True" in str(caught.value)
    assert "delete it" in str(caught.value)
    assert path.read_bytes() == before
    assert same(model(Checkpoint(path, resume=True)).fit(X, Y), model().fit(X, Y))


OTHERS: dict[str, dict[str, Any]] = {
    "layers was .* and is ": {"hidden_sizes": (9,)},
    "the network's start is another": {"network": nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))},
    "dtype was 'float32' and is 'float64'": {"dtype": "float64"},
    "random_state was 0 and is 1": {"random_state": 1},
    "loss was CrossEntropyLoss": {"loss": nn.CrossEntropyLoss(label_smoothing=0.1)},
    r"optimizer was 'Adam\(lr=0.001": {"learning_rate": 0.01},
    "schedule was 'constant' and is 'cosine'": {"schedule": "cosine"},
    "batch_size was 50 and is 40": {"batch_size": 40},
    "patience was None and is 3": {"patience": 3},
    "engine was 'numpy' and is 'compiled'": {"engine": "compiled"},
    "the validation set is another": {"validation_fraction": 0.2},
    "X is another, ": {"X": X + 1e-6},
    "y is another": {"y": np.where(np.arange(200) == 77, 1 - Y, Y)},
    "sample_weight is another": {"sample_weight": np.linspace(1, 2, 200)},
}


@pytest.mark.parametrize("message", OTHERS)
def test_another_training_is_refused_by_name(message: str, path: Path) -> None:
    interrupted(path)
    before = path.read_bytes()
    settings = dict(OTHERS[message])
    given = {
        "X": X,
        "y": Y,
        **{name: settings.pop(name) for name in ("X", "y", "sample_weight", "network") if name in settings},
    }
    message = message.replace("loss was CrossEntropyLoss", r"loss was 'CrossEntropyLoss\(label_smoothing=0.0\)'")
    refused = model(Checkpoint(path, resume=True), **settings)
    with pytest.raises(SettingError, match=f"run.checkpoint is of another training: .*{message.removesuffix(', ')}"):
        refused.fit(**given)
    assert not hasattr(refused, "network_")
    assert path.read_bytes() == before


def test_other_circumstances_are_a_warning(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(path)
    monkeypatch.setattr(checkpoints, "circumstances", lambda engine: {"numpy": "1.0", "threads": 64})
    with pytest.warns(UserWarning, match=r"other circumstances: numpy was 1.0|numpy was .* and is 1.0.*threads was"):
        resumed = model(Checkpoint(path, resume=True)).fit(X, Y)
    assert same(resumed, model().fit(X, Y))


# Damage and faults ---------------------------------------------------------------------------------------------------


def test_the_newest_that_is_undamaged_is_taken(path: Path) -> None:
    straight = model().fit(X, Y)
    for damage in (b"", b"other", None):
        interrupted(path)
        previous = path.with_name("run.checkpoint.previous")
        assert place(previous) == (2, 8, False)
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(damage)
        with pytest.warns(
            UserWarning, match="run.checkpoint .*The checkpoint before it is taken, run.checkpoint.previous"
        ):
            resumed = model(Checkpoint(path, resume=True)).fit(X, Y)
        assert same(resumed, straight)
        path.unlink()
        previous.unlink()


def test_what_is_damaged_takes_no_good_one_s_place(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(path)
    path.write_bytes(b"damaged")
    previous = path.with_name("run.checkpoint.previous")
    good = previous.read_bytes()
    monkeypatch.setattr(checkpoints, "write_file", fail)
    with pytest.warns(UserWarning, match="taken"), pytest.raises(FileError):
        model(Checkpoint(path, resume=True)).fit(X, Y)
    assert previous.read_bytes() == good


def test_where_all_is_damaged_nothing_is_touched(path: Path) -> None:
    path.write_bytes(b"the novel of my life")
    for resume in (False, True):
        with pytest.raises(
            ModelFileError, match="run.checkpoint cannot be read: .* Choose another path, or move it away"
        ):
            model(Checkpoint(path, resume=resume)).fit(X, Y)
    assert path.read_bytes() == b"the novel of my life"
    ff_file = path.with_name("other")
    write_file(ff_file, {"kind": "other"}, {})
    with pytest.raises(ModelFileError, match="other cannot be read: it is of the kind 'other'"):
        model(Checkpoint(ff_file)).fit(X, Y)
    write_file(ff_file, {"kind": "checkpoint"}, {})
    with pytest.raises(ModelFileError, match="other cannot be read: it does not say what training it is of"):
        model(Checkpoint(ff_file)).fit(X, Y)


def fail(*arguments: Any, **options: Any) -> Any:
    raise FileError("the disk is full.")


CALLS = ("open", "write", "fsync", "replace", "link", "unlink")


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("call", CALLS)
def test_a_fault_at_any_call_of_a_save_leaves_a_good_checkpoint(
    call: str, fault: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever call of the second save fails: one line says so, and the run can be resumed from where it was saved."""
    straight, real = model().fit(X, Y), getattr(os, call)
    failures = 0

    def failing(*arguments: Any, **options: Any) -> Any:
        nonlocal failures
        if saves[0] == 2 and (call != "open" or arguments[1] & os.O_CREAT):
            failures += 1
            raise OSError(fault, os.strerror(fault))
        return real(*arguments, **options)

    saves = [0]

    def save(self: Any) -> None:
        saves[0] += 1
        real_save(self)

    real_save = checkpoints.Keeper.save
    monkeypatch.setattr(checkpoints.Keeper, "save", save)
    monkeypatch.setattr(os, call, failing)
    stopped = model(Checkpoint(path, every=2))
    if call == "link":  # without second names it is done otherwise
        stopped.fit(X, Y)
    else:
        message = "cannot be kept as run.checkpoint.previous: " if call == "unlink" else ""
        with pytest.raises(FileError, match=f"{message}.*{os.strerror(fault).lower()}") as caught:
            stopped.fit(X, Y)
        assert "run.checkpoint" in str(caught.value)
        assert "\n" not in str(caught.value)
        assert stopped.predict(X).shape == Y.shape  # what was learned is not lost
        assert stopped.n_iter_ == 2
    assert failures
    monkeypatch.undo()
    assert len([name for name in os.listdir(path.parent) if name.endswith(".tmp")]) == 0
    assert same(model(Checkpoint(path, every=2, resume=True)).fit(X, Y), straight)


def test_a_folder_that_is_not_there_is_told_before_the_first_step(tmp_path: Path) -> None:
    heard: list[Any] = []
    with pytest.raises(FileError, match="there is no folder"):
        model(Checkpoint(tmp_path / "absent" / "run"), heard.append).fit(X, Y)
    assert heard == []


# Ctrl-C --------------------------------------------------------------------------------------------------------------


def press_soon(seconds: float) -> threading.Timer:
    """Press Ctrl-C after some time, while a span is running or between two."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


@pytest.mark.parametrize("seconds", [0.3, 0.37, 0.44])
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_ctrl_c_at_any_moment_can_be_resumed(engine: str, seconds: float, path: Path) -> None:
    settings = {"engine": engine, "max_epochs": 10**9, "patience": 10**9, "validation_fraction": 0.2}
    model(**{**settings, "max_epochs": 1}).fit(X, Y)  # compiles
    stopped = model(Checkpoint(path, every=10**9), **settings)
    press_soon(seconds)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(X, Y)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    epoch, step, is_over = place(path)
    assert epoch == stopped.n_iter_ > 0
    assert not is_over
    ends = {**settings, "max_epochs": epoch + 2}
    facts, arrays = read_file(path)
    facts["fingerprint"]["max_epochs"] = epoch + 2  # as if it had been asked to end there
    write_file(path, facts, arrays)
    straight = model(**ends).fit(X, Y)
    assert same(model(Checkpoint(path, resume=True), **ends).fit(X, Y), straight)
    assert step < straight._training.step


def test_ctrl_c_leaves_the_best_weights_so_far(path: Path) -> None:
    settings = {"patience": 50, "learning_rate": 0.2, "validation_fraction": 0.2, "max_epochs": 30}
    stopped = interrupted(path, epoch=20, **settings)
    best = int(np.argmin(stopped.history_["val_loss"])) + 1
    assert best < 20
    until_then = model(**{**settings, "max_epochs": best}).fit(X, Y)
    np.testing.assert_array_equal(stopped.predict_proba(X), until_then.predict_proba(X))
    assert same(model(Checkpoint(path, resume=True), **settings).fit(X, Y), model(**settings).fit(X, Y))
    assert stopped.set_params(callbacks=()).partial_fit(X, Y).n_iter_ == 21  # and can go on


def test_ctrl_c_is_heard_even_if_the_checkpoint_cannot_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_and_fill_the_disk(training: Any) -> None:
        monkeypatch.setattr(checkpoints, "write_file", fail)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        model(Checkpoint(path, every=5), stop_and_fill_the_disk).fit(X, Y)
    assert caught.value.__notes__ == ["the disk is full."]


@pytest.mark.parametrize(("can_wait", "heard"), [(False, 0), (True, 1)])
def test_a_second_ctrl_c_does_not_wait_and_none_waits_before_the_first_step(can_wait: bool, heard: int) -> None:
    presses: list[int] = []

    def press_three_times() -> None:
        with Interrupts() as interrupts:
            interrupts.can_wait = can_wait
            for press in range(3):
                signal.raise_signal(signal.SIGINT)
                presses.append(press)

    with pytest.raises(KeyboardInterrupt):
        press_three_times()
    assert len(presses) == heard
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_and_other_handlers_are_left_alone() -> None:
    def handler(number: int, frame: Any) -> None: ...

    signal.signal(signal.SIGINT, handler)
    try:
        with Interrupts():
            assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    fitted: list[Any] = []
    thread = threading.Thread(target=lambda: fitted.append(model().fit(X, Y)))
    thread.start()
    thread.join()
    assert same(fitted[0], model().fit(X, Y))
