"""Executes a sweep's runs as tasks of a Ray cluster.

``executor`` is the driver's side and ``work`` a task's. Where a node sees the sweep's folder, its
tasks drive the runs in there; elsewhere they work in a scratch folder whose changes a ``mirror``
sends to the ``keeper``, an actor on the driver's node. Ray is imported where it is needed only.
"""
