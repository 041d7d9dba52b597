"""``--sync``: runs that read what a source names, chunk and embed it, and write it to a real Chroma server.

From the ground up: :mod:`.failures` and :mod:`.documents`; what is read (:mod:`.repositories`, :mod:`.sites`,
:mod:`.buckets`) where :mod:`.targets` says that it is; :mod:`.chunks` and :mod:`.embedding`; the server
(:mod:`.process`, :mod:`.chroma`); one run (:mod:`.runs`); all of it behind the emulator (:mod:`.service`).
"""
