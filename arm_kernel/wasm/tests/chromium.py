"""The page in headless Chromium."""

import shutil
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update "
    "--disable-sync --use-fake-device-for-media-stream"
).split()
REFUSED = {"profile.default_content_setting_values.media_stream_mic": 2}


class Page:
    """The page at an address, in a browser of its own.

    Arguments
    ---------
    address : str
        Of the page.
    profile : Path
        A new, empty folder.
    flags : str
        More flags of Chromium.
    refuse : bool
        Refuse the microphone.
    before : str
        JavaScript to run before the page's own.
    """

    def __init__(self, address, profile, *flags, refuse=False, before=""):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in (*FLAGS, f"--user-data-dir={profile}", *flags):
            options.add_argument(flag)
        if refuse:
            options.add_experimental_option("prefs", REFUSED)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(shutil.which("chromedriver"))
        self.browser = webdriver.Chrome(options=options, service=service)
        self.browser.execute_cdp_cmd(
            "Page.addScriptToEvaluateOnNewDocument", {"source": before}
        )
        self.browser.get(address)

    def run(self, script, *arguments):
        """Returns what the body of a function returns."""
        return self.browser.execute_script(script, *arguments)

    def click(self, selector):
        """Clicks on what a selector of CSS finds."""
        self.browser.find_element("css selector", selector).click()

    def text(self, name):
        """Returns the text of the element of this id."""
        element = "document.getElementById(arguments[0])"
        return self.run(f"return {element}.textContent", name).strip()

    def wait_for(self, text, name="status"):
        """Waits until an element has a text in it."""
        self.wait(lambda: text in self.text(name), f"{text!r} in {name}")

    def wait(self, condition, what=""):
        """Waits until a condition holds."""
        wait = WebDriverWait(self.browser, 60, 0.05)
        wait.until(lambda _: condition(), what)

    def choose_model(self, path):
        """Chooses a model, and waits until it is in use."""
        self._choose("model", path)
        self.wait_for(f"{Path(path).name} is in use")

    def choose_audio(self, path):
        """Chooses an audio file, and waits until all its windows are done."""
        self._choose("audio", path)
        self.wait_for(" keyword")

    def choose_bad(self, kind, path):
        """Chooses a file that is refused; returns the page's error."""
        self.run("page.view.showError(null)")
        self._choose(kind, path)
        self.wait_for(Path(path).name, "error")
        return self.text("error")

    def _choose(self, kind, path):
        self.run("page.view.say('')")
        element = self.browser.find_element("id", f"{kind}-file")
        element.send_keys(str(path))

    def posteriors(self):
        """Returns those of all windows of the audio file, in one row."""
        return self.run("return Array.from(page.recording._posteriors)")

    def detections(self):
        """Returns the rows of the list: keyword, score, time."""
        return self.run(
            "const texts = (nodes) => [...nodes].map((n) => n.textContent);"
            "const rows = document.querySelectorAll('.detection');"
            "return [...rows].map((row) => texts(row.children))"
        )

    def browser_errors(self):
        """Returns the browser's errors since the last call."""
        return [entry["message"] for entry in self.browser.get_log("browser")]
