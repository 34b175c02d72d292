"""How much one user of the studio may ask for; what a request may be is said in one place."""

MEGABYTE = 1 << 20
LARGEST_UPLOAD = 20 * MEGABYTE  # bytes of a request's body
LARGEST_TEXT = 200_000  # characters of one field
LARGEST_PICTURE = 50_000_000  # pixels that are decoded: 150 MB as RGB, some times as much while it is converted
DECODED_AT_ONCE = 2  # pictures, of all users, when they come and when they are shown; each model decodes one more
LARGEST_KEPT = 200 * MEGABYTE  # bytes of a session's files: the oldest samples go
MOST_FIELDS = 2_000  # of a form
CHUNK = 1 << 16  # bytes that are read at once

SESSIONS = 200  # the one that was idle longest goes
SAMPLES = 40  # of a session: the oldest go
EXPLANATIONS = 40
RUNNING = 4  # jobs of a session at once
WORKERS = 16  # jobs of all sessions at once: more than one user's
QUEUED = 64  # of all sessions
IDLE = 12 * 3600.0  # seconds after which a session is forgotten
WAITING = 60.0  # seconds for a model that answers others

SHOWN_SIDE = 640  # pixels of a picture on the page
THUMBNAIL = 96
SHOWN_LABELS = 10  # of a prediction
SHOWN_ERRORS = 200
METHODS_AT_ONCE = 6

TRIES, TRIES_OF_ALL = 5, 30  # wrong tokens a minute: from one address, from all
TRIES_SECONDS = 60.0
LEAST_TOKEN = 16  # characters of a token that a user chooses
