"""An executor that does what a test says."""

from concurrent.futures import Future

from engine.sweeps.executors.executor import Outcome

FINISHED = Outcome("finished")


class Scripted:
    """An executor whose outcomes are known in advance: by section, one for each attempt."""

    slots = 2

    def __init__(self, **outcomes):
        self.outcomes = {name: list(each) for name, each in outcomes.items()}
        self.submitted = []
        self.reasons = []

    def submit(self, task):
        self.submitted.append((task.run_id, task.attempt))
        future = Future()
        waiting = self.outcomes.get(task.planned.section, [])
        outcome = waiting.pop(0) if waiting else FINISHED
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
        return future

    def stop(self, reason):
        self.reasons.append(reason)

    def close(self):
        pass
