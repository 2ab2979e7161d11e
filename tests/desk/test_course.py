"""The learner's copy: delivered, upgraded, and nothing of hers ever lost."""

import json
import os
import shutil

import nbformat
import pytest
from nbformat import v4

from emtutor.desk import deliver, files


def notebook(*sources, output=None):
    """The bytes of a notebook of code cells; each shows `output`."""
    outputs = [v4.new_output("stream", name="stdout", text=output)] if output else []
    cells = [v4.new_code_cell(source, id=f"c{i}", outputs=outputs) for i, source in enumerate(sources)]
    return (nbformat.writes(v4.new_notebook(cells=cells)) + "\n").encode()


LESSONS = ("00-start.ipynb", "05-em.ipynb")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "version"
    (folder / "images").mkdir(parents=True)
    (folder / "00-start.ipynb").write_bytes(notebook("print('start')"))
    (folder / "05-em.ipynb").write_bytes(notebook("def e_step(x):\n    ..."))
    (folder / "images" / "ellipse.svg").write_text("<svg/>")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "05-em-checkpoint.ipynb").write_text("no lesson")
    return folder


@pytest.fixture
def mine(tmp_path, source):
    folder = tmp_path / "my-course"
    deliver.deliver(folder, source)
    return folder


def names(folder):
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if ".emtutor" not in path.parts and path.is_file()
    )


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_first_delivery_brings_all_lessons_and_their_pictures_and_says_where(tmp_path, source):
    said = deliver.deliver(tmp_path / "my-course", source)
    assert names(tmp_path / "my-course") == ["00-start.ipynb", "05-em.ipynb", "images/ellipse.svg"]
    assert str(tmp_path / "my-course") in said[0]
    assert os.stat(tmp_path / "my-course" / "05-em.ipynb").st_mode & 0o600 == 0o600


def test_what_is_delivered_has_no_outputs_and_every_source(tmp_path, source):
    (source / "05-em.ipynb").write_bytes(notebook("print('told')", "def e_step(x):\n    ...", output="told"))
    deliver.deliver(tmp_path / "my-course", source)
    arrived = (tmp_path / "my-course" / "05-em.ipynb").read_bytes()
    assert arrived == notebook("print('told')", "def e_step(x):\n    ...")


def test_a_lesson_that_came_with_outputs_once_loses_them_where_she_never_opened_it(mine, source):
    for name, hers in (("00-start.ipynb", False), ("05-em.ipynb", True)):
        old = notebook("def e_step(x):\n    ...", output="told")
        (source / name).write_bytes(old)
        (mine / name).write_bytes(old if not hers else notebook("def e_step(x):\n    ...", output="hers"))
    record = json.loads((mine / deliver.RECORD).read_text())
    record["delivered"] = {name: deliver.digest((source / name).read_bytes(), name)._asdict() for name in LESSONS}
    (mine / deliver.RECORD).write_text(json.dumps(record))
    assert deliver.deliver(mine, source) == []
    assert (mine / "00-start.ipynb").read_bytes() == notebook("def e_step(x):\n    ...")
    assert b"hers" in (mine / "05-em.ipynb").read_bytes()


def test_a_second_delivery_changes_nothing_and_says_nothing(mine, source):
    before = everything(mine)
    assert deliver.deliver(mine, source) == []
    assert everything(mine) == before


def test_an_untouched_lesson_is_upgraded_in_place(mine, source):
    (source / "05-em.ipynb").write_bytes(notebook("newer"))
    said = deliver.deliver(mine, source)
    assert (mine / "05-em.ipynb").read_bytes() == notebook("newer")
    assert names(mine) == ["00-start.ipynb", "05-em.ipynb", "images/ellipse.svg"]
    assert "05-em.ipynb was upgraded" in said[0]


