"""The one door to HTTP: the Sync API's operations on sources, retried, translated, secrets kept out.

Nothing else of the package imports httpx. What an answer means for a resource is not decided here.
"""
