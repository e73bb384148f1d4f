"""What keeps a bundle from being built, said so that a person knows what to do."""


class Problem(Exception):
    """The build cannot go on; the text is a sentence for whoever builds."""
