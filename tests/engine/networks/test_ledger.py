import os
import threading

import pytest

from engine.errors import EngineError
from engine.networks.ledger import LIMIT, is_trusted, ledger_path, trust
from engine.networks.more import MORE, packaged_code

ONE, TWO = "1" * 64, "2" * 64


def test_what_is_trusted_stands_in_the_ledger(tmp_path):
    assert ledger_path().is_relative_to(tmp_path)
    assert not is_trusted(ONE)
    trust(ONE, "net.py\n" + TWO + " a line of its own")
    assert is_trusted(ONE)
    assert not is_trusted(TWO)
    [line] = ledger_path().read_text().splitlines()
    assert line.split()[0] == ONE
    assert line.split()[2].startswith("net.py")


def test_the_ledger_belongs_to_the_user_alone():
    before = os.umask(0)
    try:
        trust(ONE, "net.py")
    finally:
        os.umask(before)
    assert ledger_path().stat().st_mode & 0o777 == 0o600
    assert ledger_path().parent.stat().st_mode & 0o777 == 0o700


def test_a_file_is_listed_once():
    trust(ONE, "net.py")
    trust(ONE, "copy.py")
    assert len(ledger_path().read_text().splitlines()) == 1


def test_damage_costs_only_the_damaged_lines():
    trust(ONE, "net.py")
    with ledger_path().open("ab") as file:
        file.write(b"\xff\0 nothing\n" + TWO.encode()[:40])  # cut as it was written
    assert is_trusted(ONE)
    assert not is_trusted(TWO)
    trust(TWO, "net.py")
    assert is_trusted(ONE)
    assert is_trusted(TWO)


def test_a_ledger_that_cannot_be_read_vouches_for_nothing():
    ledger_path().mkdir(parents=True)
    assert not is_trusted(ONE)
    with pytest.raises(EngineError, match=r"trusted-code\.txt"):
        trust(ONE, "net.py")
    ledger_path().rmdir()
    ledger_path().write_bytes(b"\n" * LIMIT)
    with pytest.raises(EngineError, match="is full"):
        trust(ONE, "net.py")


def test_many_may_trust_at_once():
    hashes = [f"{number:064x}" for number in range(40)]
    threads = [threading.Thread(target=trust, args=(each, "net.py")) for each in hashes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(map(is_trusted, hashes))
    assert len(ledger_path().read_text().splitlines()) == 40


@pytest.mark.parametrize("model", MORE)
def test_the_package_s_own_files_need_no_line(model):
    assert is_trusted(packaged_code(model).sha256)
    assert not ledger_path().exists()
