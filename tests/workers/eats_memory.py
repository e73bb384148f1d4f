"""Takes 200 MB more on page 2, and answers."""

from tests.workers.wire_worker import result, serve

eaten = []


def eat(say, hear, order, wire_out):
    eaten.append(b"x" * 200_000_000)
    say(result(order))


serve(eat)
