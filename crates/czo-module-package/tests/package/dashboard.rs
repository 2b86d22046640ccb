//! Scripts and pages of the dashboard.

use crate::examples::Folder;

fn script(text: &str) -> Vec<String> {
    Folder::with_dashboard(&[("app.js", text)]).found()
}

fn page(text: &str) -> Vec<String> {
    Folder::with_dashboard(&[("index.html", text)]).found()
}

#[test]
fn a_plain_script_is_fine() {
    let text = "\
        import { a } from './a.js';\n\
        import('./b.js');\n\
        const Function = class {};\n\
        new Function();\n\
        function f(eval_) { const window = {}; return window[eval_]; }\n\
        setTimeout(() => f('x'), 10);\n\
        setTimeout(a, 10);\n\
        document.createElement('div');\n\
        export const x = [1, 2][0];\n";
    assert_eq!(script(text), [""; 0]);
}

#[test]
fn what_makes_code_of_text_is_found_with_its_line_and_column() {
    for (text, found) in [
        ("\n  eval('1');", "script-global web/app.js:2:3"),
        ("const e = eval;", "script-global web/app.js:1:11"),
        ("(0, eval)('1')", "script-global web/app.js:1:5"),
        ("new Function('return 1')", "script-global web/app.js:1:5"),
        ("window.eval('1')", "script-global web/app.js:1:1"),
        ("globalThis['Function']('1')", "script-global web/app.js:1:1"),
        ("window?.eval('1')", "script-global web/app.js:1:1"),
        ("importScripts('x.js')", "script-global web/app.js:1:1"),
        ("WebAssembly.instantiate(x)", "script-global web/app.js:1:1"),
        ("setTimeout('f()', 1)", "script-timer web/app.js:1:1"),
        ("window.setInterval('f' + x, 1)", "script-timer web/app.js:1:1"),
        ("setTimeout(`f(${x})`, 1)", "script-timer web/app.js:1:1"),
        ("''.constructor.constructor('1')", "script-constructor web/app.js:1:1"),
        ("[]['constructor']['constructor']('1')", "script-constructor web/app.js:1:1"),
        ("self.window.eval('1')", "script-global web/app.js:1:1"),
        ("const { eval: e } = window;", "script-global web/app.js:1:9"),
        ("const { [x]: e } = globalThis;", "script-computed web/app.js:1:9"),
        ("(() => {}).constructor('1')", "script-constructor web/app.js:1:1"),
        ("window['ev' + 'al']('1')", "script-computed web/app.js:1:1"),
        ("globalThis[x]", "script-computed web/app.js:1:1"),
        ("import(x)", "script-import web/app.js:1:1"),
        ("import('https://example.com/a.js')", "script-import web/app.js:1:8"),
        ("import 'https://example.com/a.js'", "script-import web/app.js:1:8"),
        ("export * from '//example.com/a.js'", "script-import web/app.js:1:15"),
        ("document.createElement('SCRIPT')", "script-element web/app.js:1:1"),
        ("document.write('<b>')", "script-element web/app.js:1:1"),
    ] {
        assert_eq!(script(text), [found], "{text}");
    }
}

#[test]
fn a_script_that_can_not_be_read_is_an_error_where_it_ends() {
    assert_eq!(script("const a = 1;\nconst b = ;"), ["script-broken web/app.js:2:11"]);
    let folder = Folder::with_dashboard(&[]);
    folder.write("web/app.mjs", b"\xff\xfe");
    assert_eq!(folder.found(), ["script-broken web/app.mjs"]);
}

#[test]
fn however_deeply_a_script_is_nested_reading_it_ends() {
    for (unit, times) in [
        ("(", 5_000),
        ("[", 5_000),
        ("{", 5_000),
        ("!", 5_000),
        ("a+", 5_000),
        ("a=>", 5_000),
        ("a?a:", 5_000),
        ("a.", 5_000),
        ("window.", 5_000),
        ("a(", 5_000),
        ("new ", 5_000),
        ("typeof ", 5_000),
        ("`${", 5_000),
        ("()=>{", 5_000),
        ("function(){", 5_000),
        ("class{x=", 5_000),
        ("if(a)", 5_000),
        ("a:", 5_000),
        ("{a:", 5_000),
        ("[...", 5_000),
        ("for(;;)", 5_000),
    ] {
        // Whether it is a script does not matter: to have come here does.
        let _ = script(&format!("{}a", unit.repeat(times)));
        let _ = script(&format!("x={}a", unit.repeat(times)));
    }
    let closed = format!("{}a{}", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(script(&closed), [""; 0]);
    assert_eq!(script(&format!("{}a", "a+".repeat(5_000))), [""; 0]);
}

#[test]
fn scripts_in_a_page_are_found() {
    for (text, found) in [
        ("<p>\n<script>x()</script>", "script-inline web/index.html:2:1"),
        ("<SCRIPT\ntype=module>x()</SCRIPT>", "script-inline web/index.html:1:1"),
        ("<script src=a.js>x()</script>", "script-inline web/index.html:1:1"),
        ("<script data-src=a.js></script>", "script-inline web/index.html:1:1"),
        ("<script src='https://example.com/a.js'></script>", "script-inline web/index.html:1:1"),
        ("<script src=//example.com/a.js></script>", "script-inline web/index.html:1:1"),
        ("<b onclick='x()'>", "script-inline web/index.html:1:4"),
        ("<img src=x/onerror=x()>", "script-inline web/index.html:1:12"),
        ("<a href=\" javascript:x()\">", "script-inline web/index.html:1:11"),
        ("<svg><script>x()</script></svg>", "script-inline web/index.html:1:6"),
    ] {
        assert_eq!(page(text), [found], "{text}");
    }
}

#[test]
fn pages_without_scripts_in_them_are_fine() {
    for text in [
        "<script type=\"module\" src=\"app.js\"></script>",
        "<script src='./a.js'> </script><b>on = 1</b>",
        "<scripture>x</scripture><p>use javascript: it works</p>",
        "<b data-on='x' class=\"on\">a</b>",
    ] {
        assert_eq!(page(text), [""; 0], "{text}");
    }
}

#[test]
fn a_file_that_browsers_do_not_run_is_a_warning() {
    let folder = Folder::with_dashboard(&[("app.ts", "eval('1')")]);
    assert_eq!(folder.found(), ["script-unread web/app.ts"]);
}

#[test]
fn however_a_page_is_broken_reading_it_ends_soon() {
    for unit in ["<a", "<script>", "<script ", "<script src", " onx", "'javascript:", "on"] {
        let started = std::time::Instant::now();
        let found = page(&unit.repeat(500_000));
        assert!(found.len() <= 50, "{unit}");
        assert!(started.elapsed().as_secs() < 60, "{unit}");
    }
}
