import pytest

from engine.errors import EngineError
from tui.preferences import Preferences, remember_theme


def test_a_file_that_is_not_there_says_nothing(tmp_path):
    assert Preferences.read(tmp_path / "config.toml") == Preferences()


def test_theme_keys_and_defaults(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(
        'theme = "nord"\n[keys]\n"run.pause" = "p"\n[defaults]\nepochs = 3\nrecipe = "tuned"\n'
    )
    assert Preferences.read(path) == Preferences(
        "nord", {"run.pause": "p"}, {"epochs": 3, "recipe": "tuned"}
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("theme = nord", "Invalid value"),
        ("colour = 1", "no key of the file is called 'colour'"),
        ('[keys]\n"run.fly" = "f"', "no action is called 'run.fly'"),
        ("[defaults]\nspeed = 1", "no option is called 'speed'"),
        ("[defaults]\nepochs = 'many'", "--epochs must be a whole number"),
        ("[defaults]\nepochs = 0", "--epochs must be at least 1"),
        ("[defaults]\nrecipe = 'best'", "--recipe must be one of"),
        ("keys = 3", "no action is called '3'"),
        ('[keys]\n"run.pause" = 5', "run.pause must be text in quotes, not 5"),
        ('theme = ["a"]', "theme must be text in quotes, not ['a']"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_with_the_file_s_name(tmp_path, text, words):
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(EngineError) as caught:
        Preferences.read(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_theme_is_one_line_and_the_rest_stays(tmp_path):
    path = tmp_path / "deep" / "config.toml"
    remember_theme(path, "nord")
    assert Preferences.read(path).theme == "nord"
    path.write_text('# mine\n[keys]\n"run.pause" = "p" # so\n')
    remember_theme(path, "gruvbox")
    remember_theme(path, "dracula")
    assert path.read_text() == 'theme = "dracula"\n# mine\n[keys]\n"run.pause" = "p" # so\n'
