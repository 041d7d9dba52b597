"""What ``make up``, ``preview``, ``refresh`` and ``down`` do, on the real engine.

Everything they make lies in ``.local/``: the emulator's store and log, the stack's state, its passphrase. The
user's own Pulumi account and the real service are never touched unless ``LIVE=1`` asks for the latter.
"""
