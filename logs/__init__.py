"""What the programs say about themselves, and the one mechanism by which no exception is lost.

Every thread is started by `start_thread`, every task by `start_task`; `configure` and `watch_loop` see to what else can fail: callbacks of
a loop, `__del__`, threads of libraries. A failure is logged with its traceback and an id; the person whom it concerns sees that id.
"""

from logs.failures import failure, problem_of
from logs.fields import about
from logs.running import start_task, start_thread, watch_loop
from logs.setup import FORMS, Form, configure, counts

__all__ = ["FORMS", "Form", "about", "configure", "counts", "failure", "problem_of", "start_task", "start_thread", "watch_loop"]
