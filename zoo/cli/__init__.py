"""The command `zoo`: one file a group of commands, and the options that they share."""