def test_a_changed_lesson_stays_and_the_newer_one_arrives_beside_it_once(mine, source):
    hers = notebook("def e_step(x):\n    return x")
    (mine / "05-em.ipynb").write_bytes(hers)
    assert deliver.deliver(mine, source) == []  # nothing newer yet
    (source / "05-em.ipynb").write_bytes(notebook("newer"))
    said = deliver.deliver(mine, source)
    assert "05-em.ipynb is yours" in said[0]
    assert "05-em.new.ipynb" in said[0]
    assert (mine / "05-em.ipynb").read_bytes() == hers
    assert (mine / "05-em.new.ipynb").read_bytes() == notebook("newer")
    assert deliver.deliver(mine, source) == []
    (mine / "05-em.new.ipynb").unlink()  # she has seen it
    assert deliver.deliver(mine, source) == []
    assert "05-em.new.ipynb" not in names(mine)


def test_every_later_version_is_offered_and_an_untouched_offer_makes_room(mine, source):
    (mine / "05-em.ipynb").write_bytes(notebook("hers"))
    for version in ("second", "third"):
        (source / "05-em.ipynb").write_bytes(notebook(version))
        deliver.deliver(mine, source)
        assert (mine / "05-em.new.ipynb").read_bytes() == notebook(version)
    assert (mine / "05-em.ipynb").read_bytes() == notebook("hers")


def test_an_offer_in_which_the_learner_wrote_is_hers_too(mine, source):
    (mine / "05-em.ipynb").write_bytes(notebook("hers"))
    (source / "05-em.ipynb").write_bytes(notebook("second"))
    deliver.deliver(mine, source)
    (mine / "05-em.new.ipynb").write_bytes(notebook("hers, in the offer"))
    (source / "05-em.ipynb").write_bytes(notebook("third"))
    assert "05-em.new-2.ipynb" in deliver.deliver(mine, source)[0]
    assert (mine / "05-em.ipynb").read_bytes() == notebook("hers")
    assert (mine / "05-em.new.ipynb").read_bytes() == notebook("hers, in the offer")
    assert (mine / "05-em.new-2.ipynb").read_bytes() == notebook("third")


def test_a_file_of_hers_that_has_an_offers_name_stays(mine, source):
    (mine / "05-em.ipynb").write_bytes(notebook("hers"))
    (mine / "05-em.new.ipynb").write_bytes(notebook("hers as well"))
    (source / "05-em.ipynb").write_bytes(notebook("second"))
    deliver.deliver(mine, source)
    assert (mine / "05-em.new.ipynb").read_bytes() == notebook("hers as well")
    assert (mine / "05-em.new-2.ipynb").read_bytes() == notebook("second")


def test_the_offer_put_in_place_of_the_old_lesson_counts_as_delivered(mine, source):
    (mine / "05-em.ipynb").write_bytes(notebook("hers"))
    (source / "05-em.ipynb").write_bytes(notebook("second"))
    deliver.deliver(mine, source)
    os.replace(mine / "05-em.new.ipynb", mine / "05-em.ipynb")
    assert deliver.deliver(mine, source) == []
    (source / "05-em.ipynb").write_bytes(notebook("third"))
    assert "was upgraded" in deliver.deliver(mine, source)[0]
    assert (mine / "05-em.ipynb").read_bytes() == notebook("third")


def test_a_lesson_that_was_only_run_is_upgraded_and_her_outputs_are_kept(mine, source):
    run = notebook("def e_step(x):\n    ...", output="hers")
    (mine / "05-em.ipynb").write_bytes(run)
    assert deliver.deliver(mine, source) == []
    assert (mine / "05-em.ipynb").read_bytes() == run
    (source / "05-em.ipynb").write_bytes(notebook("newer"))
    said = deliver.deliver(mine, source)
    assert (mine / "05-em.ipynb").read_bytes() == notebook("newer")
    kept = list((mine / deliver.KEPT).glob("05-em-*.ipynb"))
    assert [path.read_bytes() for path in kept] == [run]
    assert kept[0].relative_to(mine).as_posix() in said[0]


