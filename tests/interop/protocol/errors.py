"""What is wrong with bytes that somebody sent."""


class Refused(Exception):
    """The bytes break a rule of the protocol; the text is a sentence that says which."""


def demand(claim, sentence):
    """Refuses unless the claim holds."""
    if not claim:
        raise Refused(sentence)
