"""The protocol once more, written from docs/PROTOCOL.md alone: one module for each of its sections.

It shares no line with the daemon, so that the document is what both agree on. It is made to be
read beside the document, not to be fast, and it is no library: see client/python for one.
"""