def test_a_deleted_or_renamed_lesson_is_delivered_afresh(mine, source):
    (mine / "05-em.ipynb").write_bytes(notebook("hers"))
    os.replace(mine / "05-em.ipynb", mine / "my-em.ipynb")
    said = deliver.deliver(mine, source)
    assert (mine / "my-em.ipynb").read_bytes() == notebook("hers")
    assert (mine / "05-em.ipynb").read_bytes() == notebook("def e_step(x):\n    ...")
    assert "05-em.ipynb" in said[0]


def test_a_lesson_that_has_left_the_course_stays(mine, source):
    (source / "00-start.ipynb").unlink()
    assert deliver.deliver(mine, source) == []
    assert "00-start.ipynb" in names(mine)


def test_a_new_lesson_arrives_and_never_over_a_file_of_hers_with_that_name(mine, source):
    (mine / "06-more.ipynb").write_bytes(notebook("hers"))
    (source / "06-more.ipynb").write_bytes(notebook("lesson"))
    (source / "07-most.ipynb").write_bytes(notebook("lesson"))
    said = deliver.deliver(mine, source)
    assert (mine / "06-more.ipynb").read_bytes() == notebook("hers")
    assert (mine / "06-more.new.ipynb").read_bytes() == notebook("lesson")
    assert "New in" in said[-1]
    assert "07-most.ipynb" in said[-1]


@pytest.mark.parametrize(
    "broken", [None, b"", b"{", b"[]", b'{"delivered": {"05-em.ipynb": 3}, "offered": {}}', b"\xff\xfe"]
)
def test_without_a_readable_record_every_differing_file_is_hers(mine, source, broken):
    hers = notebook("def e_step(x):\n    return x")
    (mine / "05-em.ipynb").write_bytes(hers)
    (source / "05-em.ipynb").write_bytes(notebook("newer"))
    (source / "00-start.ipynb").write_bytes(notebook("newer start"))
    record = mine / deliver.RECORD
    record.unlink() if broken is None else record.write_bytes(broken)
    said = deliver.deliver(mine, source)
    assert (mine / "05-em.ipynb").read_bytes() == hers
    assert (mine / "00-start.ipynb").read_bytes() == notebook("print('start')")  # hers, for all that can be known
    assert (mine / "00-start.new.ipynb").read_bytes() == notebook("newer start")
    if broken is not None:
        assert "set aside" in said[0]
        assert [path.read_bytes() for path in (mine / deliver.KEPT).glob("delivered-*.json")] == [broken]
    assert deliver.deliver(mine, source) == []


def test_a_notebook_that_is_no_json_any_more_stays_as_it_is(mine, source):
    (mine / "05-em.ipynb").write_bytes(b"<<<<<<< merge")
    (source / "05-em.ipynb").write_bytes(notebook("newer"))
    deliver.deliver(mine, source)
    assert (mine / "05-em.ipynb").read_bytes() == b"<<<<<<< merge"
    assert (mine / "05-em.new.ipynb").read_bytes() == notebook("newer")


def test_an_interrupted_delivery_leaves_whole_files_and_the_next_one_completes_it(mine, source, monkeypatch):
    for name in ("00-start.ipynb", "05-em.ipynb"):
        (source / name).write_bytes(notebook("newer", name))
    before, replace, calls = (mine / "05-em.ipynb").read_bytes(), os.replace, []

    def dies_at_the_second(a, b):
        calls.append(b)
        if len(calls) == 2:
            raise KeyboardInterrupt
        replace(a, b)

    monkeypatch.setattr(files.os, "replace", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        deliver.deliver(mine, source)
    monkeypatch.setattr(files.os, "replace", replace)
    assert (mine / "00-start.ipynb").read_bytes() == notebook("newer", "00-start.ipynb")
    assert (mine / "05-em.ipynb").read_bytes() == before
    assert list((mine / deliver.SCRATCH).iterdir()) == []
    deliver.deliver(mine, source)
    assert (mine / "05-em.ipynb").read_bytes() == notebook("newer", "05-em.ipynb")
    assert names(mine) == ["00-start.ipynb", "05-em.ipynb", "images/ellipse.svg"]
    assert set(json.loads((mine / deliver.RECORD).read_text())["delivered"]) == set(names(mine))


def test_a_full_disk_is_said_and_changes_nothing(mine, source, monkeypatch):
    (source / "05-em.ipynb").write_bytes(notebook("newer"))
    before = everything(mine)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(deliver.CourseError, match=r"No space left on device.*--folder"):
        deliver.deliver(mine, source)
    assert everything(mine) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path, source):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(deliver.CourseError, match="--folder"):
        deliver.deliver(tmp_path / "closed" / "my-course", source)


