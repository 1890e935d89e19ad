"""An app with requirements, one of which has a compiled part."""

import jinja2
import markdown
from gunicorn.dirty import DirtyApp


class Pages(DirtyApp):
    """Renders pages."""

    def init(self):
        environment = jinja2.Environment(autoescape=True)
        self.page = environment.from_string("<h1>{{ title }}</h1>{{ body|safe }}")

    def render(self, title, text):
        return self.page.render(title=title, body=markdown.markdown(text))
