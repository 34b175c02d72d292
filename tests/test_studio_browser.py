"""The studio in a real browser: Chromium uploads, chooses, reads, paints and compares, by mouse and by keyboard."""
# ruff: noqa: E402 (what is imported may be missing)

import shutil
import tempfile

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
if not CHROMIUM or not DRIVER:
    pytest.skip("NO CHROMIUM: the studio's page was tried in no browser (apt-get install chromium chromium-driver).",
                allow_module_level=True)  # fmt: skip
pytest.importorskip("selenium")
pytest.importorskip("fastapi")

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.studio_server import HTML, picture_pipeline, png, served, table_run
from zoo.studio.app import create_app

WAIT = 60  # seconds, on a busy machine
PHONE = 375  # pixels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def address(folder):
    sources = [str(picture_pipeline(folder / "bright.keras", ("dark", HTML))), str(table_run(folder)),
               str(table_run(folder, second=True))]  # fmt: skip
    with served(create_app(sources)) as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture(scope="module")
def chromium():
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for option in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                   "--disable-background-networking", f"--user-data-dir={tempfile.mkdtemp()}"):  # fmt: skip
        options.add_argument(option)
    found = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield found
    found.quit()


@pytest.fixture
def page(chromium, address):
    """The browser, 1200 pixels wide; afterwards it must have nothing to complain of."""
    resized(chromium, 1200)
    chromium.get(address)
    yield chromium
    complaints = [each["message"] for each in chromium.get_log("browser") if each["level"] == "SEVERE"]
    assert [each for each in complaints if "status of 4" not in each] == []  # a refusal is meant to be one
    assert chromium.execute_script("return window.alerted") is None


def resized(browser, width):
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def found(page, selector):
    return WebDriverWait(page, WAIT).until(lambda page: page.find_elements(By.CSS_SELECTOR, selector))


def seen(page, selector, text=""):
    """The first element of this kind that is shown and has this text."""

    def look(page):
        shown = page.find_elements(By.CSS_SELECTOR, selector)
        return next((each for each in shown if each.is_displayed() and text in each.text), None)

    return WebDriverWait(page, WAIT, ignored_exceptions=None).until(look)


def opened(page, name):
    """The page of a model, chosen from the list."""
    next(each for each in found(page, ".card") if name in each.text).click()
    found(page, "#fields [name]")
    return page


def uploaded(page, folder, value=250, name="bright.png", content=None):
    (folder / name).write_bytes(png(64, value) if content is None else content)
    page.find_element(By.CSS_SELECTOR, "#fields input[type=file]").send_keys(str(folder / name))


def painted(page):
    """The canvas, once the picture is on it."""
    canvas = seen(page, "#canvas")
    WebDriverWait(page, WAIT).until(lambda page: int(canvas.get_property("width")) == 64)
    return canvas


def test_a_picture_is_uploaded_and_its_html_label_is_text(page, folder):
    opened(page, "bright")
    uploaded(page, folder)
    assert HTML in seen(page, ".output-said", HTML).text
    assert page.find_elements(By.CSS_SELECTOR, "#prediction img") == []
    image = found(page, "#said-of img")[0]
    WebDriverWait(page, WAIT).until(lambda page: int(image.get_property("naturalWidth")) == 64)
    assert "zoo predict" in page.find_element(By.CSS_SELECTOR, "#prediction-command code").text


def test_a_wrong_file_is_told_and_the_page_stays_usable(page, folder):
    opened(page, "bright")
    uploaded(page, folder, name="notes.png", content=b"no picture at all")
    assert "is no picture that can be read" in seen(page, "#sample-error", "picture").text
    uploaded(page, folder)
    seen(page, ".output-said", HTML)
    assert not page.find_element(By.ID, "sample-error").is_displayed()


def test_methods_layer_and_label_are_chosen_and_maps_fade(page, folder):
    opened(page, "bright")
    uploaded(page, folder)
    seen(page, ".output-said")
    for box in page.find_elements(By.CSS_SELECTOR, "#methods input"):
        if box.is_selected() != (box.get_attribute("value") in ("grad-cam", "saliency")):
            box.click()
    page.find_element(By.ID, "why-label").send_keys("dark")
    page.find_element(By.CSS_SELECTOR, "#why-form button").click()
    WebDriverWait(page, WAIT).until(lambda page: len(page.find_elements(By.CSS_SELECTOR, "#explanations figure")) == 2)
    titles = [each.text for each in page.find_elements(By.CSS_SELECTOR, "#explanations h3")]
    assert titles == ["grad-cam", "saliency"]
    assert "'dark'" in page.find_element(By.CSS_SELECTOR, "#explanations figcaption").text
    over = page.find_element(By.CSS_SELECTOR, ".layers .over")
    WebDriverWait(page, WAIT).until(lambda page: int(over.get_property("naturalWidth")) == 16)
    before = over.value_of_css_property("opacity")
    page.find_element(By.ID, "opacity").send_keys(Keys.HOME)
    assert (before, over.value_of_css_property("opacity")) == ("0.65", "0")


