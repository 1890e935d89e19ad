//! Pages from Markdown and templates, and what a hostile template can do.

use serde_json::{Value, json};

use crate::harness::Host;
use crate::harness::python_apps::python_app_of;
use crate::{example, host_of_component};

const APP: &str = "pages:Pages";

fn served() -> Host {
    let component = python_app_of(APP, &example("pages"), Some("requirements.txt"));
    host_of_component("pages", APP, &component).start()
}

#[track_caller]
fn rendered(host: &Host, action: &str, args: Value) -> String {
    let text = host.call(APP, action, args).result();
    text.as_str().unwrap().to_owned()
}

#[test]
fn texts_and_templates_become_html() {
    let host = served();
    let text = "# One\n\n*two* <b>three</b> [four](javascript:x)\n\n|a|\n|-|\n|b|\n";
    let html = rendered(&host, "markdown", json!([text]));
    assert!(
        html.starts_with("<h1>One</h1>\n<p><em>two</em> &lt;b&gt;three"),
        "{html}"
    );
    assert!(
        html.contains("<td>b</td>") && !html.contains("href"),
        "{html}"
    );

    let page = rendered(&host, "page", json!(["A & B", "*text*", ["x y"]]));
    assert!(page.contains("<title>A &amp; B</title>"), "{page}");
    assert!(page.contains("<p><em>text</em></p>"), "{page}");
    assert!(page.contains(r#"<a href="/tags/x%20y">x y</a>"#), "{page}");

    let context = json!({"name": "<Ada>", "items": [1, 2.5]});
    let template = "{{ name }}{% for item in items %} {{ item }}{% endfor %}";
    let html = rendered(&host, "render", json!([template, context]));
    assert_eq!(html, "&lt;Ada&gt; 1 2.5");
    let contexts = json!([{"name": "Ada"}, {"name": "Alan"}]);
    let mails = host.call(APP, "render_many", json!(["Dear {{ name }}", contexts]));
    assert_eq!(mails.stream(), ["Dear Ada", "Dear Alan"]);
}

#[test]
fn mistakes_of_a_template_are_typed() {
    let host = served();
    for (template, kind) in [
        ("{% for %}", "TemplateSyntaxError"),
        ("{{ missing }}", "UndefinedError"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("{{ self.__init__.__globals__ }}", "SecurityError"),
        ("{% for i in range(1000000) %}{% endfor %}", "OverflowError"),
        ("{% include '/etc/passwd' %}", "TemplateNotFound"),
    ] {
        let error = host.call(APP, "render", json!([template])).failure();
        assert_eq!(error.error_type, "DirtyAppError", "{template}");
        assert_eq!(error.detail("kind"), kind, "{template}: {error:?}");
    }
    let error = host.call(APP, "render", json!([7])).failure();
    assert_eq!(error.detail("kind"), "TypeError");
}

#[test]
fn a_template_that_never_ends_costs_its_time_and_one_worker() {
    let host = served();
    let endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
    let error = host.call(APP, "render", json!([endless])).failure();
    assert_eq!(error.error_type, "DirtyTimeoutError", "{error:?}");
    assert_eq!(
        rendered(&host, "render", json!(["still {{ 6 * 7 }}"])),
        "still 42"
    );
    assert_eq!(
        host.wait_workers(APP, 2).len(),
        2,
        "the killed one was replaced"
    );
}

#[test]
fn a_template_that_wants_all_memory_does_not_get_it() {
    let host = served();
    let greedy = "{{ 'x' * 2000000000 }}";
    let error = host.call(APP, "render", json!([greedy])).failure();
    assert_eq!(error.error_type, "DirtyAppError", "{error:?}");
    assert_eq!(rendered(&host, "render", json!(["{{ 1 }}"])), "1");
}
