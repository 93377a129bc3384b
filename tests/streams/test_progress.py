import os
import pty
import subprocess
import sys

SCRIPT = """
from streams.progress import track
for _ in track(range(3), 3, 'count the sheep'):
    pass
print('done')
"""


def test_a_terminal_sees_a_bar() -> None:
    parent, child = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stderr=child, stdout=subprocess.PIPE) as process:
        os.close(child)
        seen = b""
        while True:
            try:
                seen += os.read(parent, 4096)
            except OSError:  # Linux: the other end of a pty is closed
                break
        printed = process.stdout.read() if process.stdout else b""
    os.close(parent)

    assert b"count the sheep" in seen
    assert printed == b"done\n"


def test_a_pipe_sees_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)

    assert (done.stdout, done.stderr) == (b"done\n", b"")
