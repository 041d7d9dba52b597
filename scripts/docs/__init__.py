"""Builds the documents into a site: ``python -m scripts.docs``, or ``make docs``.

The documents are read on GitHub as they lie in the checkout. The site is made of the same files, laid out the
same way, so that a link that works there works here. What only the site has is told by comments, which GitHub
doesn't show:

- ``<!-- reference: Source Invocation -->`` becomes what the docstrings of these public names say;
- ``<!-- command: pulumi-chroma-sync list -->`` becomes what the command says of itself.
"""
