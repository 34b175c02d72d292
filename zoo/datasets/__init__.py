"""Sources of data, one file each: functions that give a `Dataset`, or the rows of one (`Table`).

`zoo.load_dataset` finds them by name: the tasks in `zoo.tasks` list theirs.
"""
