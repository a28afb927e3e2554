# The few lines of TAP that the Python tests need: each @test function is one, in order.
import sys
import traceback

_tests = []


def test(function):
    _tests.append(function)
    return function


def run():
    failed = 0
    print('1..%d' % len(_tests))
    for number, function in enumerate(_tests, 1):
        name = function.__name__.replace('_', ' ')
        try:
            why = function()
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print('not ok %d - %s' % (number, name))
            for line in traceback.format_exc().splitlines():
                print('# ' + line)
        else:
            # A test that cannot run here returns the reason.
            print('ok %d - %s%s' % (number, name, ' # SKIP ' + why if why else ''))
        sys.stdout.flush()
    sys.exit(1 if failed else 0)
