"""One page in two forms."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from leakdog.report.page import Code, Heading, Items, Paragraph, Picture, html_page, markdown

PAGE = [
    Heading("shop: heap leak", 1),
    Picture("chart.svg", "the trend", "<svg/>"),
    Heading("Why"),
    Paragraph("It *grows*."),
    Code("a\n  b"),
    Items([("heap.pb.gz", "the heap")]),
]


class Reader(HTMLParser):
    """Text and elements of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text += data


def test_markdown() -> None:
    """Blocks are apart, and no text is read as markup."""
    assert markdown(PAGE) == (
        "# shop: heap leak\n\n![the trend](chart.svg)\n\n## Why\n\nIt \\*grows\\*.\n\n    a\n      b\n\n"
        "- heap.pb.gz: the heap\n"
    )


def test_html() -> None:
    """A document of its own with the same content."""
    document = html_page(PAGE)
    assert document.startswith("<!doctype html>\n")
    assert "<title>shop: heap leak</title>" in document
    assert '<img src="data:image/svg+xml;base64,PHN2Zy8+" alt="the trend">' in document
    assert "<h1>shop: heap leak</h1>" in document
    assert "<pre>a\n  b</pre>" in document
    assert '<a href="heap.pb.gz">heap.pb.gz</a>: the heap' in document


@given(st.text())
def test_no_text_becomes_an_element(text: str) -> None:
    """Names come from targets: whatever they hold, the page has the elements that it was given."""
    reader = Reader()
    reader.feed(
        html_page([Heading(text), Paragraph(text), Code(text), Items([(text, text)]), Picture(text, text, text)])
    )
    assert set(reader.tags) == {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h2",
        "p",
        "pre",
        "ul",
        "li",
        "a",
        "img",
    }


def test_markup_of_names_is_inert_in_markdown() -> None:
    """A function named like a link or a tag is shown as it is called."""
    assert markdown([Paragraph("[x](javascript:1) <b> `c`")]) == "\\[x\\]\\(javascript:1\\) \\<b\\> \\`c\\`\n"