def test_painting_dark_changes_the_prediction_by_mouse(page, folder):
    opened(page, "bright")
    uploaded(page, folder)
    canvas = painted(page)
    page.execute_script("document.getElementById('colour').value = '#000000'; arguments[0].scrollIntoView()", canvas)
    page.find_element(By.CSS_SELECTOR, "input[value=box]").click()
    side = canvas.size["width"] / 2 - 12  # its corners are round
    mouse = ActionChains(page).move_to_element_with_offset(canvas, -side, -side).click_and_hold()
    mouse.move_to_element_with_offset(canvas, side, side).release().perform()
    page.find_element(By.ID, "ask-again").click()
    cells = [each.text for each in found(page, "#before-after td")]
    assert cells[0].startswith(HTML)
    assert cells[1].startswith("dark")


def test_everything_is_done_by_keyboard(page, folder):
    opened(page, "run0")

    def focused():
        return page.switch_to.active_element

    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert focused().text == "Skip to the content"
    focused().send_keys(Keys.ENTER)
    assert focused().get_attribute("id") == "main"
    reached = []
    for _ in range(12):
        focused().send_keys(Keys.TAB)
        reached.append(focused().get_attribute("name") or focused().get_attribute("id"))
        if reached[-1] == "text:width":
            focused().send_keys(Keys.CONTROL, "a")
            focused().send_keys("0.25")
        if reached[-1] == "ask":
            focused().send_keys(Keys.ENTER)
            break
    assert reached == ["text:width", "text:colour", "ask"]
    seen(page, ".output-said")
    assert focused().value_of_css_property("outline-style") != "none"


def test_the_picture_is_painted_on_by_keyboard(page, folder):
    opened(page, "bright")
    uploaded(page, folder)
    canvas = painted(page)
    pixel = "return [...arguments[0].getContext('2d').getImageData(32, 29, 1, 1).data].slice(0, 3)"
    before = page.execute_script(pixel, canvas)
    page.execute_script("arguments[0].focus()", canvas)
    canvas.send_keys(Keys.ARROW_UP, Keys.SPACE)
    assert (before, page.execute_script(pixel, canvas)) == ([250] * 3, [128] * 3)
    canvas.send_keys("u")
    assert page.execute_script(pixel, canvas) == [250] * 3


def test_errors_of_a_run_are_read_and_looked_at(page):
    opened(page, "run0")
    page.find_element(By.ID, "show-errors").click()
    rows = found(page, "#errors-table tbody tr")
    assert len(rows) == 12
    truth = rows[0].find_elements(By.TAG_NAME, "td")[1].text
    rows[0].find_element(By.TAG_NAME, "button").click()
    assert truth.split()[0][:4] in seen(page, ".true-label", "truth").text


def test_a_long_job_is_cancelled(page, folder):
    opened(page, "bright")
    uploaded(page, folder)
    seen(page, ".output-said")
    for box in page.find_elements(By.CSS_SELECTOR, "#methods input"):
        if not box.is_selected():
            box.click()
            if len(page.find_elements(By.CSS_SELECTOR, "#methods input:checked")) == 6:
                break
    page.find_element(By.ID, "why-check").click()
    page.find_element(By.CSS_SELECTOR, "#why-form button").click()
    seen(page, ".job button", "Cancel").click()
    assert seen(page, "#why-job .notice").text == "Cancelled."


def test_two_runs_are_compared(page, address):
    page.get(f"{address}/compare")
    page.find_element(By.CSS_SELECTOR, "[name=first]").send_keys("run0")
    Select(page.find_element(By.NAME, "first")).select_by_index(1)
    Select(page.find_element(By.NAME, "second")).select_by_index(2)
    page.find_element(By.CSS_SELECTOR, "#comparing button").click()
    assert "price: MAE" in seen(page, "#compared p", "price").text
    assert "zoo compare" in page.find_element(By.CSS_SELECTOR, "#compared code").text


def test_the_graph_is_shown(page):
    opened(page, "bright")
    page.find_element(By.ID, "show-graph").click()
    image = found(page, "#graph img")[0]
    WebDriverWait(page, WAIT).until(lambda page: int(image.get_property("naturalWidth")) > 50)


@pytest.mark.parametrize("name", ["bright", "run0"])
def test_nothing_is_wider_than_a_phone(page, folder, name):
    resized(page, PHONE)
    opened(page, name)
    if name == "bright":
        uploaded(page, folder)
    else:
        page.find_element(By.ID, "ask").click()
    seen(page, ".output-said")
    page.find_element(By.CSS_SELECTOR, "#why-form button").click()
    found(page, "#explanations figure")
    if name == "run0":
        page.find_element(By.ID, "show-errors").click()
        found(page, "#errors-table tbody tr")
    assert page.execute_script("return document.documentElement.scrollWidth") <= PHONE
    small = "return [...document.querySelectorAll('button')].filter(b => b.offsetParent && b.offsetHeight < 32).length"
    assert page.execute_script(small) == 0
