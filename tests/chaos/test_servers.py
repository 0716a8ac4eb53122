"""Failpoints in the processes of a chaos run: each draws by its number, and its end is counted."""

from chaos.servers import Child, ended_at_failpoints


def test_the_ends_at_failpoints_are_counted_by_name_over_all_processes(tmp_path):
    (tmp_path / "web.log").write_text(
        "GET /\nended at failpoint audit.recorded\n\nended at failpoint batch.paid\nbye"
    )
    (tmp_path / "jobs.log").write_text("half a line\nended at failpoint batch.paid\n")

    assert ended_at_failpoints(tmp_path) == {"batch.paid": 2, "audit.recorded": 1}


def test_each_start_of_each_process_draws_from_its_own_number(tmp_path):
    log = tmp_path / "web.log"
    command = ["sh", "-c", "echo $FAILPOINTS_SEED"]
    child = Child("web", command, {"FAILPOINTS_SEED": "7"}, log)
    child._process.wait()
    child.stop()
    child.restarts = 4
    child._start()
    child._process.wait()

    lines = log.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("7 web 0", "7 web 5")