def test_a_read_only_copy_that_is_up_to_date_still_opens(mine, source, monkeypatch):
    monkeypatch.setattr(deliver, "_write", lambda *_: pytest.fail("nothing needs to be written"))
    assert deliver.deliver(mine, source) == []


def test_a_file_in_place_of_the_folder_is_said(tmp_path, source):
    (tmp_path / "my-course").write_text("a file")
    with pytest.raises(deliver.CourseError, match="is a file"):
        deliver.deliver(tmp_path / "my-course", source)
    assert (tmp_path / "my-course").read_text() == "a file"


def test_the_courses_own_folder_is_no_place_for_a_copy(source):
    with pytest.raises(deliver.CourseError, match="own files"):
        deliver.deliver(source, source)


def test_no_notebooks_at_all_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(deliver.CourseError, match="no notebooks"):
        deliver.deliver(tmp_path / "my-course", tmp_path / "empty")
    assert not (tmp_path / "my-course").exists()


def test_the_lesson_she_changed_last_is_opened_and_else_the_first(mine):
    assert deliver.first_page(mine) == "00-start.ipynb"
    (mine / "05-em.ipynb").write_bytes(notebook("hers"))
    assert deliver.first_page(mine) == "05-em.ipynb"


def test_a_learner_works_through_three_versions_and_loses_nothing(tmp_path, source):
    """Everything she ever saved is somewhere in her folder afterwards, whatever was upgraded."""
    mine, saved = tmp_path / "my-course", []

    def saves(name, content):
        (mine / name).write_bytes(content)
        saved.append(content)

    deliver.deliver(mine, source)
    saves("05-em.ipynb", notebook("solved", output="1"))
    saves("00-start.ipynb", notebook("print('start')", output="start"))
    (source / "05-em.ipynb").write_bytes(notebook("second"))
    (source / "00-start.ipynb").write_bytes(notebook("second start"))
    deliver.deliver(mine, source)
    saves("05-em.new.ipynb", notebook("second, begun"))
    saves("00-start.ipynb", notebook("second start", output="again"))
    shutil.rmtree(mine / ".emtutor" / "arriving")
    (source / "05-em.ipynb").write_bytes(notebook("third"))
    (source / "00-start.ipynb").write_bytes(notebook("third start"))
    deliver.deliver(mine, source)
    assert set(saved) <= set(everything(mine).values())
    assert (mine / "00-start.ipynb").read_bytes() == notebook("third start")


@pytest.mark.parametrize("end", ['{"cell_type": "code", "source": []}', '{"cell_type": "markdown", "source": " "}'])
def test_an_empty_cell_and_other_ends_of_lines_are_no_change(end):
    cells = '{"cells": [{"cell_type": "code", "source": "a\\nb"}%s]}'
    was = deliver.digest((cells % "").encode(), "a.ipynb")
    now = deliver.digest((cells % f", {end}").replace("a\\nb", "a\\r\\nb").encode(), "a.ipynb")
    assert now.sources == was.sources
    assert deliver.digest((cells % "").replace("a", "c").encode(), "a.ipynb").sources != was.sources


def test_what_a_killed_delivery_left_is_swept(tmp_path):
    deliver.deliver(tmp_path / "mine")
    left = tmp_path / "mine" / deliver.SCRATCH / ".abc.tmp"
    left.write_text("half")
    deliver.deliver(tmp_path / "mine")
    assert not left.exists()
