"""HTML from Markdown and from templates, also from templates that strangers have written.

What such a template can do ends at three walls. Jinja's sandbox keeps it from Python's inner life,
the component keeps what gets past that from the system, and the host's timeout ends what never ends.
"""

from pathlib import Path

from gunicorn.dirty import DirtyApp
from jinja2 import DictLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markdown_it import MarkdownIt
from markupsafe import Markup

# What lies beside a module may be read at its top: that happens once, when the component is built.
TEMPLATES = {
    path.name: path.read_text(encoding="utf-8") for path in (Path(__file__).parent / "templates").iterdir()
}

# A longer template or text is refused.
CHARACTERS_MAX = 1_000_000


class Pages(DirtyApp):
    """Renders pages."""

    def init(self):
        """Compiles the templates of the site, once for all workers."""
        # A name that a template does not get is a mistake, not an empty text.
        self.environment = ImmutableSandboxedEnvironment(
            loader=DictLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False
        )
        for name in TEMPLATES:
            self.environment.get_template(name)
        # HTML in a text is shown as text, and links are those that cannot run a script.
        self.markdown_it = MarkdownIt("commonmark", {"html": False}).enable("table")

    def markdown(self, text):
        """The HTML of a Markdown text."""
        check_length("text", text)
        return self.markdown_it.render(text)

    def page(self, title, text, tags=()):
        """A whole page of the site with a Markdown text in it."""
        body = Markup(self.markdown(text))
        return self.environment.get_template("page.html").render(title=title, body=body, tags=tags)

    def render(self, template, context=None):
        """What a template makes of a context, a dict. The template may be anybody's; what is in the
        context is escaped."""
        check_length("template", template)
        return self.environment.from_string(template).render(context or {})

    def render_many(self, template, contexts):
        """Streams what a template makes of each context, compiled once: a mail for each recipient."""
        check_length("template", template)
        compiled = self.environment.from_string(template)
        for context in contexts:
            yield compiled.render(context)


def check_length(name, text):
    """Refuses what is no text, or too long a one."""
    if not isinstance(text, str):
        raise TypeError(f"{name} has to be a string, not {type(text).__name__}")
    if len(text) > CHARACTERS_MAX:
        raise ValueError(f"{name} has {len(text)} characters, and may have {CHARACTERS_MAX}")
