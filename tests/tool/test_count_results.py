#!/usr/bin/python3
"""tests/count-results: what fails without saying so must count as failed too."""
import json
import os
import pathlib
import subprocess
import tempfile

from tap import run, test

COUNT = os.path.join(os.environ['MIGRATE_SOURCE_DIR'], 'tests/count-results')
CASES = '<?xml version="1.0"?><testsuites><testsuite name="%s">%s</testsuite></testsuites>'


def case(name, program, inside=''):
    return '<testcase name="%s" classname="%s">%s</testcase>' % (name, program, inside)


def program(name, result):
    return json.dumps({'name': name, 'result': result, 'stdout': ''}) + '\n'


def count(**files):
    with tempfile.TemporaryDirectory() as place:
        for name, text in files.items():
            pathlib.Path(place, name.replace('_', '.')).write_text(text, encoding='utf-8')
        done = subprocess.run([COUNT, place], check=False, text=True, stdout=subprocess.PIPE)
    print('# ' + done.stdout.replace('\n', '\n# '))
    return done.returncode, done.stdout.splitlines()


GOOD = case('1 - a', 'p / x') + case('2 - b', 'p / x', '<skipped />')


@test
def counts_cases():
    code, lines = count(unit_xml=CASES % ('x', GOOD), unit_json=program('p / x', 'OK'))
    assert code == 0 and lines == ['1 passed, 0 failed, 1 skipped']


@test
def a_case_that_failed_is_named():
    cases = GOOD + case('3 - c', 'p / x', '<failure message="no" />')
    code, lines = count(unit_xml=CASES % ('x', cases), unit_json=program('p / x', 'FAIL'))
    assert code == 1 and lines == ['FAILED: unit: 3 - c', '1 passed, 1 failed, 1 skipped']


@test
def a_program_that_ended_in_the_middle_has_failed():
    for result in ('ERROR', 'TIMEOUT', 'INTERRUPT', 'FAIL'):
        code, lines = count(unit_xml=CASES % ('x', GOOD),
                            unit_json=program('p / y', 'OK') + program('p / x', result))
        assert code == 1 and lines[-1] == '1 passed, 1 failed, 1 skipped'
        assert lines[0] == 'FAILED: unit: p / x: %s' % result.lower()


@test
def a_program_without_cases_is_counted_once():
    cases = case('p / x', 'libmigrate', '<failure />') + case('p / y', 'libmigrate')
    code, lines = count(abi_xml=CASES % ('x', cases),
                        abi_json=program('p / x', 'FAIL') + program('p / y', 'OK'))
    assert code == 1 and lines == ['FAILED: abi: p / x', '1 passed, 1 failed, 0 skipped']


@test
def one_failure_does_not_hide_another_programs_end():
    cases = GOOD + case('1 - c', 'p / y', '<failure message="no" />')
    code, lines = count(unit_xml=CASES % ('x', cases),
                        unit_json=program('p / y', 'FAIL') + program('p / x', 'ERROR'))
    assert code == 1 and lines[-1] == '1 passed, 2 failed, 1 skipped'


@test
def a_suite_without_result_has_failed():
    code, lines = count(unit_xml=CASES % ('x', GOOD), sim_broken='FAILED: suite sim\n')
    assert code == 1 and lines == ['FAILED: suite sim', '1 passed, 1 failed, 1 skipped']


@test
def nothing_run_has_failed():
    code, lines = count(root_skipped='')
    assert code == 1 and lines[0] == 'no test was run'


run()
