"""Background work (D4): one row of `job` a piece, one queue entry that names it, workers that survive `kill -9`.

`queue` enqueues and cancels, `registry` knows the tasks, `running` carries one job out, `worker` is the process.
"""
