"""Who has set nothing up yet tries Timbre first: from the first run to a practice shop that sells, and back."""

import contextlib

from driver import ALT, Page, Restarted
from shown import IN_BROWSER, PICTURES, SHOP, answer, has_ended, opened, successor, told
from test_stories import sell, shows

NEW = SHOP.with_name("nueva")
BESIDE = SHOP.with_name("nueva-demo")


def test_a_new_shop_is_left_to_practise_and_is_as_new_as_before_afterwards():
    window = opened("--data", str(NEW), log="practice.log")
    try:
        window.see("Puesta en marcha")
        window.picture(PICTURES / "practice-offered.png")
        with by(window, "Probar sin el SII (entrenamiento)", BESIDE) as practice:
            practice.see("ENTRENAMIENTO")
            sell(practice, 1)
            practice.keys("2", held=ALT)
            shows(practice, 1, "Aceptado")
            practice.keys("6", held=ALT)
            practice.see("Ésta es una tienda de entrenamiento")
            practice.picture(PICTURES / "practice.png")
            with by(practice, "Salir del entrenamiento", NEW) as shop:
                shop.see("Puesta en marcha")
                shop.find("button", "Probar sin el SII (entrenamiento)")
                shop.picture(PICTURES / "practice-left.png")
                assert answer("/v1/stats", NEW)["total"] == 0
                if IN_BROWSER:
                    assert answer("/v1/stats", BESIDE)["total"] == 1, "it is open for as long as the shop's own"
                else:
                    assert not told(BESIDE), "one window shows one shop"
    finally:
        window.close()
    assert has_ended(window) and not told(BESIDE)


@contextlib.contextmanager
def by(page: Page, button: str, folder):
    """Through that button to what shows another folder: the same page, or a window that opened again."""
    if IN_BROWSER:
        page.click("button", button)
        yield page
        return
    with contextlib.suppress(AssertionError):  # the answer may go with the window
        page.click("button", button)
    with Restarted(successor(folder, {"pid": None})["pid"], log=PICTURES / f"{folder.name}.again.log") as again:
        yield again
